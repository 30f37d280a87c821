// Schedule races: the figures of known grids, and generated programs against all pairs of cells.
#include "consensus/analysis/races.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "cases.hpp"
#include "golden.hpp"
#include "instances.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;
using Form = RaceVerdict::Form;

namespace {

/// A torus or a plane whose cells see a neighbourhood, under a strategy.
std::string grid(int64_t height, int64_t width, const std::string& seen, const std::string& schedule,
                 const std::string& commit = "", const std::string& border = "wrap") {
  std::string out = "value V : Token[A, 4] shape Grid(" + std::to_string(height) + ", " + std::to_string(width) +
                    ") clock Lamport\nvalue Plan : Event shape Set() clock Lamport\n" +
                    "visible V[y,x] <- V[y+dy,x+dx] when (dy,dx) in " + seen + " border " + border +
                    "\nrule R: on V[y,x] read {neighbors} emit proposal V[y,x] := max(neighbors)\n" +
                    "commit V[*] using satisfy(max_constraints_then_score) " + commit + "\n";
  if (!schedule.empty())
    out += "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"" + schedule + "\", epoch=0)\n";
  return out;
}

RaceVerdict verdict_of(const std::string& text) {
  InstanceOf world(text);
  std::vector<RaceVerdict> verdicts = judge_races(*world);
  REQUIRE(verdicts.size() == 1);
  return verdicts[0];
}

int64_t pairs(const std::string& text) { return verdict_of(text).conflicts.pairs; }

}  // namespace

TEST_CASE("5.3: red-black does not colour N8, nor N4 on an odd torus; four colours do") {
  CHECK(pairs(grid(8, 8, "N8", "red-black")) == 256);
  CHECK(pairs(grid(7, 7, "N4", "red-black")) == 28);
  CHECK(pairs(grid(8, 8, "N8", "four-colour")) == 0);
  CHECK(pairs(grid(8, 8, "N4", "red-black")) == 0);
  CHECK(pairs(grid(7, 7, "N4", "red-black", "", "clip")) == 0);
  CHECK(pairs(grid(8, 8, "N4", "")) == 256);
  CHECK(pairs(grid(8, 8, "N8", "raster")) == 0);
  CHECK(pairs(grid(8, 8, "N8", "random")) == 0);
  CHECK(pairs(grid(8, 8, "N4", "wavefront", "", "clip")) == 0);
  CHECK(pairs(grid(8, 8, "N8", "wavefront", "", "clip")) == 98);  // one diagonal of each square, both ways
  CHECK(pairs(grid(4096, 4096, "N8", "red-black")) == 4 * 4096 * 4096);
}

TEST_CASE("5.4: who is not judged: snapshots, and cells that see no values of each other") {
  CHECK(verdict_of(grid(8, 8, "N8", "red-black", "isolation snapshot")).form == Form::kSnapshot);
  CHECK(verdict_of(grid(8, 8, "N8", "maskgit-cosine")).form == Form::kUncommitted);
  CHECK(verdict_of(grid(8, 8, "N8", "")).form == Form::kRace);
}

TEST_CASE("5.3: a race is an error with a pair of cells as witness") {
  InstanceOf world(grid(8, 8, "N8", "red-black"));
  Diagnostics diagnostics;
  report(*world, judge_races(*world), diagnostics);
  REQUIRE(diagnostics.list().size() == 1);
  const Diagnostic& error = diagnostics.list()[0];
  CHECK(error.code == ::caten::Code::ScheduleRace);
  CHECK(error.found == "V[7,7] sees V[0,0], one of 256 such pairs");
}

TEST_CASE("5.5: colour auto: the strategy's numbers are divided until no two cells at work see each other") {
  for (auto size : {std::pair(8, 8), {7, 7}, {7, 8}, {6, 9}, {5, 3}, {1, 5}, {2, 2}, {3, 3}})
    for (const char* seen : {"N4", "N8", "{(1,2), (-1,-2)}", "{(0,3)}"})
      for (const char* strategy : {"red-black", "four-colour", "wavefront", "raster", ""}) {
        CAPTURE(size.first);
        CAPTURE(size.second);
        CAPTURE(seen);
        CAPTURE(strategy);
        InstanceOf world(grid(size.first, size.second, seen, strategy, "colour auto"));
        RaceVerdict verdict = judge_races(*world)[0];
        REQUIRE((verdict.form == Form::kColoured || verdict.form == Form::kFree));
        if (verdict.form == Form::kFree) continue;
        for (const Step& step : *verdict.conflicts.steps) CHECK(verdict.colouring->colour_of(step) != 0);
      }
}

TEST_CASE("5.3: what a rule proposes for itself is not a race, data is") {
  const std::string bank =
      "param source : Tensor[i64](4)\nparam target : Tensor[i64](4)\n"
      "value Balance : Scalar[i64] shape Seq(6) clock Lamport init 100\nvalue Order : Scalar[i64] shape Seq(4) clock "
      "Lamport init 1\n"
      "visible Order[i] <- Balance[source[i]]\nvisible Order[i] <- Balance[target[i]]\n"
      "rule Transfer: on Order[i] read {from = Balance[source[i]], to = Balance[target[i]]}\n"
      "emit proposal Balance[source[i]] := from - 1 emit proposal Balance[target[i]] := to + 1\n"
      "commit Balance[*] using satisfy(max_constraints_then_score) atomic proposal\n";
  Given given;
  given.parameters["source"] = integers(DType::kI64, {4}, {0, 1, 2, 0});
  given.parameters["target"] = integers(DType::kI64, {4}, {1, 2, 3, 5});
  InstanceOf world(bank, given);
  CHECK(judge_races(*world)[0].form == Form::kFree);
  std::string apart = bank;
  apart.replace(apart.find(" atomic proposal"), 16, "");
  CHECK(judge_races(*InstanceOf(apart, given))[0].form == Form::kRace);
  std::string other = bank;
  other.replace(other.find("Balance[target[i]]}"), 19, "Balance[target[i]], last = Balance[5]}");
  other.replace(other.find("rule"), 0, "visible Order[i] <- Balance[5]\n");
  InstanceOf reads(other, given);
  std::vector<RaceVerdict> verdicts = judge_races(*reads);
  REQUIRE(verdicts[0].form == Form::kRace);
  CHECK(verdicts[0].conflicts.pairs == 3);  // 0, 1 and 2 see what 3 proposes; 3 proposes it itself
  InstanceOf indirect(
      "value P : Scalar[i64] shape Seq(4) clock Lamport init 0\nvalue V : Token[A, 4] shape Seq(4) clock Lamport\n"
      "visible V[i] <- V[P[i]]\nrule R: on V[i] read {there = V[P[i]]} emit proposal V[i] := there\n"
      "commit V[*] using satisfy(max_constraints_then_score)\n");
  CHECK(judge_races(*indirect)[0].conflicts.first->kind == Conflict::Kind::kData);
}

TEST_CASE("5.3: cells of one colour must not share a constraint instance") {
  auto with = [](const std::string& constraint, const std::string& strategy) {
    return verdict_of(grid(6, 6, "N4", strategy) + "constraint C: " + constraint + " priority 5\n");
  };
  CHECK(with("on V[y,x] require V[y,x] != V[y,x+1]", "red-black").form == Form::kFree);
  RaceVerdict diagonal = with("on V[y,x] require V[y,x] != V[y+1,x+1]", "red-black");
  REQUIRE(diagonal.form == Form::kRace);
  CHECK(diagonal.conflicts.first->kind == Conflict::Kind::kShares);
  CHECK(with("require all_different(V[y,*])", "red-black").form == Form::kRace);
  CHECK(with("require all_different(V[y,*])", "raster").form == Form::kFree);
  CHECK(with("forbid change(V[y,*])", "red-black").form == Form::kFree);
}

// ---- generated programs

namespace {

struct TestEdge {
  std::vector<std::vector<int64_t>> offsets{};
  std::string border{};
  int condition = 0;
  bool row = false;  ///< V[y,*] instead of offsets
};

/// What a condition says of a cell, and how it is written.
bool holds(int condition, int64_t y, int64_t x) {
  switch (condition) {
    case 1: return y > 1;
    case 2: return x == 2 || y == 0;
    case 3: return x >= y;
    case 4: return x % 2 == 0;
    case 5: return !(x == 1);
    default: return true;
  }
}
constexpr const char* kConditions[] = {"", "y > 1", "(x = 2 or y = 0)", "x >= y", "x % 2 = 0", "not x = 1"};

std::set<std::pair<int64_t, int64_t>> sources(const TestEdge& edge, int64_t y, int64_t x, int64_t height,
                                              int64_t width) {
  std::set<std::pair<int64_t, int64_t>> out;
  if (!holds(edge.condition, y, x)) return out;
  if (edge.row)
    for (int64_t each = 0; each < width; ++each) out.emplace(y, each);
  for (const auto& offset : edge.offsets) {
    int64_t row = y + offset[0], column = x + offset[1];
    if (edge.border == "wrap") {
      row = ((row % height) + height) % height;
      column = ((column % width) + width) % width;
    }
    if (row >= 0 && row < height && column >= 0 && column < width) out.emplace(row, column);
  }
  return out;
}

int64_t number_of(const std::string& strategy, int64_t tile, int64_t y, int64_t x, int64_t width) {
  int64_t row = y / tile, column = x / tile;
  if (strategy == "red-black") return (row + column) % 2;
  if (strategy == "four-colour") return row % 2 * 2 + column % 2;
  if (strategy == "wavefront") return row + column;
  return strategy.empty() ? 0 : row * width + column;
}

}  // namespace

TEST_CASE("5.3: generated programs: the detector finds the pairs that all pairs of cells have") {
  std::mt19937 random(3);
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  size_t races = 0, stencils = 0;
  auto trials = static_cast<int>(cases(600, 10000));
  for (int trial = 0; trial < trials; ++trial) {
    int64_t height = 1 + below(6), width = 1 + below(6), tile = 1 + below(2);
    const char* strategies[] = {"", "red-black", "four-colour", "wavefront", "raster", "random"};
    std::string strategy = strategies[below(6)], edges, reads;
    std::vector<TestEdge> all;
    for (int64_t count = 1 + below(3); count > 0; --count) {
      TestEdge edge{.border = std::vector<const char*>{"clip", "wrap", "pad(0)"}[static_cast<size_t>(below(3))],
                    .condition = static_cast<int>(below(6)),
                    .row = all.empty() && below(8) == 0};
      std::set<std::vector<int64_t>> offsets;
      for (int64_t each = 1 + below(3); each > 0 && !edge.row; --each) offsets.insert({below(5) - 2, below(5) - 2});
      edge.offsets.assign(offsets.begin(), offsets.end());
      bool again = false;  // two edges with the same neighbourhood could not be told apart
      for (const TestEdge& other : all) again = again || other.offsets == edge.offsets;
      if (again) continue;
      std::string listed;
      for (const auto& offset : edge.offsets)
        listed += (listed.empty() ? "(" : ", (") + std::to_string(offset[0]) + "," + std::to_string(offset[1]) + ")";
      std::string condition = kConditions[edge.condition];
      edges +=
          edge.row ? "visible V[y,x] <- V[y,*]" : "visible V[y,x] <- V[y+dy,x+dx] when (dy,dx) in {" + listed + "}";
      if (!condition.empty()) edges += (edge.row ? " when " : " and ") + condition;
      edges += " border " + edge.border + "\n";
      std::string name = "r" + std::to_string(all.size());
      reads += (reads.empty() ? "" : ", ") + (edge.row ? name + " = V[y,*]" : name + " in {" + listed + "}");
      all.push_back(edge);
    }
    std::string text =
        "value V : Token[A, 4] shape Grid(" + std::to_string(height) + ", " + std::to_string(width) +
        ") clock Lamport\nvalue Plan : Event shape Set() clock Lamport\n" + edges + "rule R: on V[y,x] read {" + reads +
        "} emit proposal V[y,x] := 0\ncommit V[*] using satisfy(max_constraints_then_score) colour auto\n";
    if (!strategy.empty())
      text += "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"" + strategy +
              "\", epoch=0, tile=" + std::to_string(tile) + ")\n";
    CAPTURE(trial);
    CAPTURE(text);
    std::set<std::vector<int64_t>> expected, steps;
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x)
        for (const TestEdge& edge : all)
          for (auto [row, column] : sources(edge, y, x, height, width))
            if ((row != y || column != x) &&
                number_of(strategy, tile, y, x, width) == number_of(strategy, tile, row, column, width)) {
              expected.insert({y, x, row, column});
              steps.insert({row - y, column - x});
            }
    RaceVerdict verdict = verdict_of(text);
    CHECK(verdict.conflicts.pairs == static_cast<int64_t>(expected.size()));
    CHECK(*verdict.conflicts.steps == steps);
    CHECK((verdict.form == Form::kFree) == expected.empty());
    stencils += !all[0].row;
    if (expected.empty()) continue;
    ++races;
    const CellPair& witness = verdict.conflicts.first->witness;
    CHECK(expected.contains({witness.first[0], witness.first[1], witness.second[0], witness.second[1]}));
    if (verdict.form == Form::kColoured)
      for (const std::vector<int64_t>& pair : expected)
        CHECK(verdict.colouring->colour_of(std::vector{pair[0], pair[1]}) !=
              verdict.colouring->colour_of(std::vector{pair[2], pair[3]}));
  }
  CHECK(races > static_cast<size_t>(trials) / 3);
  CHECK(races < static_cast<size_t>(trials) * 11 / 12);
  CHECK(stencils > static_cast<size_t>(trials) * 2 / 3);
}

// ---- the seed

TEST_CASE("5.5: the seed's own program races, and colour auto divides its colours") {
  std::string text = read_source_file("tests/data/consensus/seed.lmpm");
  Given given = given_of_seed();
  InstanceOf seed(text, given);
  std::vector<RaceVerdict> verdicts = judge_races(*seed);
  REQUIRE(verdicts.size() == 1);
  CHECK(verdicts[0].form == Form::kRace);
  Diagnostics diagnostics;
  report(*seed, verdicts, diagnostics);
  CHECK(diagnostics.list()[0].found == "Vid[0,1,1] sees Vid[0,0,0], one of 4368 such pairs");
  std::string coloured = text;
  coloured.replace(coloured.find("score)") + 6, 0, " colour auto");
  InstanceOf mended(coloured, given);
  verdicts = judge_races(*mended);
  REQUIRE(verdicts[0].form == Form::kColoured);
  CHECK(verdicts[0].colouring->modulus == 2);  // red and black, each in two
}
