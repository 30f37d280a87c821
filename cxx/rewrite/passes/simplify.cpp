// The identities of rules/, bottom-up; a result of one rule may be the operand of the next.
#include <fmt/format.h>

#include "ir/print.hpp"
#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

class Simplifier : public GraphCopier {
 public:
  Simplifier(const Graph& from, Graph& to, const RewriteOptions& options)
      : GraphCopier(from, to), options_(options), by_root_(all_ops().size()) {
    for (const Rule& rule : all_rules())
      if (!options.off.contains(std::string(rule.name))) by_root_[static_cast<size_t>(rule.root)].push_back(&rule);
  }

 private:
  NodeId visit(NodeId, const Node& node, std::vector<NodeId> operands) override {
    NodeId id = copy_node(node, std::move(operands));
    // Every rule makes its value of fewer nodes, so that this ends.
    for (bool changed = true; changed;) {
      changed = false;
      if (to_[id].kind != NodeKind::kOp) break;
      for (const Rule* rule : by_root_[static_cast<size_t>(to_[id].op)]) {
        NodeId simpler = rule->apply(Build(to_), Node(to_[id]));
        if (!simpler.valid() || simpler == id) continue;
        if (options_.trace)
          options_.trace(fmt::format("{}: {} → {}", rule->name, describe_node(to_, id), describe_node(to_, simpler)));
        id = simpler;
        changed = true;
        break;
      }
    }
    return id;
  }

  const RewriteOptions& options_;
  std::vector<std::vector<const Rule*>> by_root_;
};

}  // namespace

Graph simplify(const Graph& graph, const RewriteOptions& options) {
  Graph out;
  Simplifier(graph, out, options).copy_program();
  return resolve_dims(std::move(out));
}

}  // namespace caten
