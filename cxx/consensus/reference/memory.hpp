// All that the interpreter remembers from step to step: with the program, what is given and the seed of the run, all
// later steps follow from it.
#pragma once

#include "consensus/reference/step.hpp"

namespace caten::consensus::reference {

/// What one step changed of a group's cells, for backtracking.
struct Undo {
  struct Before {
    Target target{};
    bool committed = false;
    Clock clock{};
    bool operator==(const Before&) const = default;
  };
  std::vector<Before> before{};
  std::vector<Bar> bars{};  ///< what was barred before it, and then its winners
  bool operator==(const Undo&) const = default;
};

struct Memory {
  State state{};
  std::map<Group, std::vector<Undo>> history{};  ///< of groups that backtrack; the last step is the last one
  std::map<Group, std::vector<Bar>> bars{};
  int64_t restarts = 0;
};

/// Adds to a group's undo of this step what its winner is about to change.
void remember(const Instance& instance, const Memory& memory, const Group& group, const Bar& winner,
              std::map<Group, Undo>& undo);

/// What `backtrack` undid.
struct Undone {
  int64_t commits = 0;
  std::vector<std::pair<size_t, int64_t>> cells{};  ///< value and cell
};
/// Undoes the group's last commits, so many at most, and bars what led there (3.10).
Undone backtrack(const Instance& instance, Memory& memory, const Group& group, int64_t commits);
/// Begins again with the next seed (3.10); E1028.
Status restart(const Instance& instance, Memory& memory, const Group& group);
/// E1027.
tl::unexpected<Diagnostic> unsatisfied(const Instance& instance, const Group& group, int64_t step, int64_t proposed,
                                       int64_t stuck);

}  // namespace caten::consensus::reference
