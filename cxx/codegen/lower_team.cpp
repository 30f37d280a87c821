#include <algorithm>
#include <bit>
#include <map>
#include <set>

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

bool Lowering::rows_suit_team(const std::vector<PassAxes>& passes) const {
  bool plain = std::all_of(kernel_.parts.begin(), kernel_.parts.end(), [&](const KernelPart& part) {
    return part.own_elements == 0 && (!graph_[part.space.root].is(Op::kReduce) || has_identity(part));
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
  bool team = std::all_of(plan.folds.begin(), plan.folds.end(), [&](const auto* part) { return has_identity(*part); });
  if (std::optional<TeamTile> tile = team ? team_tile(plan) : std::nullopt) return lower_team_tile(into, plan, *tile);
  int64_t folded = known_count(plan.reduced_extents);
  Body& body = loops_along(into, plan.axes);
  if (!team || (folded >= 0 && folded < kLeastOfTeam) || runs_along_columns(out_, kernel_, plan))
    return fold_alone(body, plan);
  out_.team = team_.threads;
  fold_in_team(body, plan);
}

std::optional<Lowering::TeamTile> Lowering::team_tile(const PassPlan& plan) const {
  auto length = [](const Dim& extent) { return extent.is_constant() ? extent.constant() : INT64_MAX; };
  if (plan.folds.size() != 1 || !plan.everywhere.empty() || plan.axes.size() < 2 || plan.reduced.empty()) return {};
  size_t step = plan.reduced.size() - 1;
  for (size_t k = plan.reduced.size(); k-- > 0 && length(plan.reduced_extents[step]) < kLeastTiled;)
    if (length(plan.reduced_extents[k]) > length(plan.reduced_extents[step])) step = k;
  if (length(plan.reduced_extents[step]) < kLeastTiled) return {};
  std::optional<TeamTile> best;
  int64_t most = 0;
  for (size_t column = plan.axes.size(); column-- > 1;) {
    for (size_t row = column; row-- > 0;) {
      int64_t rows = length(plan.axes[row].extent), columns = length(plan.axes[column].extent);
      int64_t elements = std::min(rows, side_of_tile(true)) * std::min(columns, side_of_tile(false));
      if (std::min(rows, columns) < kLeastTiled || elements <= most) continue;
      TeamTile tile{.row = row, .column = column, .step = step};
      if (!stage(plan, tile)) continue;
      most = elements;
      best = std::move(tile);
    }
  }
  return best;
}

bool Lowering::stage(const PassPlan& plan, TeamTile& tile) const {
  const std::string &row = *plan.outer[tile.row].as_symbol(), &column = *plan.outer[tile.column].as_symbol(),
                    &step = *plan.reduced[tile.step].as_symbol();
  int64_t bytes = 0;
  std::vector<ValueId> pending{plan.folded[0]};
  std::set<ValueId> seen;
  while (!pending.empty()) {
    ValueId id = pending.back();
    pending.pop_back();
    if (!seen.insert(id).second) continue;
    bool by_row = depends_on(out_, id, row), by_column = depends_on(out_, id, column);
    const ScalarValue& value = out_[id];
    if (by_row && by_column) {
      // What is not read everywhere may not be there.
      if (value.kind == ValueKind::kSelect || value.kind == ValueKind::kClamp || value.kind == ValueKind::kLoad)
        return false;
      pending.insert(pending.end(), value.operands.begin(), value.operands.end());
    } else if ((by_row || by_column) && depends_on(out_, id, step) && !load_indices(out_, {id}).empty()) {
      (by_row ? tile.of_rows : tile.of_columns).push_back(id);
      bytes += static_cast<int64_t>(dtype_size(value.dtype)) * (kDepth + 1) * side_of_tile(by_row);
    }
  }
  return !tile.of_rows.empty() && !tile.of_columns.empty() && bytes <= team_.bytes;
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

bool Lowering::runs_along(ValueId read, const Dim& variable) const {
  std::vector<Dim> indices = load_indices(out_, {read});
  return std::any_of(indices.begin(), indices.end(), [&](const Dim& index) {
    std::optional<Dim> step = step_of(out_, index, *variable.as_symbol());
    return step && step->is(1);
  });
}

ValueId Lowering::with_these(std::map<ValueId, ValueId>& known, ValueId id) {
  auto [found, added] = known.try_emplace(id, id);
  if (!added) return found->second;
  ScalarValue value = out_[id];
  for (ValueId& operand : value.operands) operand = with_these(known, operand);
  return known[id] = out_.add(std::move(value));
}

void Lowering::lower_team_tile(Body& into, const PassPlan& plan, const TeamTile& tile) {
  out_.team = team_.threads;
  TeamAxis rows{.axis = tile.row, .side = side_of_tile(true), .threads = team_.threads / kTeamColumns};
  TeamAxis columns{.axis = tile.column, .side = side_of_tile(false), .threads = kTeamColumns};
  std::vector<Axis> axes;
  for (size_t k = 0; k < plan.axes.size(); ++k)
    if (k != tile.row && k != tile.column) axes.push_back(plan.axes[k]);
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
  for (size_t k = 0; k < plan.reduced.size(); ++k)
    if (k != tile.step) inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  const Dim& step = plan.reduced[tile.step];
  Blocks depths = blocks_of(plan.reduced_extents[tile.step], kDepth);
  if (!depths.number.variable.is(0)) inside = &loop_over_count(*inside, depths.number.variable, depths.number.extent);
  Dim depth = count_in(*inside, depths), first_step = depths.number.variable * Dim(kDepth);

  // The team reads what all of its elements need for some steps, each thread a share of it, along memory.
  Dim k = values_.variable(depth), r = values_.variable(Dim(kPerThread)), c = values_.variable(Dim(kPerThread));
  std::map<ValueId, ValueId> staged;
  for (bool by_row : {true, false}) {
    const TeamAxis& of = by_row ? rows : columns;
    for (ValueId read : by_row ? tile.of_rows : tile.of_columns) {
      const DType dtype = out_[read].dtype;
      bool steps_first = runs_along(read, step);
      int64_t pitch = steps_first ? kDepth + 1 : of.side;
      uint32_t slot = accumulators_++;
      inside->push_back({.kind = StatementKind::kDeclare,
                         .slot = slot,
                         .dtype = dtype,
                         .lanes = steps_first ? of.side * pitch : kDepth * pitch,
                         .of_team = true});
      Dim all(of.side * kDepth), element = values_.variable(all);
      Body& share = loop_of_team(*inside, {{element, Dim(0), all}});
      inside->back().extent_is = Extent::kForm;
      Dim few(steps_first ? kDepth : of.side), slow = values_.variable(Dim(steps_first ? of.side : kDepth)),
                                               fast = values_.variable(few);
      bind(share, slow, floor_div(element, few));
      bind(share, fast, element - slow * few);
      const Dim &place = steps_first ? slow : fast, &in_depth = steps_first ? fast : slow;
      bind(share, plan.outer[of.axis], of.first + nearest(share, place, of.count, of.side));
      bind(share, step, first_step + nearest(share, in_depth, depth, kDepth));
      share.push_back({.kind = StatementKind::kSet,
                       .value = read,
                       .slot = slot,
                       .dtype = dtype,
                       .index = slow * Dim(pitch) + fast});
      Dim own = of.place(by_row ? r : c);
      staged[read] = out_.add({.kind = ValueKind::kAccumulator,
                               .dtype = dtype,
                               .index = steps_first ? own * Dim(pitch) + k : k * Dim(pitch) + own,
                               .slot = slot});
    }
  }
  barrier(*inside);
  PassPlan tiled = plan;
  tiled.folded = {with_these(staged, plan.folded[0])};
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
