#include "training/loop.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstring>

#include "ir/evaluate.hpp"
#include "ir/scalar.hpp"

namespace caten::training {

namespace {

/// Elements that are looked at for the origin of a value that is not finite: the evaluator is slow.
constexpr int64_t kMostElements = int64_t{1} << 24;

bool finite(const Array& array) {
  size_t bytes = dtype_size(array.dtype());
  for (int64_t k = 0; k < array.elements(); ++k)
    if (!std::isfinite(Scalar::load(array.dtype(), array.data() + static_cast<size_t>(k) * bytes).as_real()))
      return false;
  return true;
}

/// The program of all its own values of floats, in order, that no loop variable reaches.
Graph of_all_values(const Graph& graph, std::vector<NodeId>& values) {
  Graph all = graph;
  all.outputs.clear();
  int64_t elements = 0;
  for (NodeId id : graph.reachable()) {
    const Node& node = graph[id];
    if (!is_float(node.type.dtype) || node.free_levels != 0 || node.is(Op::kLoop)) continue;
    int64_t count = 1;
    for (int64_t size : concrete(node.type.shape, {})) count *= size;
    elements += count;
    if (elements > kMostElements) break;
    values.push_back(id);
    all.outputs.push_back({fmt::format("value{}", values.size()), id});
  }
  for (Graph::State& state : all.states) state.next = {};
  return all;
}

/// What is said of a node: its op, and the composites in which it stands.
void add_place(Diagnostic& diagnostic, const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  diagnostic.found = fmt::format("`{}` makes it of finite values",
                                 node.kind == NodeKind::kOp ? std::string(op_name(node.op)) : std::string("a value"));
  for (uint32_t index : node.origins) {
    const Origin& origin = graph.origins[index];
    if (!diagnostic.span.known()) diagnostic.span = origin.span;
    if (!origin.composite_path.empty()) {
      diagnostic.notes.push_back(fmt::format("in composite `{}`", origin.composite_path));
      return;
    }
  }
}

}  // namespace

Diagnostic describe_not_finite(Stepper& stepper, std::vector<Array> inputs, int64_t step, float loss) {
  Diagnostic out{.code = Code::NotFinite,
                 .message = fmt::format("the loss of step {} is {}", step,
                                        std::isnan(loss) ? "nan"
                                        : loss > 0       ? "inf"
                                                         : "-inf"),
                 .expected = "a finite number",
                 .remedy = "lower the learning rate, clip gradients, or keep the function inside its domain"};
  const Graph& graph = stepper.graph();
  Result<std::vector<Array>> states = stepper.states();
  if (!states) return states.error();
  for (size_t k = 0; k < states->size(); ++k)
    if (is_float((*states)[k].dtype()) && !finite((*states)[k])) {
      out.found = fmt::format("`{}` was not finite before the step", graph.states[k].name);
      return out;
    }
  for (size_t k = 0; k < inputs.size(); ++k)
    if (is_float(inputs[k].dtype()) && !finite(inputs[k])) {
      out.found = fmt::format("input {} has values that are not finite", k);
      out.remedy = "clean the data";
      return out;
    }
  std::vector<NodeId> values;
  Graph all = of_all_values(graph, values);
  Arguments call = stepper.arguments(std::move(inputs));
  call.states = std::move(*states);
  Result<Results> results = evaluate(all, call, {.memory_limit = size_t{2} << 30});
  if (!results) return out;
  for (size_t k = 0; k < values.size(); ++k)
    if (!finite(results->outputs[k]) && graph[values[k]].kind == NodeKind::kOp && !graph[values[k]].is(Op::kConst)) {
      add_place(out, graph, values[k]);
      break;
    }
  return out;
}

Result<std::vector<std::vector<float>>> run_steps(Stepper& stepper, Batches& batches, const LoopOptions& options) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin = Clock::now();
  std::vector<std::vector<float>> done;
  for (int64_t k = 0; k < options.count; ++k) {
    if (k > 0 && std::chrono::duration<double>(Clock::now() - begin).count() > options.seconds) break;
    int64_t step = options.first + k;
    std::vector<Array> batch = batches.batch(step);
    Result<std::vector<Array>> outputs = stepper.step(batch);
    if (!outputs) {
      // What was done counts: the request to stop is heard by whoever asks for more.
      if (outputs.error().code == Code::Interrupted && !done.empty()) break;
      return tl::make_unexpected(outputs.error());
    }
    std::vector<float> row;
    for (const Array& output : *outputs) {
      float value = 0;
      std::memcpy(&value, output.data(), sizeof value);
      row.push_back(value);
    }
    if (!row.empty() && !std::isfinite(row[0]))
      return tl::make_unexpected(describe_not_finite(stepper, std::move(batch), step, row[0]));
    done.push_back(std::move(row));
  }
  return done;
}

}  // namespace caten::training
