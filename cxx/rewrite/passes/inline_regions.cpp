// Composites become their bodies; what they say of their kernels is noted there.
#include <algorithm>

#include "ir/regions.hpp"
#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

class Inliner : public GraphCopier {
 public:
  Inliner(const Graph& from, Graph& to) : GraphCopier(from, to), contracted_(contracted_nodes(from)) {}

 private:
  NodeId visit(NodeId id, const Node& node, std::vector<NodeId> operands) override {
    if (node.kind == NodeKind::kRegion) return operands[0];
    if (!contracted_[id.value] || !node.is(Op::kAdd)) return copy_node(node, std::move(operands));
    Node sum = node;
    sum.contract = true;
    return copy_node(sum, std::move(operands));
  }

  std::vector<bool> contracted_;
};

}  // namespace

std::optional<Graph> inline_regions(const Graph& graph, const RewriteOptions&) {
  auto is_region = [](const Node& node) { return node.kind == NodeKind::kRegion; };
  if (std::none_of(graph.nodes().begin(), graph.nodes().end(), is_region)) return std::nullopt;
  Graph out;
  std::optional<Graph> marked = mark_schedules(graph);
  Inliner(marked ? *marked : graph, out).copy_program();
  return with_sizes_resolved(std::move(out));
}

}  // namespace caten
