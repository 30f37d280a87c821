#include "consensus/planning.hpp"

#include <algorithm>

namespace caten::consensus {

Result<int64_t> next_step(const State& state) {
  int64_t latest = state.step;
  for (const auto& [value, set] : state.events) latest = std::max(latest, set.clock());
  for (const auto& [value, set] : state.edits) latest = std::max(latest, set.clock());
  if (latest < INT64_MAX - 1) return latest + 1;
  return fail({.code = Code::ClockOverflow,
               .message = "the clock is at its end",
               .expected = "clocks below 2^63 - 1",
               .found = std::to_string(latest),
               .remedy = "an event that was merged has a clock that no run reaches; drop it"});
}

void plan_step(const Instance& instance, const State& state, int64_t step, Plan& out) {
  for (const auto& [value, set] : state.events) {
    if (set.dots().empty()) continue;
    const Dot& dot = *set.dots().begin();
    if (out.event && out.dot <= dot) continue;
    out.event = &set.at(dot);
    out.dot = dot;
    out.value = value;
  }
  out.proposed.reserve(instance.schedules.size());
  for (size_t i = 0; i < instance.schedules.size(); ++i) {
    const ScheduleInstance& schedule = instance.schedules[i];
    auto set = state.events.find(schedule.value);
    if (set == state.events.end() || !set->second.dots().empty()) continue;
    out.proposed.emplace_back(i, next_event(instance, schedule, state, state.scheduled[i]));
    Dot dot{step, static_cast<int32_t>(schedule.number), 0};
    if (out.event && out.dot <= dot) continue;
    out.event = &out.proposed.back().second.event;
    out.dot = dot;
    out.value = schedule.value;
  }
}

void carry_out(const Plan& plan, const Instance& instance, State& state, int64_t step) {
  Dot taken = plan.dot;
  for (const auto& [which, next] : plan.proposed) {
    const ScheduleInstance& schedule = instance.schedules[which];
    Dot dot = state.events[schedule.value].add(next.event, static_cast<int32_t>(schedule.number), step - 1);
    if (plan.event == &next.event) taken = dot;
    state.scheduled[which] = next.number + 1;
  }
  if (plan.event) state.events[plan.value].remove(taken);
}

}  // namespace caten::consensus
