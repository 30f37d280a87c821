// A program whose steps are compiled. It goes through the states that the reference interpreter goes through.
//
// In: an instance, its state before some step, a function that runs graphs. Out: the states behind it. The clocks of
// what all active cells commit are one entry for each phase of the schedule (docs/consensus.md, 1.5); cells are looked
// at where the state is asked for. Entry: World::make, World::step, World::state.
#pragma once

#include <functional>
#include <memory>
#include <tuple>

#include "consensus/compiled/step_program.hpp"
#include "consensus/state.hpp"

namespace caten::consensus::compiled {

/// Runs a graph, always the same; arguments may be taken over for results.
using RunGraph = std::function<Result<Results>(const Graph& graph, Arguments arguments)>;

class World {
 public:
  /// Nothing if the program is not one that is compiled: `reason` says why. The instance must outlive the world.
  static std::unique_ptr<World> make(const Instance& instance, State state, RunGraph run, std::string& reason);

  /// The next step. After an error the state is the one before it.
  Status step();

  /// The whole state, as the interpreter has it.
  State state() const;

 private:
  World(const Instance& instance, State state, RunGraph run, StepProgram program);

  const Instance& instance_;
  State state_;  ///< sets, steps and clocks; its cells are those of the beginning
  RunGraph run_;
  StepProgram program_;
  std::vector<Array> arrays_{};                                ///< of the states of the program
  std::vector<Array> constants_{};                             ///< the seed and the tables, as inputs
  using Phase = std::tuple<size_t, int64_t, int64_t>;          ///< a rule, and an event's phase and colour
  std::map<Phase, std::pair<int64_t, Event>> whole_phases_{};  ///< when all cells of it were committed last
};

}  // namespace caten::consensus::compiled
