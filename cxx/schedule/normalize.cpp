#include "schedule/normalize.hpp"

#include <cassert>

#include "ir/regions.hpp"

namespace caten {
namespace {

bool accumulates_in_f32(DType dtype, Combine combine) {
  return (dtype == DType::kF16 || dtype == DType::kBF16) && (combine == Combine::kAdd || combine == Combine::kMul);
}

class Normalizer : public GraphCopier {
 public:
  using GraphCopier::GraphCopier;

 protected:
  NodeId visit(NodeId, const Node& node, std::vector<NodeId> operands) override {
    if (node.kind == NodeKind::kRegion) return operands[0];
    bool reduces = node.is(Op::kReduce) && accumulates_in_f32(node.type.dtype, node.get<ReduceAttributes>().combine);
    bool puts = node.is(Op::kPut) && accumulates_in_f32(node.type.dtype, node.get<AccessAttributes>().mode);
    if (!reduces && !puts) return copy_node(node, std::move(operands));
    for (size_t i = 0; i < (puts ? 2 : 1); ++i) operands[i] = cast(operands[i], DType::kF32);
    Node wide{.kind = NodeKind::kOp, .op = node.op, .attributes = node.attributes};
    wide.type = {DType::kF32, to_.dims.resolve(node.type.shape)};
    wide.operands = std::move(operands);
    NodeId sum = to_.add(std::move(wide));
    for (uint32_t origin : node.origins) to_.add_origin(sum, origin);
    return cast(sum, node.type.dtype);
  }

 private:
  NodeId cast(NodeId x, DType to) {
    return to_.add({.kind = NodeKind::kOp, .op = Op::kCast, .type = {to, to_.type(x).shape}, .operands = {x}});
  }
};

}  // namespace

// It copies in any case: what nothing needs goes.
Graph normalize_for_schedule(const Graph& graph) {
  Graph out;
  std::optional<Graph> marked = mark_schedules(graph);
  Normalizer(marked ? *marked : graph, out).copy_program();
  return out;
}

}  // namespace caten
