#include <algorithm>
#include <tuple>

#include "codegen/lowering.hpp"

namespace caten {

Dim Lowering::place(Body& into, const PassPlan& plan, size_t axis, const Dim& at) {
  Dim variable = values_.variable(plan.folds[0]->space.outer[axis]);
  bind(into, variable, plan.axes[axis].begin + at);
  return variable;
}

std::vector<ValueId> Lowering::folded_at(const PassPlan& plan, const Index& rows, const Index& columns) {
  std::vector<ValueId> out;
  Index variables = plan.variables;
  for (const Dim& row : rows)
    for (const Dim& column : columns) {
      variables[plan.axes.size() - 2] = row;
      variables[plan.axes.size() - 1] = column;
      out.push_back(values_.own(*plan.folds[0], variables));
    }
  return out;
}

Lowering::Blocks Lowering::blocks_of(const Dim& extent, int64_t size) {
  Dim count = ceil_div(extent, Dim(size));
  Dim number = count.is(1) ? Dim(0) : values_.variable(count);
  return {{number, Dim(0), count}, floor_div(extent, Dim(size)), floor_mod(extent, Dim(size)), size};
}

Body& Lowering::blocks_loop(Body& into, std::vector<Axis> axes) {
  std::erase_if(axes, [](const Axis& axis) { return axis.variable.is(0); });
  return axes.empty() ? into : shared_loop(into, axes);
}

void Lowering::lower_columns(Body& into, const PassPlan& plan) {
  loops_.tiles_share();
  bool shares = shares_columns(out_, plan);
  size_t outside = plan.axes.size() - (shares ? 2 : 1);
  int64_t width = 1 << 10;
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
    in_block(block, rows, [&](Body& inner, const Dim& row, const Dim& remaining) {
      bool whole = remaining.is(tall) && count.is(width) && plan.folds.size() == 1;
      int64_t lanes = whole ? register_lanes(plan, tall, width) : 0;
      if (lanes > 0) return register_tile(inner, plan, row, tall, first, width, lanes);
      tile(inner, plan, row, remaining, tall, first, count, width);
    });
  });
}

int64_t Lowering::register_lanes(const PassPlan& plan, int64_t tall, int64_t width) {
  int64_t lanes = loops_.dividing_lanes(std::min(width, elements_in(kDotBytes, dtype_of(*plan.folds[0]))), width);
  return width % lanes == 0 && tall * (width / lanes) <= kMostDots ? lanes : 0;
}

void Lowering::register_tile(Body& into, const PassPlan& plan, const Dim& row, int64_t tall, const Dim& first,
                             int64_t width, int64_t lanes) {
  const KernelPart& part = *plan.folds[0];
  size_t last = plan.axes.size() - 1;
  Index i, j;
  for (int64_t r = 0; r < tall; ++r) i.push_back(place(into, plan, last - 1, row + Dim(r)));
  PassPlan pairs = plan;
  pairs.folds.assign(static_cast<size_t>(tall * (width / lanes)), &part);
  std::vector<uint32_t> slots = declare_all(into, pairs, lanes);
  Body* inside = &into;
  size_t steps = plan.reduced.size() - 1;
  for (size_t k = 0; k < steps; ++k) inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  Dim lane = values_.variable(Dim(lanes));
  for (int64_t c = 0; c < width; c += lanes) j.push_back(values_.variable(part.space.outer[last]));
  pairs.folded = folded_at(plan, i, j);
  in_steps(*inside, plan.reduced[steps], plan.reduced_extents[steps], Extent::kAxis, [&](Body& each, const Dim& step) {
    Body& elements = loop(each, lane, Dim(lanes));
    if (step != plan.reduced[steps]) bind(elements, plan.reduced[steps], step);
    for (size_t c = 0; c < j.size(); ++c)
      bind(elements, j[c], plan.axes[last].begin + first + Dim(static_cast<int64_t>(c) * lanes) + lane);
    fold_elements(elements, pairs, slots, lane);
  });
  uint32_t all = gathered(into, part, slots, lanes);
  in_tile(into, plan, row, Dim(tall), tall, first, Dim(width), width,
          [&](Body& body, const Dim& at) { finish_folds(body, plan, {all}, at); });
}

void Lowering::tile(Body& into, const PassPlan& plan, const Dim& row, const Dim& rows, int64_t most_rows,
                    const Dim& first, const Dim& count, int64_t width) {
  std::vector<uint32_t> slots = declare_all(into, plan, most_rows * width);
  auto each = [&](Body& body, auto&& what) { in_tile(body, plan, row, rows, most_rows, first, count, width, what); };
  Body* inside = &into;
  for (size_t k = 0; k < plan.reduced.size(); ++k)
    inside = &loop_along(*inside, plan.reduced[k], plan.reduced_extents[k]);
  each(*inside, [&](Body& body, const Dim& lane) { fold_elements(body, plan, slots, lane); });
  each(into, [&](Body& body, const Dim& lane) { finish_folds(body, plan, slots, lane); });
}

}  // namespace caten
