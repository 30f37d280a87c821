// Compiled steps go through the states of the reference interpreter: digests are equal after each step, the graphs
// computed by the reference evaluator.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>

#include "consensus/compiled/world.hpp"
#include "ir/evaluate.hpp"
#include "kernels.hpp"
#include "runnable.hpp"
#include "stencils.hpp"
#include "worlds.hpp"

namespace caten::consensus {
namespace {

/// The reference evaluator makes its results where it likes.
Result<compiled::Launch> evaluated(const Graph& graph) {
  return compiled::Launch([graph](const Arguments& arguments, std::vector<Array> outputs) -> Result<Results> {
    Result<Results> out = evaluate(graph, arguments, {});
    for (size_t i = 0; out && i < outputs.size(); ++i) {
      REQUIRE(outputs[i].same_type(out->outputs[i]));
      std::memcpy(outputs[i].mutable_data(), out->outputs[i].data(), outputs[i].bytes());
    }
    if (out && !outputs.empty()) out->outputs = std::move(outputs);
    return out;
  });
}

/// Why the program is not compiled; "" if it is, and then its steps are the interpreter's.
std::string compare(const std::string& text, Given given, int64_t steps, uint32_t seed = 0,
                    const compiled::CompileGraph& run = evaluated) {
  std::unique_ptr<reference::World> world = world_of(text, std::move(given), seed);
  if (!world) return "does not run";
  std::string reason;
  std::unique_ptr<compiled::World> own = compiled::World::make(world->instance(), world->memory(), run, reason);
  if (!own) return reason;
  for (int64_t i = 0; i < steps; ++i) {
    Result<reference::StepReport> report = world->step();
    Status done = own->step();
    if (!report && !done) {
      CHECK(done.error().code == report.error().code);
      return "";
    }
    if (!report) FAIL(render(report.error(), {}));
    if (!done) FAIL(render(done.error(), {}));
    std::string expected = world->digest(), found = digest(world->instance(), own->state());
    if (expected != found) {
      CHECK_MESSAGE(expected == found, "step ", i + 1, " of\n", text);
      return "";
    }
    CHECK(own->cells_digest() == cells_digest(world->state()));
  }
  return "";
}

Given sized(int64_t h, int64_t w) {
  Given out;
  out.parameters["H"] = h;
  out.parameters["W"] = w;
  return out;
}

}  // namespace

TEST_CASE("compiled: Ising, Life and Margolus step as the interpreter does") {
  CHECK(compare(example("ising.lmpm"), sized(6, 8), 6) == "");
  CHECK(compare(example("life.lmpm"), sized(7, 9), 5) == "");
  CHECK(compare(example("margolus.lmpm"), sized(6, 6), 4) == "");
}

TEST_CASE("compiled: programs whose proposals compete step as the interpreter does") {
  CHECK(compare(example("potts.lmpm"), sized(6, 8), 6) == "");
  CHECK(compare(example("tile-map.lmpm"), sized(6, 6), 12) == "");
  CHECK(compare(example("sudoku.lmpm"), {}, 30) == "");
}

TEST_CASE("compiled: edges that may show the same cell in several ways") {
  auto reason = [](const std::string& edges, const std::string& width) {
    return compare(
        "value V : Token[X, 5] shape Grid(3, " + width + ") clock Lamport init floor(5 * uniform())\n" + edges +
            "rule R:\n  on V[y,x]\n  read {a = V[y,x+1]?}\n  emit proposal V[y,x] := where(committed(a), a, 4)\n"
            "commit V[*] using satisfy(max_constraints_then_score) isolation snapshot\n",
        {}, 3);
  };
  // In the last two of these what one edge shows another one may hide: such cells are looked up.
  CHECK(reason("visible V[y,x] <- V[y,x+1] optional\n", "4") == "");
  CHECK(reason("visible V[y,x] <- V[y,x+1] when x < 2 optional\n", "4") == "");
  CHECK(reason("visible V[y,x] <- V[y,x+1] optional border wrap\n", "4") == "");
  // Neighbours on both sides of a torus of two columns are one cell, and a condition holds for one of the sides.
  CHECK(reason("visible V[y,x] <- V[y+dy,x+dx] when (dy,dx) in N4 and dx < 1 optional border wrap\n", "2") == "");
  CHECK(reason("visible V[y,x] <- V[y+dy,x+dx] when (dy,dx) in N4 optional border wrap\n", "2") == "");
  // Beyond the rim one edge shows the other side, and one shows nothing.
  CHECK(reason("visible V[y,x] <- V[y,x+1] optional\nvisible V[y,x] <- V[y+dy,x+dx] when (dy,dx) in N4 optional border "
               "wrap\n",
               "4") == "");
}

TEST_CASE("compiled: values may be called as arguments of a step are") {
  for (const char* name : {"step", "seed", "phase", "|colour|", "table0"})
    CHECK(
        compare(
            fmt::format(
                "value {0} : Token[X, 3] shape Seq(5) clock Lamport init floor(3 * uniform())\n"
                "visible {0}[i] <- {0}[i-1] optional\n"
                "rule R:\n  on {0}[i]\n  read {{a = {0}[i-1]?}}\n  emit proposal {0}[i] := bernoulli(sigmoid(i - 2))\n"
                "commit {0}[*] using satisfy(max_constraints_then_score) isolation snapshot\n",
                name),
            {}, 3) == "");
}

TEST_CASE("compiled: events of another schedule are refused, and nothing is lost") {
  std::unique_ptr<reference::World> world = world_of(example("ising.lmpm"), sized(4, 4));
  Event other{.strategy = "wavefront"};
  size_t plan = *find_value(world->instance(), "Plan");
  ReplicaSet<Event> seen;
  seen.add(other, 7);
  REQUIRE(world->merge(plan, seen));
  std::string reason;
  std::unique_ptr<compiled::World> own = compiled::World::make(world->instance(), world->memory(), evaluated, reason);
  REQUIRE(own);
  std::string before = digest(world->instance(), own->state());
  Status done = own->step();
  REQUIRE(!done);
  CHECK(done.error().found == "wavefront");
  CHECK(digest(world->instance(), own->state()) == before);
}

namespace {

/// How many of the generated programs are compiled; CATEN_SEED and CATEN_CONSENSUS_CASES choose others, and more.
void check_generated(uint64_t usual, const compiled::CompileGraph& run) {
  const char* given = std::getenv("CATEN_SEED");
  const char* wanted = std::getenv("CATEN_CONSENSUS_CASES");
  uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1;
  uint64_t cases = wanted ? std::strtoull(wanted, nullptr, 10) : usual, compiled = 0;
  for (uint64_t i = 0; i < cases; ++i) {
    uint64_t number = seed * 1000000 + i;
    std::string program = i % 3 == 0   ? runnable_program(number, {.cell_wise = true, .lock = i % 2 == 0})
                          : i % 3 == 1 ? stencil_program(number)
                                       : runnable_program(number);
    if (compare(program, {}, 4, static_cast<uint32_t>(i), run).empty()) ++compiled;
  }
  MESSAGE(compiled, " of ", cases, " programs were compiled");
  CHECK(compiled * 2 > cases);
}

}  // namespace

TEST_CASE("compiled: generated programs step as the interpreter does") { check_generated(60, evaluated); }

TEST_CASE("compiled: and so do their kernels") {
  check_generated(15, kernels());
  CHECK(compare(example("ising.lmpm"), sized(12, 34), 5, 3, kernels()) == "");
  CHECK(compare(example("life.lmpm"), sized(33, 70), 5, 3, kernels()) == "");
  CHECK(compare(example("margolus.lmpm"), sized(18, 66), 5, 3, kernels()) == "");
}

TEST_CASE("compiled: so many transfers that threads share them") {
  constexpr int64_t kTransfers = 40'000;
  std::vector<int64_t> source, target, amount;
  for (int64_t i = 0; i < kTransfers; ++i) {
    source.push_back(i * 7919 % kTransfers);
    target.push_back((i * 104'729 + 1) % kTransfers);
    amount.push_back(1 + i % 80);
    if (source.back() == target.back()) target.back() = (target.back() + 1) % kTransfers;
  }
  Given given;
  given.parameters = {{"Accounts", kTransfers}, {"Transfers", kTransfers}};
  given.parameters["source"] = integers(DType::kI32, {kTransfers}, source);
  given.parameters["target"] = integers(DType::kI32, {kTransfers}, target);
  given.parameters["amount"] = integers(DType::kI64, {kTransfers}, amount);
  CHECK(compare(example("bank.lmpm"), given, 4, 9, kernels()) == "");
}

}  // namespace caten::consensus
