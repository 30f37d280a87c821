#include "consensus/compiled/direct_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace caten::consensus::compiled {
namespace {

bool is_whole(const StoredValue& value) {
  return std::all_of(value.committed.begin(), value.committed.end(), [](bool each) { return each; });
}

}  // namespace

std::unique_ptr<World> DirectWorld::make(const Instance& instance, const State& state, const CompileGraph& compile,
                                         std::string& reason) {
  std::vector<bool> whole;
  for (const StoredValue& value : state.values) whole.push_back(is_whole(value));
  std::optional<StepProgram> program = lower_step(instance, whole, reason);
  if (!program) return nullptr;
  // NOLINTNEXTLINE: the constructor is private
  return std::unique_ptr<World>(new DirectWorld(instance, state, compile, std::move(*program)));
}

DirectWorld::DirectWorld(const Instance& instance, State state, CompileGraph compile, StepProgram program)
    : instance_(instance),
      state_(std::move(state)),
      compile_(std::move(compile)),
      program_(std::move(program)),
      seed_(scalar_of(DType::kI64, state_.seed)) {
  for (const StepProgram::Stored& stored : program_.stored) keep(stored);
  for (StoredValue& value : state_.values) {
    value.elements = {};
    value.committed = {};
  }
  for (const StepProgram::Change& change : program_.changes) {
    Won& won = won_.emplace_back();
    if (!change.output) continue;
    won.now = Array::zeros(DType::kBool, program_.layouts[change.value].computed());
    won.last.resize(static_cast<size_t>(instance.values[change.value].cells));
  }
}

void DirectWorld::keep(const StepProgram::Stored& stored) {
  const GridLayout& layout = program_.layouts[stored.value];
  const StoredValue& value = state_.values[stored.value];
  DType dtype = stored.committed ? DType::kBool : instance_.values[stored.value].dtype;
  Kept& kept = kept_.emplace_back();
  kept.now = Array::zeros(dtype, {layout.elements()});
  if (stored.output) kept.next = Array::zeros(dtype, {layout.elements()});
  if (stored.committed) {
    std::vector<std::byte> flags;
    flags.reserve(value.committed.size());
    for (bool each : value.committed) flags.push_back(static_cast<std::byte>(each));
    layout.spread(flags.data(), kept.now.mutable_data(), 1);
  } else {
    layout.spread(value.elements.data(), kept.now.mutable_data(), dtype_size(dtype));
  }
}

Arguments DirectWorld::arguments_of(int64_t step, const Event& event) const {
  // A phase that no place has is none.
  int64_t phase = event.phase >= 0 && event.phase < UINT32_MAX ? event.phase : UINT32_MAX;
  Arguments out;
  out.inputs = {scalar_of(DType::kI64, step), seed_, scalar_of(DType::kU32, phase),
                scalar_of(DType::kI64, event.colour)};
  for (const Kept& each : kept_) out.inputs.push_back(each.now);
  out.inputs.insert(out.inputs.end(), program_.tables.begin(), program_.tables.end());
  return out;
}

std::vector<Array> DirectWorld::places_for_outputs() {
  std::vector<Array> out(program_.graph.outputs.size());
  for (size_t i = 0; i < kept_.size(); ++i) {
    const StepProgram::Stored& stored = program_.stored[i];
    const GridLayout& layout = program_.layouts[stored.value];
    if (stored.output) out[*stored.output] = Array::part_of(kept_[i].next, layout.computed(), layout.first());
  }
  for (size_t i = 0; i < won_.size(); ++i)
    if (program_.changes[i].output) out[*program_.changes[i].output] = std::move(won_[i].now);
  return out;
}

Status DirectWorld::step() {
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
  if (!launch_) {
    Result<Launch> made = compile_(program_.graph);
    if (!made) return tl::make_unexpected(made.error());
    launch_ = std::move(*made);
  }
  Result<Results> results = launch_(arguments_of(*step, event), places_for_outputs());
  if (!results) {
    for (size_t i = 0; i < won_.size(); ++i)
      if (program_.changes[i].output)
        won_[i].now = Array::zeros(DType::kBool, program_.layouts[program_.changes[i].value].computed());
    return tl::make_unexpected(results.error());
  }
  for (size_t i = 0; i < won_.size(); ++i)
    if (program_.changes[i].output) won_[i].now = std::move(results->outputs[*program_.changes[i].output]);
  results->outputs.clear();
  for (size_t i = 0; i < kept_.size(); ++i) {
    const StepProgram::Stored& stored = program_.stored[i];
    if (!stored.output) continue;
    std::swap(kept_[i].now, kept_[i].next);
    program_.layouts[stored.value].mend(kept_[i].now.mutable_data(), dtype_size(kept_[i].now.dtype()));
  }
  note_commits(plan, event, *step);
  event_ = plan.event ? std::optional(event) : std::nullopt;
  carry_out(plan, instance_, state_, *step);
  state_.step = *step;
  return {};
}

void DirectWorld::note_commits(const Plan& plan, const Event& event, int64_t step) {
  for (size_t i = 0; i < won_.size(); ++i) {
    const StepProgram::Change& change = program_.changes[i];
    if (!change.output) {
      Event done = event;
      const Colouring* colouring = instance_.colouring(change.value);
      if (!plan.event && colouring) done.colour = (step - 1) % colouring->modulus;
      whole_phases_[{change.rule, done.phase, done.colour}] = {step, done};
      continue;
    }
    const GridLayout& layout = program_.layouts[change.value];
    const auto* won = won_[i].now.as<uint8_t>();
    layout.for_each_row([&](int64_t cell, int64_t, int64_t computed) {
      for (int64_t x = 0; x < layout.sizes().back(); ++x) {
        int64_t& last = won_[i].last[static_cast<size_t>(cell + x)];
        last = won[computed + x] ? step : last;
      }
    });
  }
}

std::string DirectWorld::cells_digest() const {
  std::vector<std::vector<std::byte>> elements(instance_.values.size());
  std::vector<std::vector<uint8_t>> committed(instance_.values.size());
  for (size_t i = 0; i < kept_.size(); ++i) {
    const StepProgram::Stored& of = program_.stored[i];
    const Array& array = kept_[i].now;
    auto cells = static_cast<size_t>(instance_.values[of.value].cells);
    std::vector<std::byte> collected(cells * dtype_size(array.dtype()));
    program_.layouts[of.value].collect(array.data(), collected.data(), dtype_size(array.dtype()));
    std::vector<uint8_t>& flags = committed[of.value];
    if (!of.committed) {
      elements[of.value] = std::move(collected);
      if (flags.empty()) flags.assign(cells, 1);  // unless the next array says which are
      continue;
    }
    flags.resize(cells);
    std::memcpy(flags.data(), collected.data(), cells);
  }
  CellsDigest out(state_);
  for (size_t i = 0; i < elements.size(); ++i) out.add(elements[i], committed[i]);
  return out.bytes();
}

State DirectWorld::state() const {
  State out = state_;
  for (size_t i = 0; i < kept_.size(); ++i) collect(i, out.values[program_.stored[i].value]);
  set_clocks(out);
  return out;
}

StoredValue DirectWorld::cells(size_t value) const {
  const StoredValue& stored = state_.values[value];
  StoredValue out{.elements = stored.elements, .committed = stored.committed, .clocks = Clocks()};
  for (size_t i = 0; i < kept_.size(); ++i)
    if (program_.stored[i].value == value) collect(i, out);
  return out;
}

/// What an array of the grid holds.
void DirectWorld::collect(size_t kept, StoredValue& value) const {
  const StepProgram::Stored& of = program_.stored[kept];
  const Array& array = kept_[kept].now;
  auto cells = static_cast<size_t>(instance_.values[of.value].cells);
  std::vector<std::byte> elements(cells * dtype_size(array.dtype()));
  program_.layouts[of.value].collect(array.data(), elements.data(), dtype_size(array.dtype()));
  if (!of.committed) {
    value.elements = std::move(elements);
    if (value.committed.empty()) value.committed.assign(cells, true);  // unless the next array says which are
    return;
  }
  for (size_t cell = 0; cell < cells; ++cell) value.committed[cell] = elements[cell] != std::byte{0};
}

void DirectWorld::set_clocks(State& state) const {
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
      state.values[value].clocks.set_all(clock);
      continue;
    }
    ActiveCells active(whole_phases_.at(phase).second, of.sizes, colouring);
    std::vector<int64_t> cells;
    for (int64_t cell = 0; cell < of.cells; ++cell)
      if (active(cell, true)) cells.push_back(cell);
    state.values[value].clocks.set(std::move(cells), clock);
  }
  // A value is changed by one rule alone.
  for (size_t i = 0; i < won_.size(); ++i) {
    const StepProgram::Change& change = program_.changes[i];
    if (!change.output) continue;
    Clocks& clocks = state.values[change.value].clocks;
    std::vector<Clock> all = clocks.materialize();
    auto origin = static_cast<int32_t>(instance_.rules[change.rule].number);
    for (size_t cell = 0; cell < all.size(); ++cell)
      if (won_[i].last[cell] > 0) all[cell] = {won_[i].last[cell], origin};
    clocks.set_each(all);
  }
}

}  // namespace caten::consensus::compiled
