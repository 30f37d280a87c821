// Programs whose kernels run in blocks of rows, against the same without blocks, bit for bit, and the reference.
#include "schedule/row_blocks.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>

#include "../schedule/programs.hpp"
#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

using programs::Attention;
using programs::sym;

constexpr BlockLimits kTiny{.worth_bytes = 0, .block_bytes = 64, .least_rows = 3};

generated::Case with_arguments(Graph graph, DimValues sizes) {
  generated::Random random(5);
  generated::Case out{std::move(graph), {.sizes = std::move(sizes)}};
  generated::add_floats(out, random);
  return out;
}

Graph attention(const Attention& what) {
  Graph graph;
  for (const char* name : {"B", "M", "N"}) graph.dims.declare(name);
  build_attention(graph, Build(graph), what);
  return graph;
}

}  // namespace

TEST_CASE("attention in blocks of rows is attention without, bit for bit") {
  struct Sizes {
    int64_t batch, queries, keys;
  };
  const std::vector<Sizes> symbolic{{1, 1, 37},  {2, 1, 64}, {1, 5, 7}, {2, 33, 33},
                                    {3, 70, 41}, {0, 4, 4},  {2, 0, 5}, {2, 6, 0}};
  for (const std::string& runtime : compiling_runtimes()) {
    Session blocked({.runtime = runtime, .scheduling = {.limits = kTiny}, .store = test_store()});
    Session large({.runtime = runtime,
                   .scheduling = {.limits = {.worth_bytes = 0, .block_bytes = 4096, .least_rows = 16}},
                   .store = test_store()});
    Session whole({.runtime = runtime, .scheduling = {.off = {"row-blocks"}}, .store = test_store()});
    auto compare = [&](const Graph& graph, const DimValues& sizes, const std::string& name) {
      generated::Case given = with_arguments(graph, sizes);
      generated::Verdict verdict = generated::check(
          given, [&](const Graph& program, const Arguments& arguments) { return blocked.run(program, arguments); });
      CHECK_MESSAGE(verdict.ok(), runtime, ", ", name, ": ", verdict.message);
      Result<Results> expected = whole.run(given.graph, given.arguments);
      REQUIRE(expected.has_value());
      for (Session* session : {&blocked, &large}) {
        Result<Results> found = session->run(given.graph, given.arguments);
        REQUIRE(found.has_value());
        const Array &x = expected->outputs[0], &y = found->outputs[0];
        REQUIRE(x.bytes() == y.bytes());
        CHECK_MESSAGE((x.bytes() == 0 || std::memcmp(x.data(), y.data(), x.bytes()) == 0), runtime, ", ", name);
      }
    };
    std::vector<std::pair<std::string, Attention>> kinds{
        {"plain", {{sym("B"), Dim(2)}, 2, sym("M"), sym("N"), Dim(5), Dim(33)}},
        {"causal", {{sym("B"), Dim(2)}, 2, sym("M"), sym("N"), Dim(8), Dim(4), true}},
        {"mask", {{sym("B")}, 1, sym("M"), sym("N"), Dim(3), Dim(3), true, true}},
        {"grouped", {{sym("B"), Dim(2), Dim(3)}, 2, sym("M"), sym("N"), Dim(4), Dim(8), true}}};
    for (const auto& [name, kind] : kinds) {
      Graph graph = attention(kind);
      for (const Sizes& sizes : symbolic)
        compare(graph, {{"B", sizes.batch}, {"M", sizes.queries}, {"N", sizes.keys}},
                fmt::format("{} {} {} {}", name, sizes.batch, sizes.queries, sizes.keys));
    }
    compare(attention({{Dim(3)}, 1, Dim(29), Dim(31), Dim(16), Dim(16), true}), {{"B", 1}, {"M", 1}, {"N", 1}},
            "constant");
    compare(attention({{Dim(6)}, 1, Dim(1), Dim(40), Dim(16), Dim(16)}), {{"B", 1}, {"M", 1}, {"N", 1}}, "decode");
  }
}

TEST_CASE("generated programs in the smallest blocks give what the reference gives") {
  const char* given = std::getenv("CATEN_SEED");
  const char* wanted = std::getenv("CATEN_CASES");
  uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1,
           cases = wanted ? std::strtoull(wanted, nullptr, 10) : 4;
  const std::string& runtime = compiling_runtimes().back();
  Session session({.runtime = runtime,
                   .scheduling = {.limits = {.worth_bytes = 0, .block_bytes = 1, .least_rows = 1}},
                   .store = ArtifactStore("")});
  generated::Runner run = [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); };
  size_t blocks = 0;
  for (uint64_t i = 0; i < cases; ++i) {
    generated::Options options;
    if (i % 4 != 3) options = {.steps = 16, .outputs = 2, .rows = true};
    generated::Case program = generated::generate(seed * 1000 + i, options);
    Schedule schedule = make_schedule(program.graph, session.options().scheduling);
    for (const Kernel& kernel : schedule.kernels) blocks += kernel.blocks.empty() ? 0 : 1;
    generated::Verdict verdict = generated::check(program, run);
    if (verdict.ok()) continue;
    generated::Case smaller = generated::shrink(program, run);
    FAIL_CHECK("seed ", seed * 1000 + i, ": ", verdict.message, "\nshrunk: ", generated::check(smaller, run).message,
               "\n", generated::describe(smaller));
    break;
  }
  MESSAGE(blocks, " kernels in blocks");
}

TEST_CASE("row blocks are stopped between two of them, and need only the memory of one") {
  Graph graph = attention({{Dim(4)}, 1, sym("M"), sym("M"), Dim(4), Dim(4)});
  Session session({.scheduling = {.limits = kTiny}, .store = test_store()});
  Result<Session::Program> program = session.compile(graph);
  REQUIRE(program.has_value());
  generated::Case given = with_arguments(graph, {{"M", 300}});
  Result<size_t> bytes = memory_needed(**program, given.arguments.sizes);
  REQUIRE(bytes.has_value());
  CHECK(*bytes < 4 * 300 * 4 * 4 + 3 * 300 * 4 + 4096);
  std::atomic<bool> stop{true};
  Result<Results> results = execute(**program, given.arguments, {.interrupt = &stop});
  REQUIRE_FALSE(results.has_value());
  CHECK(results.error().code == Code::Interrupted);
  Result<Results> refused = execute(**program, given.arguments, {.max_memory = 1000});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::OutOfMemory);
}

}  // namespace caten
