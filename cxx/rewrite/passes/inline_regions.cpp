// Composites become their bodies; what they say of their kernels is noted there.
#include "ir/regions.hpp"
#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

class Inliner : public GraphCopier {
 public:
  using GraphCopier::GraphCopier;

 private:
  NodeId visit(NodeId, const Node& node, std::vector<NodeId> operands) override {
    return node.kind == NodeKind::kRegion ? operands[0] : copy_node(node, std::move(operands));
  }
};

}  // namespace

Graph inline_regions(const Graph& graph, const RewriteOptions&) {
  Graph out;
  std::optional<Graph> marked = mark_schedules(graph);
  Inliner(marked ? *marked : graph, out).copy_program();
  return resolve_dims(std::move(out));
}

}  // namespace caten
