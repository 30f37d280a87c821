// Element-wise ops, conversions and views of constants are constants. Their values are those of the reference
// evaluator, on scalars. So are sums of equal integers over axes of known size, which is how sizes become values; where
// it is not known, the sum is a coordinate, which is no loop. A size that becomes a float, as the divisor of a mean
// does, stays one: kernels take sizes as arguments.
#include <algorithm>
#include <optional>

#include "ir/evaluate.hpp"
#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

bool foldable(const Node& node) {
  if (node.kind != NodeKind::kOp || node.operands.empty()) return false;
  switch (node.op) {
    case Op::kIf:
    case Op::kCast:
    case Op::kReshape:
    case Op::kPermute:
    case Op::kExpand:
    case Op::kSlice: return true;
    default: return is_elementwise(node.op);
  }
}

bool is_size(const Node& node) {
  if (!node.is(Op::kConst) || node.type.dtype != DType::kI64) return false;
  return node.get<ConstAttributes>().value.as_integer() > 1;
}

/// Whether the op may become a constant, by its operands in `graph`.
bool folds(const Graph& graph, const Node& node) {
  if (!foldable(node)) return false;
  if (!std::all_of(node.operands.begin(), node.operands.end(), [&](NodeId id) { return graph[id].is(Op::kConst); }))
    return false;
  return !node.is(Op::kCast) || !is_float(node.type.dtype) || !is_size(graph[node.operands[0]]);
}

/// Whether it is a sum of equal integers.
bool sums_equals(const Graph& graph, const Node& node) {
  return node.is(Op::kReduce) && is_integer(node.type.dtype) && node.get<ReduceAttributes>().combine == Combine::kAdd &&
         graph[node.operands[0]].is(Op::kConst);
}

class Folder : public GraphCopier {
 public:
  using GraphCopier::GraphCopier;

 private:
  NodeId visit(NodeId, Node&& node) override {
    if (std::optional<NodeId> sum = sum_of_equals(node)) return *sum;
    if (!folds(to_, node)) return copy_node(std::move(node));
    auto value = [&](NodeId id) { return to_[id].get<ConstAttributes>().value; };
    Shape shape = to_.dims.resolve(node.type.shape);
    Build build(to_);
    if (info(node.op).category == OpCategory::kView) return build.constant(value(node.operands[0]), shape);
    Graph scalars;
    Build one(scalars);
    std::vector<NodeId> arguments;
    for (NodeId id : node.operands) arguments.push_back(one.constant(value(id)));
    scalars.outputs.push_back({"y", one.op(node.op, arguments, node.attributes, {node.type.dtype, {}})});
    Result<Results> results = evaluate(scalars, {});
    if (!results) return copy_node(std::move(node));
    return build.constant(Scalar::load(node.type.dtype, results->outputs[0].data()), shape);
  }

  std::optional<NodeId> sum_of_equals(const Node& node) {
    if (!sums_equals(to_, node)) return std::nullopt;
    const ValueType& summed = to_.type(node.operands[0]);
    Dim count = 1;
    for (int axis : node.get<ReduceAttributes>().axes)
      count = count * to_.dims.resolve(summed.shape)[static_cast<size_t>(axis)];
    if (count.overflowed()) return std::nullopt;
    auto value = static_cast<uint64_t>(to_[node.operands[0]].get<ConstAttributes>().value.as_integer());
    if (!count.is_constant()) {
      if (node.type.dtype != DType::kI64) return std::nullopt;
      Build build(to_);
      NodeId size = build.size(count);
      if (value != 1) size = build.mul(size, build.integer(static_cast<int64_t>(value)));
      return build.fill(size, to_.dims.resolve(node.type.shape));
    }
    auto sum = static_cast<int64_t>(value * static_cast<uint64_t>(count.constant()));
    return Build(to_).constant(Scalar::of_integer(node.type.dtype, sum), to_.dims.resolve(node.type.shape));
  }
};

}  // namespace

bool fold_constants(Graph& graph, const RewriteOptions&) {
  auto changes = [&](const Node& node) { return folds(graph, node) || sums_equals(graph, node); };
  if (std::none_of(graph.nodes().begin(), graph.nodes().end(), changes)) return false;
  Graph out;
  Folder(std::move(graph), out).copy_program();
  graph = with_sizes_resolved(std::move(out));
  return true;
}

}  // namespace caten
