// Derivatives of reductions.
#include "autodiff/rules.hpp"

namespace caten::autodiff {
namespace {

/// Products of all elements before each one of the last axis of x[K R]: result [R K]. `reversed` counts from the end.
NodeId exclusive_products(const Build& b, NodeId x, NodeId g, bool reversed) {
  ValueType type = b.type(x);
  Dim length = type.shape[1];
  int level = b.level_above({x, g});
  ValueType carried{type.dtype, {type.shape[0]}};
  NodeId product = b.graph().add_bound(level, 1, carried);
  NodeId i = b.graph().add_bound(level, 0, {DType::kI64, {}});
  if (reversed) i = b.add(b.size(length), b.complement(i));
  NodeId next = b.mul(product, b.take(x, 1, {i}));
  LoopAttributes attributes{.level = level, .count = length, .carries = 1, .collects = 1};
  NodeId products = b.result(b.op(Op::kLoop, {b.ones(carried), next, product}, std::move(attributes)), 1);
  if (!reversed) return products;
  return b.slice(products, {{length - Dim(1), Dim(-1), -1}, {Dim(0), type.shape[0], 1}});
}

/// The product of all other elements, from both sides, so that zeros need no division. `g`: what the loops may depend
/// on besides x.
NodeId products_of_others(const Build& b, NodeId whole, NodeId g, const std::vector<int>& axes,
                          const std::vector<int>& kept) {
  Shape shape = b.type(whole).shape;
  std::vector<int> order = kept;
  order.insert(order.end(), axes.begin(), axes.end());
  Shape ordered;
  Dim rows(1), length(1);
  for (int axis : order) ordered.push_back(shape[static_cast<size_t>(axis)]);
  for (int axis : kept) rows = rows * shape[static_cast<size_t>(axis)];
  for (int axis : axes) length = length * shape[static_cast<size_t>(axis)];
  NodeId x = b.reshape(b.permute(whole, order), {rows, length});
  NodeId others = b.mul(exclusive_products(b, x, g, false), exclusive_products(b, x, g, true));
  others = b.reshape(b.permute(others, {1, 0}), ordered);
  std::vector<int> inverse(order.size());
  for (size_t k = 0; k < order.size(); ++k) inverse[static_cast<size_t>(order[k])] = static_cast<int>(k);
  return b.permute(others, inverse);
}

NodeId spread_counts(const Call& call, const Shape& shape, const std::vector<int>& kept) {
  return call.g.counts.valid() ? call.build.spread(call.g.counts, shape, kept) : NodeId{};
}

Flows product_rule(const Call& call, const std::vector<int>& axes, const std::vector<int>& kept) {
  const Build& b = call.build;
  Shape shape = call.type(0).shape;
  NodeId others = products_of_others(b, call.operand(0), call.g.value, axes, kept);
  NodeId g = b.spread(call.g.value, shape, kept);
  NodeId value = b.mul(g, others);
  NodeId counts = spread_counts(call, shape, kept);
  if (counts.valid()) value = b.select(counts, value, b.zeros(b.type(value)));
  return {{value, counts}};
}

/// The elements that equal the maximum, and how many there are, in a dtype that can count: f16 cannot count far.
struct Largest {
  NodeId where{}, count{};
};
Largest largest_of(const Build& b, NodeId x, NodeId z, const std::vector<int>& axes, const std::vector<int>& kept) {
  ValueType type = b.type(x);
  DType wide = dtype_size(type.dtype) == 2 ? DType::kF32 : type.dtype;
  NodeId where = b.eq(x, b.spread(z, type.shape, kept));
  return {where, b.reduce(Combine::kAdd, b.cast(where, wide), axes)};
}

/// The elements that equal the maximum share its cotangent.
Flows maximum_rule(const Call& call, const std::vector<int>& axes, const std::vector<int>& kept) {
  const Build& b = call.build;
  ValueType type = call.type(0);
  Largest largest = largest_of(b, call.operand(0), call.id, axes, kept);
  NodeId share = b.cast(b.div(b.cast(call.g.value, b.dtype(largest.count)), largest.count), type.dtype);
  return {{b.select(largest.where, b.spread(share, type.shape, kept), b.zeros(type)),
           spread_counts(call, type.shape, kept)}};
}

}  // namespace

Flows reduce_rule(const Call& call) {
  const auto& attributes = call.node.get<ReduceAttributes>();
  Shape shape = call.type(0).shape;
  std::vector<int> kept = other_axes(shape.size(), attributes.axes);
  switch (attributes.combine) {
    case Combine::kAdd: return {{call.build.spread(call.g.value, shape, kept), spread_counts(call, shape, kept)}};
    case Combine::kMul: return product_rule(call, attributes.axes, kept);
    case Combine::kMax: return maximum_rule(call, attributes.axes, kept);
    default: return Flows(1);
  }
}

NodeId push_reduce(const Push& push) {
  const Build& b = push.build;
  const auto& attributes = push.node.get<ReduceAttributes>();
  const std::vector<int>& axes = attributes.axes;
  NodeId t = push.tangents[0], x = push.operand(0);
  std::vector<int> kept = other_axes(b.shape(x).size(), axes);
  switch (attributes.combine) {
    case Combine::kAdd: return b.reduce(Combine::kAdd, t, axes);
    case Combine::kMul: return b.reduce(Combine::kAdd, b.mul(t, products_of_others(b, x, t, axes, kept)), axes);
    case Combine::kMax: {
      Largest largest = largest_of(b, x, push.id, axes, kept);
      DType wide = b.dtype(largest.count);
      NodeId sum = b.reduce(Combine::kAdd, b.cast(b.select(largest.where, t, b.zeros(b.type(t))), wide), axes);
      return b.cast(b.div(sum, largest.count), push.node.type.dtype);
    }
    default: return {};
  }
}

}  // namespace caten::autodiff
