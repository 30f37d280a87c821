// Section 11 of docs/consensus.md: properties over generated programs. With CATEN_CONSENSUS_FULL set over many more of
// them; CATEN_SEED chooses others.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "cases.hpp"
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
  uint64_t programs = cases(1500, 10000);
  for (uint64_t seed = first_seed(); seed < first_seed() + programs; ++seed) {
    std::string text = runnable_program(seed, {.lock = true});
    CAPTURE(seed);
    CAPTURE(text);
    auto world = world_of(text, {}, static_cast<uint32_t>(seed));
    const std::vector<int64_t> given = cells_of(*world, "V");
    std::vector<int64_t> before = given;
    int64_t restarts = 0;
    for (int i = 0; i < 4 && step(*world); ++i) {
      std::vector<int64_t> after = cells_of(*world, "V");
      // What is there from the beginning no backtrack undoes.
      if (world->restarts() == 0)
        for (int64_t x = 0; x < width_of(*world); ++x)
          REQUIRE(
              (given[static_cast<size_t>(x)] < 0 || after[static_cast<size_t>(x)] == given[static_cast<size_t>(x)]));
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
  CHECK(changed > static_cast<int64_t>(programs) * 2 / 3);
}

TEST_CASE("11.2: what no edge shows changes nothing") {
  int64_t changed = 0;
  uint64_t programs = cases(300, 10000);
  for (uint64_t seed = first_seed(); seed < first_seed() + programs; ++seed) {
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
  CHECK(changed > static_cast<int64_t>(programs));
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

namespace {

/// A program whose first axis is time: cells see earlier frames and their own, at random places, and rules propose
/// from what they see.
std::string timed_program(std::mt19937_64& random) {
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  int64_t frames = 2 + below(4), width = 2 + below(4), ids = 3 + below(40);
  std::string edges, reads = "own = V[t,x]", terms = "own";
  int64_t count = 1 + below(3);
  for (int64_t i = 0; i < count; ++i) {
    // In another order than the loop's, no two edges may show the same cell: they differ by how far they go back.
    std::string source = fmt::format("V[t-{},x{:+}]", i, below(5) - 2);
    if (i == 0 && source == "V[t-0,x+0]") continue;
    bool when = below(2) == 0;
    edges +=
        fmt::format("visible V[t,x] <- {}{} border {}\n", source, when ? fmt::format(" when x > {}", below(2)) : "",
                    below(2) == 0 ? "clip" : fmt::format("pad({})", below(ids)));
    reads += fmt::format(", r{} = {}{}", i, source, below(2) == 0 ? "?" : "");
    terms += fmt::format(" {} where(committed(r{}), r{}, {})", below(2) == 0 ? "+" : "-", i, i, below(9));
  }
  return fmt::format(
      "value V : Token[X, {}] shape Grid({}, {}) clock Lamport\nvisible V[t,x] <- V[t,x]\n{}rule R:\n on V[t,x]\n read "
      "{{{}}}\n emit proposal V[t,x] := ({} + {}) % {}\n score {}\nconstraint Past: forbid read_future(V[t,x]) "
      "priority 1000 hard\ncommit V[*] using satisfy(max_constraints_then_score) isolation snapshot\n",
      ids, frames, width, edges, reads, terms, below(2) == 0 ? "floor(7 * uniform())" : "1", ids,
      below(2) == 0 ? "own" : "0");
}

}  // namespace

TEST_CASE("11.2: later frames change nothing earlier, in generated programs") {
  std::mt19937_64 random(first_seed());
  int64_t reached = 0;
  uint64_t programs = cases(300, 10000);
  for (uint64_t i = 0; i < programs; ++i) {
    std::string text = timed_program(random);
    CAPTURE(text);
    auto empty = world_of(text);
    const ValueInstance& value = empty->instance().values[0];
    std::vector<int64_t> start;
    for (int64_t cell = 0; cell < value.cells; ++cell)
      start.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(value.vocabulary)));
    int64_t later = 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(value.sizes[0] - 1));
    std::vector<int64_t> other = start;
    for (size_t cell = static_cast<size_t>(later * value.sizes[1]); cell < other.size(); ++cell)
      if (random() % 2 == 0) other[cell] = static_cast<int64_t>(random() % static_cast<uint64_t>(value.vocabulary + 1));
    Given a, b;
    a.data["V"] = integers(value.dtype, value.sizes, start);
    b.data["V"] = integers(value.dtype, value.sizes, other);
    auto plain = world_of(text, a, 5), perturbed = world_of(text, b, 5);
    for (int k = 0; k < 3; ++k) {
      run_steps(*plain, 1);
      run_steps(*perturbed, 1);
      std::vector<int64_t> x = cells_of(*plain, "V"), y = cells_of(*perturbed, "V");
      auto end = static_cast<ptrdiff_t>(later * value.sizes[1]);
      REQUIRE(std::equal(x.begin(), x.begin() + end, y.begin()));
      reached += x != y;
    }
  }
  CHECK(reached > static_cast<int64_t>(programs));
}

TEST_CASE("11.3: rounds and the sequential greedy give equal digests in every step") {
  uint64_t programs = cases(300, 10000);
  for (uint64_t seed = first_seed(); seed < first_seed() + programs; ++seed) {
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

TEST_CASE("11.3: the order in which proposals are looked at changes nothing") {
  int64_t conflicts = 0;
  uint64_t programs = cases(200, 10000);
  for (uint64_t seed = first_seed(); seed < first_seed() + programs; ++seed) {
    std::string text = runnable_program(seed);
    CAPTURE(text);
    auto plain = world_of(text, {}, 3);
    std::vector<std::unique_ptr<World>> shuffled;
    for (uint64_t order : {1, 2})
      shuffled.push_back(world_with(text, {}, 3, {.in_rounds = order == 2, .shuffled = seed * 1000 + order}));
    for (int i = 0; i < 4; ++i) {
      Result<StepReport> report = plain->step();
      for (const auto& each : shuffled) {
        Result<StepReport> other = each->step();
        REQUIRE(other.has_value() == report.has_value());
        if (!report) continue;
        REQUIRE(each->digest() == plain->digest());
        REQUIRE(other->winners == report->winners);
        REQUIRE(other->losses.size() == report->losses.size());
      }
      if (!report) break;
      for (const Loss& each : report->losses) conflicts += each.reason == Loss::Reason::kConflict;
    }
  }
  CHECK(conflicts > static_cast<int64_t>(programs) / 2);
}

TEST_CASE("11.5: replicas that hear of the same events and edits go through the same states") {
  std::string text =
      "value V : Token[X, 5] shape Grid(4, 4) clock Lamport init 0\nvalue Plan : Event shape Set() clock Lamport\n"
      "value Rules : Rule shape Set() clock Lamport\nvisible V[y,x] <- V[y,x]\n"
      "rule R:\n on V[y,x]\n read {own = V[y,x]}\n emit proposal V[y,x] := (own + floor(4 * uniform())) % 5\n"
      "commit V[*] using satisfy(max_constraints_then_score)\n";
  constexpr const char* kStrategies[] = {"red-black", "raster", "wavefront", "four-colour"};
  auto constraint = [](uint64_t number, uint64_t row) {
    SourceMap sources;
    Diagnostics diagnostics;
    std::optional<Program> program = read_text(
        sources,
        sources.add("edit", fmt::format("constraint C{}: forbid change(V[{},*]) priority 5 hard", number, row)),
        diagnostics);
    REQUIRE(program.has_value());
    return *program->all<Constraint>()[0];
  };
  std::mt19937_64 random(first_seed());
  uint64_t trials = cases(60, 2000);
  for (uint64_t trial = 0; trial < trials; ++trial) {
    auto expected = world_of(text, {}, 9), other = world_of(text, {}, 9);
    size_t plan = *find_value(expected->instance(), "Plan"), rules = *find_value(expected->instance(), "Rules");
    for (int round = 0; round < 3; ++round) {
      // What three sites have added, and removed of what they had seen.
      std::vector<ReplicaSet<Event>> events;
      std::vector<ReplicaSet<RuleEdit>> edits;
      int64_t seen = expected->state().step;
      ReplicaSet<RuleEdit> all = expected->state().edits.at(rules);
      for (int32_t site = 10 * (round + 1); site < 10 * (round + 1) + 3; ++site) {
        ReplicaSet<Event> mine;
        mine.add({.strategy = kStrategies[random() % 4], .phase = static_cast<int64_t>(random() % 4)}, site, seen);
        events.push_back(mine);
        ReplicaSet<RuleEdit> edit;
        edit.add({.added = constraint(static_cast<uint64_t>(site), random() % 4), .removed = {}}, site, seen);
        if (!all.dots().empty() && random() % 2 == 0) edit.remove(*all.dots().begin());
        edits.push_back(edit);
      }
      for (const ReplicaSet<Event>& each : events) REQUIRE(expected->merge(plan, each));
      for (const ReplicaSet<RuleEdit>& each : edits) REQUIRE(expected->merge(rules, each));
      // The other one hears of them in another order, of some twice, and of some together.
      std::vector<ReplicaSet<Event>> heard = events;
      heard.insert(heard.end(), events.begin(), events.begin() + static_cast<ptrdiff_t>(random() % 3));
      std::shuffle(heard.begin(), heard.end(), random);
      heard[0].merge(heard.back());
      for (const ReplicaSet<Event>& each : heard) REQUIRE(other->merge(plan, each));
      std::vector<ReplicaSet<RuleEdit>> told = edits;
      told.insert(told.end(), edits.begin(), edits.begin() + static_cast<ptrdiff_t>(random() % 3));
      std::shuffle(told.begin(), told.end(), random);
      told[0].merge(told.back());
      for (const ReplicaSet<RuleEdit>& each : told) REQUIRE(other->merge(rules, each));
      for (int k = 0; k < 2; ++k) {
        one_step(*expected);
        one_step(*other);
        REQUIRE(expected->digest() == other->digest());
      }
    }
    CHECK(expected->state().edits.at(rules).dots().size() > 1);
  }
}

TEST_CASE("11.4: a step commits nothing that a hard constraint forbids and that held before") {
  uint64_t programs = cases(300, 10000);
  for (uint64_t seed = first_seed(); seed < first_seed() + programs; ++seed) {
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
