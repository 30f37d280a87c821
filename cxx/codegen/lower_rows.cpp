#include <algorithm>

#include "codegen/lowering.hpp"

namespace caten {

void Lowering::lower_rows(Body& into, const PassPlan& plan) {
  if (int64_t lanes = lanes_of(plan, kDotBytes); lanes > 1 && shares_rows(out_, kernel_, plan))
    return lower_dots(into, plan, lanes);
  Body& body = outer_loops(into, plan);
  int64_t lanes = lanes_of(plan, kLaneBytes);
  if (lanes > 1) {
    std::vector<uint32_t> totals = fold_lanes(body, plan, lanes);
    fold_halves(body, plan, totals, lanes, Dim(0));
    return finish_folds(body, plan, totals, Dim(0));
  }
  std::vector<uint32_t> totals = declare_all(body, plan, 1);
  Body* inside = &body;
  for (size_t k = 0; k < plan.reduced.size(); ++k)
    inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  fold_elements(*inside, plan, totals, Dim(0));
  finish_folds(body, plan, totals, Dim(0));
}

int64_t Lowering::lanes_of(const PassPlan& plan, size_t bytes) {
  int64_t lanes = kMostLanes;
  for (const KernelPart* part : plan.folds) {
    lanes = std::min(lanes, elements_in(bytes, dtype_of(*part)));
    if (is_complex(dtype_of(*part)) && fold_of(*part).combine == Combine::kMul) return 1;
  }
  if (plan.reduced.empty()) return 1;
  const Dim& extent = plan.reduced_extents.back();
  lanes = loops_.lanes(lanes, known(extent));
  return extent.is_constant() && extent.constant() < 2 * lanes ? 1 : lanes;
}

std::vector<uint32_t> Lowering::fold_lanes(Body& body, const PassPlan& plan, int64_t lanes) {
  bool sums = std::any_of(plan.folds.begin(), plan.folds.end(), [&](const KernelPart* part) {
    return adds_inexactly(fold_of(*part).combine, dtype_of(*part));
  });
  std::vector<uint32_t> totals = declare_all(body, plan, lanes);
  Body* inside = &body;
  for (size_t k = 0; k + 1 < plan.reduced.size(); ++k)
    inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  fold_in_lanes(*inside, plan, totals, lanes, sums);
  return totals;
}

void Lowering::fold_halves(Body& body, const PassPlan& plan, const std::vector<uint32_t>& totals, int64_t lanes,
                           const Dim& from) {
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    Dim lane = half > 1 ? values_.variable(Dim(half)) : Dim(0);
    Body& pairs = half > 1 ? loop(body, lane, Dim(half)) : body;
    Dim low = from + lane, high = low + Dim(half);
    for (size_t k = 0; k < plan.folds.size(); ++k)
      fold_in(pairs, *plan.folds[k], totals[k], low, accumulator(*plan.folds[k], totals[k], high));
  }
}

void Lowering::lower_dots(Body& into, const PassPlan& plan, int64_t lanes) {
  loops_.tiles_share();
  auto [tall, wide] = loops_.tile({kDotRows, kDotColumns}, kMostDots);
  auto outside = static_cast<std::ptrdiff_t>(plan.axes.size() - 2);
  Blocks rows = blocks_of(plan.axes[plan.axes.size() - 2].extent, tall);
  Blocks columns = blocks_of(plan.axes.back().extent, wide);
  std::vector<Axis> axes(plan.axes.begin(), plan.axes.begin() + outside);
  axes.push_back(columns.number);
  axes.push_back(rows.number);
  Body* body = &blocks_loop(into, std::move(axes));
  Dim row = rows.number.variable * Dim(tall), first = columns.number.variable * Dim(wide);
  Body* whole = body;
  if (!rows.rest.is(0) || !columns.rest.is(0)) {
    auto below = [&](const Dim& i, const Dim& limit) {
      return values_.elementwise(Op::kLt, {values_.index_value(i), values_.index_value(limit)});
    };
    ValueId all = values_.elementwise(
        Op::kAnd, {below(rows.number.variable, rows.full), below(columns.number.variable, columns.full)});
    Statement& choice = when(*body, all);
    whole = &choice.body;
    // One after the other, as far as there are any.
    Dim r = values_.variable(Dim(tall)), c = values_.variable(Dim(wide));
    Body& each = loop(loop(choice.otherwise, r, Dim(tall)), c, Dim(wide));
    ValueId inside = values_.elementwise(
        Op::kAnd, {below(row + r, plan.axes[plan.axes.size() - 2].extent), below(first + c, plan.axes.back().extent)});
    dots(when(each, inside).body, plan, row + r, 1, first + c, 1, lanes);
  }
  dots(*whole, plan, row, tall, first, wide, lanes);
}

void Lowering::dots(Body& into, const PassPlan& plan, const Dim& row, int64_t rows, const Dim& first, int64_t columns,
                    int64_t lanes) {
  const KernelPart& part = *plan.folds[0];
  size_t last = plan.axes.size() - 1;
  Index i, j;
  for (int64_t r = 0; r < rows; ++r) i.push_back(place(into, plan, last - 1, row + Dim(r)));
  for (int64_t c = 0; c < columns; ++c) j.push_back(place(into, plan, last, first + Dim(c)));
  PassPlan pairs = plan;
  pairs.folds.assign(i.size() * j.size(), &part);
  pairs.folded = folded_at(plan, i, j);
  std::vector<uint32_t> sums = fold_lanes(into, pairs, lanes);
  uint32_t all = gathered(into, part, sums, lanes);
  Dim sum = values_.variable(Dim(rows * columns));
  fold_halves(loop(into, sum, Dim(rows * columns)), plan, {all}, lanes, sum * Dim(lanes));
  in_tile(into, plan, row, Dim(rows), rows, first, Dim(columns), columns,
          [&](Body& body, const Dim& at) { finish_folds(body, plan, {all}, at * Dim(lanes)); });
}

uint32_t Lowering::gathered(Body& into, const KernelPart& part, const std::vector<uint32_t>& slots, int64_t lanes) {
  uint32_t all = declare(into, part, static_cast<int64_t>(slots.size()) * lanes, {});
  Dim lane = values_.variable(Dim(lanes));
  Body& body = loop(into, lane, Dim(lanes));
  for (size_t k = 0; k < slots.size(); ++k)
    body.push_back({.kind = StatementKind::kSet,
                    .value = accumulator(part, slots[k], lane),
                    .slot = all,
                    .dtype = dtype_of(part),
                    .index = Dim(static_cast<int64_t>(k) * lanes) + lane});
  return all;
}

void Lowering::fold_in_lanes(Body& into, const PassPlan& plan, const std::vector<uint32_t>& totals, int64_t lanes,
                             bool sums) {
  const Dim &variable = plan.reduced.back(), &extent = plan.reduced_extents.back();
  Dim steps = floor_div(extent, Dim(lanes));
  bool in_blocks = sums && !(steps.is_constant() && steps.constant() <= kBlock);
  auto run = [&](Body& body, const std::vector<uint32_t>& slots, const Dim& first, const Dim& count) {
    Dim i = values_.variable(count);
    in_steps(body, i, count, count.is(kBlock) ? Extent::kForm : Extent::kCount, [&](Body& each, const Dim& step) {
      Dim lane = values_.variable(Dim(lanes));
      Body& elements = loop(each, lane, Dim(lanes));
      bind(elements, variable, (first + step) * Dim(lanes) + lane);
      fold_elements(elements, plan, slots, lane);
    });
  };
  if (in_blocks) {
    auto block = [&](Body& body, const Dim& first, const Dim& count) {
      std::vector<uint32_t> partial = declare_all(body, plan, lanes);
      run(body, partial, first, count);
      Dim lane = values_.variable(Dim(lanes));
      Body& each = loop(body, lane, Dim(lanes));
      for (size_t k = 0; k < plan.folds.size(); ++k)
        fold_in(each, *plan.folds[k], totals[k], lane, accumulator(*plan.folds[k], partial[k], lane));
    };
    Dim blocks = floor_div(steps, Dim(kBlock)), b = values_.variable(blocks);
    block(loop_over_count(into, b, blocks), b * Dim(kBlock), Dim(kBlock));
    Dim rest = floor_mod(steps, Dim(kBlock));
    if (!rest.is(0)) run(into, totals, blocks * Dim(kBlock), rest);
  } else {
    run(into, totals, Dim(0), steps);
  }
  Dim rest = floor_mod(extent, Dim(lanes));
  if (rest.is(0)) return;
  Dim lane = values_.variable(rest);
  Body& elements = loop_over_rest(into, lane, rest);
  bind(elements, variable, steps * Dim(lanes) + lane);
  fold_elements(elements, plan, totals, lane);
}

}  // namespace caten
