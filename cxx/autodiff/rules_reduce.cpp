// Adjoints of reductions.
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

/// The product of all other elements, from both sides, so that zeros need no division.
Flows product_rule(const Call& call, const std::vector<int>& axes, const std::vector<int>& kept) {
  const Build& b = call.build;
  Shape shape = call.type(0).shape;
  std::vector<int> order = kept;
  order.insert(order.end(), axes.begin(), axes.end());
  Shape ordered;
  Dim rows(1), length(1);
  for (int axis : order) ordered.push_back(shape[static_cast<size_t>(axis)]);
  for (int axis : kept) rows = rows * shape[static_cast<size_t>(axis)];
  for (int axis : axes) length = length * shape[static_cast<size_t>(axis)];
  NodeId x = b.reshape(b.permute(call.operand(0), order), {rows, length});
  NodeId others = b.mul(exclusive_products(b, x, call.g.value, false), exclusive_products(b, x, call.g.value, true));
  others = b.reshape(b.permute(others, {1, 0}), ordered);
  std::vector<int> inverse(order.size());
  for (size_t k = 0; k < order.size(); ++k) inverse[static_cast<size_t>(order[k])] = static_cast<int>(k);
  others = b.permute(others, inverse);
  NodeId g = b.spread(call.g.value, shape, kept);
  NodeId value = b.mul(g, others);
  if (call.g.guarded) value = b.select(b.is_zero(g), b.zeros(b.type(value)), value);
  return {{value, call.g.guarded}};
}

/// The elements that equal the maximum share its cotangent.
Flows maximum_rule(const Call& call, const std::vector<int>& axes, const std::vector<int>& kept) {
  const Build& b = call.build;
  ValueType type = call.type(0);
  NodeId largest = b.eq(call.operand(0), b.spread(call.id, type.shape, kept));
  // f16 cannot count far.
  DType wide = dtype_size(type.dtype) == 2 ? DType::kF32 : type.dtype;
  NodeId count = b.reduce(Combine::kAdd, b.cast(largest, wide), axes);
  NodeId share = b.cast(b.div(b.cast(call.g.value, wide), count), type.dtype);
  return {{b.select(largest, b.spread(share, type.shape, kept), b.zeros(type)), call.g.guarded}};
}

}  // namespace

Flows reduce_rule(const Call& call) {
  const auto& attributes = call.node.get<ReduceAttributes>();
  Shape shape = call.type(0).shape;
  std::vector<int> kept = other_axes(shape.size(), attributes.axes);
  switch (attributes.combine) {
    case Combine::kAdd: return {{call.build.spread(call.g.value, shape, kept), call.g.guarded}};
    case Combine::kMul: return product_rule(call, attributes.axes, kept);
    case Combine::kMax: return maximum_rule(call, attributes.axes, kept);
    default: return Flows(1);
  }
}

}  // namespace caten::autodiff
