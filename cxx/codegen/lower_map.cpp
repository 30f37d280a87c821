#include <algorithm>
#include <map>

#include "codegen/lowering.hpp"
#include "codegen/steps.hpp"

namespace caten {

void Lowering::lower_map(Body& into, const PassPlan& plan) {
  if (for_threads()) return store_everywhere(outer_loops(into, plan), plan);
  bool alone = kernel_.passes == 1 && kernel_.blocks.empty();
  if (std::optional<size_t> across = alone && !kernel_.hint ? axis_across(out_, plan) : std::nullopt)
    return lower_across(into, plan, *across);
  int64_t streamed = streamed_elements(plan);
  int64_t elements = streamed > 0                  ? streamed
                     : alone && !plan.axes.empty() ? loops_.elements(known(arranged(plan).back().extent))
                                                   : 0;
  if (elements == 0) return store_everywhere(outer_loops(into, plan), plan);
  std::vector<Axis> axes = arranged(plan);
  Axis last = axes.back();
  Blocks blocks = blocks_of(last.extent, elements);
  axes.back() = blocks.number;
  if (blocks.number.variable.is(0)) axes.pop_back();
  Body& body = alone ? loops_along(into, axes) : loops_inside(into, plan, axes);
  if (streamed > 0) {
    Dim count = count_in(body, blocks);
    return store_along(body, plan, values_.variable(count), blocks.number.variable * Dim(elements), count, elements);
  }
  in_block(body, blocks, [&](Body& block, const Dim& first, const Dim& count) {
    Dim element = values_.variable(count);
    Body& inside = loop_of(block, element, count, elements, true);
    bind(inside, last.variable, last.begin + first + element);
    store_everywhere(inside, plan);
  });
}

int64_t Lowering::streamed_elements(const PassPlan& plan) const {
  if (plan.axes.empty() || plan.work > kMuchWork) return 0;
  size_t largest = 0;
  for (const KernelPart* part : plan.everywhere)
    if (part->streams) largest = std::max(largest, dtype_size(dtype_of(*part)));
  if (largest == 0) return 0;
  auto elements = static_cast<int64_t>(kStreamedBlock / largest);
  int64_t extent = known(plan.axes.back().extent);
  return extent < 0 || extent >= elements / kLeastStreams ? elements : 0;
}

void Lowering::store_along(Body& into, const PassPlan& plan, const Dim& element, const Dim& first, const Dim& count,
                           int64_t whole) {
  const Axis& axis = plan.axes.back();
  std::map<std::string, Dim> begin{{*axis.variable.as_symbol(), axis.begin + first}};
  std::vector<const KernelPart*> parts;
  std::vector<ValueId> values;
  Body sets, streams;
  for (size_t k = 0; k < plan.everywhere.size(); ++k) {
    const KernelPart& part = *plan.everywhere[k];
    std::optional<Dim> step;
    if (part.streams) step = step_of(out_, target_element(plan, part), *axis.variable.as_symbol());
    if (!step || !step->is(1)) {
      parts.push_back(&part);
      values.push_back(plan.stored[k]);
      continue;
    }
    Statement stream{.kind = StatementKind::kStream,
                     .variable = *element.as_symbol(),
                     .extent = count,
                     .slot = values_.target_slot(part),
                     .dtype = dtype_of(part),
                     .index = target_element(plan, part).substitute(begin),
                     .extent_is = count.is(whole) ? Extent::kForm : Extent::kRest};
    const ScalarValue& value = out_[plan.stored[k]];
    std::optional<Dim> along =
        value.kind == ValueKind::kAccumulator ? step_of(out_, value.index, *element.as_symbol()) : std::nullopt;
    if (along && along->is(1)) {
      stream.source = value.slot;
      stream.from = value.index.substitute({{*element.as_symbol(), Dim(0)}});
    } else {
      stream.source = declare(into, part, whole, {});
      sets.push_back({.kind = StatementKind::kSet,
                      .value = plan.stored[k],
                      .slot = stream.source,
                      .dtype = dtype_of(part),
                      .index = element});
    }
    streams.push_back(std::move(stream));
  }
  if (!parts.empty() || !sets.empty()) {
    Body& inside = loop_of(into, element, count, whole, true);
    bind(inside, axis.variable, axis.begin + first + element);
    finish(inside, parts, values, plan);
    inside.insert(inside.end(), sets.begin(), sets.end());
  }
  into.insert(into.end(), streams.begin(), streams.end());
}

Lowering::Turning Lowering::turning_of(const PassPlan& plan, size_t across) const {
  Turning out{.loads = loads_across(out_, plan, across)};
  size_t largest = 1, smallest = kCacheLine;
  for (ValueId load : out.loads) {
    largest = std::max(largest, dtype_size(out_[load].dtype));
    smallest = std::min(smallest, dtype_size(out_[load].dtype));
  }
  auto tiles = static_cast<int64_t>(std::max<size_t>(1, out.loads.size()));
  out.squares = largest == smallest && (largest == 4 || largest == 8);
  if (out.squares) {
    out.tall = static_cast<int64_t>(kCacheLine / largest);
    out.wide = std::max(out.tall, kTurnedColumns / tiles / out.tall * out.tall);
    return out;
  }
  for (const KernelPart* part : plan.everywhere) largest = std::max(largest, dtype_size(dtype_of(*part)));
  out.tall = out.wide = std::clamp(static_cast<int64_t>(kSideBytes / largest) / tiles, kLeastSide, kMostSide);
  return out;
}

void Lowering::read_squares(Body& into, const PassPlan& plan, size_t across, const Turning& turning, const Blocks& rows,
                            const Dim& first_column, const Dim& height, const Dim& width, const Body& sets) {
  const Axis &row = plan.axes[across], &column = plan.axes.back();
  Dim first_row = row.begin + rows.number.variable * Dim(turning.tall);
  auto one_by_one = [&](Body& body, const Dim& from, const Dim& count) {
    Dim r = values_.variable(height), c = values_.variable(count);
    Body& along = loop_as(Extent::kRest, body, c, count, true);
    bind(along, column.variable, column.begin + first_column + from + c);
    Body& inside = loop_of(along, r, height, turning.tall, true);
    along.back().one_by_one = true;
    bind(inside, row.variable, first_row + r);
    for (Statement set : sets) {
      set.index = r * Dim(turning.wide) + from + c;
      inside.push_back(std::move(set));
    }
  };
  auto squares = [&](Body& body) {
    Dim count = floor_div(width, Dim(turning.tall)), rest = floor_mod(width, Dim(turning.tall));
    Dim square = values_.variable(count);
    Body& each = loop_over_count(body, square, count);
    Dim from = square * Dim(turning.tall);
    for (const Statement& set : sets) {
      const ScalarValue& load = out_[set.value];
      each.push_back(
          {.kind = StatementKind::kTurn,
           .extent = Dim(turning.tall),
           .slot = set.slot,
           .dtype = load.dtype,
           .index = from,
           .lanes = turning.wide,
           .source = load.slot,
           .from = load.index.substitute({{*row.variable.as_symbol(), first_row},
                                          {*column.variable.as_symbol(), column.begin + first_column + from}}),
           .step = *step_of(out_, load.index, *column.variable.as_symbol())});
    }
    if (!rest.is(0)) one_by_one(body, count * Dim(turning.tall), rest);
  };
  if (std::optional<Dim> only = rows.only_count())
    return only->is(turning.tall) ? squares(into) : one_by_one(into, Dim(0), width);
  Statement& choice = when(into, is_full(rows));
  squares(choice.body);
  one_by_one(choice.otherwise, Dim(0), width);
}

void Lowering::lower_across(Body& into, const PassPlan& plan, size_t across) {
  Turning turning = turning_of(plan, across);
  const Axis &row = plan.axes[across], &column = plan.axes.back();
  Blocks rows = blocks_of(row.extent, turning.tall), columns = blocks_of(column.extent, turning.wide);
  std::vector<Axis> axes = plan.axes;
  axes[across] = rows.number;
  axes.back() = columns.number;
  // Rows of memory that squares of one tile are read from have the next tile's too.
  if (turning.squares) std::swap(axes[across], axes.back());
  Body& body = blocks_loop(into, std::move(axes));
  Dim height = count_in(body, rows), width = count_in(body, columns);
  Dim r = values_.variable(height), c = values_.variable(width);
  Dim first_column = columns.number.variable * Dim(turning.wide);
  auto along_rows = [&](Body& outside) -> Body& {
    Body& inside = loop_of(outside, r, height, turning.tall, true);
    bind(inside, row.variable, row.begin + rows.number.variable * Dim(turning.tall) + r);
    return inside;
  };
  if (turning.loads.empty()) return store_along(along_rows(body), plan, c, first_column, width, turning.wide);
  std::map<ValueId, ValueId> turned;
  Body sets;
  Dim place = r * Dim(turning.wide) + c;
  for (ValueId load : turning.loads) {
    DType dtype = out_[load].dtype;
    uint32_t slot = accumulators_++;
    body.push_back(
        {.kind = StatementKind::kDeclare, .slot = slot, .dtype = dtype, .lanes = turning.tall * turning.wide});
    sets.push_back({.kind = StatementKind::kSet, .value = load, .slot = slot, .dtype = dtype, .index = place});
    turned[load] = out_.add({.kind = ValueKind::kAccumulator, .dtype = dtype, .index = place, .slot = slot});
  }
  if (turning.squares) {
    read_squares(body, plan, across, turning, rows, first_column, height, width, sets);
  } else {
    Body& read = loop_of(body, c, width, turning.wide, true);
    bind(read, column.variable, column.begin + first_column + c);
    Body& inside = along_rows(read);
    read.back().one_by_one = true;
    inside.insert(inside.end(), sets.begin(), sets.end());
  }
  PassPlan written = plan;
  values_.replace(turned);
  written.stored.clear();
  for (const KernelPart* part : plan.everywhere) written.stored.push_back(own(plan, *part, plan.variables));
  store_along(along_rows(body), written, c, first_column, width, turning.wide);
}

}  // namespace caten
