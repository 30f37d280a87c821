// The identities of rules/, bottom-up; a result of one rule may be the operand of the next.
#include <fmt/format.h>

#include "ir/print.hpp"
#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

class Simplifier : public GraphCopier {
 public:
  Simplifier(Graph&& from, Graph& to, const RewriteOptions& options)
      : GraphCopier(std::move(from), to), options_(options), by_root_(all_ops().size()) {
    for (const Rule& rule : all_rules())
      if (!options.off.contains(std::string(rule.name))) by_root_[static_cast<size_t>(rule.root)].push_back(&rule);
  }
  bool changed() const { return changed_; }

 private:
  NodeId visit(NodeId, Node&& node) override {
    NodeId id = copy_node(std::move(node));
    // Every rule makes its value of fewer nodes, so that this ends.
    while (apply_rule(id)) changed_ = true;
    return id;
  }

  /// Puts a simpler value in place of this one, if a rule has one.
  bool apply_rule(NodeId& id) {
    if (to_[id].kind != NodeKind::kOp) return false;
    const std::vector<const Rule*>& rules = by_root_[static_cast<size_t>(to_[id].op)];
    if (rules.empty()) return false;
    node_ = to_[id];
    for (const Rule* rule : rules) {
      NodeId simpler = rule->apply(Build(to_), node_);
      if (!simpler.valid() || simpler == id) continue;
      if (options_.trace)
        options_.trace(fmt::format("{}: {} → {}", rule->name, describe_node(to_, id), describe_node(to_, simpler)));
      id = simpler;
      return true;
    }
    return false;
  }

  const RewriteOptions& options_;
  std::vector<std::vector<const Rule*>> by_root_;
  Node node_;  ///< what rules look at: a copy, since they add nodes
  bool changed_ = false;
};

}  // namespace

bool simplify(Graph& graph, const RewriteOptions& options) {
  Graph out;
  Simplifier pass(std::move(graph), out, options);
  pass.copy_program();
  graph = with_sizes_resolved(std::move(out));
  return pass.changed();
}

}  // namespace caten
