#include "codegen/lower.hpp"

#include <algorithm>
#include <cassert>

#include "codegen/hand_written.hpp"
#include "codegen/library_call.hpp"
#include "codegen/lower_put.hpp"
#include "codegen/lowering.hpp"

namespace caten {

LoopNest Lowering::run() {
  const Node& root = graph_[kernel_.parts[0].space.root];
  if (root.is(Op::kPut)) {
    lower_put(schedule_, kernel_, values_, out_, for_threads());
  } else {
    lower_passes();
  }
  values_.leave_no_parts();
  for (const Dim& dividend : dividends(out_))
    if (!values_.space().proves_nonnegative(dividend)) out_.signed_dividends.push_back(dividend);
  out_.serial = loops_.serial();
  out_.hints = loops_.outcomes(kernel_.not_by_hand);
  return std::move(out_);
}

void Lowering::lower_passes() {
  std::vector<PassAxes> merged = merged_axes(schedule_, kernel_);
  if (kernel_.passes == 1) return lower_pass(out_.body, {}, 0, merged[0]);
  std::vector<Axis> axes;
  Index rows;
  for (size_t k = 0; k < merged[0].rows; ++k) {
    axes.push_back(axis(k, element_count(merged[0].outer[k])));
    rows.push_back(axes.back().variable);
  }
  Body& body = loops_along(out_.body, axes);
  if (for_threads() && rows_suit_team(merged)) {
    out_.team = team_.threads;
    for (uint32_t pass = 0; pass < kernel_.passes; ++pass) {
      if (pass > 0) barrier(body);
      lower_pass(body, rows, pass, merged[pass]);
    }
    return;
  }
  if (kernel_.sees) bind_seen(body);
  for (const KernelPart& part : kernel_.parts)
    if (part.own_elements > 0)
      body.push_back({.kind = StatementKind::kDeclare,
                      .slot = accumulators_++,
                      .dtype = dtype_of(part),
                      .lanes = part.own_elements});
  for (uint32_t pass = 0; pass < kernel_.passes; ++pass) lower_pass(body, rows, pass, merged[pass]);
}

Axis Lowering::axis(size_t k, const Dim& extent) {
  if (k < kernel_.blocks.size()) return {values_.variable(extent), kernel_.blocks[k].begin, kernel_.blocks[k].count};
  return {values_.variable(extent), Dim(0), seen_.value_or(extent)};
}

void Lowering::bind_seen(Body& into) {
  const Dim& whole = kernel_.blocks.back().extent;
  seen_ = values_.variable(whole + Dim(1));
  bind(into, *seen_, kernel_.sees->count);
  into.back().extent = whole;
}

Body& Lowering::loops_along(Body& into, const std::vector<Axis>& axes) {
  size_t shared = loops_.shared_axes(axes.size(), std::min(axes.size(), kernel_.blocks.size()));
  if (for_threads()) shared = axes.size();
  Body* body = &into;
  if (shared > 0) body = &shared_loop(*body, {axes.begin(), axes.begin() + static_cast<std::ptrdiff_t>(shared)});
  for (size_t k = shared; k < axes.size(); ++k) body = &loop_along(*body, axes[k].variable, axes[k].extent, true);
  return *body;
}

Body& Lowering::shared_loop(Body& into, const std::vector<Axis>& axes) {
  if (axes.size() == 1 && axes[0].begin.is(0)) return loop_along(into, axes[0].variable, axes[0].extent, true);
  Dim count(1);
  for (const Axis& axis : axes) count = count * axis.extent;
  Dim rest = values_.variable(count);
  Body& body = loop_along(into, rest, count, true);
  for (size_t k = axes.size(); k-- > 1;) {
    count = Dim(1);
    for (size_t before = 0; before < k; ++before) count = count * axes[before].extent;
    Dim quotient = values_.variable(count);
    bind(body, quotient, floor_div(rest, axes[k].extent), Extent::kCount);
    bind(body, axes[k].variable, axes[k].begin + rest - quotient * axes[k].extent, Extent::kCount);
    rest = quotient;
  }
  bind(body, axes[0].variable, axes[0].begin + rest);
  return body;
}

void Lowering::store(Body& into, const PassPlan& plan, const KernelPart& part, ValueId what) {
  bool own = part.own_elements > 0;
  into.push_back({.kind = own ? StatementKind::kSet : StatementKind::kStore,
                  .value = what,
                  .slot = own ? values_.own_row(part) : values_.target_slot(part),
                  .dtype = dtype_of(part),
                  .index = target_element(plan, part)});
}

void Lowering::lower_pass(Body& into, const Index& rows, uint32_t pass, const PassAxes& merged) {
  values_.enter_pass(pass);
  in_lanes_ = single_ = false;
  PassPlan plan;
  for (const KernelPart& part : kernel_.parts) {
    if (part.pass != pass) continue;
    bool folds = graph_[part.space.root].is(Op::kReduce);
    (folds ? plan.folds : part.everywhere ? plan.everywhere : plan.after).push_back(&part);
  }
  if (plan.folds.empty() && plan.everywhere.empty()) return;
  plan.merged = &merged;
  plan.variables = rows;
  for (size_t k = rows.size(); k < merged.outer.size(); ++k) {
    plan.outer_extents.push_back(element_count(merged.outer[k]));
    plan.axes.push_back(axis(k, plan.outer_extents.back()));
    plan.outer.push_back(plan.axes.back().variable);
    plan.variables.push_back(plan.outer.back());
  }
  for (const Shape& parts : merged.reduced) {
    Dim extent = element_count(parts);
    plan.reduced_extents.push_back(seen_.value_or(extent));
    plan.reduced.push_back(values_.variable(extent));
    plan.variables.push_back(plan.reduced.back());
  }
  size_t before = out_.values.size();
  for (const KernelPart* part : plan.folds) plan.folded.push_back(own(plan, *part, plan.variables));
  for (const KernelPart* part : plan.everywhere) plan.stored.push_back(own(plan, *part, plan.variables));
  plan.work = out_.values.size() - before;
  if (out_.team > 0)
    lower_in_team(into, plan);
  else if (plan.folds.empty())
    lower_map(into, plan);
  else if (folds_few(plan))
    lower_few(into, plan);
  else if (for_threads() && kernel_.passes == 1)
    lower_folds_of_threads(into, plan);
  else if (runs_along_columns(out_, kernel_, plan))
    lower_columns(into, plan);
  else
    lower_rows(into, plan);
}

std::vector<Axis> Lowering::arranged(const PassPlan& plan) {
  if (!kernel_.blocks.empty()) return plan.axes;
  std::vector<Axis> out;
  for (size_t k : loops_.order(plan.axes.size())) out.push_back(plan.axes[k]);
  return out;
}

Body& Lowering::outer_loops(Body& into, const PassPlan& plan) {
  if (plan.axes.size() == plan.variables.size() - plan.reduced.size()) return loops_along(into, arranged(plan));
  if (int64_t lanes = whole_vectors(plan); lanes > 0) {
    const Axis& last = plan.axes.back();
    Body& body = loops_inside(into, plan, {plan.axes.begin(), plan.axes.end() - 1});
    Dim vectors = floor_div(last.extent, Dim(lanes)), vector = values_.variable(vectors);
    Dim lane = values_.variable(Dim(lanes));
    Body& elements = loop_as(Extent::kForm, loop_over_count(body, vector, vectors), lane, Dim(lanes), true);
    bind(elements, last.variable, vector * Dim(lanes) + lane);
    return elements;
  }
  return loops_inside(into, plan, plan.axes);
}

int64_t Lowering::whole_vectors(const PassPlan& plan) const {
  if (plan.work < kMuchWork || kernel_.hint || for_threads() || plan.axes.empty() || plan.everywhere.empty()) return 0;
  size_t largest = 0;
  for (const KernelPart* part : plan.everywhere) largest = std::max(largest, dtype_size(dtype_of(*part)));
  auto lanes = static_cast<int64_t>(kVectorBytes / largest);
  const Dim& extent = plan.axes.back().extent;
  return extent.is_constant() && extent.constant() >= 2 * lanes && extent.constant() % lanes == 0 ? lanes : 0;
}

Body& Lowering::loops_inside(Body& into, const PassPlan& plan, const std::vector<Axis>& axes) {
  Body *body = &into, *outside = nullptr;
  for (const Axis& axis : axes) {
    outside = body;
    body = &loop_along(*outside, axis.variable, axis.extent, true);
  }
  if (outside) outside->back().much = plan.work >= kMuchWork;
  return *body;
}

void Lowering::finish(Body& into, const std::vector<const KernelPart*>& parts, const std::vector<ValueId>& values,
                      const PassPlan& plan) {
  for (size_t k = 0; k < parts.size(); ++k)
    if (!parts[k]->target && parts[k]->space.outer.size() == kernel_.rows)
      into.push_back({.kind = StatementKind::kKeep, .value = values[k]});
  bool stores =
      std::any_of(parts.begin(), parts.end(), [](const auto* part) { return part->target || part->own_elements > 0; });
  Body& last = at_team_ && stores ? by_one(into) : into;
  for (size_t k = 0; k < parts.size(); ++k)
    if (parts[k]->target || parts[k]->own_elements > 0) store(last, plan, *parts[k], values[k]);
}

bool Lowering::has_identity(const KernelPart& part) const {
  return !is_complex(dtype_of(part)) || fold_of(part).combine != Combine::kMul;
}

ValueId Lowering::initial(const KernelPart& part) {
  Combine combine = fold_of(part).combine;
  DType dtype = dtype_of(part);
  if (!adds_inexactly(combine, dtype)) return to_held(part, values_.constant(identity(combine, dtype)));
  return values_.constant(Scalar::of_complex(dtype, {-0.0, -0.0}));
}

uint32_t Lowering::declare(Body& into, const KernelPart& part, int64_t lanes, ValueId initially) {
  uint32_t slot = accumulators_++;
  into.push_back(
      {.kind = StatementKind::kDeclare, .value = initially, .slot = slot, .dtype = held_dtype(part), .lanes = lanes});
  return slot;
}

void Lowering::set(Body& into, const KernelPart& part, uint32_t slot, const Dim& lane, ValueId what) {
  into.push_back({.kind = StatementKind::kSet, .value = what, .slot = slot, .dtype = held_dtype(part), .index = lane});
}

ValueId Lowering::combine_into(const KernelPart& part, ValueId held, ValueId what) {
  const ScalarValue& value = out_[what];
  // One accumulator waits for each step, and for a sum alone less long.
  if (single_) return combine(part, held, what);
  bool product = value.kind == ValueKind::kElementwise && value.op == Op::kMul;
  bool adds = fold_of(part).combine == Combine::kAdd && (value.dtype == DType::kF32 || value.dtype == DType::kF64);
  return product && adds ? values_.multiply_add(value.operands[0], value.operands[1], held) : combine(part, held, what);
}

void Lowering::fold_in(Body& into, const KernelPart& part, uint32_t slot, const Dim& lane, ValueId what) {
  set(into, part, slot, lane, combine_into(part, accumulator(part, slot, lane), what));
}

void Lowering::fold_elements(Body& into, const PassPlan& plan, const std::vector<uint32_t>& slots, const Dim& lane) {
  for (size_t k = 0; k < plan.folds.size(); ++k) {
    const KernelPart& part = *plan.folds[k];
    if (!has_identity(part)) {
      // The first element stands for itself.
      ValueId sum = accumulator(part, slots[k], lane);
      ValueId first = values_.is_zero(IndexSpace::linear(plan.reduced, plan.reduced_extents));
      set(into, part, slots[k], lane, values_.select(first, plan.folded[k], combine(part, sum, plan.folded[k])));
    } else {
      fold_in(into, part, slots[k], lane, to_held(part, plan.folded[k]));
    }
  }
  store_everywhere(into, plan);
}

void Lowering::finish_folds(Body& into, const PassPlan& plan, const std::vector<uint32_t>& slots, const Dim& lane) {
  std::vector<ValueId> folded;
  for (size_t k = 0; k < plan.folds.size(); ++k) {
    const KernelPart& part = *plan.folds[k];
    ValueId held = from_held(part, accumulator(part, slots[k], lane));
    // An empty sum is +0.
    if (Dim count = element_count(plan.reduced_extents);
        adds_inexactly(fold_of(part).combine, dtype_of(part)) && !values_.space().proves_positive(count))
      held = values_.select(values_.is_zero(count), values_.constant(Scalar::zero(dtype_of(part))), held);
    folded.push_back(held);
  }
  finish_folded(into, plan, folded);
}

void Lowering::finish_folded(Body& into, const PassPlan& plan, const std::vector<ValueId>& folded) {
  for (size_t k = 0; k < plan.folds.size(); ++k)
    into.push_back({.kind = StatementKind::kLet,
                    .value = folded[k],
                    .slot = values_.result_number(*plan.folds[k]),
                    .dtype = dtype_of(*plan.folds[k])});
  std::vector<const KernelPart*> parts = plan.folds;
  std::vector<ValueId> results;
  for (const KernelPart* part : plan.folds) results.push_back(values_.result(*part));
  for (const KernelPart* part : plan.after) {
    parts.push_back(part);
    results.push_back(own(plan, *part, plan.variables));
  }
  finish(into, parts, results, plan);
}

bool Lowering::folds_few(const PassPlan& plan) const {
  if (kernel_.passes > 1 || kernel_.hint || !plan.everywhere.empty() || plan.axes.empty() || seen_) return false;
  int64_t elements = 1;
  for (const Dim& extent : plan.reduced_extents) {
    if (!extent.is_constant() || extent.constant() < 1 || extent.constant() > kFewFolded) return false;
    elements *= extent.constant();
  }
  bool short_text = elements <= kFewFolded && static_cast<size_t>(elements) * plan.work <= kFewValues;
  return short_text && !shares_columns(out_, plan) && !shares_rows(out_, kernel_, plan);
}

void Lowering::lower_few(Body& into, const PassPlan& plan) {
  Body& body = outer_loops(into, plan);
  std::vector<ValueId> folded(plan.folds.size());
  std::vector<int64_t> at(plan.reduced.size(), 0);
  size_t outer = plan.variables.size() - plan.reduced.size();
  for (bool more = true, first = true; more; first = false) {
    Index variables = plan.variables;
    for (size_t k = 0; k < at.size(); ++k) variables[outer + k] = Dim(at[k]);
    for (size_t k = 0; k < plan.folds.size(); ++k) {
      const KernelPart& part = *plan.folds[k];
      ValueId element = own(plan, part, variables);
      folded[k] = first ? element : combine_into(part, folded[k], element);
    }
    more = false;
    for (size_t k = at.size(); k-- > 0 && !more;) {
      more = ++at[k] < plan.reduced_extents[k].constant();
      if (!more) at[k] = 0;
    }
  }
  finish_folded(body, plan, folded);
}

std::vector<uint32_t> Lowering::declare_all(Body& into, const PassPlan& plan, int64_t lanes) {
  std::vector<uint32_t> slots;
  for (const KernelPart* part : plan.folds) slots.push_back(declare(into, *part, lanes, initial(*part)));
  return slots;
}

LoopNest lower(const Schedule& schedule, const Kernel& kernel, const TeamLimits& team) {
  if (kernel.by_library) return lower_library_call(schedule, kernel);
  if (kernel.by_hand) return lower_hand_written(schedule, kernel);
  return Lowering(schedule, kernel, team).run();
}

}  // namespace caten
