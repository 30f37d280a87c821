#include "ir/build.hpp"

#include <algorithm>
#include <numeric>

namespace caten {

NodeId Build::op(Op op, std::vector<NodeId> operands, Attributes attributes, const ValueType& target) const {
  return graph_.make(op, std::move(operands), std::move(attributes), target).value();
}

NodeId Build::result(NodeId loop, uint32_t index) const { return graph_.make_result(loop, index).value(); }

NodeId Build::constant(const Scalar& value, Shape shape) const {
  return op(Op::kConst, {}, ConstAttributes{value}, {value.dtype(), std::move(shape)});
}

NodeId Build::integer(int64_t value, Shape shape) const {
  return constant(Scalar::of_integer(DType::kI64, value), std::move(shape));
}

NodeId Build::index(int axis, Shape shape) const {
  return op(Op::kIndex, {}, IndexAttributes{axis}, {DType::kI64, std::move(shape)});
}

NodeId Build::size(const Dim& dim) const {
  if (dim.is_constant()) return integer(dim.constant());
  // The last coordinate of an axis that is one longer.
  Dim end = dim + Dim(1);
  return reshape(slice(index(0, {end}), {{dim, end, 1}}), {});
}

NodeId Build::position(const Shape& shape) const {
  NodeId out = integer(0, shape);
  Dim stride(1);
  for (size_t i = shape.size(); i-- > 0;) {
    NodeId coordinate = index(static_cast<int>(i), shape);
    NodeId scaled = stride.is(1) ? coordinate : mul(coordinate, fill(size(stride), shape));
    out = i + 1 == shape.size() ? scaled : add(out, scaled);
    stride = stride * shape[i];
  }
  return out;
}

NodeId Build::negate(NodeId bools) const {
  return op(Op::kXor, {bools, constant(Scalar::of_bool(true), Shape(shape(bools)))});
}

NodeId Build::complement(NodeId ints) const {
  return op(Op::kXor, {ints, constant(Scalar::of_integer(dtype(ints), -1), Shape(shape(ints)))});
}

NodeId Build::min(NodeId x, NodeId y) const { return complement(max(complement(x), complement(y))); }

NodeId Build::cast(NodeId x, DType to) const { return dtype(x) == to ? x : op(Op::kCast, {x}, {}, {to, {}}); }

NodeId Build::reshape(NodeId x, const Shape& to) const {
  Shape wanted = to;
  return shape(x) == wanted ? x : op(Op::kReshape, {x}, {}, {dtype(x), std::move(wanted)});
}

NodeId Build::permute(NodeId x, std::vector<int> axes) const {
  if (std::is_sorted(axes.begin(), axes.end())) return x;
  return op(Op::kPermute, {x}, PermuteAttributes{std::move(axes)});
}

NodeId Build::expand(NodeId x, const Shape& to) const {
  return shape(x) == to ? x : op(Op::kExpand, {x}, {}, {dtype(x), to});
}

NodeId Build::spread(NodeId x, const Shape& to, const std::vector<int>& axes) const {
  // A copy: `to` may be the shape of a node, and nodes move when one is added.
  Shape wanted = to;  // NOLINT(performance-unnecessary-copy-initialization)
  Shape ones(wanted.size(), Dim(1));
  for (size_t k = 0; k < axes.size(); ++k) ones[static_cast<size_t>(axes[k])] = shape(x)[k];
  return expand(reshape(x, ones), wanted);
}

NodeId Build::reduce(Combine combine, NodeId x, std::vector<int> axes) const {
  return axes.empty() ? x : op(Op::kReduce, {x}, ReduceAttributes{combine, std::move(axes)});
}

NodeId Build::take(NodeId x, int axis, const std::vector<NodeId>& indices) const {
  std::vector<NodeId> operands{x};
  operands.insert(operands.end(), indices.begin(), indices.end());
  return op(Op::kTake, std::move(operands), AccessAttributes{axis, Combine::kSet});
}

NodeId Build::put(NodeId x, int axis, const std::vector<NodeId>& indices, NodeId v, Combine mode) const {
  std::vector<NodeId> operands{x, v};
  operands.insert(operands.end(), indices.begin(), indices.end());
  return op(Op::kPut, std::move(operands), AccessAttributes{axis, mode});
}

int Build::level_above(const std::vector<NodeId>& values) const {
  uint64_t levels = 0;
  for (NodeId value : values) levels |= graph_[value].free_levels;
  return levels == 0 ? 0 : 64 - __builtin_clzll(levels);
}

std::vector<int> other_axes(size_t rank, const std::vector<int>& axes) {
  std::vector<int> out;
  for (int i = 0; i < static_cast<int>(rank); ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) out.push_back(i);
  return out;
}

}  // namespace caten
