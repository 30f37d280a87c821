#include <fmt/format.h>

#include "generate/generate.hpp"
#include "ir/evaluate.hpp"
#include "ir/print.hpp"

namespace caten::generated {
namespace {

/// Copies what one value needs; values that are cut become inputs with the elements that the reference computes.
class Cutter : public GraphCopier {
 public:
  Cutter(const Graph& from, Graph& to) : GraphCopier(from, to) {
    to.name = from.name;
    to.dims = from.dims;
  }
};

/// The same program with just these outputs and no change of states.
Case with_outputs(const Case& given, const std::vector<NodeId>& outputs) {
  Case out = given;
  out.graph.outputs.clear();
  for (NodeId id : outputs) out.graph.outputs.push_back({fmt::format("y{}", out.graph.outputs.size()), id});
  for (Graph::State& state : out.graph.states) state.next = {};
  return out;
}

/// The case with one node as its output and the node's own operands as inputs.
std::optional<Case> isolate(const Case& given, NodeId node) {
  const Graph& graph = given.graph;
  std::vector<NodeId> operands;
  size_t count = graph[node].is(Op::kLoop) ? 0 : graph[node].operands.size();
  for (size_t i = 0; i < count; ++i) {
    NodeId operand = graph[node].operands[i];
    const Node& inner = graph[operand];
    bool leaf = inner.kind == NodeKind::kInput || inner.is(Op::kConst) || inner.is(Op::kIndex) || inner.is(Op::kLoop);
    if (!leaf) operands.push_back(operand);
  }
  Case asked = with_outputs(given, operands);
  Result<Results> values = evaluate(asked.graph, asked.arguments);
  if (!values) return std::nullopt;
  Case out;
  Cutter cutter(graph, out.graph);
  Result<DimValues> sizes = bind_sizes(graph, given.arguments);
  if (!sizes) return std::nullopt;
  for (const auto& [name, value] : *sizes)
    if (!graph.dims.solution().contains(name)) out.arguments.sizes[name] = value;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    cutter.map(graph.inputs[i].node, out.graph.add_input(graph.inputs[i].name, graph.type(graph.inputs[i].node)));
    out.arguments.inputs.push_back(given.arguments.inputs[i]);
  }
  for (size_t i = 0; i < graph.states.size(); ++i) {
    cutter.map(graph.states[i].node, out.graph.add_input(graph.states[i].name, graph.type(graph.states[i].node)));
    out.arguments.inputs.push_back(given.arguments.states[i]);
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    if (cutter.mapped(operands[i])) continue;
    cutter.map(operands[i], out.graph.add_input(fmt::format("v{}", i), graph.type(operands[i])));
    out.arguments.inputs.push_back(values->outputs[i]);
  }
  out.graph.outputs.push_back({"y", cutter.copy(node)});
  return out;
}

/// Without the inputs that the outputs do not need.
Case without_unused(const Case& given) {
  std::vector<bool> needed(given.graph.size(), false);
  for (NodeId root : given.graph.roots()) needed[root.value] = true;
  for (size_t i = given.graph.size(); i-- > 0;)
    if (needed[i])
      for (NodeId operand : given.graph.nodes()[i].operands) needed[operand.value] = true;
  Case out;
  out.arguments.sizes = given.arguments.sizes;
  Cutter cutter(given.graph, out.graph);
  for (size_t i = 0; i < given.graph.inputs.size(); ++i) {
    const Graph::Input& input = given.graph.inputs[i];
    if (!needed[input.node.value]) continue;
    cutter.map(input.node, out.graph.add_input(input.name, given.graph.type(input.node), input.donated));
    out.arguments.inputs.push_back(given.arguments.inputs[i]);
  }
  if (!given.graph.states.empty()) return given;
  for (const Graph::Output& output : given.graph.outputs)
    out.graph.outputs.push_back({output.name, cutter.copy(output.value)});
  return out;
}

std::string elements(const Array& array) {
  std::string out;
  for (int64_t i = 0; i < std::min<int64_t>(array.elements(), 64); ++i)
    out +=
        " " +
        print(
            Scalar::load(array.dtype(), array.data() + static_cast<size_t>(i) * dtype_size(array.dtype())).to_datum());
  return out + (array.elements() > 64 ? " …" : "");
}

}  // namespace

Verdict check(const Case& given, const Runner& run) {
  Verdict verdict;
  ResultBounds bounds;
  Result<Results> reference = evaluate(given.graph, given.arguments, {.bounds = &bounds});
  Result<Results> found = run(given.graph, given.arguments);
  if (!reference || !found) {
    if (!reference && !found && reference.error().code == found.error().code) return verdict;
    verdict.wrong = 1;
    if (!found) verdict.failure = found.error();
    verdict.message =
        fmt::format("reference: {}; found: {}", reference ? "results" : render(reference.error(), SourceMap()),
                    found ? "results" : render(found.error(), SourceMap()));
    return verdict;
  }
  auto compare_all = [&](const std::vector<Array>& a, const std::vector<Array>& b,
                         const std::vector<ErrorBounds>& limits, const char* kind, size_t first) {
    for (size_t i = 0; i < b.size(); ++i) {
      Comparison comparison = compare(a[i], b[i], i < limits.size() ? limits[i] : nullptr);
      verdict.max_ulp.push_back(comparison.max_ulp);
      verdict.passed += comparison.passed;
      verdict.ill_conditioned += comparison.ill_conditioned;
      verdict.wrong += comparison.wrong;
      verdict.wrong_of.push_back(comparison.wrong);
      if (comparison.ok() || !verdict.message.empty()) continue;
      verdict.first_wrong = first + i;
      verdict.message = fmt::format("{} {}, {}: {}", kind, i, caten::describe(b[i]), comparison.first_wrong);
    }
  };
  compare_all(found->outputs, reference->outputs, bounds.outputs, "output", 0);
  compare_all(found->states, reference->states, bounds.states, "state", reference->outputs.size());
  return verdict;
}

Case shrink(const Case& given, const Runner& run) {
  Verdict verdict = check(given, run);
  if (verdict.ok()) return given;
  std::vector<NodeId> results;
  for (const Graph::Output& output : given.graph.outputs) results.push_back(output.value);
  for (const Graph::State& state : given.graph.states) results.push_back(state.next.valid() ? state.next : state.node);
  if (!verdict.max_ulp.empty()) results = {results[verdict.first_wrong]};
  std::optional<Case> found;
  for (size_t i = 0; i < results.size() && !found; ++i)
    if (Case single = with_outputs(given, {results[i]}); !check(single, run).ok()) found = std::move(single);
  if (!found) return given;
  const Case& one = *found;
  Case best = one;
  // The first value that is wrong by itself.
  for (NodeId id : one.graph.reachable()) {
    const Node& node = one.graph[id];
    if (node.free_levels != 0 || node.is(Op::kLoop) || node.kind == NodeKind::kInput || node.kind == NodeKind::kState)
      continue;
    Case smaller = with_outputs(given, {id});
    if (check(smaller, run).ok()) continue;
    best = smaller;
    break;
  }
  if (std::optional<Case> isolated = isolate(best, best.graph.outputs[0].value);
      isolated && !check(*isolated, run).ok())
    best = *isolated;
  if (Case smaller = without_unused(best); !check(smaller, run).ok()) best = smaller;
  return best;
}

std::string describe(const Case& given) {
  std::string out = print(given.graph) + "\n";
  for (const auto& [name, value] : given.arguments.sizes) out += fmt::format("{} = {}\n", name, value);
  for (size_t i = 0; i < given.arguments.inputs.size(); ++i)
    out += fmt::format("{}: {}{}\n", given.graph.inputs[i].name, caten::describe(given.arguments.inputs[i]),
                       elements(given.arguments.inputs[i]));
  for (size_t i = 0; i < given.arguments.states.size(); ++i)
    out += fmt::format("{}: {}{}\n", given.graph.states[i].name, caten::describe(given.arguments.states[i]),
                       elements(given.arguments.states[i]));
  return out;
}

}  // namespace caten::generated
