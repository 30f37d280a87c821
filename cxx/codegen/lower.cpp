#include "codegen/lower.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <tuple>

#include "codegen/loop_schedule.hpp"
#include "codegen/lower_put.hpp"
#include "codegen/pass_plan.hpp"
#include "codegen/statements.hpp"
#include "codegen/values.hpp"

namespace caten {
namespace {

class Lowering : Statements {
 public:
  Lowering(const Schedule& schedule, const Kernel& kernel)
      : graph_(schedule.graph),
        kernel_(kernel),
        loops_(kernel.hint ? &schedule.graph.hints[*kernel.hint] : nullptr),
        values_(schedule, kernel, out_) {}

  LoopNest run() {
    const Node& root = graph_[kernel_.parts[0].space.root];
    if (root.is(Op::kPut)) {
      lower_put(graph_, kernel_, values_, out_);
    } else if (kernel_.passes == 1) {
      lower_pass(out_.body, {}, 0);
    } else {
      std::vector<Axis> axes;
      Index rows;
      for (size_t k = 0; k < kernel_.rows; ++k) {
        axes.push_back(axis(k, kernel_.parts[0].space.outer[k]));
        rows.push_back(axes.back().variable);
      }
      Body& body = loops_along(out_.body, axes);
      for (uint32_t pass = 0; pass < kernel_.passes; ++pass) lower_pass(body, rows, pass);
    }
    for (const Dim& dividend : dividends(out_))
      if (!values_.space().proves_nonnegative(dividend)) out_.signed_dividends.push_back(dividend);
    out_.serial = loops_.serial();
    out_.hints = loops_.outcomes();
    return std::move(out_);
  }

 private:
  /// Leading axis k of the kernel, or the part of it that a block of rows has.
  Axis axis(size_t k, const Dim& extent) {
    if (k < kernel_.blocks.size()) return {values_.variable(extent), kernel_.blocks[k].begin, kernel_.blocks[k].count};
    return {values_.variable(extent), Dim(0), extent};
  }

  /// Loops along axes, the first of which share one, so that a range of it keeps all threads busy whichever is long.
  Body& loops_along(Body& into, const std::vector<Axis>& axes) {
    size_t shared = loops_.shared_axes(axes.size(), std::min(axes.size(), kernel_.blocks.size()));
    Body* body = &into;
    if (shared > 0) body = &shared_loop(*body, {axes.begin(), axes.begin() + static_cast<std::ptrdiff_t>(shared)});
    for (size_t k = shared; k < axes.size(); ++k) body = &loop(*body, axes[k].variable, axes[k].extent, true);
    return *body;
  }

  /// One loop along several axes, the last of them fastest.
  Body& shared_loop(Body& into, const std::vector<Axis>& axes) {
    if (axes.size() == 1 && axes[0].begin.is(0)) return loop(into, axes[0].variable, axes[0].extent, true);
    Dim count(1);
    for (const Axis& axis : axes) count = count * axis.extent;
    Dim rest = values_.variable(count);
    Body& body = loop(into, rest, count, true);
    for (size_t k = axes.size(); k-- > 1;) {
      count = Dim(1);
      for (size_t before = 0; before < k; ++before) count = count * axes[before].extent;
      Dim quotient = values_.variable(count);
      bind(body, quotient, floor_div(rest, axes[k].extent));
      bind(body, axes[k].variable, axes[k].begin + rest - quotient * axes[k].extent);
      rest = quotient;
    }
    bind(body, axes[0].variable, axes[0].begin + rest);
    return body;
  }

  void store(Body& into, const KernelPart& part, ValueId what, const Index& index) {
    const ValueType& type = graph_.type(part.space.root);
    into.push_back({.kind = StatementKind::kStore,
                    .value = what,
                    .slot = values_.target_slot(part),
                    .dtype = type.dtype,
                    .index = values_.element(*part.target, index, graph_.type(part.space.value).shape)});
  }

  /// The element of the result for these variables: of a fold, without those of its reduced axes.
  Index result_index(const KernelPart& part, const Index& variables) const {
    Index out;
    size_t next = 0;
    for (const Dim& dim : graph_.type(part.space.value).shape) out.push_back(dim.is(1) ? Dim(0) : variables[next++]);
    return out;
  }

  void lower_pass(Body& into, const Index& rows, uint32_t pass) {
    values_.enter_pass(pass);
    PassPlan plan;
    for (const KernelPart& part : kernel_.parts) {
      if (part.pass != pass) continue;
      bool folds = graph_[part.space.root].is(Op::kReduce);
      (folds ? plan.folds : part.everywhere ? plan.everywhere : plan.after).push_back(&part);
    }
    if (plan.folds.empty() && plan.everywhere.empty()) return;
    const Space& space = plan.folds.empty() ? plan.everywhere[0]->space : plan.folds[0]->space;
    plan.variables = rows;
    for (size_t k = rows.size(); k < space.outer.size(); ++k) {
      plan.axes.push_back(axis(k, space.outer[k]));
      plan.outer.push_back(plan.axes.back().variable);
      plan.variables.push_back(plan.outer.back());
    }
    for (const Dim& extent : space.reduced) {
      plan.reduced_extents.push_back(extent);
      plan.reduced.push_back(values_.variable(extent));
      plan.variables.push_back(plan.reduced.back());
    }
    for (const KernelPart* part : plan.folds) plan.folded.push_back(values_.own(*part, plan.variables));
    for (const KernelPart* part : plan.everywhere) plan.stored.push_back(values_.own(*part, plan.variables));
    if (plan.folds.empty())
      lower_map(into, plan);
    else if (runs_along_columns(out_, kernel_, plan))
      lower_columns(into, plan);
    else
      lower_rows(into, plan);
  }

  void lower_map(Body& into, const PassPlan& plan) {
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
      Body& body = loop(block, element, count, true);
      bind(body, last.variable, last.begin + first + element);
      store_everywhere(body, plan);
    });
  }

  /// The outer axes in the order of their loops.
  std::vector<Axis> arranged(const PassPlan& plan) {
    if (!kernel_.blocks.empty()) return plan.axes;
    std::vector<Axis> out;
    for (size_t k : loops_.order(plan.axes.size())) out.push_back(plan.axes[k]);
    return out;
  }

  /// The axes of a pass inside rows are whole.
  Body& outer_loops(Body& into, const PassPlan& plan) {
    if (plan.axes.size() == plan.variables.size() - plan.reduced.size()) return loops_along(into, arranged(plan));
    Body* body = &into;
    for (const Axis& axis : plan.axes) body = &loop(*body, axis.variable, axis.extent, true);
    return *body;
  }

  /// What is not stored is a scalar of the row, computed once for what follows.
  void store_everywhere(Body& into, const PassPlan& plan) { finish(into, plan.everywhere, plan.stored, plan); }

  /// Stores are the last statements, and one after the other: where a result takes the memory of what is read, all
  /// reads are before all stores.
  void finish(Body& into, const std::vector<const KernelPart*>& parts, const std::vector<ValueId>& values,
              const PassPlan& plan) {
    for (size_t k = 0; k < parts.size(); ++k)
      if (!parts[k]->target && parts[k]->space.outer.size() == kernel_.rows)
        into.push_back({.kind = StatementKind::kKeep, .value = values[k]});
    for (size_t k = 0; k < parts.size(); ++k)
      if (parts[k]->target) store(into, *parts[k], values[k], result_index(*parts[k], plan.variables));
  }

  // Folds.

  const ReduceAttributes& fold_of(const KernelPart& part) const {
    return graph_[part.space.root].get<ReduceAttributes>();
  }
  DType dtype_of(const KernelPart& part) const { return graph_.type(part.space.root).dtype; }
  static bool adds_inexactly(Combine combine, DType dtype) {
    return combine == Combine::kAdd && (is_float(dtype) || is_complex(dtype));
  }

  /// Where an accumulator begins: at the identity. Sums of floats begin at -0, which every x leaves as it is.
  ValueId initial(const KernelPart& part) {
    Combine combine = fold_of(part).combine;
    DType dtype = dtype_of(part);
    if (!adds_inexactly(combine, dtype)) return values_.constant(identity(combine, dtype));
    return values_.constant(Scalar::of_complex(dtype, {-0.0, -0.0}));
  }

  ValueId accumulator(const KernelPart& part, uint32_t slot, const Dim& lane) {
    return out_.add({.kind = ValueKind::kAccumulator, .dtype = dtype_of(part), .index = lane, .slot = slot});
  }

  ValueId combine(const KernelPart& part, ValueId a, ValueId b) {
    return values_.elementwise(combining_op(fold_of(part).combine), {a, b});
  }

  void declare(Body& into, const KernelPart& part, uint32_t slot, int64_t lanes) {
    into.push_back({.kind = StatementKind::kDeclare,
                    .value = initial(part),
                    .slot = slot,
                    .dtype = dtype_of(part),
                    .lanes = lanes});
  }

  /// Accumulator `slot` of the part, its element `lane`, := itself combined with a value.
  void fold_in(Body& into, const KernelPart& part, uint32_t slot, const Dim& lane, ValueId what) {
    into.push_back({.kind = StatementKind::kSet,
                    .value = combine(part, accumulator(part, slot, lane), what),
                    .slot = slot,
                    .dtype = dtype_of(part),
                    .index = lane});
  }

  /// One step of all folds of a pass, and what it stores for each element.
  void fold_elements(Body& into, const PassPlan& plan, const std::vector<uint32_t>& slots, const Dim& lane) {
    for (size_t k = 0; k < plan.folds.size(); ++k) {
      const KernelPart& part = *plan.folds[k];
      // The complex one is no identity for infinite parts: the first element stands for itself.
      if (is_complex(dtype_of(part)) && fold_of(part).combine == Combine::kMul) {
        ValueId sum = accumulator(part, slots[k], lane);
        ValueId first = values_.is_zero(IndexSpace::linear(plan.reduced, plan.reduced_extents));
        into.push_back({.kind = StatementKind::kSet,
                        .value = values_.select(first, plan.folded[k], combine(part, sum, plan.folded[k])),
                        .slot = slots[k],
                        .dtype = dtype_of(part),
                        .index = lane});
      } else {
        fold_in(into, part, slots[k], lane, plan.folded[k]);
      }
    }
    store_everywhere(into, plan);
  }

  /// Names what accumulators hold, stores it, and computes what follows from it.
  void finish_folds(Body& into, const PassPlan& plan, const std::vector<uint32_t>& slots, const Dim& lane) {
    for (size_t k = 0; k < plan.folds.size(); ++k) {
      const KernelPart& part = *plan.folds[k];
      ValueId held = accumulator(part, slots[k], lane);
      // An empty sum is +0.
      if (Dim count = element_count(plan.reduced_extents);
          adds_inexactly(fold_of(part).combine, dtype_of(part)) && !values_.space().proves_positive(count))
        held = values_.select(values_.is_zero(count), values_.constant(Scalar::zero(dtype_of(part))), held);
      into.push_back(
          {.kind = StatementKind::kLet, .value = held, .slot = values_.result_number(part), .dtype = dtype_of(part)});
    }
    std::vector<const KernelPart*> parts = plan.folds;
    std::vector<ValueId> results;
    for (const KernelPart* part : plan.folds) results.push_back(values_.result(*part));
    for (const KernelPart* part : plan.after) {
      parts.push_back(part);
      results.push_back(values_.own(*part, plan.variables));
    }
    finish(into, parts, results, plan);
  }

  /// Folds along rows: with lanes along the last folded axis, unless it is short.
  void lower_rows(Body& into, const PassPlan& plan) {
    if (int64_t lanes = lanes_of(plan, kDotBytes); lanes > 1 && shares_rows(out_, kernel_, plan))
      return lower_dots(into, plan, lanes);
    Body& body = outer_loops(into, plan);
    int64_t lanes = lanes_of(plan, kLaneBytes);
    if (lanes > 1) {
      std::vector<uint32_t> totals = fold_lanes(body, plan, lanes);
      fold_halves(body, plan, totals, lanes);
      return finish_folds(body, plan, totals, Dim(0));
    }
    std::vector<uint32_t> totals = declare_all(body, plan, 1);
    Body* inside = &body;
    for (size_t k = 0; k < plan.reduced.size(); ++k) inside = &loop(*inside, plan.reduced[k], plan.reduced_extents[k]);
    fold_elements(*inside, plan, totals, Dim(0));
    finish_folds(body, plan, totals, Dim(0));
  }

  /// Elements of an accumulator of this many bytes; 1 where the last folded axis is too short for that.
  int64_t lanes_of(const PassPlan& plan, size_t bytes) {
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

  /// All folds of a pass in lanes.
  std::vector<uint32_t> fold_lanes(Body& body, const PassPlan& plan, int64_t lanes) {
    bool sums = std::any_of(plan.folds.begin(), plan.folds.end(), [&](const KernelPart* part) {
      return adds_inexactly(fold_of(*part).combine, dtype_of(*part));
    });
    std::vector<uint32_t> totals = declare_all(body, plan, lanes);
    Body* inside = &body;
    for (size_t k = 0; k + 1 < plan.reduced.size(); ++k)
      inside = &loop(*inside, plan.reduced[k], plan.reduced_extents[k]);
    fold_in_lanes(*inside, plan, totals, lanes, sums);
    return totals;
  }

  /// All lanes into the first one.
  void fold_halves(Body& body, const PassPlan& plan, const std::vector<uint32_t>& totals, int64_t lanes) {
    for (int64_t half = lanes / 2; half > 0; half /= 2) {
      Dim lane = values_.variable(Dim(half));
      Body& pairs = loop(body, lane, Dim(half));
      for (size_t k = 0; k < plan.folds.size(); ++k)
        fold_in(pairs, *plan.folds[k], totals[k], lane, accumulator(*plan.folds[k], totals[k], lane + Dim(half)));
    }
  }

  /// Folds of several rows with several columns at once, an accumulator in lanes for each pair.
  void lower_dots(Body& into, const PassPlan& plan, int64_t lanes) {
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
      ValueId inside = values_.elementwise(Op::kAnd, {below(row + r, plan.axes[plan.axes.size() - 2].extent),
                                                      below(first + c, plan.axes.back().extent)});
      dots(when(each, inside).body, plan, row + r, 1, first + c, 1, lanes);
    }
    dots(*whole, plan, row, tall, first, wide, lanes);
  }

  /// A variable of its own for an element of an outer axis.
  Dim place(Body& into, const PassPlan& plan, size_t axis, const Dim& at) {
    Dim variable = values_.variable(plan.folds[0]->space.outer[axis]);
    bind(into, variable, plan.axes[axis].begin + at);
    return variable;
  }

  /// What goes into the fold for each of these rows and columns.
  std::vector<ValueId> folded_at(const PassPlan& plan, const Index& rows, const Index& columns) {
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

  void dots(Body& into, const PassPlan& plan, const Dim& row, int64_t rows, const Dim& first, int64_t columns,
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
    fold_halves(into, pairs, sums, lanes);
    std::vector<uint32_t> totals = declare_all(into, plan, rows * columns);
    for (size_t k = 0; k < sums.size(); ++k)
      into.push_back({.kind = StatementKind::kSet,
                      .value = accumulator(part, sums[k], Dim(0)),
                      .slot = totals[0],
                      .dtype = dtype_of(part),
                      .index = Dim(static_cast<int64_t>(k))});
    in_tile(into, plan, row, Dim(rows), first, Dim(columns), columns,
            [&](Body& body, const Dim& at) { finish_folds(body, plan, totals, at); });
  }

  std::vector<uint32_t> declare_all(Body& into, const PassPlan& plan, int64_t lanes) {
    std::vector<uint32_t> slots;
    for (const KernelPart* part : plan.folds) {
      slots.push_back(accumulators_++);
      declare(into, *part, slots.back(), lanes);
    }
    return slots;
  }

  /// The last folded axis in steps of `lanes` elements; long sums in blocks with accumulators of their own.
  void fold_in_lanes(Body& into, const PassPlan& plan, const std::vector<uint32_t>& totals, int64_t lanes, bool sums) {
    const Dim &variable = plan.reduced.back(), &extent = plan.reduced_extents.back();
    Dim steps = floor_div(extent, Dim(lanes));
    bool in_blocks = sums && !(steps.is_constant() && steps.constant() <= kBlock);
    auto run = [&](Body& body, const std::vector<uint32_t>& slots, const Dim& first, const Dim& count) {
      Dim i = values_.variable(count);
      in_steps(body, i, count, [&](Body& each, const Dim& step) {
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
      block(loop(into, b, blocks), b * Dim(kBlock), Dim(kBlock));
      Dim rest = floor_mod(steps, Dim(kBlock));
      if (!rest.is(0)) run(into, totals, blocks * Dim(kBlock), rest);
    } else {
      run(into, totals, Dim(0), steps);
    }
    Dim rest = floor_mod(extent, Dim(lanes));
    if (rest.is(0)) return;
    Dim lane = values_.variable(rest);
    Body& elements = loop(into, lane, rest);
    bind(elements, variable, steps * Dim(lanes) + lane);
    fold_elements(elements, plan, totals, lane);
  }

  /// A loop of `count` steps, several of them in one where that is asked for: `what` for each of them.
  template <class What>
  void in_steps(Body& into, const Dim& variable, const Dim& count, const What& what) {
    int64_t several = loops_.unrolled(known(count));
    if (several == 1) return what(loop(into, variable, count), variable);
    Dim whole = floor_div(count, Dim(several)), rest = floor_mod(count, Dim(several));
    Dim i = values_.variable(whole);
    Body& body = loop(into, i, whole);
    for (int64_t k = 0; k < several; ++k) what(body, i * Dim(several) + Dim(k));
    if (rest.is(0)) return;
    Dim last = values_.variable(rest);
    what(loop(into, last, rest), whole * Dim(several) + last);
  }

  /// An axis in blocks of `size` elements, the last of which may be smaller.
  struct Blocks {
    Axis number{};  ///< of the block
    Dim full{}, rest{};
    int64_t size = 0;
  };
  Blocks blocks_of(const Dim& extent, int64_t size) {
    Dim count = ceil_div(extent, Dim(size));
    Dim number = count.is(1) ? Dim(0) : values_.variable(count);
    return {{number, Dim(0), count}, floor_div(extent, Dim(size)), floor_mod(extent, Dim(size)), size};
  }

  /// Calls `what` with the first element of a block and how many it has.
  template <class What>
  void in_block(Body& into, const Blocks& blocks, const What& what) {
    Dim first = blocks.number.variable * Dim(blocks.size);
    if (blocks.rest.is(0)) return what(into, first, Dim(blocks.size));
    if (blocks.full.is(0)) return what(into, first, blocks.rest);
    ValueId whole =
        values_.elementwise(Op::kLt, {values_.index_value(blocks.number.variable), values_.index_value(blocks.full)});
    Statement& choice = when(into, whole);
    what(choice.body, first, Dim(blocks.size));
    what(choice.otherwise, first, blocks.rest);
  }

  /// One loop along all blocks; those that are the only one have no variable.
  Body& blocks_loop(Body& into, std::vector<Axis> axes) {
    std::erase_if(axes, [](const Axis& axis) { return axis.variable.is(0); });
    return axes.empty() ? into : shared_loop(into, axes);
  }

  /// Folds with an accumulator for each element of a block of the result. All blocks are one loop.
  void lower_columns(Body& into, const PassPlan& plan) {
    loops_.tiles_share();
    bool shares = shares_columns(out_, plan);
    size_t outside = plan.axes.size() - (shares ? 2 : 1);
    int64_t width = 1 << 10;
    for (const KernelPart* part : plan.folds)
      width = std::min(width, elements_in(shares ? kTileBytes : kColumnBytes, dtype_of(*part)));
    int64_t tall = 0;
    std::tie(tall, width) =
        shares ? loops_.tile({kTileRows, width}, kMostTile) : std::pair{tall, loops_.columns(width)};
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

  /// Elements of the accumulators that hold a whole tile; 0: they would be too many, or do not fit its rows.
  int64_t register_lanes(const PassPlan& plan, int64_t tall, int64_t width) {
    int64_t lanes = loops_.dividing_lanes(std::min(width, elements_in(kDotBytes, dtype_of(*plan.folds[0]))), width);
    return width % lanes == 0 && tall * (width / lanes) <= kMostDots ? lanes : 0;
  }

  /// A whole tile of the result, each row of it in accumulators of one register.
  void register_tile(Body& into, const PassPlan& plan, const Dim& row, int64_t tall, const Dim& first, int64_t width,
                     int64_t lanes) {
    const KernelPart& part = *plan.folds[0];
    size_t last = plan.axes.size() - 1;
    Index i, j;
    for (int64_t r = 0; r < tall; ++r) i.push_back(place(into, plan, last - 1, row + Dim(r)));
    PassPlan pairs = plan;
    pairs.folds.assign(static_cast<size_t>(tall * (width / lanes)), &part);
    std::vector<uint32_t> slots = declare_all(into, pairs, lanes);
    Body* inside = &into;
    size_t steps = plan.reduced.size() - 1;
    for (size_t k = 0; k < steps; ++k) inside = &loop(*inside, plan.reduced[k], plan.reduced_extents[k]);
    Dim lane = values_.variable(Dim(lanes));
    for (int64_t c = 0; c < width; c += lanes) j.push_back(values_.variable(part.space.outer[last]));
    pairs.folded = folded_at(plan, i, j);
    in_steps(*inside, plan.reduced[steps], plan.reduced_extents[steps], [&](Body& each, const Dim& step) {
      Body& elements = loop(each, lane, Dim(lanes));
      if (step != plan.reduced[steps]) bind(elements, plan.reduced[steps], step);
      for (size_t c = 0; c < j.size(); ++c)
        bind(elements, j[c], plan.axes[last].begin + first + Dim(static_cast<int64_t>(c) * lanes) + lane);
      fold_elements(elements, pairs, slots, lane);
    });
    std::vector<uint32_t> totals = declare_all(into, plan, tall * width);
    lane = values_.variable(Dim(lanes));
    Body& all = loop(into, lane, Dim(lanes));
    for (size_t k = 0; k < slots.size(); ++k)
      all.push_back({.kind = StatementKind::kSet,
                     .value = accumulator(part, slots[k], lane),
                     .slot = totals[0],
                     .dtype = dtype_of(part),
                     .index = Dim(static_cast<int64_t>(k) * lanes) + lane});
    in_tile(into, plan, row, Dim(tall), first, Dim(width), width,
            [&](Body& body, const Dim& at) { finish_folds(body, plan, totals, at); });
  }

  /// `what` for each element of a tile, with its place in accumulators of rows of `width`. No rows: their axis has a
  /// loop outside.
  template <class What>
  void in_tile(Body& into, const PassPlan& plan, const Dim& row, const Dim& rows, const Dim& first, const Dim& count,
               int64_t width, const What& what) {
    Body* inner = &into;
    Dim lane(0);
    if (!rows.is(0)) {
      Dim r = values_.variable(rows);
      inner = &loop(*inner, r, rows);
      bind(*inner, plan.outer[plan.outer.size() - 2], plan.axes[plan.axes.size() - 2].begin + row + r);
      lane = r * Dim(width);
    }
    Dim c = values_.variable(count);
    inner = &loop(*inner, c, count);
    bind(*inner, plan.outer.back(), plan.axes.back().begin + first + c);
    what(*inner, lane + c);
  }

  /// A tile of the result: `rows` of the axis before the last from `row` on, `count` columns from `first` on. Where
  /// `most_rows` is 1, that axis has a loop outside.
  void tile(Body& into, const PassPlan& plan, const Dim& row, const Dim& rows, int64_t most_rows, const Dim& first,
            const Dim& count, int64_t width) {
    std::vector<uint32_t> slots = declare_all(into, plan, most_rows * width);
    auto each = [&](Body& body, auto&& what) { in_tile(body, plan, row, rows, first, count, width, what); };
    Body* inside = &into;
    for (size_t k = 0; k < plan.reduced.size(); ++k) inside = &loop(*inside, plan.reduced[k], plan.reduced_extents[k]);
    each(*inside, [&](Body& body, const Dim& lane) { fold_elements(body, plan, slots, lane); });
    each(into, [&](Body& body, const Dim& lane) { finish_folds(body, plan, slots, lane); });
  }

  const Graph& graph_;
  const Kernel& kernel_;
  LoopSchedule loops_;
  LoopNest out_;
  KernelValues values_;
  uint32_t accumulators_ = 0;
};

}  // namespace

LoopNest lower(const Schedule& schedule, const Kernel& kernel) { return Lowering(schedule, kernel).run(); }

}  // namespace caten
