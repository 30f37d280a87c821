// Strategies: which cells are at work together, against the numbers of all cells; colourings against all pairs.
#include "consensus/analysis/phases.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <random>
#include <set>

#include "consensus/analysis/moves.hpp"

using namespace caten::consensus;

namespace {

using Cell = std::vector<int64_t>;

void for_each_cell(const Cuboid& cuboid, const std::function<void(const Cell&)>& visit) {
  Cell place;
  for (const caten::consensus::Interval& each : cuboid) {
    if (each.size() == 0) return;
    place.push_back(each.first);
  }
  for (;;) {
    visit(place);
    size_t axis = place.size();
    while (axis > 0 && ++place[axis - 1] == cuboid[axis - 1].end) {
      --axis;
      place[axis] = cuboid[axis].first;
    }
    if (axis == 0) return;
  }
}

/// The number that a strategy gives a cell, from its words in docs/consensus.md.
int64_t number_of(const std::string& strategy, int64_t tile, const Cell& place, const Cell& sizes) {
  Cell tiles = place, counts = sizes;
  for (size_t axis = place.size() > 2 ? place.size() - 2 : 0; axis < place.size(); ++axis) {
    tiles[axis] /= tile;
    counts[axis] = (sizes[axis] + tile - 1) / tile;
  }
  int64_t x = tiles.back(), y = tiles.size() > 1 ? tiles[tiles.size() - 2] : 0, sum = 0, flat = 0;
  for (size_t axis = 0; axis < tiles.size(); ++axis) {
    sum += tiles[axis];
    flat = flat * counts[axis] + tiles[axis];
  }
  if (strategy == "red-black") return (x + y) % 2;
  if (strategy == "four-colour") return tiles.size() == 1 ? x % 4 : 2 * (y % 2) + x % 2;
  return strategy == "wavefront" ? sum : flat;
}

}  // namespace

TEST_CASE("cells at work together are those with the same number, for all strategies, tiles, steps and boxes") {
  std::mt19937 random(11);
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  size_t some = 0, none = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    const char* strategies[] = {"red-black", "four-colour", "wavefront", "raster", "random"};
    std::string strategy = strategies[below(5)];
    auto axes = static_cast<size_t>(1 + below(3));
    int64_t tile = 1 + below(3);
    Cell sizes;
    Step step;
    Cuboid cuboid;
    for (size_t axis = 0; axis < axes; ++axis) {
      sizes.push_back(1 + below(7));
      step.push_back(below(2 * sizes[axis] - 1) - sizes[axis] + 1);
      // The cells whose step stays on the grid, and of them a part.
      caten::consensus::Interval side{std::max(int64_t{0}, -step[axis]),
                                      std::min(sizes[axis], sizes[axis] - step[axis])};
      side.first += below(2);
      side.end -= below(2);
      cuboid.push_back(side);
    }
    Activity activity = activity_of(strategy, tile, {}, sizes);
    int64_t count = 0;
    std::optional<Cell> first;
    for_each_cell(cuboid, [&](const Cell& place) {
      Cell other = place;
      for (size_t axis = 0; axis < axes; ++axis) other[axis] += step[axis];
      bool same = number_of(strategy, tile, place, sizes) == number_of(strategy, tile, other, sizes);
      CHECK(together(activity, place, other) == same);
      count += same;
      if (same && !first) first = place;
    });
    CAPTURE(trial);
    CAPTURE(strategy);
    CHECK(count_together(activity, step, cuboid) == count);
    CHECK(find_together(activity, step, cuboid) == first);
    (count > 0 ? some : none) += 1;
  }
  CHECK(some > 500);
  CHECK(none > 500);
}

TEST_CASE("raster in shares: as many tiles in each phase") {
  Activity activity = activity_of("raster", 1, 3, {9});
  CHECK_FALSE(by_steps(activity));
  for (int64_t a = 0; a < 9; ++a)
    for (int64_t b = 0; b < 9; ++b) CHECK(together(activity, Cell{a}, Cell{b}) == (a / 3 == b / 3));
  CHECK(activity_of("random", 1, 3, {9}).kind == Activity::Kind::kAll);
  CHECK(activity_of("random", 1, 9, {9}).kind == Activity::Kind::kTiles);
}

TEST_CASE("a colouring separates all steps it was asked for, with fewest colours") {
  std::vector<Step> n8;
  for (int64_t y = -1; y <= 1; ++y)
    for (int64_t x = -1; x <= 1; ++x)
      if (x != 0 || y != 0) n8.push_back({y, x});
  std::optional<Colouring> found = find_colouring(2, n8);
  REQUIRE(found.has_value());
  CHECK(found->modulus == 4);  // four cells of a square see each other
  for (const Step& step : n8) CHECK(found->colour_of(step) != 0);
  CHECK(find_colouring(2, {})->modulus == 1);
  CHECK(find_colouring(1, {{1}, {2}, {3}})->modulus == 4);
  CHECK(find_colouring(2, {{1, 1}, {1, -1}})->modulus == 2);
  // All steps of a line of a hundred cells: as many colours as cells.
  std::vector<Step> all;
  for (int64_t d = 1; d < 100; ++d) all.push_back({d});
  CHECK_FALSE(find_colouring(1, all).has_value());
}

TEST_CASE("disjoint boxes hold the same cells, each once") {
  std::mt19937 random(5);
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<Cuboid> boxes;
    for (size_t count = 1 + random() % 4; count > 0; --count) {
      Cuboid box;
      for (int axis = 0; axis < 2; ++axis) {
        auto first = static_cast<int64_t>(random() % 6);
        box.push_back({first, first + 1 + static_cast<int64_t>(random() % 4)});
      }
      boxes.push_back(box);
    }
    std::set<Cell> expected;
    for (const Cuboid& box : boxes) for_each_cell(box, [&](const Cell& place) { expected.insert(place); });
    std::map<Cell, int> seen;
    for (const Cuboid& box : disjoint(boxes)) for_each_cell(box, [&](const Cell& place) { ++seen[place]; });
    CHECK(seen.size() == expected.size());
    for (const auto& [place, times] : seen) CHECK((times == 1 && expected.contains(place)));
  }
}
