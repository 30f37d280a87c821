// --verify names what is wrong: a kernel, a rewrite pass or one of its rules, a pass of the schedule.
#include "driver/verification.hpp"

#include <doctest/doctest.h>

#include "driver/session.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

/// y = exp2(x) · x and s = the sum of y: two kernels when grouping is off.
struct Example {
  Graph graph;
  Arguments arguments;

  Example() {
    Build b(graph);
    NodeId x = graph.add_input("x", {DType::kF32, {Dim(3)}});
    NodeId y = b.mul(b.op(Op::kExp2, {x}), b.mul(x, b.ones(b.type(x))));
    graph.outputs = {{"y", y}, {"s", b.reduce(Combine::kAdd, y, {0})}};
    Array values = Array::zeros(DType::kF32, {3});
    for (int i = 0; i < 3; ++i) Scalar::of_real(DType::kF32, i + 0.5).store(values.mutable_data() + 4 * i);
    arguments.inputs = {values};
  }
};

int64_t launches = 0;

/// The driver whose second launch adds one to the last element of its last buffer's first three.
const caten_driver& failing_driver(const caten_driver& real) {
  static caten_driver table;
  static const caten_driver* under = nullptr;
  under = &real;
  table = real;
  table.launch = [](caten_stream* stream, caten_program* program, const caten_launch* launch) {
    caten_status status = under->launch(stream, program, launch);
    if (++launches == 2)
      for (uint32_t i = 0; i < launch->buffer_count; ++i) static_cast<float*>(launch->buffers[i])[0] += 1;
    return status;
  };
  return table;
}

/// `simplify`, which then doubles the first output, but not when the rule mul-one is off.
bool wrong_simplify(Graph& out, const RewriteOptions& options) {
  simplify(out, options);
  if (options.off.contains("mul-one")) return true;
  Build b(out);
  out.outputs[0].value = b.add(out.outputs[0].value, out.outputs[0].value);
  return true;
}

struct Compiler {
  Session session{{.store = test_store()}};
  Runtime runtime;

  Compiler() {
    Result<Runtime> found = find_runtime(compiling_runtimes().back(), default_runtime_search(), session.sources());
    REQUIRE(found.has_value());
    runtime = std::move(*found);
  }
  std::shared_ptr<const CompiledProgram> compiled(const Graph& graph, const ScheduleOptions& scheduling = {}) {
    auto program = compile(graph, runtime, session.options().store, nullptr, {.scheduling = scheduling});
    if (!program) FAIL(render(program.error(), SourceMap()));
    return *program;
  }
};

}  // namespace

TEST_CASE("a program without fault gives its results, and says what was compared") {
  Example example;
  Compiler compiler;
  RewriteOptions rewriting;
  Result<Graph> simpler = rewrite(example.graph, rewriting);
  REQUIRE(simpler);
  VerifyCounts counts;
  Result<Results> results =
      run_verified(example.graph, *compiler.compiled(*simpler), example.arguments, {.rewriting = &rewriting}, &counts);
  REQUIRE(results);
  CHECK(results->outputs.size() == 2);
  CHECK(counts.launches == 1);
  CHECK(counts.passed == 8);  // three and one of the kernel, and the same as results
}

TEST_CASE("a kernel that computes something else is named, with its line of the schedule and the element") {
  Example example;
  Compiler compiler;
  std::shared_ptr<Device> real = compiler.runtime.device;  // keeps the driver loaded
  Result<std::shared_ptr<Device>> device = Device::open(Driver::of(failing_driver(real->driver().table())));
  REQUIRE(device.has_value());
  compiler.runtime.device = *device;
  launches = 0;
  std::shared_ptr<const CompiledProgram> program = compiler.compiled(example.graph, {{"grouping"}});
  Result<Results> results = run_verified(example.graph, *program, example.arguments, {});
  REQUIRE_FALSE(results);
  CHECK(results.error().code == Code::WrongResult);
  CHECK(results.error().message == "kernel 1 of `main` computes 1 wrong element of f32[]");
  CHECK(results.error().found.starts_with("[]: found "));
  REQUIRE_FALSE(results.error().notes.empty());
  CHECK(results.error().notes[0].starts_with("kernel 1: of "));
}

TEST_CASE("a rewrite pass that changes the meaning is named, and the rule at fault") {
  Example example;
  Compiler compiler;
  std::vector<Pass> passes = all_passes();
  RewriteOptions rewriting{.passes = &passes};
  auto verified = [&] {
    Result<Graph> simpler = rewrite(example.graph, rewriting);
    REQUIRE(simpler);
    return run_verified(example.graph, *compiler.compiled(*simpler), example.arguments, {.rewriting = &rewriting});
  };
  CHECK(verified().has_value());
  passes[2].run = wrong_simplify;
  Result<Results> results = verified();
  REQUIRE_FALSE(results);
  CHECK(results.error().message ==
        "`main` gives a wrong result: the rewrite pass `simplify`, rule `mul-one` changes it");
  CHECK(results.error().found.starts_with("y[0]: found "));
  passes[2] = all_passes()[2];
  passes[1].run = [](Graph& graph, const RewriteOptions&) { return wrong_simplify(graph, {}); };
  results = verified();
  REQUIRE_FALSE(results);
  CHECK(results.error().message == "`main` gives a wrong result: the rewrite pass `fold-constants` changes it");
}

TEST_CASE("what no kernel and no rewriting explains is the schedule's: a pass by name, where all is right without it") {
  Example example;
  Compiler compiler;
  // Compiled of another program, so that the results are wrong and each kernel is right.
  Graph other = example.graph;
  Build b(other);
  other.outputs[0].value = b.add(other.outputs[0].value, other.outputs[0].value);
  std::shared_ptr<const CompiledProgram> program = compiler.compiled(other);
  Result<Results> results = run_verified(example.graph, *program, example.arguments, {});
  REQUIRE_FALSE(results);
  CHECK(results.error().message == "`main` gives a wrong result: the normal form of the schedule changes it");
}

TEST_CASE("a session verifies when it is asked to, and says so") {
  Example example;
  std::vector<std::string> notices;
  Session session({.runtime = compiling_runtimes().back(),
                   .notice = [&](const Diagnostic& notice) { notices.push_back(notice.message); },
                   .store = test_store(),
                   .verify = true});
  REQUIRE(session.run(example.graph, example.arguments));
  REQUIRE(notices.size() == 1);
  CHECK(notices[0] == "verified `main`, 1 launch: 8 elements right, 0 ill-conditioned");
}

}  // namespace caten
