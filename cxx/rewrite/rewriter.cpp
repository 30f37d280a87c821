// Guards, and the application of optimizers until none applies.
#include <fmt/format.h>

#include <algorithm>

#include "ir/print.hpp"
#include "rewrite/optimizer.hpp"

namespace caten {
namespace {

class Guards {
 public:
  Guards(const Graph& graph, const Match& match, const CompositeHooks& hooks)
      : graph_(graph), match_(match), hooks_(hooks) {}

  std::optional<bool> holds(const Datum& guard) const {
    if (guard.is_symbol("true")) return true;
    if (!guard.is_list() || guard.items.empty()) return std::nullopt;
    const std::string& word = guard[0].text;
    if (word == "and" || word == "or") {
      bool decisive = word == "or", unknown = false;
      for (size_t i = 1; i < guard.size(); ++i) {
        std::optional<bool> part = holds(guard[i]);
        if (part == decisive) return decisive;
        unknown = unknown || !part;
      }
      return unknown ? std::nullopt : std::optional<bool>(!decisive);
    }
    if (word == "not") {
      std::optional<bool> part = guard.size() == 2 ? holds(guard[1]) : std::nullopt;
      return part ? std::optional<bool>(!*part) : std::nullopt;
    }
    if (word == "dtype-in" || word == "rank-in" || word == "constant") return about(word, guard);
    for (size_t i = 1; i + 1 < guard.size(); ++i) {
      std::optional<bool> part = compare(word, size(guard[i]), size(guard[i + 1]));
      if (!part || !*part) return part;
    }
    return true;
  }

 private:
  std::optional<bool> about(const std::string& word, const Datum& guard) const {
    auto bound = match_.variables.find(guard[1].text);
    if (bound == match_.variables.end() || !bound->second.node.valid()) return std::nullopt;
    const ValueType& type = graph_.type(bound->second.node);
    if (word == "constant") return constant_value(graph_, bound->second.node).has_value();
    for (size_t i = 2; i < guard.size(); ++i) {
      if (word == "dtype-in" && guard[i].text == dtype_name(type.dtype)) return true;
      if (word == "rank-in" && guard[i].integer == static_cast<int64_t>(type.shape.size())) return true;
    }
    return false;
  }

  std::optional<Dim> size(const Datum& datum) const {
    if (datum.is_integer()) return Dim(datum.integer);
    if (datum.is_symbol()) {
      if (hooks_.size && graph_[match_.root].kind == NodeKind::kRegion)
        if (std::optional<Dim> named = hooks_.size(graph_, match_.root, datum.text)) return named;
      if (graph_.dims.declared(datum.text)) return graph_.dims.resolve(Dim::symbol(datum.text));
      return std::nullopt;
    }
    if (!datum.is_list() || datum.items.empty()) return std::nullopt;
    const std::string& word = datum[0].text;
    if (word == "+" || word == "*") {
      Dim out(word == "+" ? 0 : 1);
      for (size_t i = 1; i < datum.size(); ++i) {
        std::optional<Dim> part = size(datum[i]);
        if (!part) return std::nullopt;
        out = word == "+" ? out + *part : out * *part;
      }
      return out;
    }
    if (word != "dim" && word != "rank") return std::nullopt;
    auto bound = match_.variables.find(datum[1].text);
    if (bound == match_.variables.end() || !bound->second.node.valid()) return std::nullopt;
    const Shape& shape = graph_.type(bound->second.node).shape;
    auto rank = static_cast<int64_t>(shape.size());
    if (word == "rank") return Dim(rank);
    int64_t axis = datum[2].integer < 0 ? datum[2].integer + rank : datum[2].integer;
    if (axis < 0 || axis >= rank) return std::nullopt;
    return graph_.dims.resolve(shape[static_cast<size_t>(axis)]);
  }

  std::optional<bool> compare(const std::string& word, std::optional<Dim> a, std::optional<Dim> b) const {
    if (!a || !b || a->overflowed() || b->overflowed()) return std::nullopt;
    const DimEnv& dims = graph_.dims;
    if (word == ">" || word == ">=") std::swap(a, b);
    if (word == "=") {
      if (dims.proves_equal(*a, *b)) return true;
      if (dims.proves_le(*a + Dim(1), *b) || dims.proves_le(*b + Dim(1), *a)) return false;
      return std::nullopt;
    }
    bool strict = word == "<" || word == ">";
    if (dims.proves_le(strict ? *a + Dim(1) : *a, *b)) return true;
    if (dims.proves_le(strict ? *b : *b + Dim(1), *a)) return false;
    return std::nullopt;
  }

  const Graph& graph_;
  const Match& match_;
  const CompositeHooks& hooks_;
};

class Rewriter : public GraphCopier {
 public:
  Rewriter(const Graph& from, Graph& to, const std::vector<const Optimizer*>& rules, const OptimizeOptions& options,
           std::vector<std::string>& applied)
      : GraphCopier(from, to), rules_(rules), options_(options), applied_(applied) {}

 private:
  NodeId visit(NodeId, const Node& node, std::vector<NodeId> operands) override {
    NodeId id = copy_node(node, std::move(operands));
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
    if (rule.when && guard_holds(to_, *rule.when, *found, options_.hooks) != true) return id;
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

std::optional<bool> guard_holds(const Graph& graph, const Datum& guard, const Match& match,
                                const CompositeHooks& hooks) {
  return Guards(graph, match, hooks).holds(guard);
}

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
  return resolve_dims(current);
}

}  // namespace caten
