#include "consensus/compiled/rule_lowering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace caten::consensus::compiled {

RuleLowering::RuleLowering(const Instance& instance, const RuleInstance& rule, const ScheduleInstance* schedule,
                           const Build& build, StepNodes& step, Obstacle& obstacle)
    : instance_(instance),
      rule_(rule),
      schedule_(schedule),
      on_(instance.values[rule.on]),
      b_(build),
      step_(step),
      obstacle_(obstacle),
      arithmetic_(build, shape_of(on_.sizes), obstacle) {}

RuleNodes RuleLowering::lower() {
  const EmitInstance& emit = rule_.emits[0];
  std::optional<Position> target = position_of(emit.target, {});
  bool own = target && emit.target.value == rule_.on;
  for (size_t axis = 0; own && axis < target->size(); ++axis) own = (*target)[axis] == Subscript{axis, 0};
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
  RuleNodes out{.elements = arithmetic_.in(proposed, on_.dtype)};
  std::optional<NodeId> wins = enabled_;
  auto require = [&](const std::optional<NodeId>& condition) { wins = arithmetic_.both(wins, condition); };
  if (proposed.valid || proposed.is_bot()) require(arithmetic_.valid(proposed));
  require(fits(proposed, on_));
  require(scored());
  require(unlocked(out.elements));
  require(earlier_strata_done());
  out.always = !wins;
  out.won = wins ? b_.both(active(), *wins) : active();
  return out;
}

NodeId RuleLowering::coordinate(size_t axis) const { return b_.index(static_cast<int>(axis), arithmetic_.shape()); }

/// The cells of the event (6.1).
NodeId RuleLowering::active() const {
  const Shape& shape = arithmetic_.shape();
  std::optional<NodeId> coloured = of_colour();
  if (!schedule_) return coloured ? *coloured : b_.constant(Scalar::of_integer(DType::kBool, 1), shape);
  int64_t tile = schedule_->tile.value_or(1);
  size_t rank = on_.sizes.size(), uncut = rank > 2 ? rank - 2 : 0;
  auto place = [&](size_t axis) {
    NodeId i = coordinate(axis);
    return axis < uncut || tile == 1 ? i : b_.div(i, b_.integer(tile, shape));
  };
  auto remainder = [&](NodeId i, int64_t of) { return b_.op(Op::kMod, {i, b_.integer(of, shape)}); };
  NodeId x = place(rank - 1), phase = x;
  if (schedule_->strategy == "red-black") {
    phase = remainder(rank < 2 ? x : b_.add(place(rank - 2), x), 2);
  } else if (schedule_->strategy == "four-colour") {
    phase = rank < 2 ? remainder(x, 4)
                     : b_.add(b_.mul(remainder(place(rank - 2), 2), b_.integer(2, shape)), remainder(x, 2));
  } else {
    for (size_t axis = 0; axis + 1 < rank; ++axis) phase = b_.add(phase, place(axis));
  }
  return *arithmetic_.both(b_.eq(phase, b_.fill(step_.phase, shape)), coloured);
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
    own = b_.add(own, b_.mul(coordinate(axis), b_.integer(colouring->multipliers[axis], shape)));
  if (colouring) own = b_.op(Op::kMod, {own, b_.integer(colouring->modulus, shape)});
  return b_.eq(own, b_.fill(wanted, shape));
}

/// Rules wait until all cells of earlier strata are committed (6.7).
std::optional<NodeId> RuleLowering::earlier_strata_done() const {
  std::optional<NodeId> out;
  for (const RuleInstance& other : instance_.rules) {
    size_t value = other.emits[0].target.value;
    const std::optional<NodeId>& committed = step_.values[value].committed;
    if (!committed || instance_.strata[value] >= instance_.strata[rule_.on]) continue;
    NodeId all = b_.reduce(Combine::kAnd, *committed, other_axes(b_.shape(*committed).size(), {}));
    out = arithmetic_.both(out, b_.fill(all, arithmetic_.shape()));
  }
  return out;
}

std::optional<RuleLowering::Position> RuleLowering::position_of(const BoundReference& reference,
                                                                std::span<const int64_t> offset) const {
  Position out;
  size_t rank = on_.sizes.size();
  for (const BoundSubscript& subscript : reference.subscripts) {
    if (subscript.form != BoundSubscript::Form::kAffine) return std::nullopt;
    Subscript made;
    if (!subscript.first.parts.empty()) {
      const BoundAffine::Sum& sum = subscript.first.parts.back();
      made.distance = sum.constant;
      for (const BoundAffine::Term& term : sum.terms) {
        if (term.quotient) return std::nullopt;
        if (term.slot >= rank) {
          if (term.slot - rank >= offset.size()) return std::nullopt;
          made.distance += term.coefficient * offset[term.slot - rank];
        } else if (made.axis || term.coefficient != 1) {
          return std::nullopt;
        } else {
          made.axis = term.slot;
        }
      }
    }
    out.push_back(made);
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
      std::optional<Position> position = position_of(edge.source, offset);
      if (!position) return refuse();
      out.push_back(seen_at(read, *position, edge.source.border, visible_where(edge, offset), edge.padding));
    }
    return out;
  }
  if (!read.cells->single()) return refuse();
  std::optional<Position> position = position_of(*read.cells, {});
  if (!position) return refuse();
  // Seen where one of the edges shows it. Another position may be the same cell here and there (across a rim, or on a
  // line): only what one edge shows from everywhere does not depend on that.
  bool shown = false, everywhere = false, others = false;
  std::optional<NodeId> visible;
  for (size_t number : read.edges) {
    const EdgeInstance& edge = instance_.edges[number];
    if (!edge.source.single()) return refuse();
    for (const std::vector<int64_t>& offset : edge.offsets) {
      std::optional<Position> other = position_of(edge.source, offset);
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
  for (size_t k = 0; k < position.size(); ++k) {
    const Subscript& each = position[k];
    int64_t low = each.distance, high = each.distance + (each.axis ? on_.sizes[*each.axis] - 1 : 0);
    if (low >= 0 && high < sizes[k]) continue;
    NodeId i =
        each.axis ? b_.add(coordinate(*each.axis), b_.integer(each.distance, shape)) : b_.integer(each.distance, shape);
    if (low < 0) out = arithmetic_.both(out, b_.negate(b_.lt(i, b_.integer(0, shape))));
    if (high >= sizes[k]) out = arithmetic_.both(out, b_.lt(i, b_.integer(sizes[k], shape)));
  }
  return out;
}

/// The elements of an array at a position of each cell; beyond a rim the other side's.
NodeId RuleLowering::moved(NodeId array, const Position& position) const {
  const Shape shape = b_.shape(array), &grid = arithmetic_.shape();
  bool same = shape == grid;
  for (size_t k = 0; same && k < position.size(); ++k) same = position[k].axis == k;
  auto wrapped = [&](NodeId i, size_t axis, const Shape& of) {
    return b_.op(Op::kMod, {i, b_.integer(shape[axis].constant(), of)});
  };
  if (same) {
    for (size_t k = 0; k < position.size(); ++k) {
      if (position[k].distance == 0) continue;
      Shape line{shape[k]};
      NodeId i = wrapped(b_.add(b_.index(0, line), b_.integer(position[k].distance, line)), k, line);
      array = b_.take(array, static_cast<int>(k), {i});
    }
    return array;
  }
  std::vector<NodeId> indices;
  for (size_t k = 0; k < position.size(); ++k) {
    NodeId i = b_.integer(position[k].distance, grid);
    if (position[k].axis) i = b_.add(coordinate(*position[k].axis), i);
    indices.push_back(wrapped(i, k, grid));
  }
  return b_.take(array, 0, indices);
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
    committed = moved(*stored.committed, position);
    if (!read.optional) {
      // A cell that is seen and not committed disables the instance.
      NodeId missing = b_.negate(*committed);
      enabled_ = arithmetic_.both(enabled_, b_.negate(there ? b_.both(*there, missing) : missing));
    }
  }
  NodeId node = moved(stored.elements, position);
  Quantity out{.node = node, .dtype = value.dtype};
  if (is_float(value.dtype)) {
    out.type = value.dtype == DType::kF64 ? Number::Type::kF64 : Number::Type::kF32;
    if (out.type == Number::Type::kF32 && value.dtype != DType::kF32) out.node = b_.cast(node, out.dtype = DType::kF32);
  } else if (value.token()) {
    out.high = value.vocabulary - 1;
    out.dtype = dtype_for(0, out.high);
    out.node = b_.cast(node, out.dtype);
  } else if (value.dtype == DType::kBool) {
    out.high = 1;
  } else {
    std::tie(out.low, out.high) = integers_of(value.dtype);
    out.dtype = dtype_for(out.low, out.high);
    out.node = b_.cast(node, out.dtype);
  }
  out.valid = arithmetic_.both(shown, committed);
  if (!pads) return out;
  Quantity pad = arithmetic_.constant(padding);
  out.valid = committed;
  out = arithmetic_.where(arithmetic_.condition(*within), out, pad);
  out.valid = arithmetic_.both(out.valid, visible);
  return out;
}

NodeId RuleLowering::table(Array array) {
  std::string name = fmt::format("table{}", step_.tables.size());
  NodeId out = b_.graph().add_input(name, {array.dtype(), shape_of(array.shape())});
  step_.tables.push_back(std::move(array));
  return out;
}

NodeId RuleLowering::looked_up(Array array, const Quantity& index, int64_t low) {
  NodeId i = arithmetic_.in(index, DType::kI64);
  if (low != 0) i = b_.add(i, b_.integer(-low, arithmetic_.shape()));
  return b_.take(table(std::move(array)), 0, {i});
}

/// Draw number `draw` of each instance (2.2).
NodeId RuleLowering::word(size_t draw) {
  auto [known, added] = words_.try_emplace(draw / 4);
  if (added) known->second = philox(draw / 4);
  return known->second[draw % 4];
}

std::vector<NodeId> RuleLowering::philox(size_t block) {
  const Shape& shape = arithmetic_.shape();
  auto all = [&](uint32_t value) { return b_.constant(Scalar::of_integer(DType::kU32, value), shape); };
  auto scalar = [&](NodeId i64) { return b_.fill(b_.cast(i64, DType::kU32), shape); };
  std::vector<NodeId> c{b_.cast(b_.position(shape), DType::kU32), all(0), scalar(step_.step),
                        all(static_cast<uint32_t>(block))};
  NodeId key0 = scalar(step_.seed), key1 = all(static_cast<uint32_t>(rule_.number));
  auto product = [&](uint64_t constant, NodeId x) {
    NodeId wide = b_.mul(b_.cast(x, DType::kU64),
                         b_.constant(Scalar::of_integer(DType::kU64, static_cast<int64_t>(constant)), shape));
    NodeId high = b_.div(wide, b_.constant(Scalar::of_integer(DType::kU64, int64_t{1} << 32), shape));
    return std::pair{b_.cast(high, DType::kU32), b_.cast(wide, DType::kU32)};
  };
  for (int round = 0; round < 10; ++round) {
    auto [high0, low0] = product(0xD2511F53, c[0]);
    auto [high1, low1] = product(0xCD9E8D57, c[2]);
    auto mix = [&](NodeId a, NodeId b, NodeId k) { return b_.op(Op::kXor, {b_.op(Op::kXor, {a, b}), k}); };
    c = {mix(high1, c[1], key0), low1, mix(high0, c[3], key1), low0};
    key0 = b_.add(key0, all(0x9E3779B9));
    key1 = b_.add(key1, all(0xBB67AE85));
  }
  return c;
}

}  // namespace caten::consensus::compiled
