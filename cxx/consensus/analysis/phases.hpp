// Which cells a schedule has at work at the same time, and colourings that divide them further.
//
// Cells are places on a grid. A strategy gives each a number; those with the same number are at work together. The
// plane of a grid is its last two axes, or its one axis.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "consensus/colouring.hpp"

namespace caten::consensus {

/// Positions [first, end) on an axis.
struct Interval {
  int64_t first = 0;
  int64_t end = 0;
  int64_t size() const { return end > first ? end - first : 0; }
  bool operator==(const Interval&) const = default;
};
using Cuboid = std::vector<Interval>;
using Step = std::vector<int64_t>;

/// What a schedule has at work on a value of these sizes. Tiles cut the plane.
struct Activity {
  enum class Kind : uint8_t {
    kAll,         ///< no schedule: all cells in every step; and random with several tiles in a phase
    kRedBlack,    ///< the parity of the sum of the plane's tiles
    kFourColour,  ///< the parities of the plane's tiles, of a sequence four numbers
    kWavefront,   ///< the sum of all tiles
    kTiles,       ///< raster and random: tile by tile
    kShares,      ///< raster with `steps`: a share of the tiles after the other
    kUncommitted  ///< maskgit-cosine: all that have no value yet
  };
  Kind kind = Kind::kAll;
  int64_t tile = 1;              ///< its side
  std::vector<int64_t> sizes{};  ///< of the value, for kShares
  int64_t shares = 1;            ///< of kShares
};

/// Of the strategy with this name (built_ins.hpp).
Activity activity_of(std::string_view strategy, int64_t tile, std::optional<int64_t> steps, std::vector<int64_t> sizes);
/// Is the strategy a promise that the cells of one number do not depend on each other?
bool is_colouring(const Activity& activity);

/// Are cells at these places at work together?
bool together(const Activity& activity, std::span<const int64_t> a, std::span<const int64_t> b);
/// Does that depend on nothing but the step from one to the other and the places in their tiles?
bool by_steps(const Activity& activity);
/// How many cells of the cuboid are at work together with those that lie one step from them, and one of them. Only
/// where by_steps holds.
int64_t count_together(const Activity& activity, const Step& step, const Cuboid& cuboid);
std::optional<std::vector<int64_t>> find_together(const Activity& activity, const Step& step, const Cuboid& cuboid);

/// The colouring with fewest colours in which no two cells that lie one of the steps from each other have the same
/// colour; of those the first. Nothing if none of at most kMostColours colours does it.
inline constexpr int64_t kMostColours = 64;
std::optional<Colouring> find_colouring(size_t axes, const std::vector<Step>& steps);

}  // namespace caten::consensus
