// What a step works on: events of SampleTiles as masks that are functions of a cell.
//
// Tiles cut the last two axes (of a sequence its one axis); `tile` is their side, 1 unless given. The phases of an
// epoch:
//   red-black       2: (y + x) mod 2 of the tile, of a sequence i mod 2
//   four-colour     4: 2·(y mod 2) + x mod 2, of a sequence i mod 4
//   raster          as many as tiles: one after another, the first axis slowest
//   random          as many as tiles: in the order of the Philox words of (seed, epoch, tile), then of tiles
//   wavefront       1 + the sum over all axes of the greatest place: cells of one sum of tile places
//   maskgit-cosine  `steps`, 8 unless given: all cells that are not committed; a budget, see maskgit_remaining
// raster and random with `steps` have so many phases, each with its share of the tiles in order. An event of more
// phases than a value has leaves that value alone.
#pragma once

#include "consensus/instance.hpp"
#include "consensus/state.hpp"

namespace caten::consensus {

/// The phases of an event's epoch, on a value with these sizes.
int64_t phase_count(const Event& event, std::span<const int64_t> sizes);

/// The event as a set of cells of a value with these sizes and this colouring. `committed` is asked for maskgit-cosine
/// alone, which has no colours. An event without a strategy has all cells of its colour.
class ActiveCells {
 public:
  ActiveCells(const Event& event, std::span<const int64_t> sizes, const Colouring* colouring = nullptr);
  bool operator()(int64_t cell, bool committed) const;

 private:
  bool in_phase(std::vector<int64_t> place) const;

  const Event& event_;
  std::vector<int64_t> sizes_;
  int64_t phases_ = 1;
  int64_t tiles_ = 1;
  const Colouring* colouring_ = nullptr;
  std::vector<int64_t> rank_{};  ///< of `random`: of each tile its place in the permutation
};

/// How many of `total` cells are still open after phase i of `steps`: floor(total·cos(π(i+1)/2·steps)).
int64_t maskgit_remaining(int64_t total, int64_t phase, int64_t steps);

/// The least stratum with a cell that is not committed; rules on later ones wait for it. SIZE_MAX if all are.
size_t open_stratum(const Instance& instance, const State& state);
/// How many cells are not committed, of those that rules are on that do not wait.
int64_t open_cells(const Instance& instance, const State& state);

struct NextEvent {
  Event event{};
  int64_t number = 0;  ///< among those of its schedule
};
/// The next event that a schedule proposes, the first one with at least this number: one phase after another, then the
/// next epoch. With a phase given, always that one, of one epoch after another. maskgit-cosine begins a new epoch where
/// another stratum is open.
NextEvent next_event(const Instance& instance, const ScheduleInstance& schedule, const State& state, int64_t number);

}  // namespace caten::consensus
