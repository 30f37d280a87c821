#include <algorithm>
#include <tuple>

#include "codegen/lowering.hpp"

namespace caten {

Index Lowering::places(Body& into, const PassPlan& plan, size_t axis, const Dim& from, int64_t most, const Dim& count) {
  Index out;
  for (int64_t k = 0; k < most; ++k) {
    Dim at(k);
    if (k > 0 && !count.is_constant()) {
      ValueId inside = values_.elementwise(Op::kLt, {values_.index_value(at), values_.index_value(count)});
      ValueId nearest = values_.select(inside, values_.index_value(at), values_.index_value(count - Dim(1)));
      into.push_back({.kind = StatementKind::kKeep, .value = nearest});
      at = values_.named(nearest, Dim(most));
    }
    out.push_back(values_.variable(plan.outer_extents[axis]));
    bind(into, out.back(), plan.axes[axis].begin + from + at);
  }
  return out;
}

std::vector<ValueId> Lowering::folded_at(const PassPlan& plan, const Index& rows, const Index& columns) {
  std::vector<ValueId> out;
  Index variables = plan.variables;
  for (const Dim& row : rows)
    for (const Dim& column : columns) {
      variables[plan.axes.size() - 2] = row;
      variables[plan.axes.size() - 1] = column;
      out.push_back(own(plan, *plan.folds[0], variables));
    }
  return out;
}

Lowering::Blocks Lowering::blocks_of(const Dim& extent, int64_t size) {
  Dim count = ceil_div(extent, Dim(size));
  Dim rest = floor_mod(extent, Dim(size));
  // One whole block looks as several do, so that a kernel serves both.
  Dim number = count.is(1) && !rest.is(0) ? Dim(0) : values_.variable(count);
  return {{number, Dim(0), count}, floor_div(extent, Dim(size)), std::move(rest), size};
}

Dim Lowering::count_in(Body& into, const Blocks& blocks) {
  if (std::optional<Dim> only = blocks.only_count()) return *only;
  ValueId count = values_.count(is_full(blocks), blocks.size, blocks.rest);
  into.push_back({.kind = StatementKind::kKeep, .value = count});
  return values_.named(count, Dim(blocks.size + 1));
}

Body& Lowering::blocks_loop(Body& into, std::vector<Axis> axes) {
  std::erase_if(axes, [](const Axis& axis) { return axis.variable.is(0); });
  return axes.empty() ? into : shared_loop(into, axes);
}

void Lowering::lower_columns(Body& into, const PassPlan& plan) {
  loops_.tiles_share();
  bool shares = shares_columns(out_, plan);
  size_t outside = plan.axes.size() - (shares ? 2 : 1);
  int64_t width = 1 << 12;
  for (const KernelPart* part : plan.folds)
    width = std::min(width, elements_in(shares ? kTileBytes : kColumnBytes, dtype_of(*part)));
  int64_t tall = 0;
  std::tie(tall, width) = shares ? loops_.tile({kTileRows, width}, kMostTile) : std::pair{tall, loops_.columns(width)};
  std::vector<Axis> axes(plan.axes.begin(), plan.axes.begin() + static_cast<std::ptrdiff_t>(outside));
  Blocks columns = blocks_of(plan.axes.back().extent, width), rows;
  axes.push_back(columns.number);
  if (shares) {
    rows = blocks_of(plan.axes[outside].extent, tall);
    axes.push_back(rows.number);
  }
  in_block(blocks_loop(into, std::move(axes)), columns, [&](Body& block, const Dim& first, const Dim& count) {
    if (!shares) return tile(block, plan, Dim(0), Dim(0), 1, first, count, width);
    Dim row = rows.number.variable * Dim(tall), height = count_in(block, rows);
    int64_t most = height.is_constant() ? height.constant() : tall;
    bool whole = count.is(width) && plan.folds.size() == 1;
    if (int64_t lanes = whole ? register_lanes(plan, most, width) : 0; lanes > 0)
      return register_tile(block, plan, row, most, height, first, width, lanes);
    tile(block, plan, row, height, tall, first, count, width);
  });
}

int64_t Lowering::register_lanes(const PassPlan& plan, int64_t tall, int64_t width) {
  int64_t lanes = loops_.dividing_lanes(std::min(width, elements_in(kDotBytes, dtype_of(*plan.folds[0]))), width);
  return width % lanes == 0 && tall * (width / lanes) <= kMostDots ? lanes : 0;
}

void Lowering::register_tile(Body& into, const PassPlan& plan, const Dim& row, int64_t tall, const Dim& rows,
                             const Dim& first, int64_t width, int64_t lanes) {
  const KernelPart& part = *plan.folds[0];
  size_t last = plan.axes.size() - 1;
  Index i = places(into, plan, last - 1, row, tall, rows), j;
  PassPlan pairs = plan;
  pairs.folds.assign(static_cast<size_t>(tall * (width / lanes)), &part);
  std::vector<uint32_t> slots = declare_all(into, pairs, lanes);
  Body* inside = &into;
  size_t steps = plan.reduced.size() - 1;
  for (size_t k = 0; k < steps; ++k) inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  Dim lane = values_.variable(Dim(lanes));
  for (int64_t c = 0; c < width; c += lanes) j.push_back(values_.variable(plan.outer_extents[last]));
  pairs.folded = folded_at(plan, i, j);
  in_steps(*inside, plan.reduced[steps], plan.reduced_extents[steps], Extent::kAxis, [&](Body& each, const Dim& step) {
    Body& elements = loop(each, lane, Dim(lanes));
    if (step != plan.reduced[steps]) bind(elements, plan.reduced[steps], step);
    for (size_t c = 0; c < j.size(); ++c)
      bind(elements, j[c], plan.axes[last].begin + first + Dim(static_cast<int64_t>(c) * lanes) + lane);
    fold_elements(elements, pairs, slots, lane);
  });
  uint32_t all = gathered(into, part, slots, lanes);
  in_tile(into, plan, row, rows, tall, first, Dim(width), width,
          [&](Body& body, const Dim& at) { finish_folds(body, plan, {all}, at); });
}

bool Lowering::folds_rows_at_once(const PassPlan& plan) const {
  const Dim& extent = plan.reduced_extents.back();
  if (plan.work > kFoldedWork || (extent.is_constant() && extent.constant() < 2 * kFoldedRows)) return false;
  return std::none_of(plan.folds.begin(), plan.folds.end(),
                      [&](const KernelPart* part) { return is_complex(dtype_of(*part)); });
}

void Lowering::tile(Body& into, const PassPlan& plan, const Dim& row, const Dim& rows, int64_t most_rows,
                    const Dim& first, const Dim& count, int64_t width) {
  std::vector<uint32_t> slots = declare_all(into, plan, most_rows * width);
  auto each = [&](Body& body, auto&& what) { in_tile(body, plan, row, rows, most_rows, first, count, width, what); };
  Body* inside = &into;
  size_t last = plan.reduced.size() - 1;
  for (size_t k = 0; k < last; ++k) inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  if (most_rows > 1 || !folds_rows_at_once(plan)) {
    inside = &loop_along(*inside, plan.reduced[last], plan.reduced_extents[last]);
    each(*inside, [&](Body& body, const Dim& lane) { fold_elements(body, plan, slots, lane); });
  } else {
    // Several rows are read at once: accumulators are loaded and stored once for all of them.
    Dim whole = floor_div(plan.reduced_extents[last], Dim(kFoldedRows));
    Dim rest = floor_mod(plan.reduced_extents[last], Dim(kFoldedRows));
    Dim i = values_.variable(whole);
    Body& several = loop_over_count(*inside, i, whole);
    std::vector<Index> steps(kFoldedRows, plan.variables);
    for (size_t k = 0; k < steps.size(); ++k) {
      steps[k].back() = values_.variable(plan.reduced_extents[last]);
      bind(several, steps[k].back(), i * Dim(kFoldedRows) + Dim(static_cast<int64_t>(k)));
    }
    each(several, [&](Body& body, const Dim& lane) {
      for (size_t k = 0; k < plan.folds.size(); ++k) {
        const KernelPart& part = *plan.folds[k];
        ValueId held = accumulator(part, slots[k], lane);
        for (const Index& variables : steps) held = combine_into(part, held, to_held(part, own(plan, part, variables)));
        set(body, part, slots[k], lane, held);
      }
    });
    if (!rest.is(0)) {
      Dim row_of_rest = values_.variable(rest);
      Body& single = loop_over_count(*inside, row_of_rest, rest);
      bind(single, plan.reduced[last], whole * Dim(kFoldedRows) + row_of_rest, Extent::kRest);
      each(single, [&](Body& body, const Dim& lane) { fold_elements(body, plan, slots, lane); });
    }
  }
  each(into, [&](Body& body, const Dim& lane) { finish_folds(body, plan, slots, lane); });
}

}  // namespace caten
