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
  NodeId visit(NodeId id, Node&& node) override {
    if (node.kind == NodeKind::kRegion) return node.operands[0];
    bool reduces = node.is(Op::kReduce) && accumulates_in_f32(node.type.dtype, node.get<ReduceAttributes>().combine);
    bool puts = node.is(Op::kPut) && accumulates_in_f32(node.type.dtype, node.get<AccessAttributes>().mode);
    if (!reduces && !puts) return copy_node(std::move(node));
    for (size_t i = 0; i < (puts ? 2 : 1); ++i) node.operands[i] = cast(node.operands[i], DType::kF32);
    Node wide{.kind = NodeKind::kOp, .op = node.op, .attributes = node.attributes};
    wide.type = {DType::kF32, to_.dims.resolve(node.type.shape)};
    wide.operands = std::move(node.operands);
    NodeId sum = to_.add(std::move(wide));
    to_.add_origins(sum, from_[id].origins);
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
