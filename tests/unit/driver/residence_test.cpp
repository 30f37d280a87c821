// States and constants that stay in a device's own memory from call to call.
#include <doctest/doctest.h>

#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "ir/build.hpp"
#include "ir/evaluate.hpp"
#include "separate_memory.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

Array ramp(std::vector<int64_t> shape, float first) {
  Array out = Array::zeros(DType::kF32, std::move(shape));
  for (int64_t k = 0; k < out.elements(); ++k) out.as_mutable<float>()[k] = first + static_cast<float>(k % 7);
  return out;
}

/// w' = w + x·c, s' = s; the output is the sum of w.
Graph steps() {
  Graph graph;
  Build b(graph);
  ValueType type{DType::kF32, {Dim(100)}};
  NodeId w = graph.add_state("w", type), s = graph.add_state("s", type);
  NodeId x = graph.add_input("x", type), c = graph.add_input("c", type);
  graph.outputs.push_back({"y", b.reduce(Combine::kAdd, b.add(w, s), {0})});
  graph.states[0].next = b.add(w, b.mul(x, c));
  return graph;
}

}  // namespace

TEST_CASE("only what a step is given, and what it gives, travels") {
  Session session({.store = test_store()});
  Result<SeparateMemory> separate = SeparateMemory::open(session.sources());
  REQUIRE(separate.has_value());
  Graph graph = steps();
  Result<std::shared_ptr<const CompiledProgram>> program = compile(graph, separate->runtime, session.options().store);
  REQUIRE(program.has_value());
  std::vector<Array> expected{ramp({100}, 1), ramp({100}, 2)}, states = expected;
  Array x = ramp({100}, 3), c = ramp({100}, 4);
  Residence residence{.first_constant = 1};
  for (int step = 0; step < 3; ++step) {
    SeparateMemory::bytes_in = SeparateMemory::bytes_out = 0;
    Result<Results> found = execute(**program, {{x, c}, states, {}}, {.residence = &residence});
    Result<Results> wanted = evaluate(graph, {{x, c}, expected, {}});
    REQUIRE(found.has_value());
    REQUIRE(wanted.has_value());
    CHECK(found->outputs[0].same_bytes(wanted->outputs[0]));
    CHECK(SeparateMemory::bytes_in == (step == 0 ? 1600 : 400));
    CHECK(SeparateMemory::bytes_out == 4);
    expected = std::move(wanted->states);
  }
  std::vector<Array> held = states;
  REQUIRE(fetch_states(**program, residence, states));
  for (size_t k = 0; k < 2; ++k) CHECK(states[k].same_bytes(expected[k]));
  CHECK(held[0].same_bytes(ramp({100}, 1)));

  // A call that fails leaves nothing there; the next one begins with its arguments again.
  CHECK(execute(**program, {{x, c}, states, {}}, {.max_memory = 1, .residence = &residence}).error().code ==
        Code::OutOfMemory);
  CHECK(residence.states.empty());
  Result<Results> found = execute(**program, {{x, c}, held, {}}, {.residence = &residence});
  REQUIRE(found.has_value());
  CHECK(found->outputs[0].same_bytes(evaluate(graph, {{x, c}, held, {}})->outputs[0]));
}

TEST_CASE("generated programs give the same where their states stay on the device") {
  Session session({.runtime = "c", .store = test_store()});
  Result<SeparateMemory> separate = SeparateMemory::open(session.sources());
  REQUIRE(separate.has_value());
  for (uint64_t seed = 90; seed < 98; ++seed) {
    CAPTURE(seed);
    generated::Case given = generated::generate(seed, {.steps = 16});
    Result<Session::Program> there = compile(given.graph, separate->runtime, session.options().store);
    Result<Session::Program> here = session.compile(given.graph);
    REQUIRE(there.has_value());
    REQUIRE(here.has_value());
    Arguments expected = given.arguments, resident = given.arguments;
    Residence residence;
    for (int step = 0; step < 3; ++step) {
      Result<Results> wanted = execute(**here, expected);
      Result<Results> found = execute(**there, resident, {.residence = &residence});
      REQUIRE(wanted.has_value());
      REQUIRE(found.has_value());
      for (size_t k = 0; k < wanted->outputs.size(); ++k) CHECK(found->outputs[k].same_bytes(wanted->outputs[k]));
      expected.states = std::move(wanted->states);
    }
    REQUIRE(fetch_states(**there, residence, resident.states));
    for (size_t k = 0; k < expected.states.size(); ++k) CHECK(resident.states[k].same_bytes(expected.states[k]));
  }
}

}  // namespace caten
