// Composites become their bodies; what they say of their kernels is noted there.
#include <algorithm>

#include "ir/regions.hpp"
#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

class Inliner : public GraphCopier {
 public:
  Inliner(Graph&& from, Graph& to) : GraphCopier(std::move(from), to), contracted_(contracted_nodes(from_)) {}

 private:
  NodeId visit(NodeId id, Node&& node) override {
    if (node.kind == NodeKind::kRegion) return node.operands[0];
    node.contract = node.contract || (contracted_[id.value] && node.is(Op::kAdd));
    return copy_node(std::move(node));
  }

  std::vector<bool> contracted_;
};

}  // namespace

bool inline_regions(Graph& graph, const RewriteOptions&) {
  auto is_region = [](const Node& node) { return node.kind == NodeKind::kRegion; };
  if (std::none_of(graph.nodes().begin(), graph.nodes().end(), is_region)) return false;
  Graph out;
  std::optional<Graph> marked = mark_schedules(graph);
  Inliner(std::move(marked ? *marked : graph), out).copy_program();
  graph = with_sizes_resolved(std::move(out));
  return true;
}

}  // namespace caten
