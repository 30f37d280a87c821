#include "consensus/compiled/rule_lowering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace caten::consensus::compiled {

RuleLowering::RuleLowering(const Instance& instance, const RuleInstance& rule, const ScheduleInstance* schedule,
                           const Build& build, StepNodes& step, Obstacle& obstacle)
    : FormulaLowering(build, shape_of(step.values[rule.on].layout.computed()), instance.values[rule.on].sizes.size(),
                      step.tables, obstacle),
      instance_(instance),
      rule_(rule),
      schedule_(schedule),
      on_(instance.values[rule.on]),
      step_(step),
      layout_(step.values[rule.on].layout) {}

Quantity RuleLowering::index(size_t slot) {
  if (slot < on_.sizes.size()) return arithmetic_.of_integers(coordinate(slot), 0, on_.sizes[slot] - 1);
  obstacle_.add("an index of another scope");
  return arithmetic_.constant(Number::of(int64_t{0}));
}

std::optional<DrawNodes> RuleLowering::draws() {
  const Shape& shape = arithmetic_.shape();
  NodeId cell = b_.integer(0, shape);
  int64_t stride = 1;
  for (size_t axis = on_.sizes.size(); axis-- > 0; stride *= on_.sizes[axis]) {
    NodeId i = coordinate(axis, DType::kI64);
    cell = b_.add(cell, stride == 1 ? i : b_.mul(i, b_.integer(stride, shape)));
  }
  return DrawNodes{.rule = rule_.number, .cell = b_.cast(cell, DType::kU64), .step = step_.step, .seed = step_.seed};
}

RuleNodes RuleLowering::lower() {
  const EmitInstance& emit = rule_.emits[0];
  std::optional<Position> target = position_of(emit.target, on_.sizes.size(), {});
  bool own = target && emit.target.value == rule_.on && follows(*target);
  for (size_t axis = 0; own && axis < target->size(); ++axis) own = (*target)[axis].distance == 0;
  if (!own)
    obstacle_.add(fmt::format("rule `{}` proposes for another cell than its own", rule_.declaration->name.text));
  if (!rule_.models.empty()) obstacle_.add(fmt::format("rule `{}` calls a model", rule_.declaration->name.text));
  if (obstacle_.met()) return {};
  for (const ReadInstance& read : rule_.reads) reads_.push_back(seen(read));
  for (const ReadInstance& read : rule_.references) references_.push_back(seen(read));
  if (obstacle_.met()) return {};
  Quantity proposed = number(emit.value);
  if (obstacle_.met()) return {};
  if (proposed.is_bot()) proposed = arithmetic_.where(proposed, proposed, proposed);
  NodeId elements = arithmetic_.in(proposed, on_.dtype);
  std::optional<NodeId> wins = enabled_;
  auto require = [&](const std::optional<NodeId>& condition) { wins = arithmetic_.both(wins, condition); };
  if (proposed.valid || proposed.is_bot()) require(arithmetic_.valid(proposed));
  require(fits(proposed, on_));
  if (rule_.score) require(scored(*rule_.score));
  require(unlocked(elements));
  require(earlier_strata_done());
  std::optional<NodeId> won = arithmetic_.both(active(), wins);
  NodeId before = layout_.seen(b_, step_.values[rule_.on].elements, here());
  return {.elements = won ? arithmetic_.blend(*won, elements, before) : elements,
          .won = won ? *won : b_.constant(Scalar::of_integer(DType::kBool, 1), arithmetic_.shape()),
          .always = !wins};
}

/// In rims it leaves the grid.
NodeId RuleLowering::coordinate(size_t axis, DType dtype) const {
  const Shape& shape = arithmetic_.shape();
  NodeId i = b_.index(static_cast<int>(axis), shape);
  int64_t rim = axis == 0 ? 0 : layout_.halo()[axis];
  return b_.cast(rim == 0 ? i : b_.add(i, b_.integer(-rim, shape)), dtype);
}

/// The cells of the event (6.1); nothing: all. Places are unsigned: there, remainders of powers of two are cheap.
std::optional<NodeId> RuleLowering::active() const {
  const Shape& shape = arithmetic_.shape();
  std::optional<NodeId> coloured = of_colour();
  if (!schedule_) return coloured;
  int64_t tile = std::min<int64_t>(schedule_->tile.value_or(1), INT32_MAX);
  size_t rank = on_.sizes.size(), uncut = rank > 2 ? rank - 2 : 0;
  auto number = [&](int64_t value) { return b_.constant(Scalar::of_integer(DType::kU32, value), shape); };
  auto place = [&](size_t axis) {
    NodeId i = coordinate(axis, DType::kU32);
    return axis < uncut || tile == 1 ? i : b_.div(i, number(tile));
  };
  auto remainder = [&](NodeId i, int64_t of) { return b_.op(Op::kMod, {i, number(of)}); };
  NodeId x = place(rank - 1), phase = x;
  if (schedule_->strategy == "red-black") {
    phase = remainder(rank < 2 ? x : b_.add(place(rank - 2), x), 2);
  } else if (schedule_->strategy == "four-colour") {
    phase = rank < 2 ? remainder(x, 4) : b_.add(b_.mul(remainder(place(rank - 2), 2), number(2)), remainder(x, 2));
  } else {
    for (size_t axis = 0; axis + 1 < rank; ++axis) phase = b_.add(phase, place(axis));
  }
  return arithmetic_.both(b_.eq(phase, b_.fill(step_.phase, shape)), coloured);
}

/// The cells of the event's colour, where `colour auto` divides the phases; without a schedule colours take turns.
std::optional<NodeId> RuleLowering::of_colour() const {
  const Colouring* colouring = instance_.colouring(rule_.on);
  bool any = std::any_of(instance_.colourings.begin(), instance_.colourings.end(),
                         [](const std::optional<Colouring>& each) { return each.has_value(); });
  if (schedule_ ? !any : !colouring) return std::nullopt;
  const Shape& shape = arithmetic_.shape();
  NodeId wanted = step_.colour;
  if (!schedule_) wanted = b_.op(Op::kMod, {b_.add(step_.step, b_.integer(-1)), b_.integer(colouring->modulus)});
  NodeId own = b_.integer(0, shape);
  for (size_t axis = 0; colouring && axis < colouring->multipliers.size(); ++axis)
    own = b_.add(own, b_.mul(coordinate(axis, DType::kI64), b_.integer(colouring->multipliers[axis], shape)));
  if (colouring) own = b_.op(Op::kMod, {own, b_.integer(colouring->modulus, shape)});
  return b_.eq(own, b_.fill(wanted, shape));
}

/// Rules wait until all cells of earlier strata are committed (6.7).
std::optional<NodeId> RuleLowering::earlier_strata_done() const {
  std::optional<NodeId> out;
  for (const RuleInstance& other : instance_.rules) {
    size_t value = other.emits[0].target.value;
    const StoredNodes& stored = step_.values[value];
    if (!stored.committed || instance_.strata[value] >= instance_.strata[rule_.on]) continue;
    NodeId cells = stored.layout.cells(b_, *stored.committed);
    NodeId all = b_.reduce(Combine::kAnd, cells, other_axes(b_.shape(cells).size(), {}));
    out = arithmetic_.both(out, b_.fill(all, arithmetic_.shape()));
  }
  return out;
}

/// The mask of an edge's `when`, beside its neighbourhood.
std::optional<NodeId> RuleLowering::visible_where(const EdgeInstance& edge, std::span<const int64_t> offset) {
  if (!edge.condition) return std::nullopt;
  Quantity condition = number(*edge.condition, offset);
  if (condition.constant && condition.constant->is_integer() && condition.constant->truth()) return std::nullopt;
  NodeId holds = arithmetic_.truth(condition);
  return condition.valid ? b_.both(holds, *condition.valid) : holds;
}

/// Whether two positions that differ may be one cell, of some instance.
bool RuleLowering::may_meet(const Position& a, const Position& b, const std::vector<int64_t>& sizes,
                            Border::Form border) {
  for (size_t k = 0; k < a.size(); ++k) {
    int64_t apart = a[k].distance - b[k].distance;
    if (a[k].axis == b[k].axis && apart != 0 && (border != Border::Form::kWrap || apart % sizes[k] != 0)) return false;
  }
  return true;
}

std::vector<Quantity> RuleLowering::seen(const ReadInstance& read) {
  std::vector<Quantity> out;
  auto refuse = [&] {
    obstacle_.add(fmt::format("rule `{}` reads cells of `{}` at distances that are not constant",
                              rule_.declaration->name.text, instance_.values[read.value].name()));
    return out;
  };
  if (instance_.values[read.value].width != 1 || instance_.values[read.value].set) return refuse();
  if (!read.cells) {
    const EdgeInstance& edge = instance_.edges[read.edges[0]];
    if (!edge.source.single()) return refuse();
    for (const std::vector<int64_t>& offset : edge.offsets) {
      std::optional<Position> position = position_of(edge.source, on_.sizes.size(), offset);
      if (!position) return refuse();
      out.push_back(seen_at(read, *position, edge.source.border, visible_where(edge, offset), edge.padding));
    }
    return out;
  }
  if (!read.cells->single()) return refuse();
  std::optional<Position> position = position_of(*read.cells, on_.sizes.size(), {});
  if (!position) return refuse();
  // Seen where one of the edges shows it. Another position may be the same cell here and there (across a rim, or on a
  // line): only what one edge shows from everywhere does not depend on that.
  bool shown = false, everywhere = false, others = false;
  std::optional<NodeId> visible;
  for (size_t number : read.edges) {
    const EdgeInstance& edge = instance_.edges[number];
    if (!edge.source.single()) return refuse();
    for (const std::vector<int64_t>& offset : edge.offsets) {
      std::optional<Position> other = position_of(edge.source, on_.sizes.size(), offset);
      if (!other) return refuse();
      if (edge.source.border != read.cells->border) return refuse();
      if (*other != *position) {
        others = others || may_meet(*other, *position, instance_.values[read.value].sizes, read.cells->border);
        continue;
      }
      shown = true;
      std::optional<NodeId> here = visible_where(edge, offset);
      if (!here) everywhere = true;
      if (here) visible = visible ? b_.negate(b_.both(b_.negate(*visible), b_.negate(*here))) : *here;
    }
  }
  if (!shown || (others && !everywhere)) return refuse();
  if (everywhere) visible.reset();
  Number padding = instance_.edges[read.edges[0]].padding;
  out.push_back(seen_at(read, *position, read.cells->border, visible, padding));
  return out;
}

/// Where the position lies on the grid; nothing: for all cells.
std::optional<NodeId> RuleLowering::inside(const Position& position, const std::vector<int64_t>& sizes,
                                           Border::Form border) const {
  std::optional<NodeId> out;
  if (border == Border::Form::kWrap) return out;
  const Shape& shape = arithmetic_.shape();
  auto number = [&](int64_t value) { return b_.constant(Scalar::of_integer(DType::kI32, value), shape); };
  for (size_t k = 0; k < position.size(); ++k) {
    const AxisPosition& each = position[k];
    int64_t low = each.distance, high = each.distance + (each.axis ? on_.sizes[*each.axis] - 1 : 0);
    if (low >= 0 && high < sizes[k]) continue;
    if (high < 0 || low >= sizes[k]) return b_.constant(Scalar::of_integer(DType::kBool, 0), shape);
    // From here on the position follows an axis, and its distance is less than a size.
    NodeId i = coordinate(*each.axis);
    if (low < 0) out = arithmetic_.both(out, b_.lt(number(-low - 1), i));
    if (high >= sizes[k]) out = arithmetic_.both(out, b_.lt(i, number(sizes[k] - low)));
  }
  return out;
}

/// What an array of a value has at a position of each cell; beyond a border the other side's.
NodeId RuleLowering::moved(const GridLayout& layout, NodeId array, const Position& position) const {
  const std::vector<int64_t>& sizes = layout.sizes();
  std::vector<int64_t> distances;
  bool near = sizes == on_.sizes && follows(position), fixed = true;
  for (size_t k = 0; near && k < position.size(); ++k) {
    std::optional<int64_t> distance = layout.within_rim(k, position[k].distance);
    near = distance.has_value();
    distances.push_back(distance.value_or(0));
  }
  if (near) return layout.seen(b_, array, distances);
  for (const AxisPosition& each : position) fixed = fixed && !each.axis;
  auto wrapped = [&](size_t k) { return (position[k].distance % sizes[k] + sizes[k]) % sizes[k]; };
  if (fixed) {
    std::vector<int64_t> place;
    for (size_t k = 0; k < position.size(); ++k) place.push_back(wrapped(k));
    return b_.fill(layout.element(b_, array, place), arithmetic_.shape());
  }
  const Shape& shape = arithmetic_.shape();
  std::vector<NodeId> place;
  for (size_t k = 0; k < position.size(); ++k) {
    NodeId i = b_.integer(wrapped(k), shape);
    if (position[k].axis)
      i = b_.op(Op::kMod, {b_.add(coordinate(*position[k].axis, DType::kI64), i), b_.integer(sizes[k], shape)});
    place.push_back(i);
  }
  return layout.gathered(b_, array, place);
}

Quantity RuleLowering::seen_at(const ReadInstance& read, const Position& position, Border::Form border,
                               const std::optional<NodeId>& visible, const Number& padding) {
  const ValueInstance& value = instance_.values[read.value];
  const StoredNodes& stored = step_.values[read.value];
  std::optional<NodeId> within = inside(position, value.sizes, border);
  bool pads = border == Border::Form::kPad && within;
  std::optional<NodeId> shown = pads ? visible : arithmetic_.both(within, visible);
  std::optional<NodeId> there = pads ? arithmetic_.both(within, visible) : shown;  // a cell, not padding
  std::optional<NodeId> committed;
  if (stored.committed) {
    committed = moved(stored.layout, *stored.committed, position);
    if (!read.optional) {
      // A cell that is seen and not committed disables the instance.
      NodeId missing = b_.negate(*committed);
      enabled_ = arithmetic_.both(enabled_, b_.negate(there ? b_.both(*there, missing) : missing));
    }
  }
  NodeId node = moved(stored.layout, stored.elements, position);
  Quantity out = FormulaLowering::stored(value, node);
  out.valid = arithmetic_.both(shown, committed);
  if (!pads) return out;
  Quantity pad = arithmetic_.constant(padding);
  out.valid = committed;
  out = arithmetic_.where(arithmetic_.condition(*within), out, pad);
  out.valid = arithmetic_.both(out.valid, visible);
  return out;
}

/// Where no constraint forbids what changes.
std::optional<NodeId> RuleLowering::unlocked(NodeId proposed) {
  Array locked = Array::zeros(DType::kBool, on_.sizes);
  bool any = false;
  for (const ConstraintInstance& constraint : instance_.constraints) {
    if (constraint.value != rule_.on) continue;
    for (const ConstraintCells& each : constraint.instances)
      for (int64_t cell : each.scope) {
        locked.as_mutable<uint8_t>()[cell] = 1;
        any = true;
      }
  }
  if (!any) return std::nullopt;
  const StoredNodes& stored = step_.values[rule_.on];
  Array computed = Array::zeros(DType::kBool, layout_.computed());
  layout_.for_each_row([&](int64_t cell, int64_t, int64_t element) {
    std::copy_n(locked.as<uint8_t>() + cell, on_.sizes.back(), computed.as_mutable<uint8_t>() + element);
  });
  NodeId changes = b_.negate(b_.eq(proposed, layout_.seen(b_, stored.elements, here())));
  if (stored.committed) changes = b_.both(changes, layout_.seen(b_, *stored.committed, here()));
  return b_.negate(b_.both(table(std::move(computed)), changes));
}

}  // namespace caten::consensus::compiled
