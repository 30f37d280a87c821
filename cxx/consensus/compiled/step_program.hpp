// A step of a consensual program as a graph over the 27 ops: the compiled path of docs/consensus.md.
//
// In: an instance. Out: a program whose states are the values, with the step, the seed and the phase and colour of the
// event as inputs, so that one program runs all steps; or why there is none. What it computes is what the reference
// interpreter computes, bit for bit. Entry: lower_step.
#pragma once

#include "consensus/instance.hpp"
#include "ir/call.hpp"

namespace caten::consensus::compiled {

struct StepProgram {
  Graph graph{};
  std::vector<Array> tables{};  ///< inputs behind step, seed, phase and colour
  /// A state of the graph, in its order: the elements of a value, or which of its cells are committed.
  struct Stored {
    size_t value = 0;
    bool committed = false;
  };
  std::vector<Stored> states{};
  /// A rule, in order: which value it changes, and the output that says for which cells, unless those are all that are
  /// active.
  struct Change {
    size_t rule = 0, value = 0;  ///< by their places in the instance
    std::optional<size_t> output{};
  };
  std::vector<Change> changes{};
};

/// `whole`: of each value whether all of its cells are committed. `reason` is set if there is no program.
std::optional<StepProgram> lower_step(const Instance& instance, const std::vector<bool>& whole, std::string& reason);

}  // namespace caten::consensus::compiled
