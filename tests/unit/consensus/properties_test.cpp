// Section 11 of docs/consensus.md: properties over generated programs.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "consensus/read_text.hpp"
#include "runnable.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;
using namespace caten::consensus::reference;

namespace {

uint64_t first_seed() {
  const char* text = std::getenv("CATEN_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 1;
}

/// Steps until a restart has no seed left, which ends a run.
bool step(World& world) {
  Result<StepReport> report = world.step();
  if (!report) REQUIRE(report.error().code == Code::RestartsUsed);
  return report.has_value();
}

int64_t width_of(const World& world) { return world.instance().values[0].sizes[1]; }

}  // namespace

TEST_CASE("11.1: locked cells never change") {
  int64_t changed = 0;
  for (uint64_t seed = first_seed(); seed < first_seed() + 1500; ++seed) {
    std::string text = runnable_program(seed, {.lock = true});
    CAPTURE(seed);
    CAPTURE(text);
    auto world = world_of(text, {}, static_cast<uint32_t>(seed));
    std::vector<int64_t> before = cells_of(*world, "V");
    int64_t restarts = 0;
    for (int i = 0; i < 4 && step(*world); ++i) {
      std::vector<int64_t> after = cells_of(*world, "V");
      // A restart draws the initial values again.
      if (world->restarts() == restarts)
        for (int64_t x = 0; x < width_of(*world); ++x)
          if (before[static_cast<size_t>(x)] >= 0 && after[static_cast<size_t>(x)] != before[static_cast<size_t>(x)])
            REQUIRE(text.find("backtrack") != std::string::npos);
      changed += before != after;
      restarts = world->restarts();
      before = std::move(after);
    }
  }
  CHECK(changed > 1000);
}

TEST_CASE("11.2: what no edge shows changes nothing") {
  int64_t changed = 0;
  for (uint64_t seed = first_seed(); seed < first_seed() + 300; ++seed) {
    std::string text = runnable_program(seed);
    // Constraints see all cells, visible or not.
    if (text.find("on W[i]\n  require") != std::string::npos) continue;
    CAPTURE(text);
    auto plain = world_of(text, {}, 7);
    std::vector<int64_t> w = cells_of(*plain, "W");
    w[4] += 1000;
    Given given;
    given.data["W"] = integers(DType::kI64, {5}, w);
    auto other = world_of(text, given, 7);
    for (int i = 0; i < 4; ++i) {
      bool a = step(*plain), b = step(*other);
      REQUIRE(a == b);
      REQUIRE(cells_of(*plain, "V") == cells_of(*other, "V"));
      if (!a) break;
      // The rule on W reads its own cell; the others are as they were.
      std::vector<int64_t> mine = cells_of(*plain, "W"), theirs = cells_of(*other, "W");
      mine.pop_back();
      theirs.pop_back();
      REQUIRE(mine == theirs);
      ++changed;
    }
  }
  CHECK(changed > 400);
}

TEST_CASE("11.2: later frames change nothing where only earlier ones are visible") {
  std::string text =
      "value V : Token[X, 50] shape Grid3D(4, 2, 3) clock Lamport\nvisible V[t,x,y] <- V[t-1,x,y] when t > 0\n"
      "visible V[t,x,y] <- V[t,x,y]\n"
      "rule R:\n on V[t,x,y]\n read {own = V[t,x,y], prev}\n emit proposal V[t,x,y] := where(t = 0, own + 1, own + "
      "prev) % 50\n"
      "constraint Past: forbid read_future(V[t,x,y]) priority 1000\n"
      "commit V[*] using satisfy(max_constraints_then_score)\n";
  std::vector<int64_t> start;
  for (int64_t i = 0; i < 24; ++i) start.push_back(i * 7 % 50);
  for (size_t later = 12; later < 24; ++later) {
    Given a, b;
    a.data["V"] = integers(DType::kU8, {4, 2, 3}, start);
    std::vector<int64_t> other = start;
    other[later] = 49 - other[later];
    b.data["V"] = integers(DType::kU8, {4, 2, 3}, other);
    auto plain = world_of(text, a), perturbed = world_of(text, b);
    run_steps(*plain, 3);
    run_steps(*perturbed, 3);
    std::vector<int64_t> x = cells_of(*plain, "V"), y = cells_of(*perturbed, "V");
    CHECK(std::equal(x.begin(), x.begin() + 12, y.begin()));
    CHECK(x != y);
  }
}

TEST_CASE("11.3: rounds and the sequential greedy give equal digests in every step") {
  for (uint64_t seed = first_seed(); seed < first_seed() + 300; ++seed) {
    std::string text = runnable_program(seed);
    CAPTURE(text);
    auto sequential = world_of(text, {}, 3), rounds = world_of(text, {}, 3, true);
    for (int i = 0; i < 4; ++i) {
      bool a = step(*sequential), b = step(*rounds);
      REQUIRE(a == b);
      REQUIRE(sequential->digest() == rounds->digest());
      if (!a) break;
    }
  }
}

TEST_CASE("11.4: a step commits nothing that a hard constraint forbids and that held before") {
  for (uint64_t seed = first_seed(); seed < first_seed() + 300; ++seed) {
    std::string text = runnable_program(seed);
    CAPTURE(text);
    auto world = world_of(text, {}, 5);
    // Isolation by snapshot is just the freedom to break what winners break together.
    if (world->instance().commits[0].declaration->isolation == Commit::Isolation::kSnapshot) continue;
    auto broken = [&] {
      std::vector<bool> out;
      for (const ConstraintInstance& constraint : world->instance().constraints)
        for (const ConstraintCells& cells : constraint.instances)
          out.push_back(constraint.declaration->hard &&
                        violated(world->instance(), constraint, cells, {&world->state(), nullptr}));
      return out;
    };
    std::vector<bool> before = broken();
    for (int i = 0; i < 4; ++i) {
      Result<StepReport> report = world->step();
      if (!report) break;
      std::vector<bool> after = broken();
      for (size_t c = 0; c < after.size() && !report->restarted && report->undone == 0; ++c)
        REQUIRE((before[c] || !after[c]));
      before = after;
    }
  }
}
