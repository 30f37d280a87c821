#include <algorithm>
#include <map>

#include "codegen/lowering.hpp"

namespace caten {

void Lowering::lower_map(Body& into, const PassPlan& plan) {
  bool free = kernel_.passes == 1 && kernel_.blocks.empty() && !kernel_.hint;
  if (std::optional<size_t> across = free ? axis_across(out_, plan) : std::nullopt)
    return lower_across(into, plan, *across);
  bool alone = kernel_.passes == 1 && kernel_.blocks.empty() && !plan.axes.empty();
  int64_t elements = alone ? loops_.elements(known(arranged(plan).back().extent)) : 0;
  if (elements == 0) return store_everywhere(outer_loops(into, plan), plan);
  std::vector<Axis> axes = arranged(plan);
  Axis last = axes.back();
  Blocks blocks = blocks_of(last.extent, elements);
  axes.back() = blocks.number;
  if (blocks.number.variable.is(0)) axes.pop_back();
  in_block(loops_along(into, axes), blocks, [&](Body& block, const Dim& first, const Dim& count) {
    Dim element = values_.variable(count);
    Body& body = loop_of(block, element, count, elements, true);
    bind(body, last.variable, last.begin + first + element);
    store_everywhere(body, plan);
  });
}

void Lowering::lower_across(Body& into, const PassPlan& plan, size_t across) {
  std::vector<ValueId> leaping = loads_across(out_, plan, across);
  size_t largest = 1;
  for (const KernelPart* part : plan.everywhere) largest = std::max(largest, dtype_size(dtype_of(*part)));
  for (ValueId load : leaping) largest = std::max(largest, dtype_size(out_[load].dtype));
  auto side = static_cast<int64_t>(kSideBytes / largest / std::max<size_t>(1, leaping.size()));
  side = std::clamp(side, kLeastSide, kMostSide);
  const Axis &row = plan.axes[across], &column = plan.axes.back();
  Blocks rows = blocks_of(row.extent, side), columns = blocks_of(column.extent, side);
  std::vector<Axis> axes = plan.axes;
  axes[across] = rows.number;
  axes.back() = columns.number;
  Body& body = blocks_loop(into, std::move(axes));
  Dim height = count_in(body, rows), width = count_in(body, columns);
  Dim r = values_.variable(height), c = values_.variable(width);
  auto along_rows = [&](Body& outside, bool one_by_one) -> Body& {
    Body& inside = loop_of(outside, r, height, side, true);
    outside.back().one_by_one = one_by_one;
    bind(inside, row.variable, row.begin + rows.number.variable * Dim(side) + r);
    return inside;
  };
  auto along_columns = [&](Body& outside) -> Body& {
    Body& inside = loop_of(outside, c, width, side, true);
    bind(inside, column.variable, column.begin + columns.number.variable * Dim(side) + c);
    return inside;
  };
  if (leaping.empty()) return store_everywhere(along_columns(along_rows(body, false)), plan);
  std::map<ValueId, ValueId> turned;
  Body loads;
  Dim place = r * Dim(side) + c;
  for (ValueId load : leaping) {
    DType dtype = out_[load].dtype;
    uint32_t slot = accumulators_++;
    body.push_back({.kind = StatementKind::kDeclare, .slot = slot, .dtype = dtype, .lanes = side * side});
    loads.push_back({.kind = StatementKind::kSet, .value = load, .slot = slot, .dtype = dtype, .index = place});
    turned[load] = out_.add({.kind = ValueKind::kAccumulator, .dtype = dtype, .index = place, .slot = slot});
  }
  Body& read = along_rows(along_columns(body), true);
  read.insert(read.end(), loads.begin(), loads.end());
  PassPlan written = plan;
  values_.replace(turned);
  written.stored.clear();
  for (const KernelPart* part : plan.everywhere) written.stored.push_back(values_.own(*part, plan.variables));
  store_everywhere(along_columns(along_rows(body, false)), written);
}

}  // namespace caten
