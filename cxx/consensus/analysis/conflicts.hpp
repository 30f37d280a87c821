// Pairs of rule instances of which one sees what the other commits, or that share a constraint instance, while both are
// at work.
//
// In: an instance and one of its schedules. Out: for each value that commits, how far such cells lie apart and
// how many there are. By boxes of cells for edges that lead a fixed step, cell by cell for all others.
#pragma once

#include <map>
#include <set>

#include "consensus/analysis/phases.hpp"
#include "consensus/instance.hpp"

namespace caten::consensus {

/// Two cells at work together, by their places.
struct CellPair {
  size_t first_value = 0;
  size_t second_value = 0;
  std::vector<int64_t> first{};
  std::vector<int64_t> second{};
};

/// Why two cells must not be at work together.
struct Conflict {
  enum class Kind : uint8_t {
    kSees,    ///< the rule at the first cell reads what is proposed at the second
    kShares,  ///< both are in an instance of the constraint
    kData     ///< what the rule reads depends on what cells hold, so it may be any cell
  };
  Kind kind = Kind::kSees;
  const Rule* rule = nullptr;
  const Visible* edge = nullptr;
  const Constraint* constraint = nullptr;
  CellPair witness{};
};

/// Of one value's rules.
struct Conflicts {
  std::optional<Conflict> first{};
  /// Ordered pairs (a, b) of different cells at work together where a sees b.
  int64_t pairs = 0;
  /// All steps from one cell of a conflict to the other. Nothing where there is no such step: data, and cells of which
  /// one is not of the value that is proposed for.
  std::optional<std::set<Step>> steps{std::in_place};
};

/// Of the rules that propose for this value. Without a schedule all cells are at work in every step.
Conflicts find_conflicts(const Instance& instance, size_t value, const ScheduleInstance* schedule);

}  // namespace caten::consensus
