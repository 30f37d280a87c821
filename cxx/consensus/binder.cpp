#include "consensus/binder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/built_ins.hpp"
#include "consensus/print.hpp"
#include "consensus/visibility.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {

Binder::Binder(Instance& instance, Diagnostics& diagnostics) : instance_(instance), diagnostics_(diagnostics) {}

void Binder::error(Code code, const Place& place, std::string message, std::string expected, std::string found,
                   std::string remedy) {
  diagnostics_.add({.code = code,
                    .message = std::move(message),
                    .span = place.span,
                    .expected = std::move(expected),
                    .found = clipped(found),
                    .remedy = std::move(remedy)});
}

std::optional<size_t> Binder::part(const Affine& affine, const BindScope& scope, BoundAffine& out) {
  BoundAffine::Sum sum{.terms = {}, .constant = affine.constant};
  for (const Affine::Term& term : affine.terms) {
    if (const Quotient* quotient = std::get_if<Quotient>(&term.atom)) {
      std::optional<size_t> dividend = part(*quotient->dividend, scope, out);
      if (!dividend) return std::nullopt;
      out.quotients.push_back({quotient->divisor, quotient->remainder, *dividend});
      sum.terms.push_back({term.coefficient, out.quotients.size() - 1, true});
      continue;
    }
    const Name& name = std::get<Name>(term.atom);
    auto index = std::find(scope.indices.begin(), scope.indices.end(), name.text);
    if (index != scope.indices.end()) {
      sum.terms.push_back({term.coefficient, static_cast<size_t>(index - scope.indices.begin()), false});
      continue;
    }
    auto given = instance_.parameters.find(name.text);
    const int64_t* value = given == instance_.parameters.end() ? nullptr : std::get_if<int64_t>(&given->second);
    int64_t product = 0;
    if (!value) return std::nullopt;  // what is missing was reported where parameters are read
    if (__builtin_mul_overflow(*value, term.coefficient, &product) ||
        __builtin_add_overflow(sum.constant, product, &sum.constant)) {
      error(Code::WorldTooLarge, affine.place, "an index or size leaves 64 bits", "64 bits", text_of(affine),
            fmt::format("give a smaller {}", name.text));
      return std::nullopt;
    }
  }
  out.parts.push_back(std::move(sum));
  return out.parts.size() - 1;
}

std::optional<BoundAffine> Binder::affine(const Affine& affine, const BindScope& scope) {
  BoundAffine out;
  if (!part(affine, scope, out)) return std::nullopt;
  return out;
}

std::optional<int64_t> Binder::integer(const Affine& affine) {
  std::optional<BoundAffine> bound = this->affine(affine, {});
  return bound ? bound->at({}) : std::nullopt;
}

std::optional<std::vector<int64_t>> Binder::area(const Region& region, const Place& place,
                                                 std::span<const int64_t> sizes) {
  const RegionGiven* given = resource<RegionGiven>(*region.area);
  if (!given) return std::nullopt;
  std::vector<int64_t> shape(sizes.begin(), sizes.end());
  auto outside = [&](std::string found) {
    error(Code::WrongGiven, place, "a region that does not lie in the grid",
          fmt::format("a region over axes of {}", fmt::join(shape, " × ")), std::move(found),
          "give a box for each of these axes, such as box(0..3,*), or a boolean array of these sizes");
    return std::nullopt;
  };
  int64_t cells = 1;
  for (int64_t size : sizes) cells *= size;
  if (given->mask && (given->mask->shape() != shape || given->mask->dtype() != DType::kBool))
    return outside(describe(*given->mask));
  for (const std::vector<RegionGiven::Side>& box : given->boxes) {
    if (box.size() != sizes.size()) return outside(fmt::format("a box with {} sides", box.size()));
    for (size_t i = 0; i < box.size(); ++i)
      if (box[i].first < 0 || box[i].last.value_or(sizes[i] - 1) >= sizes[i])
        return outside(
            fmt::format("{}..{} on an axis of {}", box[i].first, box[i].last.value_or(sizes[i] - 1), sizes[i]));
  }
  std::vector<int64_t> out;
  for (int64_t cell = 0; cell < cells; ++cell) {
    std::vector<int64_t> at = coordinates(cell, sizes);
    bool in = given->mask && given->mask->as<uint8_t>()[cell];
    for (const std::vector<RegionGiven::Side>& box : given->boxes) {
      bool here = true;
      for (size_t i = 0; i < box.size(); ++i)
        here = here && box[i].first <= at[i] && at[i] <= box[i].last.value_or(sizes[i] - 1);
      in = in || here;
    }
    if (in) out.push_back(cell);
  }
  return out;
}

std::optional<BoundSubscript> Binder::subscript(const Subscript& subscript, const BindScope& scope,
                                                std::span<const int64_t> rest) {
  using Form = BoundSubscript::Form;
  BoundSubscript out;
  if (const Affine* index = std::get_if<Affine>(&subscript.node)) {
    std::optional<BoundAffine> bound = affine(*index, scope);
    if (!bound) return std::nullopt;
    out = {.form = Form::kAffine, .first = std::move(*bound)};
  } else if (const Range* range = std::get_if<Range>(&subscript.node)) {
    std::optional<BoundAffine> first = affine(range->first, scope), last = affine(range->last, scope);
    if (!first || !last) return std::nullopt;
    out = {.form = Form::kRange, .first = std::move(*first), .last = std::move(*last)};
  } else if (const Region* region = std::get_if<Region>(&subscript.node)) {
    std::optional<std::vector<int64_t>> cells = area(*region, subscript.place, rest);
    if (!cells) return std::nullopt;
    out = {.form = Form::kRegion, .area = std::move(*cells), .axes = rest.size()};
  } else if (const At* at = std::get_if<At>(&subscript.node)) {
    std::optional<BoundAffine> place = affine(at->index, scope);
    if (!place) return std::nullopt;
    out = {.form = Form::kTensor, .first = std::move(*place)};
    auto given = instance_.parameters.find(at->tensor.text);
    if (given != instance_.parameters.end() && std::holds_alternative<Array>(given->second)) {
      out.tensor = std::get<Array>(given->second);
    } else {
      std::optional<size_t> value = find_value(instance_, at->tensor.text);
      if (!value) return std::nullopt;
      out.form = Form::kValue;
      out.value = *value;
    }
    bool integers =
        out.form == Form::kTensor ? is_integer(out.tensor.dtype()) : is_integer(instance_.values[out.value].dtype);
    if (!integers) {
      error(Code::IllTyped, subscript.place, fmt::format("`{}` holds no integers", at->tensor.text),
            "integers as indices", text_of(subscript), "index by a tensor or value of integers");
      return std::nullopt;
    }
  }
  return out;
}

std::optional<BoundReference> Binder::reference(const Reference& reference, const BindScope& scope) {
  std::optional<size_t> value = find_value(instance_, reference.value.text);
  if (!value) return std::nullopt;
  BoundReference out{.value = *value, .sizes = instance_.values[*value].sizes, .subscripts = {}};
  size_t rank = out.sizes.size();
  bool whole = reference.subscripts.empty() ||
               (reference.subscripts.size() == 1 && std::holds_alternative<All>(reference.subscripts[0].node));
  if (whole) {
    out.subscripts.resize(rank);
    return out;
  }
  bool fine = true;
  for (size_t i = 0, axis = 0; i < reference.subscripts.size() && axis <= rank; ++i) {
    // A region takes the axes that the subscripts behind it leave.
    size_t behind = reference.subscripts.size() - i - 1;
    bool region = std::holds_alternative<Region>(reference.subscripts[i].node);
    size_t axes = region ? rank - axis - behind : 1;
    std::optional<BoundSubscript> bound =
        subscript(reference.subscripts[i], scope, std::span(out.sizes).subspan(axis, axes));
    fine = fine && bound;
    if (bound) out.subscripts.push_back(std::move(*bound));
    axis += axes;
  }
  if (!fine) return std::nullopt;
  return out;
}

std::optional<ReadInstance> Binder::seen(const Reference& reference, const BindScope& scope) {
  std::optional<BoundReference> cells = this->reference(reference, scope);
  if (!cells) return std::nullopt;
  ReadInstance out{.cells = std::move(*cells), .edges = {}};
  if (scope.rule)
    for (size_t i = 0; i < instance_.edges.size(); ++i) {
      const Visible& edge = *instance_.edges[i].declaration;
      if (edge.target.value != scope.rule->on.value || !shows(edge, scope.rule->on, reference)) continue;
      out.edges.push_back(i);
      if (edge.border.form == Border::Form::kWrap || out.cells->border == Border::Form::kClip)
        out.cells->border = edge.border.form;
    }
  out.value = out.cells->value;
  out.positions = out.cells->positions();
  out.single = out.cells->single() && instance_.values[out.value].width == 1;
  return out;
}

std::optional<std::vector<bool>> Binder::palette(const Expression& expression, int64_t vocabulary) {
  const PaletteGiven* given = resource<PaletteGiven>(expression);
  if (!given) return std::nullopt;
  std::vector<bool> out(static_cast<size_t>(vocabulary));
  for (int64_t id : given->ids) {
    if (id < 0 || id >= vocabulary) {
      error(Code::WrongGiven, expression.place, "a palette with an id outside of the vocabulary",
            fmt::format("ids from 0 to {}", vocabulary - 1), std::to_string(id), "give ids of this vocabulary");
      return std::nullopt;
    }
    out[static_cast<size_t>(id)] = true;
  }
  if (given->ids.empty()) {
    error(Code::WrongGiven, expression.place, "a palette without an id", "at least one id", "none",
          "give the ids that may be, such as ids(1,2,7)");
    return std::nullopt;
  }
  return out;
}

}  // namespace caten::consensus
