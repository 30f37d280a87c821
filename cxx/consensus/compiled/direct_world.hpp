// A world whose proposals compete with nothing but keeping what is there: a step is one graph.
//
// In: an instance, its state before some step, a function that compiles graphs. Out: the states behind it. A step
// writes into arrays that are there: each value that changes has two, and what a rule gives goes between the rims of
// the one that is not read. The clocks of what all active cells commit are one entry for each phase of the schedule
// (docs/consensus.md, 1.5), others a number for each cell; cells are looked at where the state is asked for. Entry:
// DirectWorld::make.
#pragma once

#include <tuple>

#include "consensus/compiled/step_program.hpp"
#include "consensus/compiled/world.hpp"
#include "consensus/planning.hpp"

namespace caten::consensus::compiled {

class DirectWorld : public World {
 public:
  /// Nothing if the program is not one of these: `reason` says why.
  static std::unique_ptr<World> make(const Instance& instance, const State& state, const CompileGraph& compile,
                                     std::string& reason);

  Status step() override;
  State state() const override;
  StoredValue cells(size_t value) const override;
  reference::Memory memory() const override { return {.state = state()}; }
  std::string cells_digest() const override;
  const std::optional<Event>& event() const override { return event_; }

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

  DirectWorld(const Instance& instance, State state, CompileGraph compile, StepProgram program);
  void keep(const StepProgram::Stored& stored);
  Arguments arguments_of(int64_t step, const Event& event) const;
  std::vector<Array> places_for_outputs();
  void note_commits(const Plan& plan, const Event& event, int64_t step);
  void collect(size_t kept, StoredValue& value) const;
  void set_clocks(State& state) const;

  const Instance& instance_;
  State state_;  ///< sets, steps and the clocks of the beginning; its cells are in `kept_`
  CompileGraph compile_;
  StepProgram program_;
  Launch launch_{};           ///< of the program; none before the first step
  std::vector<Kept> kept_{};  ///< as StepProgram::stored
  std::vector<Won> won_{};    ///< as StepProgram::changes
  Array seed_{};              ///< an input
  std::optional<Event> event_{};
  using Phase = std::tuple<size_t, int64_t, int64_t>;          ///< a rule, and an event's phase and colour
  std::map<Phase, std::pair<int64_t, Event>> whole_phases_{};  ///< when all cells of it were committed last
};

}  // namespace caten::consensus::compiled
