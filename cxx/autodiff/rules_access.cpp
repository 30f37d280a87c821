// Derivatives of take and put, whose adjoints are each other's.
#include "autodiff/rules.hpp"

namespace caten::autodiff {
namespace {

/// The indices of a take or put, and what they address.
struct Access {
  const Build& b;
  int axis = 0;
  std::vector<NodeId> indices{};
  Shape target{};     ///< of x
  Shape points{};     ///< of the indices
  Shape addressed{};  ///< the indexed axes of x

  Access(const Build& build, const Node& node, size_t first_index) : b(build), axis(node.get<AccessAttributes>().axis) {
    indices.assign(node.operands.begin() + static_cast<std::ptrdiff_t>(first_index), node.operands.end());
    target = b.shape(node.operands[0]);
    points = b.type(indices[0]).shape;
    addressed.assign(target.begin() + axis, target.begin() + axis + static_cast<std::ptrdiff_t>(indices.size()));
  }

  NodeId size_of(size_t k) const { return b.fill(b.size(addressed[k]), points); }

  std::vector<NodeId> clamped() const {
    std::vector<NodeId> out;
    for (size_t k = 0; k < indices.size(); ++k)
      out.push_back(b.min(b.max(indices[k], b.integer(0, points)), b.add(size_of(k), b.integer(-1, points))));
    return out;
  }

  /// Whether each point lies inside the target, bool of the points' shape.
  NodeId inside() const {
    NodeId out{};
    for (size_t k = 0; k < indices.size(); ++k) {
      NodeId fits = b.both(b.lt(b.integer(-1, points), indices[k]), b.lt(indices[k], size_of(k)));
      out = out.valid() ? b.both(out, fits) : fits;
    }
    return out;
  }

  /// A value per point, repeated over the axes that are not indexed: of the shape of what take reads.
  NodeId per_value(NodeId per_point, const Shape& values) const {
    std::vector<int> axes;
    for (size_t k = 0; k < points.size(); ++k) axes.push_back(axis + static_cast<int>(k));
    return b.spread(per_point, values, axes);
  }

  NodeId take(NodeId x) const { return b.take(x, axis, clamped()); }
  /// What the cotangent at each point counts.
  NodeId take_counts(NodeId counts) const { return counts.valid() ? take(counts) : counts; }
  NodeId put(NodeId x, NodeId v, Combine mode) const { return b.put(x, axis, indices, v, mode); }
};

/// put set: what is overwritten gets nothing; a written value gets the cotangent if no later one replaced it.
Flows set_rule(const Call& call, const Access& access) {
  const Build& b = call.build;
  ValueType values = cotangent_type(call.type(1));
  Flows out(call.node.operands.size());
  NodeId g_counts = call.g.counts;
  if (call.wanted[0]) out[0] = {access.put(call.g.value, b.zeros(values), Combine::kSet), g_counts};
  if (call.wanted[1]) {
    NodeId mine = b.position(access.points);
    NodeId writers = b.put(b.integer(-1, access.addressed), 0, access.indices, mine, Combine::kSet);
    NodeId last = b.eq(b.take(writers, 0, access.clamped()), mine);
    NodeId counts = access.per_value(b.both(last, access.inside()), values.shape);
    out[1] = {b.select(counts, access.take(call.g.value), b.zeros(values)), access.take_counts(g_counts)};
  }
  return out;
}

Flows add_rule(const Call& call, const Access& access) {
  const Build& b = call.build;
  ValueType values = call.type(1);
  Flows out(call.node.operands.size());
  if (call.wanted[0]) out[0] = call.g;
  if (call.wanted[1])
    out[1] = {b.select(access.per_value(access.inside(), values.shape), access.take(call.g.value), b.zeros(values)),
              access.take_counts(call.g.counts)};
  return out;
}

/// For each point, in index order or from the last one, what its place held before its factor arrived: of the shape of
/// v with the points in one axis.
NodeId products_before(const Access& access, NodeId g, NodeId start, NodeId v, bool reversed) {
  const Build& b = access.b;
  Dim count = element_count(access.points);
  std::vector<NodeId> captured{start, v, g};
  captured.insert(captured.end(), access.indices.begin(), access.indices.end());
  int level = b.level_above(captured);
  ValueType held = b.type(start);
  NodeId products = b.graph().add_bound(level, 1, held);
  NodeId i = b.graph().add_bound(level, 0, {DType::kI64, {}});
  if (reversed) i = b.add(b.size(count), b.complement(i));
  std::vector<NodeId> at;
  for (NodeId index : access.indices) at.push_back(b.take(b.reshape(index, {count}), 0, {i}));
  NodeId before = b.take(products, access.axis, at);
  NodeId next = b.put(products, access.axis, at, b.mul(before, b.take(v, access.axis, {i})), Combine::kSet);
  LoopAttributes attributes{.level = level, .count = count, .carries = 1, .collects = 1};
  NodeId stack = b.result(b.op(Op::kLoop, {start, next, before}, std::move(attributes)), 1);
  Shape shape = b.type(stack).shape;
  if (reversed) {
    std::vector<SliceRange> ranges{{count - Dim(1), Dim(-1), -1}};
    for (size_t k = 1; k < shape.size(); ++k) ranges.push_back({Dim(0), shape[k], 1});
    stack = b.slice(stack, std::move(ranges));
  }
  std::vector<int> order;
  for (int k = 0; k < static_cast<int>(shape.size()); ++k)
    order.push_back(k < access.axis ? k + 1 : k == access.axis ? 0 : k);
  return b.permute(stack, std::move(order));
}

/// Of the shape of v: the product of x and of all other factors of the same place, from both sides, so that zeros need
/// no division.
NodeId other_factors(const Access& access, NodeId x, NodeId v, NodeId g) {
  const Build& b = access.b;
  Shape values = b.shape(v);
  auto axis = static_cast<std::ptrdiff_t>(access.axis);
  Shape flat(values.begin(), values.begin() + axis);
  flat.push_back(element_count(access.points));
  flat.insert(flat.end(), values.begin() + axis + static_cast<std::ptrdiff_t>(access.points.size()), values.end());
  NodeId row = b.reshape(v, flat);
  NodeId others =
      b.mul(products_before(access, g, x, row, false), products_before(access, g, b.ones(b.type(x)), row, true));
  return b.reshape(others, values);
}

/// put mul: the product of all other factors of the same place, from both sides, so that zeros need no division.
Flows mul_rule(const Call& call, const Access& access) {
  const Build& b = call.build;
  ValueType target = call.type(0), values = call.type(1);
  NodeId v = call.operand(1), g = call.g.value;
  Flows out(call.node.operands.size());
  if (call.wanted[0]) out[0] = guard(call, b.mul(g, access.put(b.ones(target), v, Combine::kMul)));
  if (call.wanted[1]) {
    NodeId none = b.zeros(values);
    NodeId value = b.mul(access.take(g), other_factors(access, call.operand(0), v, g));
    NodeId counts = access.take_counts(call.g.counts);
    if (counts.valid()) value = b.select(counts, value, none);
    out[1] = {b.select(access.per_value(access.inside(), values.shape), value, none), counts};
  }
  return out;
}

/// Which elements of x and of v equal the result, and how many do at each place.
struct Winners {
  NodeId at_target{}, at_values{}, shares{};
};
Winners winners_of(const Access& access, NodeId x, NodeId v, NodeId z) {
  const Build& b = access.b;
  ValueType target = b.type(x);
  Shape values = b.shape(v);
  Winners out{.at_target = b.eq(x, z)};
  out.at_values = b.both(b.eq(v, access.take(z)), access.per_value(access.inside(), values));
  out.shares = access.put(b.cast(out.at_target, target.dtype), b.cast(out.at_values, target.dtype), Combine::kAdd);
  return out;
}

/// put max: all that equal the result share its cotangent.
Flows max_rule(const Call& call, const Access& access) {
  const Build& b = call.build;
  Winners winners = winners_of(access, call.operand(0), call.operand(1), call.id);
  NodeId share = b.div(call.g.value, winners.shares);
  Flows out(call.node.operands.size());
  if (call.wanted[0]) out[0] = {b.select(winners.at_target, share, b.zeros(call.type(0))), call.g.counts};
  if (call.wanted[1])
    out[1] = {b.select(winners.at_values, access.take(share), b.zeros(call.type(1))),
              access.take_counts(call.g.counts)};
  return out;
}

}  // namespace

Flows take_rule(const Call& call) {
  const Build& b = call.build;
  Access access(b, call.node, 1);
  Flows out(call.node.operands.size());
  // take clamps, put would drop: the same places must be named.
  out[0] = {b.put(b.zeros(cotangent_type(call.type(0))), access.axis, access.clamped(), call.g.value, Combine::kAdd),
            put_counts(b, call.type(0), access.axis, access.clamped(), call.g.counts)};
  return out;
}

Flows put_rule(const Call& call) {
  Access access(call.build, call.node, 2);
  switch (call.node.get<AccessAttributes>().mode) {
    case Combine::kAdd: return add_rule(call, access);
    case Combine::kMul: return mul_rule(call, access);
    case Combine::kMax: return max_rule(call, access);
    default: return set_rule(call, access);
  }
}

NodeId push_take(const Push& push) {
  std::vector<NodeId> operands = push.node.operands;
  operands[0] = push.tangents[0];
  return push.build.op(Op::kTake, std::move(operands), push.node.attributes);
}

NodeId push_put(const Push& push) {
  const Build& b = push.build;
  Access access(b, push.node, 2);
  NodeId x = push.operand(0), v = push.operand(1), tx = push.tangent(0), tv = push.tangent(1);
  switch (push.node.get<AccessAttributes>().mode) {
    case Combine::kAdd: return access.put(tx, tv, Combine::kAdd);
    case Combine::kMul: {
      NodeId of_target = b.mul(tx, access.put(b.ones(b.type(x)), v, Combine::kMul));
      return access.put(of_target, b.mul(tv, other_factors(access, x, v, tv)), Combine::kAdd);
    }
    case Combine::kMax: {
      Winners winners = winners_of(access, x, v, push.id);
      NodeId sum = access.put(b.select(winners.at_target, tx, b.zeros(b.type(tx))),
                              b.select(winners.at_values, tv, b.zeros(b.type(tv))), Combine::kAdd);
      return b.div(sum, winners.shares);
    }
    default: return access.put(tx, tv, Combine::kSet);
  }
}

}  // namespace caten::autodiff
