// A step of a consensual program as a graph over the 27 ops: the compiled path of docs/consensus.md.
//
// In: an instance. Out: a program from the values, the step, the seed and the phase and colour of the event to what
// becomes of the values, so that one program runs all steps; or why there is none. What it computes is what the
// reference interpreter computes, bit for bit. Entry: lower_step.
#pragma once

#include "consensus/compiled/layout.hpp"
#include "ir/call.hpp"

namespace caten::consensus::compiled {

struct StepProgram {
  Graph graph{};
  /// Inputs: step and seed, i64[], phase, u32[], colour, i64[], then those of `stored`, then the tables.
  std::vector<Array> tables{};
  std::vector<GridLayout> layouts{};  ///< by the number of the value
  /// An input that is kept between steps: the elements of a value, or which of its cells are committed. All elements
  /// of its layout.
  struct Stored {
    size_t value = 0;
    bool committed = false;
    std::optional<size_t> output{};  ///< the computed elements of the layout behind the step; nothing: it stays
  };
  std::vector<Stored> stored{};
  /// A rule, in order: which value it changes, and the output that says for which of the computed elements, unless
  /// those are all that are active.
  struct Change {
    size_t rule = 0, value = 0;  ///< by their places in the instance
    std::optional<size_t> output{};
  };
  std::vector<Change> changes{};
};

/// `whole`: of each value whether all of its cells are committed. `reason` is set if there is no program.
std::optional<StepProgram> lower_step(const Instance& instance, const std::vector<bool>& whole, std::string& reason);

}  // namespace caten::consensus::compiled
