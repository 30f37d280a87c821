// Colourings while a program runs: cells of one step do not see each other, and each cell gets its turn.
#include <doctest/doctest.h>

#include <set>

#include "consensus/schedule.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

std::string torus(const std::string& schedule, const std::string& commit) {
  return "value V : Token[A, 50] shape Grid(5, 6) clock Lamport init 0\nvalue Plan : Event shape Set() clock Lamport\n"
         "visible V[y,x] <- V[y+dy,x+dx] when (dy,dx) in N8 border wrap\n"
         "rule Count: on V[y,x] read {neighbors} emit proposal V[y,x] := max(neighbors) + 1\n"
         "commit V[*] using satisfy(max_constraints_then_score) " +
         commit + "\n" +
         (schedule.empty()
              ? ""
              : "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"" + schedule + "\", epoch=0)\n");
}

}  // namespace

TEST_CASE(
    "6.8: with colour auto each step is one that could have been done cell by cell, and all cells get their turn") {
  for (const char* schedule : {"", "red-black", "four-colour", "wavefront"}) {
    CAPTURE(schedule);
    Given given;
    given.parameters["A"] = VocabularyGiven{50};
    auto world = world_of(torus(schedule, "colour auto"), {});
    const Colouring* colouring = world->instance().colouring(0);
    REQUIRE(colouring);
    std::vector<int64_t> before = cells_of(*world, "V");
    std::set<int64_t> changed;
    for (int step = 0; step < 120; ++step) {
      one_step(*world);
      std::vector<int64_t> after = cells_of(*world, "V");
      std::set<int64_t> now;
      for (int64_t cell = 0; cell < 30; ++cell)
        if (after[static_cast<size_t>(cell)] != before[static_cast<size_t>(cell)]) now.insert(cell);
      for (int64_t a : now)
        for (int64_t b : now) {
          int64_t dy = ((a / 6 - b / 6) % 5 + 5) % 5, dx = ((a % 6 - b % 6) % 6 + 6) % 6;
          bool sees = a != b && (dy <= 1 || dy == 4) && (dx <= 1 || dx == 5);
          CHECK_FALSE(sees);
        }
      changed.insert(now.begin(), now.end());
      before = after;
      if (changed.size() == 30) break;
    }
    CHECK(changed.size() == 30);
  }
}

TEST_CASE("5.5: a program without a colouring is refused") {
  std::string refusal = refusal_of(
      "value V : Token[A, 4] shape Seq(100) clock Lamport\nvisible V[i] <- V[*]\n"
      "rule R: on V[i] read {all_cells = V[*]} emit proposal V[i] := max(all_cells)\n"
      "commit V[*] using satisfy(max_constraints_then_score) colour auto\n");
  CHECK(refusal.find("error[E1012]") != std::string::npos);
}
