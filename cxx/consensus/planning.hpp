// The beginning of a step (docs/consensus.md, 3.1 and 3.2): its number, and the event that says which cells are active.
//
// In: an instance and its state. Out: a Plan, which points into the state until it is carried out.
#pragma once

#include "consensus/schedule.hpp"

namespace caten::consensus {

/// The event of a step, and the events that schedules have proposed for it.
struct Plan {
  std::vector<std::pair<size_t, NextEvent>> proposed{};  ///< by the number of a schedule
  const Event* event = nullptr;
  size_t value = 0;  ///< whose event it is
  Dot dot{};
};

/// 1 + the greatest of the last step and all clocks of sets; E1030.
Result<int64_t> next_step(const State& state);
void plan_step(const Instance& instance, const State& state, int64_t step, Plan& out);
/// The event is done, and so are the proposals of schedules.
void carry_out(const Plan& plan, const Instance& instance, State& state, int64_t step);

}  // namespace caten::consensus
