#include "autodiff/selection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/rules.hpp"

namespace caten::autodiff {
namespace {

template <class Items>
std::vector<std::string> names_of(const Items& items) {
  std::vector<std::string> out;
  for (const auto& item : items) out.push_back(item.name);
  return out;
}

tl::unexpected<Diagnostic> unknown(const std::string& what, const std::string& name,
                                   const std::vector<std::string>& known) {
  std::string guess = did_you_mean(name, known);
  return fail({.code = Code::UnknownName,
               .message = fmt::format("the program has no {} `{}` to differentiate", what, name),
               .expected = known.empty() ? "none" : fmt::format("one of {}", fmt::join(known, " ")),
               .found = name,
               .remedy = guess.empty() ? "name one of them" : guess});
}

tl::unexpected<Diagnostic> discrete(const std::string& what, const std::string& name, const ValueType& type) {
  return fail({.code = Code::UnsupportedDType,
               .message = fmt::format("{} `{}` has no gradient", what, name),
               .expected = "one of " + describe(kFloatSet | kComplexSet),
               .found = describe(type),
               .remedy = "differentiate by float or complex values"});
}

bool has_gradient(DType dtype) { return contains(kFloatSet | kComplexSet, dtype); }

/// What of a value's operands its derivative may come from.
bool passes(const Graph& graph, const Node& node, size_t operand) {
  switch (marker(node)) {
    case Marker::kStopGradient: return false;
    case Marker::kCustomGradient: return operand > 0 && operand <= (node.operands.size() - 1) / 2;
    default: break;
  }
  if (node.kind == NodeKind::kRegion) return operand == 0;
  if (node.is(Op::kLoop)) return true;
  if (!differentiable(node.type.dtype) || !differentiable(graph.type(node.operands[operand]).dtype)) return false;
  return node.kind != NodeKind::kOp || rule_kind(node.op) != RuleKind::kNone;
}

std::string what_ends(const Node& node) {
  if (node.kind == NodeKind::kRegion) return node.get<RegionAttributes>().name;
  return std::string(node.kind == NodeKind::kOp ? op_name(node.op) : "result");
}

/// Why nothing flows from the leaf to the outputs: the first value that depends on it and passes nothing on.
Status find_path(const Graph& graph, const std::vector<NodeId>& needed, const std::vector<Graph::Output>& outputs,
                 const Graph::Input& leaf) {
  std::vector<char> varies(graph.size(), 0);
  NodeId end{};
  for (NodeId id : needed) {
    const Node& node = graph[id];
    bool reached = id == leaf.node, stopped = false;
    for (size_t k = 0; k < node.operands.size(); ++k) {
      if (!varies[node.operands[k].value]) continue;
      bool through = passes(graph, node, k);
      reached = reached || through;
      stopped = stopped || !through;
    }
    varies[id.value] = reached;
    bool argument = node.kind == NodeKind::kRegion && marker(node) == Marker::kNone;  // the body says what it does
    if (stopped && !reached && !end.valid() && !argument) end = id;
  }
  for (const Graph::Output& output : outputs)
    if (varies[output.value.value]) return {};
  Diagnostic out{.code = Code::BadArgument, .message = "", .expected = "a path of values that all have derivatives"};
  if (!end.valid()) {
    out.message = fmt::format("the result does not depend on `{}`", leaf.name);
    out.found = "no path";
    out.remedy = "differentiate by what the result depends on, or ask for zeros there";
    return tl::make_unexpected(std::move(out));
  }
  const Node& node = graph[end];
  out.message =
      fmt::format("the result depends on `{}` only through `{}`, which has no derivative", leaf.name, what_ends(node));
  out.found = fmt::format("`{}` of type {}", what_ends(node), describe(node.type));
  out.remedy = "replace it by something smooth, leave the argument out, or ask for zeros there";
  if (!node.origins.empty()) {
    const Origin& origin = graph.origins[node.origins[0]];
    out.span = origin.span;
    if (!origin.composite_path.empty()) out.notes.push_back("in composite " + origin.composite_path);
  }
  return tl::make_unexpected(std::move(out));
}

}  // namespace

Result<std::vector<Graph::Output>> chosen_outputs(const Graph& graph, const std::vector<std::string>& names) {
  std::vector<Graph::Output> out;
  if (names.empty())
    std::copy_if(graph.outputs.begin(), graph.outputs.end(), std::back_inserter(out),
                 [&](const Graph::Output& output) { return has_gradient(graph.type(output.value).dtype); });
  for (const std::string& name : names) {
    auto found = std::find_if(graph.outputs.begin(), graph.outputs.end(),
                              [&](const Graph::Output& output) { return output.name == name; });
    if (found == graph.outputs.end()) return unknown("output", name, names_of(graph.outputs));
    if (!has_gradient(graph.type(found->value).dtype)) return discrete("output", name, graph.type(found->value));
    out.push_back(*found);
  }
  return out;
}

Result<std::vector<Graph::Input>> chosen_leaves(const Graph& graph, const std::vector<std::string>& names) {
  std::vector<Graph::Input> leaves = graph.inputs, out;
  for (const Graph::State& state : graph.states) leaves.push_back({state.name, state.node});
  if (names.empty())
    std::copy_if(graph.inputs.begin(), graph.inputs.end(), std::back_inserter(out),
                 [&](const Graph::Input& input) { return has_gradient(graph.type(input.node).dtype); });
  for (const std::string& name : names) {
    auto found =
        std::find_if(leaves.begin(), leaves.end(), [&](const Graph::Input& leaf) { return leaf.name == name; });
    if (found == leaves.end()) return unknown("input or state", name, names_of(leaves));
    if (!has_gradient(graph.type(found->node).dtype)) return discrete("input", name, graph.type(found->node));
    out.push_back(*found);
  }
  return out;
}

Status check_paths(const Graph& graph, const std::vector<Graph::Output>& outputs,
                   const std::vector<Graph::Input>& leaves) {
  std::vector<NodeId> needed = graph.reachable();
  for (const Graph::Input& leaf : leaves) CATEN_TRY(find_path(graph, needed, outputs, leaf));
  return {};
}

std::string fresh_name(const std::string& prefix, const std::string& name, std::set<std::string>& taken) {
  std::string out = prefix + name;
  while (!taken.insert(out).second) out += "_";
  return out;
}

std::set<std::string> leaf_names(const Graph& graph) {
  std::set<std::string> out;
  for (const Graph::Input& input : graph.inputs) out.insert(input.name);
  for (const Graph::State& state : graph.states) out.insert(state.name);
  return out;
}

}  // namespace caten::autodiff
