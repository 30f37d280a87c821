#include "driver/execute.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "../schedule/programs.hpp"
#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "golden.hpp"
#include "ir/evaluate.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

using programs::f32;
using programs::sym;

Array iota(std::vector<int64_t> shape, float start = 0) {
  Array array = Array::zeros(DType::kF32, std::move(shape));
  for (int64_t i = 0; i < array.elements(); ++i) array.as_mutable<float>()[i] = start + static_cast<float>(i);
  return array;
}

/// A session for all tests of this file: what one compiled, the next finds.
Session& session() {
  static Session shared({.store = test_store()});
  return shared;
}

Session::Program compile(const Graph& graph) {
  Result<Session::Program> program = session().compile(graph);
  if (!program) FAIL(render(program.error(), session().sources()));
  return *program;
}

Results run(const CompiledProgram& program, Arguments arguments, ExecuteOptions options = {}) {
  Result<Results> results = execute(program, std::move(arguments), std::move(options));
  if (!results) FAIL(render(results.error(), session().sources()));
  return *results;
}

Graph find(const std::string& name) {
  for (const programs::Program& program : programs::all())
    if (program.name == name) return programs::make(program);
  FAIL("no program ", name);
  return {};
}

}  // namespace

TEST_CASE("the programs of the golden schedules give what the reference gives") {
  generated::Random random(3);
  for (const programs::Program& program : programs::all()) {
    generated::Case given{programs::make(program), {.sizes = {{"M", 3}, {"N", 4}, {"K", 5}, {"T", 6}}}};
    auto argument = [&](NodeId id) {
      const ValueType& type = given.graph.type(id);
      return generated::random_array(random, type.dtype, concrete(type.shape, given.arguments.sizes));
    };
    for (const Graph::Input& input : given.graph.inputs) given.arguments.inputs.push_back(argument(input.node));
    for (const Graph::State& state : given.graph.states) given.arguments.states.push_back(argument(state.node));
    generated::Verdict verdict = generated::check(
        given, [](const Graph& graph, const Arguments& arguments) { return session().run(graph, arguments); });
    CHECK_MESSAGE(verdict.ok(), program.name, ": ", verdict.message);
  }
}

TEST_CASE("states that the caller gives away are updated in place, others are left alone") {
  Session::Program program = compile(find("cache"));
  Array at = Array::zeros(DType::kI64, {1});
  at.as_mutable<int64_t>()[0] = 1;
  Array kept = iota({3, 4});
  Results first = run(*program, {.inputs = {at, iota({1, 4}, 100)}, .states = {kept}});
  CHECK(kept.same_bytes(iota({3, 4})));
  CHECK(first.states[0].data() != kept.data());
  CHECK(first.states[0].as<float>()[5] == 101);

  const std::byte* memory = first.states[0].data();
  at = Array::zeros(DType::kI64, {1});
  Arguments arguments{.inputs = {at, iota({1, 4}, 200)}};
  arguments.states.push_back(std::move(first.states[0]));
  Results second = run(*program, std::move(arguments));
  CHECK(second.states[0].data() == memory);
  CHECK(second.states[0].as<float>()[0] == 200);
  CHECK(second.states[0].as<float>()[5] == 101);
  CHECK(second.states[0].as<float>()[11] == 11);
}

TEST_CASE("states whose new values need permuted old ones are right, given away or not") {
  Session::Program program = compile(find("swap_states"));
  Results expected = run(*program, {.inputs = {}, .states = {iota({3, 3}), iota({3, 3}, 50)}});
  CHECK(expected.states[0].as<float>()[1] == 3);
  CHECK(expected.states[1].as<float>()[1] == 52);
  Array u = iota({3, 3}), v = iota({3, 3}, 50);
  Results shared = run(*program, {.inputs = {}, .states = {u, v}});
  for (size_t i = 0; i < 2; ++i) CHECK(shared.states[i].same_bytes(expected.states[i]));
  CHECK(u.same_bytes(iota({3, 3})));
}

TEST_CASE("a donated input's memory becomes the output's, if nobody else holds it") {
  Graph graph;
  graph.dims.declare("N");
  Build b(graph);
  NodeId x = graph.add_input("x", f32({sym("N")}), true);
  graph.outputs.push_back({"y", b.mul(x, x)});
  Session::Program program = compile(graph);
  Array given = iota({5});
  const std::byte* memory = given.data();
  Array holder = given;
  CHECK(run(*program, {.inputs = {given}}).outputs[0].data() != memory);
  CHECK(holder.same_bytes(iota({5})));
  holder = Array();
  Arguments arguments;
  arguments.inputs.push_back(std::move(given));
  Results results = run(*program, std::move(arguments));
  CHECK(results.outputs[0].data() == memory);
  CHECK(results.outputs[0].as<float>()[3] == 9);
}

TEST_CASE("outputs are written into arrays of the caller, which must fit") {
  Session::Program program = compile(find("chain"));
  ExecuteOptions options;
  options.outputs.push_back(Array::zeros(DType::kF32, {3}));
  const std::byte* memory = options.outputs[0].data();
  Results results = run(*program, {.inputs = {iota({3}), iota({3})}}, std::move(options));
  CHECK(results.outputs[0].data() == memory);
  CHECK(results.outputs[0].as<float>()[1] == 8);

  ExecuteOptions wrong;
  wrong.outputs.push_back(Array::zeros(DType::kF32, {4}));
  Result<Results> refused = execute(*program, {.inputs = {iota({3}), iota({3})}}, std::move(wrong));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::InputMismatch);
}

TEST_CASE("a call that needs more memory than allowed is refused with the number, before it runs") {
  Session::Program program = compile(find("softmax"));
  Arguments arguments{.inputs = {iota({8, 16})}};
  size_t needed = memory_needed(*program, {{"M", 8}, {"N", 16}}).value();
  CHECK(needed >= 8 * 16 * 4);
  CHECK(execute(*program, arguments, {.max_memory = needed}).has_value());
  Result<Results> refused = execute(*program, arguments, {.max_memory = needed - 1});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::OutOfMemory);
  CHECK(refused.error().message == "program `softmax` needs " + std::to_string(needed) + " bytes");
}

TEST_CASE("integers that are part of an index wrap") {
  generated::Case given;
  given.graph.dims.declare("N");
  Build b(given.graph);
  NodeId x = given.graph.add_input("x", f32({sym("N")}));
  NodeId large = b.add(b.index(0, {sym("N")}), b.constant(Scalar::of_integer(DType::kI64, INT64_MAX), {sym("N")}));
  given.graph.outputs.push_back({"y", b.slice(large, {{sym("N") - Dim(1), Dim(-1), -1}})});
  given.graph.outputs.push_back({"z", b.take(x, 0, {b.slice(large, {{sym("N") - Dim(1), Dim(-1), -1}})})});
  given.arguments.inputs.push_back(iota({70}));
  generated::Verdict verdict = generated::check(
      given, [](const Graph& graph, const Arguments& arguments) { return session().run(graph, arguments); });
  CHECK_MESSAGE(verdict.ok(), verdict.message);
}

TEST_CASE("an output that shares its bits with a value of a kernel is not read where a later pass writes") {
  generated::Case given;
  Build b(given.graph);
  NodeId x = given.graph.add_input("x", {DType::kI32, {Dim(6)}});
  NodeId p = b.add(b.mul(b.add(b.mul(b.add(b.mul(x, x), x), x), x), x), x);
  NodeId a = b.mul(b.mul(p, p), p);
  NodeId bits = b.bitcast(a, DType::kU32);  // waits for the second pass in the memory of `c`
  NodeId c = b.mul(bits, b.fill(b.reduce(Combine::kAdd, bits, {0}), {Dim(6)}));
  NodeId d = b.mul(c, b.fill(b.reduce(Combine::kMax, c, {0}), {Dim(6)}));
  NodeId added = b.constant(Scalar::of_integer(DType::kU32, 9), {Dim(1), Dim(1)});
  given.graph.outputs.push_back({"y", b.put(d, 0, {b.integer(5, {Dim(1), Dim(1)})}, added, Combine::kAdd)});
  given.graph.outputs.push_back({"a", a});
  given.graph.outputs.push_back({"bits", bits});
  Array values = Array::zeros(DType::kI32, {6});
  for (int32_t i = 0; i < 6; ++i) values.as_mutable<int32_t>()[i] = i + 1;
  given.arguments.inputs.push_back(values);
  generated::Verdict verdict = generated::check(
      given, [](const Graph& graph, const Arguments& arguments) { return session().run(graph, arguments); });
  CHECK_MESSAGE(verdict.ok(), verdict.message);
}

TEST_CASE("an interrupt stops a loop") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", f32({}));
  NodeId carry = graph.add_bound(0, 1, f32({}));
  LoopAttributes endless{.level = 0, .count = Dim(int64_t{1} << 60), .carries = 1};
  NodeId loop = programs::add_loop(b, endless, {x, b.add(carry, x)});
  graph.outputs.push_back({"y", b.result(loop, 0)});
  Session::Program program = compile(graph);
  std::atomic<bool> stop = false;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop = true;
  });
  Result<Results> results = execute(*program, {.inputs = {iota({})}}, {.interrupt = &stop});
  other.join();
  REQUIRE_FALSE(results.has_value());
  CHECK(results.error().code == Code::Interrupted);
}

TEST_CASE("one program runs from many threads, with different sizes") {
  Session::Program program = compile(find("cumsum"));
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int64_t t = 1; t <= 4; ++t)
    threads.emplace_back([&, t] {
      Arguments arguments{.inputs = {iota({t, 3})}};
      Result<Results> expected = evaluate(program->graph, arguments);
      for (int i = 0; i < 20; ++i) {
        Result<Results> found = execute(*program, arguments);
        if (!found || !expected || found->outputs[0].shape() != expected->outputs[0].shape()) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("an integer times a size wraps, where a size as large would be refused") {
  for (const std::string& runtime : compiling_runtimes()) {
    Graph graph;
    graph.dims.declare("M");
    Build b(graph);
    Dim m = Dim::symbol("M");
    graph.outputs.push_back({"y", b.reduce(Combine::kAdd, b.integer(INT64_MAX - 5, {m}), {0})});
    Session session({.runtime = runtime, .store = test_store()});
    Result<Results> found = session.run(graph, {.sizes = {{"M", 3}}});
    REQUIRE(found.has_value());
    CHECK(found->outputs[0].as<int64_t>()[0] == INT64_MAX - 17);
  }
}

TEST_CASE("a session forgets the programs used longest ago") {
  Session small({.programs_kept = 2, .store = test_store()});
  auto program = [](int axis) {
    Graph graph;
    Build b(graph);
    graph.outputs.push_back({"y", b.index(axis, {Dim(2), Dim(2), Dim(2)})});
    return graph;
  };
  for (int axis : {0, 1, 0, 2, 0, 1}) REQUIRE(small.compile(program(axis)).has_value());
  CHECK(small.programs_compiled() == 4);
}

TEST_CASE("programs that differ in a name, a bound of a size or an output alone are compiled each") {
  Session session({.store = test_store()});
  auto program = [](const char* input, Interval bounds, int outputs, const char* output = "y") {
    Graph graph;
    graph.dims.declare("N", bounds);
    Build b(graph);
    NodeId x = graph.add_input(input, {DType::kF32, {Dim::symbol("N")}});
    graph.outputs.push_back({output, b.op(Op::kSin, {x})});
    if (outputs == 2) graph.outputs.push_back({"z", x});
    return graph;
  };
  Session::Program first = *session.compile(program("x", {0, 9}, 1));
  CHECK(*session.compile(program("x", {0, 9}, 1)) == first);
  for (const Graph& other : {program("w", {0, 9}, 1), program("x", {0, 8}, 1), program("x", {0, {}}, 1),
                             program("x", {0, 9}, 2), program("x", {0, 9}, 1, "q")})
    CHECK(*session.compile(other) != first);
  CHECK(session.programs_compiled() == 6);
}

TEST_CASE("a later session finds compiled kernels on disk, and compiles again what is damaged there") {
  std::string pattern = (std::filesystem::temp_directory_path() / "caten-test-XXXXXX").string();
  std::string folder = mkdtemp(pattern.data());
  auto run_once = [&] {
    Session fresh({.store = ArtifactStore(folder)});
    Result<Results> results = fresh.run(find("chain"), {.inputs = {iota({3}), iota({3})}});
    REQUIRE(results.has_value());
    CHECK(results->outputs[0].as<float>()[1] == 8);
  };
  auto artifacts = [&] {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/artifacts")) files.push_back(entry.path());
    return files;
  };
  run_once();
  REQUIRE(artifacts().size() == 1);
  std::filesystem::file_time_type long_ago{};
  std::filesystem::last_write_time(artifacts()[0], long_ago);
  run_once();
  CHECK(std::filesystem::last_write_time(artifacts()[0]) != long_ago);
  // Whole, but no kernels.
  ArtifactStore(folder).save(artifacts()[0].filename().string(), "not a library");
  run_once();
  std::filesystem::resize_file(artifacts()[0], 20);
  run_once();
  CHECK(std::filesystem::file_size(artifacts()[0]) > 500);
  std::filesystem::remove_all(folder);
}

TEST_CASE("the reference runtime needs no compiler") {
  Session reference({.runtime = "reference"});
  Graph graph = find("chain");
  Result<Results> results = reference.run(graph, {.inputs = {iota({3}), iota({3})}});
  REQUIRE(results.has_value());
  CHECK(results->outputs[0].as<float>()[1] == 8);
  CHECK(reference.kernel_text(graph).error().code == Code::RuntimeUnavailable);
  CHECK(reference.schedule_text(graph).value().find("kernel 0") != std::string::npos);
}

}  // namespace caten
