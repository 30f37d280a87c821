#include "consensus/analysis/causality.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "consensus/affine.hpp"
#include "consensus/visibility.hpp"

namespace caten::consensus {
namespace {

using Verdict = Causality::Verdict;

const Value* find_value(const Program& program, const std::string& name) {
  for (const Value* each : program.all<Value>())
    if (each->name.text == name) return each;
  return nullptr;
}

/// The subscript of each axis; null where the axis is whole. A region stands for all axes without one.
std::vector<const Subscript*> by_axis(const Reference& reference, size_t rank) {
  std::vector<const Subscript*> out(rank, nullptr);
  const std::vector<Subscript>& subscripts = reference.subscripts;
  size_t absent = rank - std::min(rank, subscripts.size());
  for (size_t i = 0, axis = 0; i < subscripts.size() && axis < rank; ++i) {
    bool region = std::holds_alternative<Region>(subscripts[i].node);
    for (size_t more = 0; more <= (region ? absent : 0) && axis < rank; ++more) out[axis++] = &subscripts[i];
  }
  if (subscripts.size() == 1 && std::holds_alternative<All>(subscripts[0].node)) out.assign(rank, nullptr);
  return out;
}

/// The cells that an edge leads to within the scope of a constraint, and the times that it leads from.
class TimeQuestion {
 public:
  TimeQuestion(const Integers& given, const Constraint& constraint, const Visible& edge, const Value& target,
               const Value& source)
      : space_(given), constraint_(constraint), edge_(edge), target_(target), source_(source) {}

  Causality answer() {
    Causality out{.constraint = &constraint_, .edge = &edge_};
    target_cells();
    scope();
    source_time();
    Alternatives cases = edge_.predicate ? space_.cases(*edge_.predicate, true) : Alternatives{Condition{}};
    cases = LinearSpace::both({base_}, cases);
    for (const Condition& each : cases) {
      Verdict verdict = judge(each, out.witness);
      if (rank_of(verdict) > rank_of(out.verdict)) out.verdict = verdict;
      if (verdict == Verdict::kRefuted) break;
    }
    return out;
  }

 private:
  static int rank_of(Verdict verdict) {
    switch (verdict) {
      case Verdict::kProved: return 0;
      case Verdict::kOpen: return 1;
      case Verdict::kGuarded: return 2;
      case Verdict::kRefuted: return 3;
    }
    return 3;
  }

  /// low ≤ high.
  void at_most(const std::optional<LinearForm>& low, const std::optional<LinearForm>& high) {
    std::optional<LinearForm> difference;
    if (low && high) difference = add(*high, *low, -1);
    if (difference)
      base_.nonnegative.push_back(std::move(*difference));
    else
      base_.exact = false;
  }

  std::optional<LinearForm> less_one(const std::optional<LinearForm>& form) {
    return form ? add(*form, number(1), -1) : std::nullopt;
  }

  void within(const std::optional<LinearForm>& form, const Affine& size) {
    at_most(number(0), form);
    at_most(form, less_one(space_.form(size)));
  }

  void target_cells() {
    for (size_t axis = 0; axis < edge_.target.indices.size(); ++axis) {
      index_.push_back(space_.variable_of(edge_.target.indices[axis].text));
      within(variable(index_[axis]), target_.shape.sizes[axis]);
    }
    for (const Name& each : edge_.target.indices) cell_names_.insert(each.text);
    if (const InNeighbourhood* in = neighbours_of(edge_))
      for (const Name& each : in->offsets) cell_names_.insert(each.text);
  }

  /// An index expression of the constraint, whose index names are its own.
  std::optional<LinearForm> scope_form(const Affine& affine) {
    std::optional<Affine> own = substitute(affine, [&](const Name& name) -> std::optional<Affine> {
      for (const Subscript& each : constraint_.scope.subscripts)
        if (const Affine* index = std::get_if<Affine>(&each.node); index && same(*index, name_term(name))) {
          Name mine{"scope " + name.text, {}};
          cell_names_.insert(mine.text);
          return name_term(mine);
        }
      return std::nullopt;
    });
    return own ? space_.form(*own) : std::nullopt;
  }

  void scope() {
    std::vector<const Subscript*> subscripts = by_axis(constraint_.scope, index_.size());
    for (size_t axis = 0; axis < index_.size(); ++axis) {
      if (!subscripts[axis] || std::holds_alternative<All>(subscripts[axis]->node)) continue;
      LinearForm here = variable(index_[axis]);
      if (const Affine* index = std::get_if<Affine>(&subscripts[axis]->node)) {
        std::optional<LinearForm> form = scope_form(*index);
        at_most(form, here);
        at_most(here, form);
      } else if (const Range* range = std::get_if<Range>(&subscripts[axis]->node)) {
        at_most(scope_form(range->first), here);
        at_most(here, scope_form(range->last));
      } else {
        base_.exact = false;
      }
    }
  }

  /// The time of a cell that is read, later than the cell's own.
  void source_time() {
    time_ = space_.fresh();
    LinearForm time = variable(time_);
    at_most(add(variable(index_[0]), number(1), 1), time);
    within(time, source_.shape.sizes[0]);
    std::vector<const Subscript*> subscripts = by_axis(edge_.source, source_.shape.rank());
    for (size_t axis = 0; axis < subscripts.size(); ++axis) {
      if (!subscripts[axis]) continue;
      const Affine* index = std::get_if<Affine>(&subscripts[axis]->node);
      const Range* range = std::get_if<Range>(&subscripts[axis]->node);
      if (index)
        read_index(axis, space_.form(*index), time);
      else if (range && axis == 0)
        read_range(*range, time);
      else if (axis == 0 && !std::holds_alternative<All>(subscripts[axis]->node))
        base_.exact = false;  // a region or an index from data
    }
  }

  /// The index of one axis, as the border has it.
  void read_index(size_t axis, std::optional<LinearForm> index, const LinearForm& time) {
    if (edge_.border.form == Border::Form::kWrap) {
      std::optional<LinearForm> size = space_.form(source_.shape.sizes[axis]);
      bool given =
          size && std::all_of(size->coefficients.begin(), size->coefficients.end(), [](int64_t c) { return c == 0; });
      if (axis != 0) return;
      if (!given) {  // index = time + turns·size is not linear
        base_.exact = false;
        return;
      }
      if (index) index = add(*index, variable(space_.fresh()), -size->constant);
    } else {
      within(index, source_.shape.sizes[axis]);
    }
    if (axis != 0) return;
    at_most(index, time);
    at_most(time, index);
  }

  void read_range(const Range& range, const LinearForm& time) {
    if (edge_.border.form == Border::Form::kWrap) {
      base_.exact = false;
      return;
    }
    at_most(space_.form(range.first), time);
    at_most(time, space_.form(range.last));
  }

  /// Are all names given but those of cells?
  bool all_given() const {
    return std::all_of(space_.names().begin(), space_.names().end(),
                       [&](const auto& each) { return cell_names_.contains(each.first); });
  }

  Verdict judge(const Condition& condition, std::string& witness) const {
    LinearSystem system{.variables = space_.variables(), .nonnegative = condition.nonnegative};
    system.nonnegative.insert(system.nonnegative.end(), space_.defining().begin(), space_.defining().end());
    LinearOutcome outcome = solve(system);
    if (outcome.kind == LinearOutcome::Kind::kNone) return Verdict::kProved;
    if (!condition.exact) return Verdict::kGuarded;
    if (!all_given()) return Verdict::kOpen;
    if (outcome.kind == LinearOutcome::Kind::kUnknown) return Verdict::kGuarded;
    std::vector<int64_t> cell;
    for (size_t index : index_) cell.push_back(outcome.point[index]);
    witness = fmt::format("{}[{}] reads {} at {} {}", edge_.target.value.text, fmt::join(cell, ","),
                          edge_.source.value.text, edge_.target.indices[0].text, outcome.point[time_]);
    return Verdict::kRefuted;
  }

  LinearSpace space_;
  const Constraint& constraint_;
  const Visible& edge_;
  const Value& target_;
  const Value& source_;
  Condition base_{};
  std::vector<size_t> index_{};
  std::set<std::string> cell_names_{};  ///< the variables that are no parameters
  size_t time_ = 0;
};

bool has_time(const Value& source, const Value& target) {
  return source.shape.rank() > 0 && (&source == &target || same(source.shape.sizes[0], target.shape.sizes[0]));
}

bool forbids_future(const Constraint& constraint) {
  const Call* call = std::get_if<Call>(&constraint.predicate.node);
  return constraint.mode == Constraint::Mode::kForbid && call && call->function.text == "read-future";
}

}  // namespace

std::vector<Causality> check_causality(const Program& program, const Integers& given) {
  std::vector<Causality> out;
  for (const Constraint* constraint : program.all<Constraint>()) {
    const Value* target = find_value(program, constraint->scope.value.text);
    if (!forbids_future(*constraint) || !target || target->shape.rank() == 0) continue;
    for (const Visible* edge : program.all<Visible>()) {
      const Value* source = find_value(program, edge->source.value.text);
      if (edge->target.value.text == target->name.text && source && has_time(*source, *target))
        out.push_back(TimeQuestion(given, *constraint, *edge, *target, *source).answer());
    }
  }
  return out;
}

void report(const std::vector<Causality>& causalities, Diagnostics& diagnostics) {
  for (const Causality& each : causalities) {
    if (each.verdict != Verdict::kRefuted) continue;
    const std::string& time = each.edge->target.indices[0].text;
    diagnostics.add(
        {.code = Code::ReadsFuture,
         .message = fmt::format("`{}` forbids reading the future, and this edge does", each.constraint->name.text),
         .span = each.edge->place.span,
         .expected = fmt::format("a source at time {} or before, for each cell", time),
         .found = each.witness,
         .remedy = "read an earlier time, or say behind `when` for which cells"});
  }
}

}  // namespace caten::consensus
