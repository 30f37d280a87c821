// In: a graph whose states are what a step changes, their first values, and arguments that are the same for all steps.
// Out: one step after the other, each a call of one compiled program.
//
// The states are the stepper's own, so that each step updates them where they lie; on a device with memory of its own
// they stay there, with the constants, and only inputs and outputs of steps travel. A step is whole: what interrupts
// the session is heard before a step, never within one. A step that fails leaves no states.
#pragma once

#include <memory>
#include <vector>

#include "driver/execute.hpp"
#include "driver/session.hpp"

namespace caten {

class Stepper {
 public:
  /// `constants`: of the last inputs of the graph; the others are given to each step.
  static Result<Stepper> make(Session& session, const Graph& graph, std::vector<Array> states,
                              std::vector<Array> constants);

  /// How many arrays a step takes.
  size_t inputs() const { return graph_.inputs.size() - constants_.size(); }
  const Graph& graph() const { return graph_; }
  /// What a step with these inputs is called with, but for the states.
  Arguments arguments(std::vector<Array> inputs) const;
  /// E0803 and E0804 for inputs that do not fit, before anything happens; E0805 if the session was interrupted.
  Result<std::vector<Array>> step(std::vector<Array> inputs);

  /// Brings them from the device, if they are newer there.
  Result<std::vector<Array>> states();
  /// E0804 unless they are as many and of the same types.
  Status set_states(std::vector<Array> states);
  /// Bytes that a step allocates, beside its states.
  Result<size_t> memory_needed() const;

 private:
  Stepper(Session& session, Graph graph, Session::Program program, std::vector<Array> states,
          std::vector<Array> constants)
      : session_(&session),
        graph_(std::move(graph)),
        program_(std::move(program)),
        states_(std::move(states)),
        constants_(std::move(constants)) {
    residence_.first_constant = inputs();
  }

  Session* session_;
  Graph graph_;
  Session::Program program_;  ///< null where the evaluator computes
  std::vector<Array> states_;
  std::vector<Array> constants_;
  Residence residence_{};
  bool newer_on_device_ = false;
};

}  // namespace caten
