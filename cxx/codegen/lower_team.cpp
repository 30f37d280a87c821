#include <algorithm>
#include <bit>
#include <map>

#include "codegen/lowering.hpp"
#include "codegen/steps.hpp"

namespace caten {
namespace {

/// What fewer elements are folded of than this, single threads fold.
constexpr int64_t kLeastOfTeam = 64;
/// Threads of a team along the columns of a tile, elements that each of them has along either axis, and elements of the
/// folded axis that the team reads at once.
constexpr int64_t kTeamColumns = 16, kPerThread = 4, kDepth = 16;
/// Below this an axis of the result has no use for tiles.
constexpr int64_t kLeastTiled = 16;

int64_t known_count(const Shape& extents) {
  int64_t count = 1;
  for (const Dim& extent : extents) {
    if (!extent.is_constant()) return -1;
    count *= extent.constant();
  }
  return count;
}

}  // namespace

bool Lowering::folds_in_team(const KernelPart& part) const {
  return !is_complex(dtype_of(part)) || fold_of(part).combine != Combine::kMul;
}

bool Lowering::rows_suit_team(const std::vector<PassAxes>& passes) const {
  bool plain = std::all_of(kernel_.parts.begin(), kernel_.parts.end(), [&](const KernelPart& part) {
    return part.own_elements == 0 && (!graph_[part.space.root].is(Op::kReduce) || folds_in_team(part));
  });
  return plain && std::any_of(passes.begin(), passes.end(), [&](const PassAxes& pass) {
           int64_t count = 1;
           auto multiply = [&](const Shape& extents) {
             int64_t more = known_count(extents);
             count = more < 0 || count < 0 ? -1 : count * more;
           };
           for (size_t k = pass.rows; k < pass.outer.size(); ++k) multiply(pass.outer[k]);
           for (const Shape& extents : pass.reduced) multiply(extents);
           return count < 0 || count >= kLeastOfTeam;
         });
}

ValueId Lowering::member() { return out_.add({.kind = ValueKind::kMember, .dtype = DType::kI64}); }

Body& Lowering::by_one(Body& into) {
  return when(into, values_.elementwise(Op::kLt, {member(), values_.index_value(Dim(1))})).body;
}

Body& Lowering::loop_of_team(Body& into, const std::vector<Axis>& axes) {
  Body& body = shared_loop(into, axes);
  Statement& loop = into.back();
  loop.independent = false;
  loop.of_team = true;
  return body;
}

void Lowering::barrier(Body& into) { into.push_back({.kind = StatementKind::kBarrier}); }

void Lowering::lower_in_team(Body& into, const PassPlan& plan) {
  if (plan.folds.empty()) {
    bool scalars = plan.axes.empty();
    at_team_ = scalars;
    store_everywhere(scalars ? into : loop_of_team(into, plan.axes), plan);
    at_team_ = false;
  } else if (plan.axes.empty()) {
    fold_in_team(into, plan);
  } else {
    fold_alone(loop_of_team(into, plan.axes), plan);
  }
}

void Lowering::fold_alone(Body& into, const PassPlan& plan) {
  std::vector<uint32_t> totals;
  if (plan.reduced.empty()) {
    totals = declare_all(into, plan, 1);
    fold_elements(into, plan, totals, Dim(0));
  } else {
    totals = fold_lanes(into, plan, 1);
  }
  finish_folds(into, plan, totals, Dim(0));
}

void Lowering::fold_in_team(Body& into, const PassPlan& plan) {
  std::vector<uint32_t> totals = declare_all(into, plan, 1);
  std::vector<Axis> axes;
  for (size_t k = 0; k < plan.reduced.size(); ++k) axes.push_back({plan.reduced[k], Dim(0), plan.reduced_extents[k]});
  if (axes.empty()) {
    fold_elements(by_one(into), plan, totals, Dim(0));
  } else {
    fold_elements(loop_of_team(into, axes), plan, totals, Dim(0));
  }
  // What each thread has is folded in two steps, by the first few threads and then by each.
  int bits = std::countr_zero(static_cast<uint64_t>(team_.threads));
  int64_t few = int64_t{1} << ((bits + 1) / 2), each = team_.threads / few;
  Dim at = values_.named(member(), Dim(team_.threads));
  into.push_back({.kind = StatementKind::kKeep, .value = member()});
  std::vector<uint32_t> shared;
  for (size_t k = 0; k < plan.folds.size(); ++k) {
    shared.push_back(accumulators_++);
    into.push_back({.kind = StatementKind::kDeclare,
                    .slot = shared[k],
                    .dtype = held_dtype(*plan.folds[k]),
                    .lanes = team_.threads,
                    .of_team = true});
    set(into, *plan.folds[k], shared[k], at, accumulator(*plan.folds[k], totals[k], Dim(0)));
  }
  barrier(into);
  ValueId is_few = values_.elementwise(Op::kLt, {member(), values_.index_value(Dim(few))});
  Body& first = when(into, is_few).body;
  for (size_t k = 0; k < plan.folds.size(); ++k)
    set(first, *plan.folds[k], shared[k], at, pairwise(*plan.folds[k], shared[k], at, few, each));
  barrier(into);
  for (size_t k = 0; k < plan.folds.size(); ++k)
    set(into, *plan.folds[k], totals[k], Dim(0), pairwise(*plan.folds[k], shared[k], Dim(0), 1, few));
  // The next fold may write while the last thread reads.
  barrier(into);
  at_team_ = true;
  finish_folds(into, plan, totals, Dim(0));
  at_team_ = false;
}

void Lowering::lower_folds_of_threads(Body& into, const PassPlan& plan) {
  bool team = std::all_of(plan.folds.begin(), plan.folds.end(), [&](const auto* part) { return folds_in_team(*part); });
  if (std::vector<ValueId> staged = team ? tiled_loads(plan) : std::vector<ValueId>{}; !staged.empty())
    return lower_team_tile(into, plan, staged);
  int64_t folded = known_count(plan.reduced_extents);
  Body& body = loops_along(into, plan.axes);
  if (!team || (folded >= 0 && folded < kLeastOfTeam) || runs_along_columns(out_, kernel_, plan))
    return fold_alone(body, plan);
  out_.team = team_.threads;
  fold_in_team(body, plan);
}

std::vector<ValueId> Lowering::tiled_loads(const PassPlan& plan) const {
  if (plan.folds.size() != 1 || !plan.everywhere.empty() || plan.axes.size() < 2 || plan.reduced.empty()) return {};
  auto is_long = [](const Dim& extent) { return !extent.is_constant() || extent.constant() >= kLeastTiled; };
  size_t last = plan.axes.size() - 1;
  if (!is_long(plan.axes[last].extent) || !is_long(plan.axes[last - 1].extent) || !is_long(plan.reduced_extents.back()))
    return {};
  const std::string &row = *plan.outer[last - 1].as_symbol(), &column = *plan.outer[last].as_symbol(),
                    &step = *plan.reduced.back().as_symbol();
  std::vector<ValueId> out;
  bool rows = false, columns = false;
  size_t bytes = 0;
  for (ValueId id : needed_values(out_, plan.folded)) {
    const ScalarValue& value = out_[id];
    // What is not read everywhere may not be there.
    if (value.kind == ValueKind::kSelect || value.kind == ValueKind::kClamp) return {};
    if (value.kind != ValueKind::kLoad) continue;
    if (!values_in(value.index).empty()) return {};
    bool by_row = depends_on(out_, value.index, row), by_column = depends_on(out_, value.index, column);
    if (by_row && by_column) return {};
    if (!depends_on(out_, value.index, step) || (!by_row && !by_column)) continue;
    rows = rows || by_row;
    columns = columns || by_column;
    bytes += dtype_size(value.dtype) * static_cast<size_t>((kDepth + 1) * side_of_tile(by_row));
    out.push_back(id);
  }
  return rows && columns && bytes <= static_cast<size_t>(team_.bytes) ? out : std::vector<ValueId>{};
}

int64_t Lowering::side_of_tile(bool rows) const {
  return kPerThread * (rows ? team_.threads / kTeamColumns : kTeamColumns);
}

/// One axis of a tile: its blocks, the first element and the count of one, and what the threads have of it.
struct Lowering::TeamAxis {
  size_t axis = 0;
  int64_t side = 0, threads = 0;
  Blocks blocks{};
  Dim count{}, first{}, thread{};

  /// The k-th place that a thread has in the tile.
  Dim place(const Dim& k) const { return thread + k * Dim(threads); }
  bool whole() const { return count.is(side); }
};

Dim Lowering::nearest(Body& into, const Dim& place, const Dim& count, int64_t side) {
  if (count.is(side)) return place;
  ValueId inside = values_.clamp(values_.index_value(place), count);
  into.push_back({.kind = StatementKind::kKeep, .value = inside});
  return values_.named(inside, Dim(side));
}

void Lowering::lower_team_tile(Body& into, const PassPlan& plan, const std::vector<ValueId>& loads) {
  out_.team = team_.threads;
  const KernelPart& part = *plan.folds[0];
  size_t last = plan.axes.size() - 1;
  TeamAxis rows{.axis = last - 1, .side = side_of_tile(true), .threads = team_.threads / kTeamColumns};
  TeamAxis columns{.axis = last, .side = side_of_tile(false), .threads = kTeamColumns};
  std::vector<Axis> axes(plan.axes.begin(), plan.axes.end() - 2);
  for (TeamAxis* of : {&rows, &columns}) {
    of->blocks = blocks_of(plan.axes[of->axis].extent, of->side);
    axes.push_back(of->blocks.number);
  }
  Body& body = blocks_loop(into, std::move(axes));
  Dim at = values_.named(member(), Dim(team_.threads));
  body.push_back({.kind = StatementKind::kKeep, .value = member()});
  for (TeamAxis* of : {&rows, &columns}) {
    of->count = count_in(body, of->blocks);
    of->first = plan.axes[of->axis].begin + of->blocks.number.variable * Dim(of->side);
    of->thread = values_.variable(Dim(of->threads));
  }
  bind(body, rows.thread, floor_div(at, Dim(kTeamColumns)));
  bind(body, columns.thread, at - rows.thread * Dim(kTeamColumns));

  std::vector<uint32_t> total = declare_all(body, plan, kPerThread * kPerThread);
  Body* inside = &body;
  for (size_t k = 0; k + 1 < plan.reduced.size(); ++k)
    inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  const Dim& step = plan.reduced.back();
  Blocks depths = blocks_of(plan.reduced_extents.back(), kDepth);
  if (!depths.number.variable.is(0)) inside = &loop_over_count(*inside, depths.number.variable, depths.number.extent);
  Dim depth = count_in(*inside, depths), first_step = depths.number.variable * Dim(kDepth);

  // The team reads what all of its elements need for some steps, each thread a share of it, along memory.
  Dim k = values_.variable(depth), r = values_.variable(Dim(kPerThread)), c = values_.variable(Dim(kPerThread));
  std::map<ValueId, ValueId> staged;
  for (ValueId load : loads) {
    const ScalarValue value = out_[load];
    const TeamAxis& of = depends_on(out_, value.index, *plan.outer[rows.axis].as_symbol()) ? rows : columns;
    std::optional<Dim> along = step_of(out_, value.index, *step.as_symbol());
    bool steps_first = along && along->is(1);
    int64_t pitch = steps_first ? kDepth + 1 : of.side;
    uint32_t slot = accumulators_++;
    inside->push_back({.kind = StatementKind::kDeclare,
                       .slot = slot,
                       .dtype = value.dtype,
                       .lanes = steps_first ? of.side * pitch : kDepth * pitch,
                       .of_team = true});
    Dim all(of.side * kDepth), element = values_.variable(all);
    Body& read = loop_of_team(*inside, {{element, Dim(0), all}});
    inside->back().extent_is = Extent::kForm;
    Dim slow = values_.variable(Dim(steps_first ? of.side : kDepth)),
        fast = values_.variable(Dim(steps_first ? kDepth : of.side));
    bind(read, slow, floor_div(element, Dim(steps_first ? kDepth : of.side)));
    bind(read, fast, element - slow * Dim(steps_first ? kDepth : of.side));
    const Dim &place = steps_first ? slow : fast, &in_depth = steps_first ? fast : slow;
    bind(read, plan.outer[of.axis], of.first + nearest(read, place, of.count, of.side));
    bind(read, step, first_step + nearest(read, in_depth, depth, kDepth));
    read.push_back({.kind = StatementKind::kSet,
                    .value = load,
                    .slot = slot,
                    .dtype = value.dtype,
                    .index = slow * Dim(pitch) + fast});
    Dim own = of.place(&of == &rows ? r : c);
    staged[load] = out_.add({.kind = ValueKind::kAccumulator,
                             .dtype = value.dtype,
                             .index = steps_first ? own * Dim(pitch) + k : k * Dim(pitch) + own,
                             .slot = slot});
  }
  barrier(*inside);
  PassPlan tiled = plan;
  values_.replace(staged);
  tiled.folded = {own(plan, part, plan.variables)};
  Body& each = loop_of(*inside, k, depth, kDepth);
  bind(each, step, first_step + k);
  Body& of_row = loop(each, r, Dim(kPerThread));
  bind(of_row, plan.outer[rows.axis], rows.first + nearest(of_row, rows.place(r), rows.count, rows.side));
  Body& of_column = loop(of_row, c, Dim(kPerThread));
  bind(of_column, plan.outer[columns.axis],
       columns.first + nearest(of_column, columns.place(c), columns.count, columns.side));
  fold_elements(of_column, tiled, total, r * Dim(kPerThread) + c);
  barrier(*inside);

  auto only = [&](Body& outside, const TeamAxis& of, const Dim& place) -> Body& {
    if (of.whole()) return outside;
    return when(outside, values_.elementwise(Op::kLt, {values_.index_value(place), values_.index_value(of.count)}))
        .body;
  };
  Dim r2 = values_.variable(Dim(kPerThread)), c2 = values_.variable(Dim(kPerThread));
  Body& row = only(loop(body, r2, Dim(kPerThread)), rows, rows.place(r2));
  bind(row, plan.outer[rows.axis], rows.first + rows.place(r2));
  Body& element = only(loop(row, c2, Dim(kPerThread)), columns, columns.place(c2));
  bind(element, plan.outer[columns.axis], columns.first + columns.place(c2));
  finish_folds(element, plan, total, r2 * Dim(kPerThread) + c2);
}

}  // namespace caten
