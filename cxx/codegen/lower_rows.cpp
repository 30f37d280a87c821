#include <algorithm>
#include <bit>

#include "codegen/lowering.hpp"
#include "codegen/steps.hpp"

namespace caten {

void Lowering::lower_rows(Body& into, const PassPlan& plan) {
  if (int64_t lanes = lanes_of(plan, kDotBytes); lanes > 1 && shares_rows(out_, kernel_, plan))
    return lower_dots(into, plan, lanes);
  Body& body = outer_loops(into, plan);
  in_lanes_ = lanes_of(plan, kLaneBytes) > 1;
  // Where much is computed for each element, or little is waited for, accumulators need not hide how long that takes.
  auto waits = [&](const KernelPart* part) { return held_dtype(*part) == dtype_of(*part); };
  bool few = plan.work >= kMuchWork || std::none_of(plan.folds.begin(), plan.folds.end(), waits);
  int64_t lanes = in_lanes_ ? lanes_of(plan, few ? kLaneBytes / 2 : kLaneBytes) : 1;
  if (lanes > 1) {
    std::vector<uint32_t> totals = fold_lanes(body, plan, lanes);
    fold_all_lanes(body, plan, totals, lanes, Dim(0));
    return finish_folds(body, plan, totals, Dim(0));
  }
  single_ = true;
  std::vector<uint32_t> totals = declare_all(body, plan, 1);
  Body* inside = &body;
  for (size_t k = 0; k < plan.reduced.size(); ++k)
    inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  fold_elements(*inside, plan, totals, Dim(0));
  finish_folds(body, plan, totals, Dim(0));
}

int64_t Lowering::lanes_of(const PassPlan& plan, size_t bytes) {
  if (for_threads()) return 1;
  int64_t lanes = kMostLanes;
  for (const KernelPart* part : plan.folds) {
    lanes = std::min(lanes, elements_in(bytes, dtype_of(*part)));
    if (!has_identity(*part)) return 1;
  }
  if (plan.reduced.empty()) return 1;
  const Dim& extent = plan.reduced_extents.back();
  lanes = loops_.lanes(lanes, known(extent));
  if (!extent.is_constant() || extent.constant() >= 2 * lanes) return lanes;
  return is_block(plan, extent.constant()) ? extent.constant() : 1;
}

bool Lowering::is_block(const PassPlan& plan, int64_t elements) const {
  auto bytes = [&](const KernelPart* part) { return dtype_size(dtype_of(*part)) * static_cast<size_t>(elements); };
  return plan.reduced.size() > 1 && elements <= kMostLanes && std::has_single_bit(static_cast<uint64_t>(elements)) &&
         std::all_of(plan.folds.begin(), plan.folds.end(),
                     [&](const KernelPart* part) { return bytes(part) >= kBlockBytes; });
}

std::vector<uint32_t> Lowering::fold_lanes(Body& body, const PassPlan& plan, int64_t lanes) {
  bool sums = std::any_of(plan.folds.begin(), plan.folds.end(), [&](const KernelPart* part) {
    return adds_inexactly(fold_of(*part).combine, dtype_of(*part));
  });
  bool blocks =
      sums && std::all_of(plan.folds.begin(), plan.folds.end(), [&](const auto* part) { return has_identity(*part); });
  std::vector<uint32_t> totals = declare_all(body, plan, lanes);
  Body* inside = &body;
  for (size_t k = 0; k + 1 < plan.reduced.size(); ++k)
    inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  fold_in_lanes(*inside, plan, totals, lanes, blocks);
  return totals;
}

ValueId Lowering::pairwise(const KernelPart& part, uint32_t slot, const Dim& first, int64_t step, int64_t count) {
  if (count == 1) return accumulator(part, slot, first);
  int64_t half = count / 2;
  return combine(part, pairwise(part, slot, first, step, half),
                 pairwise(part, slot, first + Dim(half * step), step, count - half));
}

void Lowering::fold_all_lanes(Body& body, const PassPlan& plan, const std::vector<uint32_t>& totals, int64_t lanes,
                              const Dim& from) {
  auto fold = [&](Body& into, const Dim& first, int64_t step, int64_t count) {
    for (size_t k = 0; k < plan.folds.size(); ++k)
      set(into, *plan.folds[k], totals[k], first, pairwise(*plan.folds[k], totals[k], first, step, count));
  };
  while (lanes > kTogether && lanes % kTogether == 0) {
    lanes /= kTogether;
    Dim lane = values_.variable(Dim(lanes));
    fold(loop(body, lane, Dim(lanes)), from + lane, lanes, kTogether);
  }
  fold(body, from, 1, lanes);
}

std::pair<int64_t, int64_t> Lowering::dots_of(const PassPlan& plan) const {
  std::vector<ValueId> needed = needed_values(out_, plan.folded);
  bool bytes = std::any_of(needed.begin(), needed.end(), [&](ValueId id) {
    return out_[id].kind == ValueKind::kLoad && dtype_size(out_[id].dtype) == 1;
  });
  return bytes ? std::pair{kByteDotRows, kByteDotColumns} : std::pair{kDotRows, kDotColumns};
}

void Lowering::lower_dots(Body& into, const PassPlan& plan, int64_t lanes) {
  loops_.tiles_share();
  auto [tall, wide] = loops_.tile(dots_of(plan), kMostDots);
  auto outside = static_cast<std::ptrdiff_t>(plan.axes.size() - 2);
  Blocks rows = blocks_of(plan.axes[plan.axes.size() - 2].extent, tall);
  Blocks columns = blocks_of(plan.axes.back().extent, wide);
  std::vector<Axis> axes(plan.axes.begin(), plan.axes.begin() + outside);
  axes.push_back(columns.number);
  axes.push_back(rows.number);
  Body& body = blocks_loop(into, std::move(axes));
  Dim row = rows.number.variable * Dim(tall), first = columns.number.variable * Dim(wide);
  Dim height = count_in(body, rows), width = count_in(body, columns);
  if (height.is_constant()) tall = height.constant();
  if (width.is_constant()) wide = width.constant();
  const KernelPart& part = *plan.folds[0];
  size_t last = plan.axes.size() - 1;
  Index i = places(body, plan, last - 1, row, tall, height), j = places(body, plan, last, first, wide, width);
  PassPlan pairs = plan;
  pairs.folds.assign(i.size() * j.size(), &part);
  pairs.folded = folded_at(plan, i, j);
  std::vector<uint32_t> sums = fold_lanes(body, pairs, lanes);
  uint32_t all = gathered(body, part, sums, lanes);
  Dim sum = values_.variable(Dim(tall * wide));
  fold_all_lanes(loop(body, sum, Dim(tall * wide)), plan, {all}, lanes, sum * Dim(lanes));
  in_tile(body, plan, row, height, tall, first, width, wide,
          [&](Body& each, const Dim& at) { finish_folds(each, plan, {all}, at * Dim(lanes)); });
}

uint32_t Lowering::gathered(Body& into, const KernelPart& part, const std::vector<uint32_t>& slots, int64_t lanes) {
  uint32_t all = declare(into, part, static_cast<int64_t>(slots.size()) * lanes, {});
  Dim lane = values_.variable(Dim(lanes));
  Body& body = loop(into, lane, Dim(lanes));
  for (size_t k = 0; k < slots.size(); ++k)
    set(body, part, all, Dim(static_cast<int64_t>(k) * lanes) + lane, accumulator(part, slots[k], lane));
  return all;
}

void Lowering::fetch_next_row(Body& into, const PassPlan& plan, const Dim& first, int64_t lanes) {
  size_t rows = plan.variables.size() - plan.outer.size() - plan.reduced.size();
  bool large =
      std::any_of(kernel_.parts.begin(), kernel_.parts.end(), [](const KernelPart& part) { return part.streams; });
  if (rows == 0 || !large || plan.work < kMuchWork) return;
  const Dim &row = plan.variables[rows - 1], &column = plan.reduced.back();
  std::vector<ValueId> wanted = plan.folded;
  wanted.insert(wanted.end(), plan.stored.begin(), plan.stored.end());
  for (ValueId id : needed_values(out_, wanted)) {
    const ScalarValue& load = out_[id];
    if (load.kind != ValueKind::kLoad || out_.slots[load.slot].written) continue;
    Dim index = values_.final_index(load.index);
    std::optional<Dim> along = step_of(out_, index, *column.as_symbol()), down = step_of(out_, index, *row.as_symbol());
    if (!along || !along->is(1) || !down || down->is(0)) continue;
    int64_t line = elements_in(kCacheLine, load.dtype);
    for (int64_t k = 0; k < lanes; k += line)
      into.push_back(
          {.kind = StatementKind::kFetch,
           .slot = load.slot,
           .dtype = load.dtype,
           .index = index.substitute({{*column.as_symbol(), first + Dim(k)}, {*row.as_symbol(), row + Dim(1)}})});
  }
}

void Lowering::fold_in_lanes(Body& into, const PassPlan& plan, const std::vector<uint32_t>& totals, int64_t lanes,
                             bool may_block) {
  const Dim &variable = plan.reduced.back(), &extent = plan.reduced_extents.back();
  Dim steps = floor_div(extent, Dim(lanes));
  // Each lane has an accumulator, and stores where it loads: an element may take the memory of another value's.
  bool stores = !plan.everywhere.empty();
  bool in_blocks = may_block && !(steps.is_constant() && steps.constant() <= kBlock);
  auto run = [&](Body& body, const std::vector<uint32_t>& slots, const Dim& first, const Dim& count, Extent kind) {
    auto vector = [&](Body& each, const Dim& step) {
      fetch_next_row(each, plan, (first + step) * Dim(lanes), lanes);
      Dim lane = values_.variable(Dim(lanes));
      Body& elements = loop_as(Extent::kForm, each, lane, Dim(lanes), stores);
      bind(elements, variable, (first + step) * Dim(lanes) + lane);
      fold_elements(elements, plan, slots, lane);
    };
    if (count.is(1)) return vector(body, Dim(0));
    in_steps(body, values_.variable(count), count, kind, vector);
  };
  if (in_blocks) {
    Blocks blocks = blocks_of(steps, kBlock);
    Body& body = loop_over_count(into, blocks.number.variable, blocks.number.extent);
    std::vector<uint32_t> partial = declare_all(body, plan, lanes);
    Dim first = blocks.number.variable * Dim(kBlock);
    run(body, partial, first, count_in(body, blocks), Extent::kForm);
    Dim lane = values_.variable(Dim(lanes));
    Body& each = loop(body, lane, Dim(lanes));
    for (size_t k = 0; k < plan.folds.size(); ++k)
      fold_in(each, *plan.folds[k], totals[k], lane, accumulator(*plan.folds[k], partial[k], lane));
  } else {
    run(into, totals, Dim(0), steps, Extent::kCount);
  }
  Dim rest = floor_mod(extent, Dim(lanes));
  if (rest.is(0)) return;
  Dim lane = values_.variable(rest);
  Body& elements = loop_as(Extent::kRest, into, lane, rest, stores);
  bind(elements, variable, steps * Dim(lanes) + lane, Extent::kRest);
  fold_elements(elements, plan, totals, lane);
}

}  // namespace caten
