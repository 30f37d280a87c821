#include "consensus/compiled/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "consensus/planning.hpp"

namespace caten::consensus::compiled {
namespace {

Array scalar_of(int64_t value) {
  Array out = Array::zeros(DType::kI64, {});
  *out.as_mutable<int64_t>() = value;
  return out;
}

bool is_whole(const StoredValue& value) {
  return std::all_of(value.committed.begin(), value.committed.end(), [](bool each) { return each; });
}

}  // namespace

std::unique_ptr<World> World::make(const Instance& instance, State state, RunGraph run, std::string& reason) {
  std::vector<bool> whole;
  for (const StoredValue& value : state.values) whole.push_back(is_whole(value));
  std::optional<StepProgram> program = lower_step(instance, whole, reason);
  if (!program) return nullptr;
  // NOLINTNEXTLINE: the constructor is private
  return std::unique_ptr<World>(new World(instance, std::move(state), std::move(run), std::move(*program)));
}

World::World(const Instance& instance, State state, RunGraph run, StepProgram program)
    : instance_(instance), state_(std::move(state)), run_(std::move(run)), program_(std::move(program)) {
  for (size_t i = 0; i < program_.states.size(); ++i) {
    const auto& [value, flags] = program_.states[i];
    if (!flags) {
      arrays_.push_back(to_array(instance_, state_, value));
      continue;
    }
    const std::vector<bool>& committed = state_.values[value].committed;
    Array array = Array::zeros(DType::kBool, instance_.values[value].sizes);
    std::copy(committed.begin(), committed.end(), array.as_mutable<uint8_t>());
    arrays_.push_back(std::move(array));
  }
  constants_.push_back(scalar_of(state_.seed));
  constants_.insert(constants_.end(), program_.tables.begin(), program_.tables.end());
}

Status World::step() {
  Result<int64_t> step = next_step(state_);
  if (!step) return tl::make_unexpected(step.error());
  Plan plan;
  plan_step(instance_, state_, *step, plan);
  Event event = plan.event ? *plan.event : Event{};
  if (plan.event && (instance_.schedules.empty() || event.strategy != instance_.schedules[0].strategy ||
                     event.tile != instance_.schedules[0].tile.value_or(1) || event.budget))
    return fail({.code = Code::NoSuchRuntime,
                 .message = "an event that was merged is of another schedule than the program's own",
                 .expected = "events of the strategy and the tiles that were compiled",
                 .found = event.strategy,
                 .remedy = "run it with --runtime reference"});
  Arguments arguments;
  arguments.inputs = {scalar_of(*step), constants_[0], scalar_of(event.phase), scalar_of(event.colour)};
  arguments.inputs.insert(arguments.inputs.end(), constants_.begin() + 1, constants_.end());
  arguments.states = arrays_;
  Result<Results> results = run_(program_.graph, std::move(arguments));
  if (!results) return tl::make_unexpected(results.error());
  arrays_ = std::move(results->states);
  bool planned = plan.event != nullptr;
  carry_out(plan, instance_, state_, *step);
  state_.step = *step;
  for (const StepProgram::Change& change : program_.changes) {
    if (!change.output) {
      Event done = event;
      const Colouring* colouring = instance_.colouring(change.value);
      if (!planned && colouring) done.colour = (*step - 1) % colouring->modulus;
      whole_phases_[{change.rule, done.phase, done.colour}] = {*step, done};
      continue;
    }
    const auto* won = results->outputs[*change.output].as<uint8_t>();
    std::vector<int64_t> cells;
    for (int64_t cell = 0; cell < instance_.values[change.value].cells; ++cell)
      if (won[cell]) cells.push_back(cell);
    state_.values[change.value].clocks.set(std::move(cells),
                                           {*step, static_cast<int32_t>(instance_.rules[change.rule].number)});
  }
  return {};
}

State World::state() const {
  State out = state_;
  for (size_t i = 0; i < program_.states.size(); ++i) {
    const auto& [value, flags] = program_.states[i];
    StoredValue& stored = out.values[value];
    if (flags)
      std::copy_n(arrays_[i].as<uint8_t>(), stored.committed.size(), stored.committed.begin());
    else
      std::memcpy(stored.elements.data(), arrays_[i].data(), stored.elements.size());
  }
  // In the order of the steps, so that the last one decides.
  std::vector<std::pair<int64_t, Phase>> order;
  for (const auto& [phase, last] : whole_phases_) order.emplace_back(last.first, phase);
  std::sort(order.begin(), order.end());
  for (const auto& [step, phase] : order) {
    size_t rule = std::get<0>(phase), value = instance_.rules[rule].emits[0].target.value;
    const ValueInstance& of = instance_.values[value];
    const Clock clock{step, static_cast<int32_t>(instance_.rules[rule].number)};
    const Colouring* colouring = instance_.colouring(value);
    if (instance_.schedules.empty() && !colouring) {
      out.values[value].clocks.set_all(clock);
      continue;
    }
    ActiveCells active(whole_phases_.at(phase).second, of.sizes, colouring);
    std::vector<int64_t> cells;
    for (int64_t cell = 0; cell < of.cells; ++cell)
      if (active(cell, true)) cells.push_back(cell);
    out.values[value].clocks.set(std::move(cells), clock);
  }
  return out;
}

}  // namespace caten::consensus::compiled
