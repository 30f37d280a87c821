#include "consensus/analysis/layouts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/visibility.hpp"

namespace caten::consensus {
namespace {

using Hint = Layout::Hint;

/// What one subscript does with the index of its axis.
struct AxisUse {
  enum class Form : uint8_t { kSame, kOffset, kQuotient, kOther, kAll, kPrefix, kRange, kData };
  Form form = Form::kOther;
  int64_t low = 0, high = 0;  ///< of kOffset: the least and the greatest
};

AxisUse::Form form_of(const Affine& affine, const Name& index) {
  if (affine.terms.size() != 1 || affine.terms[0].coefficient != 1) return AxisUse::Form::kOther;
  const Affine::Term& term = affine.terms[0];
  if (const Name* name = std::get_if<Name>(&term.atom))
    return *name != index         ? AxisUse::Form::kOther
           : affine.constant == 0 ? AxisUse::Form::kSame
                                  : AxisUse::Form::kOffset;
  const auto& q = std::get<Quotient>(term.atom);
  bool coarse = !q.remainder && affine.constant == 0 && same(*q.dividend, name_term(index));
  return coarse ? AxisUse::Form::kQuotient : AxisUse::Form::kOther;
}

/// The index plus an offset of the neighbourhood.
std::optional<AxisUse> neighbour(const Affine& affine, const Name& index, const InNeighbourhood& in) {
  std::optional<Affine> rest = add(affine, name_term(index), -1);
  if (!rest || rest->terms.size() != 1 || rest->terms[0].coefficient != 1) return std::nullopt;
  const Name* name = std::get_if<Name>(&rest->terms[0].atom);
  auto axis =
      std::find_if(in.offsets.begin(), in.offsets.end(), [&](const Name& each) { return name && each == *name; });
  if (axis == in.offsets.end()) return std::nullopt;
  AxisUse out{.form = AxisUse::Form::kOffset, .low = INT64_MAX, .high = INT64_MIN};
  for (const std::vector<int64_t>& offset : neighbourhood_offsets(in.neighbourhood)) {
    int64_t step = offset[static_cast<size_t>(axis - in.offsets.begin())] + rest->constant;
    out.low = std::min(out.low, step);
    out.high = std::max(out.high, step);
  }
  return out;
}

AxisUse use_of(const Subscript& subscript, const Name& index, const InNeighbourhood* in) {
  if (std::holds_alternative<All>(subscript.node)) return {.form = AxisUse::Form::kAll};
  if (const Range* range = std::get_if<Range>(&subscript.node)) {
    bool prefix =
        range->first.terms.empty() && range->first.constant == 0 &&
        (form_of(range->last, index) == AxisUse::Form::kSame || form_of(range->last, index) == AxisUse::Form::kOffset);
    return {.form = prefix ? AxisUse::Form::kPrefix : AxisUse::Form::kRange};
  }
  const Affine* affine = std::get_if<Affine>(&subscript.node);
  if (!affine) return {.form = AxisUse::Form::kData};
  if (in)
    if (std::optional<AxisUse> out = neighbour(*affine, index, *in)) return *out;
  return {.form = form_of(*affine, index), .low = affine->constant, .high = affine->constant};
}

const Value* find_value(const Program& program, const Name& name) {
  for (const Value* each : program.all<Value>())
    if (each->name == name) return each;
  return nullptr;
}

bool whole(const Reference& source) {
  return std::all_of(source.subscripts.begin(), source.subscripts.end(),
                     [](const Subscript& each) { return std::holds_alternative<All>(each.node); });
}

class LayoutMaker {
 public:
  LayoutMaker(const Program& program, const Visible& edge)
      : edge_(edge), target_(find_value(program, edge.target.value)), source_(find_value(program, edge.source.value)) {
    const InNeighbourhood* in = neighbours_of(edge);
    if (edge.source.subscripts.size() == edge.target.indices.size())
      for (size_t axis = 0; axis < edge.target.indices.size(); ++axis)
        uses_.push_back(use_of(edge.source.subscripts[axis], edge.target.indices[axis], in));
  }

  Layout make() const {
    bool partitioned = source_ && source_->partition_axis;
    bool data = std::any_of(edge_.source.subscripts.begin(), edge_.source.subscripts.end(), [](const Subscript& each) {
      return std::holds_alternative<At>(each.node) || std::holds_alternative<Region>(each.node);
    });
    if (data) return {Hint::kCsr, "take, segmented reduce", "scatter-gather"};
    if (whole(edge_.source))
      return {Hint::kDense, partitioned ? "attention" : "attention, a broadcast view",
              partitioned ? "all-gather (ring)" : "broadcast"};
    if (any(AxisUse::Form::kPrefix))
      return {Hint::kCausal, "attention under a causal block mask", "all-gather of the prefix (ring)"};
    if (only({AxisUse::Form::kSame})) return {Hint::kView, "a view", aligned()};
    if (only({AxisUse::Form::kSame, AxisUse::Form::kQuotient})) return {Hint::kExpand, "reshape, expand", aligned()};
    if (only({AxisUse::Form::kSame, AxisUse::Form::kOffset}) && edge_.source.value == edge_.target.value)
      return stencil();
    if (any(AxisUse::Form::kAll) || any(AxisUse::Form::kRange))
      return {Hint::kDense, "attention over a slice", "all-gather (ring)"};
    return {Hint::kView, "take, at computed places", "scatter-gather"};
  }

 private:
  bool any(AxisUse::Form form) const {
    return std::any_of(uses_.begin(), uses_.end(), [&](const AxisUse& each) { return each.form == form; });
  }
  bool only(std::initializer_list<AxisUse::Form> forms) const {
    return !uses_.empty() && std::all_of(uses_.begin(), uses_.end(), [&](const AxisUse& each) {
      return std::find(forms.begin(), forms.end(), each.form) != forms.end();
    });
  }

  /// Along which axis the target is cut.
  std::optional<size_t> cut() const {
    return target_ && target_->partition_axis ? std::optional(static_cast<size_t>(*target_->partition_axis))
                                              : std::nullopt;
  }

  /// Between cells that lie where each other are.
  std::string aligned() const {
    if (!source_ || !target_ || source_ == target_ || source_->partition_axis != target_->partition_axis)
      return source_ == target_ ? "none" : "scatter-gather";
    return source_->partition_axis ? "none" : "none if cuts align, else scatter-gather";
  }

  Layout stencil() const {
    bool shift = uses_[0].form == AxisUse::Form::kOffset && uses_[0].low == uses_[0].high &&
                 std::all_of(uses_.begin() + 1, uses_.end(),
                             [](const AxisUse& each) { return each.form == AxisUse::Form::kSame; });
    if (shift)
      return {Hint::kShift, "a view",
              !cut()       ? "none, point to point if axis 0 is cut"
              : *cut() > 0 ? "none"
                           : "point to point"};
    bool wraps = edge_.border.form == Border::Form::kWrap;
    return {Hint::kStencil, wraps ? "shifted views, around the rim" : "padded, shifted views", halo()};
  }

  std::string halo() const {
    if (!cut()) return "halo send/recv";
    const AxisUse& use = uses_[*cut()];
    if (use.form != AxisUse::Form::kOffset) return "none";
    return fmt::format("halo send/recv along axis {}: {} before, {} behind", *cut(), std::max<int64_t>(0, -use.low),
                       std::max<int64_t>(0, use.high));
  }

  const Visible& edge_;
  const Value* target_;
  const Value* source_;
  std::vector<AxisUse> uses_{};
};

}  // namespace

std::string_view name_of(Hint hint) {
  switch (hint) {
    case Hint::kStencil: return "stencil";
    case Hint::kShift: return "shift";
    case Hint::kDense: return "dense";
    case Hint::kCausal: return "causal";
    case Hint::kExpand: return "expand";
    case Hint::kView: return "view";
    case Hint::kCsr: return "csr";
  }
  return "view";
}

Layout layout_of(const Program& program, const Visible& edge) { return LayoutMaker(program, edge).make(); }

}  // namespace caten::consensus
