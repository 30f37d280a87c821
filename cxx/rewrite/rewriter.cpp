// The application of optimizers until none applies.
#include <fmt/format.h>

#include <algorithm>

#include "ir/print.hpp"
#include "rewrite/optimizer.hpp"

namespace caten {
namespace {

class Rewriter : public GraphCopier {
 public:
  Rewriter(const Graph& from, Graph& to, const std::vector<const Optimizer*>& rules, const OptimizeOptions& options,
           std::vector<std::string>& applied)
      : GraphCopier(from, to), rules_(rules), options_(options), applied_(applied) {}

 private:
  NodeId visit(NodeId, Node&& node) override {
    NodeId id = copy_node(std::move(node));
    // A result of a rule may be matched again; the step limit ends circles.
    for (bool changed = true; changed && applied_.size() < (options_.once ? 1 : options_.step_limit);) {
      changed = false;
      for (const Optimizer* rule : rules_) {
        NodeId next = apply(*rule, id);
        if (next == id) continue;
        id = next;
        changed = true;
        break;
      }
    }
    return id;
  }

  NodeId apply(const Optimizer& rule, NodeId id) {
    std::optional<Match> found = match(to_, rule.pattern, id);
    if (!found) return id;
    bool late = rule.when && needs_replacement(*rule.when);
    if (rule.when && !late && guard_holds(to_, *rule.when, *found, options_.hooks) != true) return id;
    ValueType type = to_.type(id);
    DimEnv dims = to_.dims;
    Result<NodeId> made = instantiate(to_, rule.replacement, *found, type, options_.hooks);
    bool fits = made && to_.type(*made).dtype == type.dtype &&
                to_.dims.resolve(to_.type(*made).shape) == dims.resolve(type.shape) &&
                to_.dims.guards().size() == dims.guards().size() &&
                to_.dims.solution().size() == dims.solution().size();
    if (!fits) {
      to_.dims = std::move(dims);
      trace("{}: not applied to {}: {}", rule.name, describe_node(to_, id),
            made ? fmt::format("the replacement is {}, not {}", describe(to_.type(*made)), describe(type))
                 : made.error().message);
      return id;
    }
    if (*made == id) return id;
    found->replacement = *made;
    if (late && guard_holds(to_, *rule.when, *found, options_.hooks) != true) return id;
    trace("{}: {} → {}", rule.name, describe_node(to_, id), describe_node(to_, *made));
    applied_.push_back(rule.name);
    return *made;
  }

  template <class... A>
  void trace(fmt::format_string<A...> format, A&&... arguments) {
    if (options_.trace) options_.trace(fmt::format(format, std::forward<A>(arguments)...));
  }

  const std::vector<const Optimizer*>& rules_;
  const OptimizeOptions& options_;
  std::vector<std::string>& applied_;
};

}  // namespace

Result<Graph> optimize(const Graph& graph, const std::vector<Optimizer>& rules, const OptimizeOptions& options) {
  std::vector<const Optimizer*> active;
  for (const Optimizer& rule : rules)
    if (!options.off.contains(rule.name) && (rule.runtime.empty() || rule.runtime == options.runtime))
      active.push_back(&rule);
  Graph current = resolve_dims(graph);
  std::vector<std::string> applied;
  for (bool changed = !active.empty(); changed;) {
    size_t before = applied.size();
    Graph next;
    Rewriter(current, next, active, options, applied).copy_program();
    current = std::move(next);
    changed = applied.size() > before && !options.once;
    if (options.once) break;
    if (applied.size() < options.step_limit) continue;
    std::set<std::string> names(applied.end() - static_cast<std::ptrdiff_t>(applied.size() / 2), applied.end());
    return fail({.code = Code::BadOptimizer,
                 .message = fmt::format("optimizers go on for ever: {}", fmt::join(names, ", ")),
                 .expected = fmt::format("no rule to apply after fewer than {} steps", options.step_limit),
                 .found = fmt::format("{} steps", applied.size()),
                 .remedy = fmt::format("switch one off (-fno-{}), or make a replacement that is not matched again",
                                       *names.begin())});
  }
  return resolve_dims(std::move(current));
}

}  // namespace caten
