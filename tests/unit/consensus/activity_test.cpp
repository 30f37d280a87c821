// What the analysis takes to be at work together is what schedules have at work together.
#include <doctest/doctest.h>

#include <random>

#include "consensus/analysis/phases.hpp"
#include "consensus/schedule.hpp"

using namespace caten;
using namespace caten::consensus;

TEST_CASE("5.3: cells are at work together in the analysis exactly if some phase of the schedule has both") {
  std::mt19937 random(23);
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  size_t same = 0, different = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const char* strategies[] = {"red-black", "four-colour", "raster", "random", "wavefront"};
    Event event{.strategy = strategies[below(5)], .seed = static_cast<uint32_t>(below(100)), .tile = 1 + below(3)};
    std::vector<int64_t> sizes;
    for (int64_t axes = 1 + below(3); axes > 0; --axes) sizes.push_back(1 + below(5));
    if (below(3) == 0) event.steps = 1 + below(6);
    Activity activity = activity_of(event.strategy, event.tile, event.steps, sizes);
    int64_t cells = 1;
    for (int64_t size : sizes) cells *= size;
    // The phase of each cell.
    std::vector<int64_t> phase(static_cast<size_t>(cells), -1);
    for (int64_t i = 0; i < phase_count(event, sizes); ++i) {
      event.phase = i;
      ActiveCells active(event, sizes);
      for (int64_t cell = 0; cell < cells; ++cell)
        if (active(cell, false)) phase[static_cast<size_t>(cell)] = i;
    }
    CAPTURE(event.strategy);
    CAPTURE(trial);
    for (int64_t a = 0; a < cells; ++a)
      for (int64_t b = 0; b < cells; ++b) {
        bool both = phase[static_cast<size_t>(a)] == phase[static_cast<size_t>(b)];
        bool found = together(activity, coordinates(a, sizes), coordinates(b, sizes));
        // The shares of a permutation are others in each epoch.
        if (activity.kind != Activity::Kind::kAll) CHECK(found == both);
        CHECK((found || !both));
        (both ? same : different) += 1;
      }
  }
  CHECK(same > 1000);
  CHECK(different > 1000);
}
