// What hard constraints about single cells say before anything runs: cells that never change again, ids that a cell may
// have, and constraints that no state satisfies together.
#pragma once

#include "consensus/analysis/conditions.hpp"
#include "consensus/state.hpp"

namespace caten::consensus {

struct StaticMasks {
  /// Of one value: cells that keep their value once they have one, and so need no proposals.
  struct Lock {
    const Constraint* constraint = nullptr;
    size_t value = 0;
    std::vector<bool> cells{};
  };
  /// Ids that a proposal for one of these cells may draw.
  struct Palette {
    const Constraint* constraint = nullptr;
    size_t value = 0;
    std::vector<bool> ids{};
    std::vector<bool> cells{};
  };
  std::vector<Lock> locks{};        ///< of `forbid change … hard`, in order
  std::vector<Palette> palettes{};  ///< of all `… in Palette(…)`, in order; a soft one is no more than a preference
};

/// The integers among an instance's parameters.
Integers integers_of(const Instance& instance);

StaticMasks static_masks(const Instance& instance);

/// E1014 for constraints about cells that the grid does not have, or about none.
void check_regions(const Instance& instance, Diagnostics& diagnostics);

/// E1013 for hard constraints that contradict each other, with a smallest set of them: removing any one of it would
/// help. Found are cells without an id (palettes, and locks of cells with a value), and all-different over cells that
/// have too few ids.
void check_contradictions(const Instance& instance, const State& initial, Diagnostics& diagnostics);

}  // namespace caten::consensus
