#include "schedule/schedule.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"
#include "programs.hpp"
#include "schedule/memory.hpp"

namespace caten {
namespace {

size_t launches(const std::vector<Command>& commands) {
  size_t count = 0;
  for (const Command& command : commands)
    if (std::holds_alternative<LaunchCommand>(command.what))
      ++count;
    else if (auto* loop = std::get_if<LoopCommand>(&command.what))
      count += launches(loop->body);
  return count;
}

Graph with_input(Shape shape) {
  Graph graph;
  graph.add_input("x", programs::f32(std::move(shape)));
  return graph;
}

}  // namespace

TEST_CASE("schedules of a dozen programs") {
  std::string text;
  for (const programs::Program& program : programs::all())
    text += print_schedule(make_schedule(programs::make(program))) + "\n";
  check_golden("schedule/programs.txt", text);
}

TEST_CASE("passes of the schedule are switched off by name") {
  for (const programs::Program& program : programs::all()) {
    if (program.name != "softmax") continue;
    Graph graph = programs::make(program);
    auto kernels = [&](std::set<std::string> off) { return make_schedule(graph, {std::move(off)}).kernels.size(); };
    CHECK(kernels({}) == 1);
    CHECK(kernels({"grouping"}) == 4);
    CHECK(kernels({"fusion", "grouping"}) == 6);
    CHECK(kernels({"no such pass"}) == 1);
  }
  for (const programs::Program& program : programs::all())
    CHECK(compute_lifetimes(make_schedule(programs::make(program), {{"in-place"}})).reuses.empty());
}

TEST_CASE("sums of many elements to a few are computed in parts, which all threads share") {
  auto parts = [](Shape shape, std::vector<int> axes, Combine combine = Combine::kAdd) {
    Graph graph = with_input(std::move(shape));
    graph.outputs = {{"y", Build(graph).reduce(combine, graph.inputs[0].node, std::move(axes))}};
    Schedule made = make_schedule(graph);
    REQUIRE(made.kernels.size() <= 2);
    return made.kernels.size() == 1 ? "" : describe(made.graph.type(made.kernels[0].parts[0].space.root));
  };
  CHECK(parts({Dim(4096), Dim(4096)}, {0, 1}) == "f32[1024]");
  CHECK(parts({Dim(4096), Dim(4096)}, {0, 1}, Combine::kMax) == "f32[1024]");
  CHECK(parts({Dim(1 << 20)}, {0}) == "f32[1024]");
  CHECK(parts({Dim(3), Dim(1000), Dim(1000)}, {1, 2}) == "f32[250 3]");
  CHECK(parts({Dim(256), Dim(77), Dim(3), Dim(100)}, {0, 1, 3}) == "f32[256 3]");
  CHECK(parts({Dim::symbol("M"), Dim(500)}, {0, 1}) == "f32[M]");
  // Rows are folded to one.
  CHECK(parts({Dim(4096), Dim(768)}, {0}) == "f32[64 768]");
  CHECK(parts({Dim(1), Dim(4096), Dim(4096)}, {1}) == "f32[8 1 4096]");
  // Short, of a prime number of elements, or with an element for each thread.
  CHECK(parts({Dim(1000)}, {0}).empty());
  CHECK(parts({Dim(1000003)}, {0}).empty());
  CHECK(parts({Dim(4096), Dim(4096)}, {1}).empty());
  CHECK(parts({Dim(4096), Dim(1 << 15)}, {0}).empty());
  CHECK(parts({Dim::symbol("M")}, {0}).empty());
}

TEST_CASE("a schedule depends on the graph alone") {
  for (const programs::Program& program : programs::all())
    CHECK(print_schedule(make_schedule(programs::make(program))) ==
          print_schedule(make_schedule(programs::make(program))));
}

TEST_CASE("a value used twice by one kernel in the same way is computed inside it") {
  Graph graph = with_input({Dim(8)});
  Build b(graph);
  NodeId s = b.op(Op::kSin, {graph.inputs[0].node});
  graph.outputs.push_back({"y", b.mul(b.add(s, s), s)});
  CHECK(make_schedule(graph).kernels.size() == 1);
}

TEST_CASE("a value that a map and a fold over the same elements read is computed once, inside one kernel") {
  Graph graph = with_input({Dim(8)});
  Build b(graph);
  NodeId x = graph.inputs[0].node, s = b.op(Op::kSin, {x});
  graph.outputs.push_back({"y", b.mul(s, x)});
  graph.outputs.push_back({"z", b.reduce(Combine::kAdd, s, {0})});
  Schedule schedule = make_schedule(graph);
  REQUIRE(schedule.kernels.size() == 1);
  CHECK(schedule.kernels[0].passes == 1);
  const KernelPart* part = schedule.kernels[0].part_of(s);
  REQUIRE(part != nullptr);
  CHECK(part->reason == "read by 2 kernels");
  CHECK_FALSE(part->target.has_value());
}

TEST_CASE("a value read by kernels over different spaces is computed once, unless that costs next to nothing") {
  auto kernels = [](Op op) {
    Graph graph = with_input({Dim(1 << 20)});
    Build b(graph);
    NodeId x = graph.inputs[0].node, s = op == Op::kCast ? b.cast(x, DType::kF64) : b.op(op, {x});
    graph.outputs.push_back({"y", b.mul(s, s)});
    NodeId halves = b.slice(s, {{Dim(0), Dim(4), 1}});
    graph.outputs.push_back({"z", b.op(Op::kSqrt, {halves})});
    return make_schedule(graph);
  };
  Schedule schedule = kernels(Op::kSin);
  REQUIRE(schedule.kernels.size() == 2);
  CHECK(schedule.kernels[0].parts.size() == 2);
  REQUIRE(schedule.kernels[1].boundaries.size() == 1);
  CHECK(schedule.kernels[1].boundaries[0].second == Boundary::kRows);
  CHECK(kernels(Op::kCast).kernels.size() == 2);
}

TEST_CASE("a chain of thousands of ops becomes kernels of bounded size") {
  Graph graph = with_input({Dim(8)});
  Build b(graph);
  NodeId x = graph.inputs[0].node, y = x;
  for (int i = 0; i < 5000; ++i) y = b.add(y, x);
  graph.outputs.push_back({"y", y});
  Schedule schedule = make_schedule(graph);
  CHECK(schedule.kernels.size() >= 20);
  for (const Kernel& kernel : schedule.kernels) CHECK(kernel.inlined.size() <= 210);
}

TEST_CASE("what no counter or carry reaches is computed before the loop") {
  for (const programs::Program& program : programs::all()) {
    if (program.name != "cumsum") continue;
    Schedule schedule = make_schedule(programs::make(program));
    CHECK(std::holds_alternative<LaunchCommand>(schedule.commands[0].what));
    CHECK(launches(schedule.commands) == schedule.kernels.size());
  }
}

TEST_CASE("an output that is an input is a copy, two outputs of one value are a kernel and a copy") {
  Graph graph = with_input({Dim(8)});
  Build b(graph);
  NodeId x = graph.inputs[0].node, y = b.op(Op::kSqrt, {x});
  graph.outputs = {{"a", x}, {"b", y}, {"c", y}};
  Schedule schedule = make_schedule(graph);
  CHECK(schedule.kernels.size() == 1);
  CHECK(schedule.commands.size() == 3);
}

TEST_CASE("temporaries that are not alive together share memory, and a dying operand's memory is reused") {
  Graph graph = with_input({Dim(1000)});
  Build b(graph);
  NodeId y = graph.inputs[0].node;
  for (int i = 0; i < 4; ++i) y = b.op(Op::kCopy, {y}, CopyAttributes{});
  graph.outputs.push_back({"y", y});
  Schedule schedule = make_schedule(graph);
  Result<MemoryPlan> plan = plan_memory(schedule, compute_lifetimes(schedule), {});
  REQUIRE(plan.has_value());
  CHECK(plan->arena_bytes == 4032);
  CHECK(plan->result_bytes == 4032);

  Graph turned;
  turned.add_input("x", programs::f32({Dim(10), Dim(100)}));
  Build t(turned);
  y = turned.inputs[0].node;
  for (int i = 0; i < 4; ++i) y = t.op(Op::kCopy, {t.permute(y, {1, 0})}, CopyAttributes{});
  turned.outputs.push_back({"y", y});
  schedule = make_schedule(turned);
  plan = plan_memory(schedule, compute_lifetimes(schedule), {});
  REQUIRE(plan.has_value());
  CHECK(plan->arena_bytes == 2 * 4032);
}

TEST_CASE("a state may be overwritten only where each element is read at its own place") {
  for (const programs::Program& program : programs::all()) {
    if (program.name != "swap_states" && program.name != "cache") continue;
    Schedule schedule = make_schedule(programs::make(program));
    Lifetimes lifetimes = compute_lifetimes(schedule);
    std::vector<std::string> reused;
    for (const Reuse& reuse : lifetimes.reuses)
      if (schedule.buffers[reuse.from.value].role == BufferRole::kState)
        reused.push_back(schedule.graph.states[schedule.buffers[reuse.from.value].index].name);
    if (program.name == "cache")
      CHECK(reused == std::vector<std::string>{"cache"});
    else
      // The sum is the last reader of both, and reads both in place; the transpose must not overwrite what it reads.
      CHECK(reused == std::vector<std::string>{"u", "v"});
    for (const Reuse& reuse : lifetimes.reuses)
      CHECK_FALSE((schedule.buffers[reuse.to.value].role == BufferRole::kNextState && program.name == "swap_states" &&
                   schedule.buffers[reuse.to.value].index == 0));
  }
}

/// Layers of 512×256 elements; the sum of each one's rows moves a state, once all of them are done.
Graph sums_of_layers(int layers) {
  Graph graph;
  Build build(graph);
  Shape products{Dim(512), Dim(256), Dim(256)};
  NodeId w = graph.add_input("w", programs::f32({Dim(256), Dim(256)}));
  NodeId weights = build.expand(build.reshape(w, {Dim(1), Dim(256), Dim(256)}), products);
  NodeId x = graph.add_input("x", programs::f32({Dim(512), Dim(256)}));
  std::vector<NodeId> values;
  for (int k = 0; k < layers; ++k) {
    NodeId rows = build.expand(build.reshape(x, {Dim(512), Dim(1), Dim(256)}), products);
    x = build.reduce(Combine::kAdd, build.op(Op::kMul, {rows, weights}), {2});
    values.push_back(x);
  }
  graph.outputs = {{"y", x}};
  for (size_t k = 0; k < values.size(); ++k) {
    NodeId sum = build.reduce(Combine::kAdd, values[k], {0});
    NodeId state = graph.add_state("bias" + std::to_string(k), programs::f32({Dim(256)}));
    graph.states[k].next = build.op(Op::kAdd, {state, sum});
  }
  return graph;
}

TEST_CASE("a kernel that lets go of memory runs as soon as it can, in the place of a state behind its other readers") {
  auto arena = [](const Schedule& schedule) {
    return plan_memory(schedule, compute_lifetimes(schedule), {})->arena_bytes;
  };
  size_t layer = size_t{512} * 256 * 4;
  Schedule late = make_schedule(sums_of_layers(8), {{"order"}}), soon = make_schedule(sums_of_layers(8));
  CHECK(late.kernels.size() == soon.kernels.size());
  CHECK(arena(late) == 7 * layer);
  CHECK(arena(soon) == 2 * layer);
  CHECK(compute_lifetimes(soon).reuses.size() == 8);  // of the states
}

TEST_CASE("a value of more bytes than 63 bits count is refused by the plan") {
  Graph graph;
  graph.dims.declare("N");
  graph.add_input("x", programs::f32({programs::sym("N")}));
  Build b(graph);
  graph.outputs.push_back({"y", b.spread(graph.inputs[0].node, {programs::sym("N"), Dim(int64_t{1} << 40)}, {0})});
  Schedule schedule = make_schedule(graph);
  Result<MemoryPlan> plan = plan_memory(schedule, compute_lifetimes(schedule), {{"N", int64_t{1} << 30}});
  REQUIRE_FALSE(plan.has_value());
  CHECK(plan.error().code == Code::SizeOverflow);
}

TEST_CASE("operands of a product are rounded once, a row that is added is rounded where it is read") {
  Graph graph;
  Build b(graph);
  Shape whole{Dim(8), Dim(16), Dim(32)};
  NodeId x = b.cast(graph.add_input("x", programs::f32({Dim(8), Dim(32)})), DType::kBF16);
  NodeId w = b.cast(graph.add_input("w", programs::f32({Dim(16), Dim(32)})), DType::kBF16);
  NodeId bias = b.cast(graph.add_input("bias", programs::f32({Dim(16)})), DType::kBF16);
  NodeId y = b.reduce(Combine::kAdd, b.mul(b.spread(x, whole, {0, 2}), b.spread(w, whole, {1, 2})), {2});
  graph.outputs.push_back({"y", b.add(y, b.spread(bias, {Dim(8), Dim(16)}, {1}))});
  std::string text = print_schedule(make_schedule(graph));
  CHECK(text.find("3 kernels") != std::string::npos);
  CHECK(text.find("bf16[8 32]: rounded once, not for each repetition") != std::string::npos);
  CHECK(text.find("bf16[16 32]: rounded once, not for each repetition") != std::string::npos);
}

TEST_CASE("what a kernel reads from memory costs it nothing, however much was done for it") {
  // x - mean is computed again rather than kept, after a chain of layers as after one.
  const Shape shape{Dim(512), Dim(512)};
  Graph graph = with_input(shape);
  Build b(graph);
  NodeId x = graph.inputs[0].node;
  for (int layer = 0; layer < 6; ++layer) {
    x = b.permute(x, {1, 0});
    auto row_sum = [&](NodeId value) {
      return b.expand(b.reshape(b.reduce(Combine::kAdd, value, {1}), {Dim(512), Dim(1)}), shape);
    };
    NodeId centred = b.add(x, b.div(row_sum(x), b.constant(Scalar::of_real(DType::kF32, -512), shape)));
    NodeId deviation = b.op(Op::kSqrt, {row_sum(b.mul(centred, centred))});
    x = b.add(x, b.div(centred, deviation));
  }
  graph.outputs.push_back({"y", x});
  Schedule schedule = make_schedule(graph);
  REQUIRE(schedule.kernels.size() == 6);
  for (const Kernel& kernel : schedule.kernels) CHECK(kernel.parts.size() == schedule.kernels[0].parts.size());
}

}  // namespace caten
