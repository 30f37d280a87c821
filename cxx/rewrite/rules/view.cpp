// Identities of views, conversions and reductions that change nothing.
#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

const Node& operand(const Build& b, const Node& node) { return b.graph()[node.operands[0]]; }

NodeId same_type(const Build& b, const Node& node) {
  return operand(b, node).type == node.type ? node.operands[0]
                                            : NodeId{};  // cast, bitcast, reshape, expand to x's type -> x
}

NodeId reshape_twice(const Build& b, const Node& node) {
  const Node& inner = operand(b, node);
  if (!inner.is(Op::kReshape)) return {};
  Shape shape = node.type.shape;
  return b.reshape(inner.operands[0], shape);  // reshape(reshape(x)) -> reshape(x)
}

NodeId expand_twice(const Build& b, const Node& node) {
  const Node& inner = operand(b, node);
  if (!inner.is(Op::kExpand)) return {};
  Shape shape = node.type.shape;
  return b.expand(inner.operands[0], shape);  // expand(expand(x)) -> expand(x)
}

NodeId permute_same(const Build&, const Node& node) {
  const std::vector<int>& axes = node.get<PermuteAttributes>().axes;
  for (size_t k = 0; k < axes.size(); ++k)
    if (axes[k] != static_cast<int>(k)) return {};
  return node.operands[0];  // permute(x, 0 1 …) -> x
}

NodeId permute_twice(const Build& b, const Node& node) {
  const Node& inner = operand(b, node);
  if (!inner.is(Op::kPermute)) return {};
  std::vector<int> axes;
  for (int axis : node.get<PermuteAttributes>().axes)
    axes.push_back(inner.get<PermuteAttributes>().axes[static_cast<size_t>(axis)]);
  return b.permute(inner.operands[0], std::move(axes));  // permute(permute(x)) -> permute(x)
}

NodeId slice_whole(const Build& b, const Node& node) {
  const std::vector<SliceRange>& ranges = node.get<SliceAttributes>().ranges;
  const Shape& shape = operand(b, node).type.shape;
  for (size_t k = 0; k < ranges.size(); ++k)
    if (!ranges[k].start.is(0) || ranges[k].step != 1 || ranges[k].stop != shape[k]) return {};
  return node.operands[0];  // slice(x, whole) -> x
}

NodeId reduce_nothing(const Build&, const Node& node) {
  return node.get<ReduceAttributes>().axes.empty() ? node.operands[0] : NodeId{};  // reduce over no axes of x -> x
}

}  // namespace

std::vector<Rule> view_rules() {
  return {{"cast-same", Op::kCast, same_type},          {"bitcast-same", Op::kBitcast, same_type},
          {"reshape-same", Op::kReshape, same_type},    {"reshape-twice", Op::kReshape, reshape_twice},
          {"expand-same", Op::kExpand, same_type},      {"expand-twice", Op::kExpand, expand_twice},
          {"permute-same", Op::kPermute, permute_same}, {"permute-twice", Op::kPermute, permute_twice},
          {"slice-whole", Op::kSlice, slice_whole},     {"reduce-nothing", Op::kReduce, reduce_nothing}};
}

}  // namespace caten
