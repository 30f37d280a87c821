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

}  // namespace caten::consensus::reference
