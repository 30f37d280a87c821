#include "consensus/analysis/phases.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "ir/arithmetic.hpp"

namespace caten::consensus {
namespace {

/// Where the plane begins among the axes.
size_t plane(size_t axes) { return axes > 2 ? axes - 2 : 0; }

/// Positions of an axis that a step leads so many tiles further.
struct Side {
  int64_t tiles = 0;
  int64_t count = 0;
  int64_t first = 0;
};

/// Of the interval's positions those whose residues by `tile` lie in [low, high).
Side with_residues(const Interval& interval, int64_t tile, int64_t low, int64_t high) {
  auto below = [&](int64_t end) {
    return arithmetic::div(end, tile) * (high - low) +
           std::clamp(arithmetic::mod(end, tile) - low, int64_t{0}, high - low);
  };
  Side out;
  if (interval.size() == 0 || high <= low) return out;
  out.count = below(interval.end) - below(interval.first);
  int64_t here = arithmetic::mod(interval.first, tile);
  out.first = interval.first + (here < low ? low - here : here >= high ? tile - here + low : 0);
  return out;
}

/// A step leads over one of two numbers of tiles, as the position in the tile has it.
std::vector<Side> sides(const Interval& interval, int64_t step, int64_t tile) {
  std::vector<Side> out;
  for (int64_t tiles = arithmetic::div(step, tile); tiles <= arithmetic::div(step, tile) + 1; ++tiles) {
    Side side = with_residues(interval, tile, std::max(int64_t{0}, tiles * tile - step),
                              std::min(tile, (tiles + 1) * tile - step));
    side.tiles = tiles;
    if (side.count > 0) out.push_back(side);
  }
  return out;
}

/// Have cells that lie so many tiles from each other the same number?
bool same_number(Activity::Kind kind, const Step& tiles) {
  auto begin = tiles.begin() + static_cast<ptrdiff_t>(plane(tiles.size()));
  switch (kind) {
    case Activity::Kind::kRedBlack: return std::accumulate(begin, tiles.end(), int64_t{0}) % 2 == 0;
    case Activity::Kind::kFourColour:
      if (tiles.size() == 1) return tiles[0] % 4 == 0;
      return std::all_of(begin, tiles.end(), [](int64_t d) { return d % 2 == 0; });
    case Activity::Kind::kWavefront: return std::accumulate(tiles.begin(), tiles.end(), int64_t{0}) == 0;
    case Activity::Kind::kTiles: return std::all_of(tiles.begin(), tiles.end(), [](int64_t d) { return d == 0; });
    case Activity::Kind::kAll:
    case Activity::Kind::kShares:
    case Activity::Kind::kUncommitted: break;
  }
  return true;
}

int64_t side_of(const Activity& activity, size_t axis, size_t axes) { return axis < plane(axes) ? 1 : activity.tile; }

/// Calls visit for each choice of a side of every axis that leads to the same number.
template <class Visit>
void for_each_choice(const Activity& activity, const Step& step, const Cuboid& cuboid, const Visit& visit) {
  std::vector<std::vector<Side>> choices;
  for (size_t axis = 0; axis < cuboid.size(); ++axis) {
    choices.push_back(sides(cuboid[axis], step[axis], side_of(activity, axis, cuboid.size())));
    if (choices.back().empty()) return;
  }
  std::vector<size_t> at(cuboid.size(), 0);
  for (;;) {
    Step tiles;
    for (size_t axis = 0; axis < at.size(); ++axis) tiles.push_back(choices[axis][at[axis]].tiles);
    if (same_number(activity.kind, tiles)) {
      std::vector<Side> chosen;
      for (size_t axis = 0; axis < at.size(); ++axis) chosen.push_back(choices[axis][at[axis]]);
      visit(chosen);
    }
    size_t axis = at.size();
    while (axis > 0 && ++at[axis - 1] == choices[axis - 1].size()) at[--axis] = 0;
    if (axis == 0) return;
  }
}

/// How many tiles there are along each axis.
Step tile_counts(const std::vector<int64_t>& sizes, int64_t tile) {
  Step out = sizes;
  for (size_t axis = plane(sizes.size()); axis < out.size(); ++axis) out[axis] = (out[axis] + tile - 1) / tile;
  return out;
}

/// The share of a cell: tiles in order of their places, divided into equal shares.
int64_t share_of(const Activity& activity, const Step& tiles) {
  Step counts = tile_counts(activity.sizes, activity.tile);
  int64_t number = 0, all = 1;
  for (size_t axis = 0; axis < counts.size(); ++axis) {
    number = number * counts[axis] + tiles[axis];
    all *= counts[axis];
  }
  return number * activity.shares / all;
}

}  // namespace

Activity activity_of(std::string_view strategy, int64_t tile, std::optional<int64_t> steps,
                     std::vector<int64_t> sizes) {
  using Kind = Activity::Kind;
  Activity out{.kind = Kind::kTiles, .tile = tile, .sizes = std::move(sizes)};
  if (strategy == "red-black") out.kind = Kind::kRedBlack;
  if (strategy == "four-colour") out.kind = Kind::kFourColour;
  if (strategy == "wavefront") out.kind = Kind::kWavefront;
  if (strategy == "maskgit-cosine") out.kind = Kind::kUncommitted;
  if (out.kind != Kind::kTiles || !steps) return out;
  int64_t tiles = 1;
  for (int64_t count : tile_counts(out.sizes, tile)) tiles *= count;
  if (*steps >= tiles) return out;
  out.kind = strategy == "raster" ? Kind::kShares : Kind::kAll;
  out.shares = *steps;
  return out;
}

bool is_colouring(const Activity& activity) {
  using Kind = Activity::Kind;
  return activity.kind == Kind::kRedBlack || activity.kind == Kind::kFourColour || activity.kind == Kind::kWavefront;
}

bool by_steps(const Activity& activity) { return activity.kind != Activity::Kind::kShares; }

bool together(const Activity& activity, std::span<const int64_t> a, std::span<const int64_t> b) {
  Step from, to, between;
  for (size_t axis = 0; axis < a.size(); ++axis) {
    int64_t side = side_of(activity, axis, a.size());
    from.push_back(arithmetic::div(a[axis], side));
    to.push_back(arithmetic::div(b[axis], side));
    between.push_back(to.back() - from.back());
  }
  if (activity.kind == Activity::Kind::kShares) return share_of(activity, from) == share_of(activity, to);
  return same_number(activity.kind, between);
}

int64_t count_together(const Activity& activity, const Step& step, const Cuboid& cuboid) {
  int64_t out = 0;
  for_each_choice(activity, step, cuboid, [&](const std::vector<Side>& chosen) {
    int64_t count = 1;
    for (const Side& side : chosen) count *= side.count;
    out += count;
  });
  return out;
}

std::optional<std::vector<int64_t>> find_together(const Activity& activity, const Step& step, const Cuboid& cuboid) {
  std::optional<std::vector<int64_t>> out;
  for_each_choice(activity, step, cuboid, [&](const std::vector<Side>& chosen) {
    std::vector<int64_t> place;
    for (const Side& side : chosen) place.push_back(side.first);
    if (!out || place < *out) out = std::move(place);
  });
  return out;
}

std::optional<Colouring> find_colouring(size_t axes, const std::vector<Step>& steps) {
  constexpr size_t kMostTrials = 200'000;
  size_t trials = 0;
  for (int64_t modulus = 1; modulus <= kMostColours; ++modulus) {
    Colouring colouring{.multipliers = std::vector<int64_t>(axes, 0), .modulus = modulus};
    for (;;) {
      if (std::none_of(steps.begin(), steps.end(), [&](const Step& step) { return colouring.colour_of(step) == 0; }))
        return colouring;
      if (++trials > kMostTrials) return std::nullopt;
      // The next multipliers, the last of them first.
      size_t i = axes;
      while (i > 0 && ++colouring.multipliers[i - 1] == modulus) colouring.multipliers[--i] = 0;
      if (i == 0) break;
    }
  }
  return std::nullopt;
}

}  // namespace caten::consensus
