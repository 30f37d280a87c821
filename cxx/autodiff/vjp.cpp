#include "autodiff/vjp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "autodiff/reverse.hpp"

namespace caten {

using autodiff::Flow;
using autodiff::Flows;
using autodiff::prepare_loops;
using autodiff::Reverse;

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

/// "d_x", with underscores until no name is the same.
std::string fresh(const std::string& name, std::set<std::string>& taken) {
  std::string out = "d_" + name;
  while (!taken.insert(out).second) out += "_";
  return out;
}

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

/// Inputs and states by name.
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

}  // namespace

Result<Graph> vjp(const Graph& program, const VjpOptions& options) {
  Graph out = prepare_loops(program);
  auto outputs = chosen_outputs(out, options.outputs);
  if (!outputs) return tl::make_unexpected(std::move(outputs.error()));
  auto leaves = chosen_leaves(out, options.wrt);
  if (!leaves) return tl::make_unexpected(std::move(leaves.error()));

  std::set<std::string> taken;
  for (const Graph::Input& input : out.inputs) taken.insert(input.name);
  for (const Graph::State& state : out.states) taken.insert(state.name);
  std::vector<std::pair<NodeId, Flow>> seeds;
  for (const Graph::Output& output : *outputs) {
    ValueType type = out.type(output.value);
    seeds.emplace_back(output.value, Flow{out.add_input(fresh(output.name, taken), type)});
  }
  std::vector<NodeId> targets;
  for (const Graph::Input& leaf : *leaves) targets.push_back(leaf.node);
  Flows found = Reverse(out).run(seeds, targets);

  if (!options.primal) {
    out.outputs.clear();
    for (Graph::State& state : out.states) state.next = {};
  }
  taken.clear();
  for (const Graph::Output& output : out.outputs) taken.insert(output.name);
  for (size_t k = 0; k < leaves->size(); ++k) {
    NodeId value = found[k] ? found[k].value : Build(out).zeros(out.type(targets[k]));
    out.outputs.push_back({fresh((*leaves)[k].name, taken), value});
  }
  // Only what is needed, with sizes that were solved on the way replaced.
  return resolve_dims(std::move(out));
}

}  // namespace caten
