// A program whose steps are compiled. It goes through the states that the reference interpreter goes through.
//
// In: an instance, its state before some step, a function that runs graphs. Out: the states behind it. A step writes
// into arrays that are there: each value that changes has two, and what a rule gives goes between the rims of the one
// that is not read. The clocks of what all active cells commit are one entry for each phase of the schedule
// (docs/consensus.md, 1.5), others a number for each cell; cells are looked at where the state is asked for. Entry:
// World::make, World::step, World::state.
#pragma once

#include <functional>
#include <memory>
#include <tuple>

#include "consensus/compiled/step_program.hpp"
#include "consensus/planning.hpp"
#include "consensus/state.hpp"

namespace caten::consensus::compiled {

/// Runs a graph, always the same; its outputs are written to these arrays.
using RunGraph = std::function<Result<Results>(const Graph& graph, Arguments arguments, std::vector<Array> outputs)>;

class World {
 public:
  /// Nothing if the program is not one that is compiled: `reason` says why. The instance must outlive the world.
  static std::unique_ptr<World> make(const Instance& instance, State state, RunGraph run, std::string& reason);

  /// The next step. After an error the state is the one before it.
  Status step();

  /// The whole state, as the interpreter has it.
  State state() const;
  /// As consensus::cells_digest(state()), without making the state.
  std::string cells_digest() const;
  /// Of the last step; nothing: all cells.
  const std::optional<Event>& event() const { return event_; }

 private:
  /// What is kept of a value: its elements, or which of its cells are committed.
  struct Kept {
    Array now{};
    Array next{};  ///< written by a step; none where nothing changes
  };
  /// Which of the computed elements a rule has committed in the last step, and for each when that was last.
  struct Won {
    Array now{};
    std::vector<int64_t> last{};
  };

  World(const Instance& instance, State state, RunGraph run, StepProgram program);
  void keep(const StepProgram::Stored& stored);
  Arguments arguments_of(int64_t step, const Event& event) const;
  std::vector<Array> places_for_outputs();
  void note_commits(const Plan& plan, const Event& event, int64_t step);
  void set_clocks(State& state) const;

  const Instance& instance_;
  State state_;  ///< sets, steps and the clocks of the beginning; its cells are in `kept_`
  RunGraph run_;
  StepProgram program_;
  std::vector<Kept> kept_{};  ///< as StepProgram::stored
  std::vector<Won> won_{};    ///< as StepProgram::changes
  Array seed_{};              ///< an input
  std::optional<Event> event_{};
  using Phase = std::tuple<size_t, int64_t, int64_t>;          ///< a rule, and an event's phase and colour
  std::map<Phase, std::pair<int64_t, Event>> whole_phases_{};  ///< when all cells of it were committed last
};

}  // namespace caten::consensus::compiled
