// Section 6 of docs/consensus.md: events as functions of a cell.
#include "consensus/schedule.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <set>

#include "consensus/analysis/phases.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

std::string mask(const Event& event, const std::vector<int64_t>& sizes) {
  ActiveCells active(event, sizes);
  int64_t cells = std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
  std::string out;
  for (int64_t cell = 0; cell < cells; ++cell) out += active(cell, false) ? '#' : '.';
  return out;
}

std::string phases_of(const Event& event, const std::vector<int64_t>& sizes) {
  std::string out;
  for (int64_t phase = 0; phase < phase_count(event, sizes); ++phase) {
    Event now = event;
    now.phase = phase;
    out += (phase ? " " : "") + mask(now, sizes);
  }
  return out;
}

}  // namespace

TEST_CASE("6.1: masks of the strategies") {
  CHECK(phases_of({.strategy = "red-black"}, {3, 3}) == "#.#.#.#.# .#.#.#.#.");
  CHECK(phases_of({.strategy = "red-black"}, {5}) == "#.#.# .#.#.");
  CHECK(phases_of({.strategy = "red-black"}, {2, 2, 2}) == "#..##..# .##..##.");
  CHECK(phases_of({.strategy = "red-black", .tile = 2}, {4, 4}) == "##..##....##..## ..##..####..##..");
  CHECK(phases_of({.strategy = "four-colour"}, {2, 4}) == "#.#..... .#.#.... ....#.#. .....#.#");
  CHECK(phases_of({.strategy = "four-colour"}, {5}) == "#...# .#... ..#.. ...#.");
  CHECK(phases_of({.strategy = "raster"}, {2, 2}) == "#... .#.. ..#. ...#");
  CHECK(phases_of({.strategy = "raster", .steps = 2}, {5}) == "###.. ...##");
  CHECK(phases_of({.strategy = "raster", .tile = 2}, {2, 3}) == "##.##. ..#..#");
  CHECK(phases_of({.strategy = "wavefront"}, {2, 3}) == "#..... .#.#.. ..#.#. .....#");
  CHECK(phases_of({.strategy = "wavefront"}, {2, 2, 1}) == "#... .##. ...#");
}

TEST_CASE("6.1: cells are active in one phase exactly if the analysis of races takes them to be together") {
  const std::vector<std::vector<int64_t>> shapes = {{7}, {4, 5}, {2, 3, 4}};
  for (const std::vector<int64_t>& sizes : shapes)
    for (const char* strategy : {"red-black", "four-colour", "raster", "random", "wavefront"})
      for (int64_t tile : {1, 2})
        for (std::optional<int64_t> steps : {std::optional<int64_t>(), std::optional<int64_t>(3)}) {
          if (steps && strategy != std::string("raster")) continue;
          Event event{.strategy = strategy, .seed = 3, .steps = steps, .tile = tile};
          Activity activity = activity_of(strategy, tile, steps, sizes);
          int64_t cells = std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
          std::vector<int64_t> phase(static_cast<size_t>(cells), -1);
          for (event.phase = 0; event.phase < phase_count(event, sizes); ++event.phase) {
            ActiveCells active(event, sizes);
            for (int64_t cell = 0; cell < cells; ++cell)
              if (active(cell, false)) phase[static_cast<size_t>(cell)] = event.phase;
          }
          CAPTURE(strategy);
          for (int64_t a = 0; a < cells; ++a)
            for (int64_t b = 0; b < cells; ++b)
              REQUIRE((phase[static_cast<size_t>(a)] == phase[static_cast<size_t>(b)]) ==
                      together(activity, coordinates(a, sizes), coordinates(b, sizes)));
        }
}

TEST_CASE("6.1: maskgit-cosine works on what is not committed") {
  Event event{.strategy = "maskgit-cosine", .phase = 3};
  ActiveCells active(event, std::vector<int64_t>{4});
  CHECK(active(0, false));
  CHECK_FALSE(active(0, true));
  CHECK(phase_count(event, std::vector<int64_t>{4}) == 8);
}

TEST_CASE("6.2: a random order is a permutation of the tiles, by seed and epoch") {
  std::set<std::string> orders;
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    std::string phases = phases_of({.strategy = "random", .epoch = epoch, .seed = 3}, {6});
    orders.insert(phases);
    std::vector<int> times(6);
    for (size_t i = 0; i < phases.size(); ++i)
      if (phases[i] == '#') ++times[i % 7];
    CHECK(times == std::vector<int>(6, 1));
  }
  CHECK(orders.size() == 4);
  CHECK(phases_of({.strategy = "random", .epoch = 0, .seed = 4}, {6}) !=
        phases_of({.strategy = "random", .seed = 3}, {6}));
}

TEST_CASE("6.3: what maskgit-cosine leaves open") {
  auto remaining = [](int64_t total) {
    std::vector<int64_t> out;
    for (int64_t phase = 0; phase < 8; ++phase) out.push_back(maskgit_remaining(total, phase, 8));
    return out;
  };
  CHECK(remaining(64) == std::vector<int64_t>{62, 59, 53, 45, 35, 24, 12, 0});
  CHECK(remaining(256) == std::vector<int64_t>{251, 236, 212, 181, 142, 97, 49, 0});
  CHECK(maskgit_remaining(7, 1, 3) == 3);
}

TEST_CASE("6.3: maskgit-cosine commits its share, and at least one cell a step") {
  auto world = world_of(
      "value V : Token[X, 3] shape Seq(64) clock Lamport\nvalue Plan : Event shape Set() clock Lamport\n"
      "rule R: on V[i] emit proposal V[i] := categorical(0)\nscore uniform()\n"
      "commit V[*] using satisfy(max_constraints_then_score)\n"
      "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"maskgit-cosine\", epoch=0, steps=8)\n");
  std::vector<int64_t> open;
  for (int step = 0; step < 8; ++step) {
    one_step(*world);
    std::vector<int64_t> cells = cells_of(*world, "V");
    open.push_back(std::count(cells.begin(), cells.end(), -1));
  }
  CHECK(open == std::vector<int64_t>{62, 59, 53, 45, 35, 24, 12, 0});
  CHECK(one_step(*world).active == 0);
  auto small = world_of(
      "value V : Token[X, 3] shape Seq(3) clock Lamport\nvalue Plan : Event shape Set() clock Lamport\n"
      "rule R: on V[i] emit proposal V[i] := 1\n"
      "commit V[*] using satisfy(max_constraints_then_score)\n"
      "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"maskgit-cosine\", epoch=0, steps=100)\n");
  CHECK(one_step(*small).committed.size() == 1);
}

TEST_CASE("6.4: a schedule proposes one phase after another, then the next epoch") {
  auto world = world_of(
      "value V : Token[X, 3] shape Seq(4) clock Lamport init 0\nvalue Plan : Event shape Set() clock Lamport\n"
      "rule R: on V[i] emit proposal V[i] := 1\ncommit V[*] using satisfy(max_constraints_then_score)\n"
      "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"red-black\", epoch=5)\n");
  for (int64_t i = 0; i < 6; ++i) {
    reference::StepReport report = one_step(*world);
    REQUIRE(report.event.has_value());
    CHECK(report.event->phase == i % 2);
    CHECK(report.event->epoch == 5 + i / 2);
    CHECK(report.active == 2);
  }
}

TEST_CASE("6.5: events of others come in the order of their clocks, each once") {
  auto world = world_of(
      "value V : Token[X, 3] shape Seq(4) clock Lamport init 0\nvalue Plan : Event shape Set() clock Lamport\n"
      "rule R: on V[i] emit proposal V[i] := 1\ncommit V[*] using satisfy(max_constraints_then_score)\n");
  ReplicaSet<Event> plan;
  Event late{.strategy = "raster", .phase = 3}, early{.strategy = "raster", .phase = 1};
  plan.add(late, 9, 40);
  ReplicaSet<Event> other;
  other.add(early, 8, 20);
  plan.merge(other);
  REQUIRE(world->merge(1, plan));
  REQUIRE(world->merge(1, plan));
  reference::StepReport first = one_step(*world), second = one_step(*world), third = one_step(*world);
  CHECK(first.event == early);
  CHECK(second.event == late);
  CHECK_FALSE(third.event.has_value());
  CHECK(third.active == 4);
  // 1.5: the clock of a step is above all that was merged.
  CHECK(first.step == 42);
  CHECK(second.step == 43);
}

TEST_CASE("6.6: without a schedule every cell is active in every step") {
  auto world = world_of(
      "value V : Token[X, 3] shape Seq(4) clock Lamport init 0\n"
      "rule R: on V[i] emit proposal V[i] := 1\ncommit V[*] using satisfy(max_constraints_then_score)\n");
  for (int i = 0; i < 3; ++i) CHECK(one_step(*world).active == 4);
}

TEST_CASE("6.7: a coarse value is an earlier stratum of its fine one") {
  auto world = world_of(
      "value Fine : Token[X, 3] shape Seq(4) clock Lamport\nvalue Coarse : Token[X, 3] shape Seq(2) clock Lamport\n"
      "value Plan : Event shape Set() clock Lamport\n"
      "visible Fine[i] <- Coarse[i/2] optional\n"
      "rule F: on Fine[i] read {Coarse} emit proposal Fine[i] := coarse\n"
      "rule C: on Coarse[i] emit proposal Coarse[i] := i + 1\n"
      "commit Fine[*] using satisfy(max_constraints_then_score)\n"
      "commit Coarse[*] using satisfy(max_constraints_then_score)\n"
      "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"raster\", epoch=0)\n");
  CHECK(world->instance().strata == std::vector<size_t>{1, 0, 0});
  one_step(*world);
  CHECK(cells_of(*world, "Fine") == std::vector<int64_t>{-1, -1, -1, -1});
  run_steps(*world, 5);
  CHECK(cells_of(*world, "Coarse") == std::vector<int64_t>{1, 2});
  CHECK(cells_of(*world, "Fine") == std::vector<int64_t>{1, 1, 2, 2});
}

TEST_CASE("6.3: maskgit-cosine begins a new epoch with each stratum") {
  auto world = world_of(
      "value Fine : Token[X, 3] shape Seq(64) clock Lamport\nvalue Coarse : Token[X, 3] shape Seq(8) clock Lamport\n"
      "value Plan : Event shape Set() clock Lamport\nvisible Fine[i] <- Coarse[i/8]\n"
      "rule F: on Fine[i] read {Coarse} emit proposal Fine[i] := coarse\n"
      "rule C: on Coarse[i] emit proposal Coarse[i] := 1\n"
      "commit Fine[*] using satisfy(max_constraints_then_score)\n"
      "commit Coarse[*] using satisfy(max_constraints_then_score)\n"
      "rule S: on Plan emit proposal Plan := SampleTiles(strategy=\"maskgit-cosine\", epoch=0, steps=8)\n");
  std::vector<int64_t> open, phases, epochs;
  for (int step = 0; step < 14; ++step) {
    reference::StepReport report = one_step(*world);
    std::vector<int64_t> fine = cells_of(*world, "Fine"), coarse = cells_of(*world, "Coarse");
    open.push_back(std::count(fine.begin(), fine.end(), -1) + 100 * std::count(coarse.begin(), coarse.end(), -1));
    phases.push_back(report.event->phase);
    epochs.push_back(report.event->epoch);
  }
  // 8 of the coarse level, at least one a step; then 64 of the fine one, from the first phase of the next epoch.
  CHECK(open == std::vector<int64_t>{764, 664, 564, 464, 364, 264, 164, 64, 62, 59, 53, 45, 35, 24});
  CHECK(phases == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5});
  CHECK(epochs == std::vector<int64_t>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1});
}
