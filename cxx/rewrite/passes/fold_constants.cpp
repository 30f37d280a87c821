// Element-wise ops, conversions and views of constants are constants. Their values are those of the reference
// evaluator, on scalars.
#include <algorithm>

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

class Folder : public GraphCopier {
 public:
  using GraphCopier::GraphCopier;

 private:
  NodeId visit(NodeId, const Node& node, std::vector<NodeId> operands) override {
    bool constant = foldable(node) &&
                    std::all_of(operands.begin(), operands.end(), [&](NodeId id) { return to_[id].is(Op::kConst); });
    if (!constant) return copy_node(node, std::move(operands));
    auto value = [&](NodeId id) { return to_[id].get<ConstAttributes>().value; };
    Shape shape = to_.dims.resolve(node.type.shape);
    Build build(to_);
    if (info(node.op).category == OpCategory::kView) return build.constant(value(operands[0]), shape);
    Graph scalars;
    Build one(scalars);
    std::vector<NodeId> arguments;
    for (NodeId id : operands) arguments.push_back(one.constant(value(id)));
    scalars.outputs.push_back({"y", one.op(node.op, arguments, node.attributes, {node.type.dtype, {}})});
    Result<Results> results = evaluate(scalars, {});
    if (!results) return copy_node(node, std::move(operands));
    return build.constant(Scalar::load(node.type.dtype, results->outputs[0].data()), shape);
  }
};

}  // namespace

Graph fold_constants(const Graph& graph, const RewriteOptions&) {
  Graph out;
  Folder(graph, out).copy_program();
  return resolve_dims(std::move(out));
}

}  // namespace caten
