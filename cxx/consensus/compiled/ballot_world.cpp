#include "consensus/compiled/ballot_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "consensus/reference/models.hpp"

namespace caten::consensus::compiled {
namespace {

/// What results of models are told apart by.
std::string kind_of(const std::vector<Array>& models) {
  std::string out;
  for (const Array& each : models)
    out += fmt::format("{} {},", static_cast<int>(each.dtype()), each.rank() == 2 ? each.shape()[1] : -1);
  return out;
}

/// (B) of one output, (B, n) of n.
Array stacked(std::span<const Array> outputs, bool list, int64_t count) {
  if (!list) return outputs[0];
  auto n = static_cast<int64_t>(outputs.size());
  DType dtype = outputs.empty() ? DType::kI64 : outputs[0].dtype();
  Array out = Array::uninitialized(dtype, {count, n});
  size_t bytes = dtype_size(dtype);
  std::byte* to = out.mutable_data();
  for (int64_t i = 0; i < count; ++i)
    for (const Array& each : outputs) {
      std::memcpy(to, each.data() + static_cast<size_t>(i) * bytes, bytes);
      to += bytes;
    }
  return out;
}

}  // namespace

std::unique_ptr<World> BallotWorld::make(const Instance& instance, reference::Memory memory,
                                         const CompileGraph& compile, std::string& reason) {
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<BallotWorld> out(new BallotWorld(instance, std::move(memory), compile));
  if (!out->lower(reason)) return nullptr;
  out->mirror_all();
  return out;
}

BallotWorld::BallotWorld(const Instance& instance, reference::Memory memory, CompileGraph compile)
    : instance_(instance), memory_(std::move(memory)), compile_(std::move(compile)), count_(instance) {}

bool BallotWorld::lower(std::string& reason) {
  for (const ValueInstance& value : instance_.values) {
    if (value.cells * value.width > INT32_MAX)
      reason = fmt::format("`{}` has more than 2^31 - 1 elements", value.name());
    else
      continue;
    return false;
  }
  Columns columns(instance_);
  bool judged_apart = false;
  for (const RuleInstance& rule : instance_.rules) {
    RuleGraphs& graphs = rules_.emplace_back();
    graphs.ballot = std::make_unique<RuleBallot>(instance_, rule, columns);
    if (const Obstacle& obstacle = graphs.ballot->obstacle(); obstacle.met()) {
      reason = fmt::format("rule `{}`: {}", rule.declaration->name.text, obstacle.reason);
      return false;
    }
    for (const ProposalSite& site : graphs.ballot->sites()) judged_apart = judged_apart || !site.judged_apart.empty();
  }
  if (judged_apart) apart_.emplace(instance_);
  std::vector<const RuleBallot*> ballots;
  for (const RuleGraphs& each : rules_) ballots.push_back(each.ballot.get());
  footprints_.emplace(instance_, ballots);
  agreement_.emplace(footprints_->places(), instance_.priorities.size());
  return true;
}

void BallotWorld::mirror_all() {
  if (apart_) apart_->forget_all();
  wake_all();
  cells_.clear();
  full_.clear();
  for (size_t i = 0; i < instance_.values.size(); ++i) {
    const ValueInstance& value = instance_.values[i];
    Cells& cells = cells_.emplace_back();
    const StoredValue& stored = memory_.state.values[i];
    full_.push_back(std::find(stored.committed.begin(), stored.committed.end(), false) == stored.committed.end());
    if (value.set) continue;
    cells.elements = Array::uninitialized(value.dtype, {value.cells * value.width});
    std::memcpy(cells.elements.mutable_data(), stored.elements.data(), stored.elements.size());
    cells.committed = Array::uninitialized(DType::kBool, {value.cells});
    std::copy(stored.committed.begin(), stored.committed.end(), cells.committed.as_mutable<uint8_t>());
  }
}

void BallotWorld::mirror(size_t value, int64_t cell) {
  if (apart_) apart_->forget(value, cell);
  wake_all();
  full_[value] = false;
  const StoredValue& stored = memory_.state.values[value];
  size_t bytes = static_cast<size_t>(instance_.values[value].width) * dtype_size(instance_.values[value].dtype);
  size_t at = static_cast<size_t>(cell) * bytes;
  std::memcpy(cells_[value].elements.mutable_data() + at, stored.elements.data() + at, bytes);
  cells_[value].committed.as_mutable<uint8_t>()[cell] = stored.committed[static_cast<size_t>(cell)] ? 1 : 0;
}

Status BallotWorld::compile(Compiled& compiled) {
  if (compiled.launch) return {};
  Result<Launch> made = compile_(compiled.program.graph);
  if (!made) return tl::make_unexpected(made.error());
  compiled.launch = std::move(*made);
  return {};
}

Arguments BallotWorld::arguments_for(const Compiled& compiled, const std::vector<int32_t>& who,
                                     const std::vector<Array>& models) const {
  Arguments out;
  Array list = Array::uninitialized(DType::kI32, {static_cast<int64_t>(who.size())});
  std::memcpy(list.mutable_data(), who.data(), list.bytes());
  out.inputs = {scalar_of(DType::kI64, step_), scalar_of(DType::kI64, memory_.state.seed), std::move(list)};
  for (size_t i = 0; i < cells_.size(); ++i) {
    if (instance_.values[i].set) continue;
    out.inputs.push_back(cells_[i].elements);
    out.inputs.push_back(cells_[i].committed);
  }
  out.inputs.insert(out.inputs.end(), models.begin(), models.end());
  out.inputs.insert(out.inputs.end(), compiled.program.tables.begin(), compiled.program.tables.end());
  return out;
}

bool BallotWorld::all_active(const RuleInstance& rule, const Plan& plan) const {
  return !plan.event && !instance_.colouring(rule.on);
}

/// Who says nothing says nothing until its own cells change.
bool BallotWorld::can_sleep(const RuleBallot& ballot) const {
  if (!ballot.looks_at()) return false;
  const std::set<size_t>& committed = ballot.looks_at()->committed;
  return std::all_of(committed.begin(), committed.end(), [&](size_t value) { return full_[value]; });
}

void BallotWorld::wake_all() {
  for (RuleGraphs& each : rules_) each.awake.reset();
}

/// Instances that look at these cells, ascending, which have changed.
void BallotWorld::wake(size_t value, const std::vector<int64_t>& cells) {
  for (RuleGraphs& each : rules_) {
    if (!each.awake || !each.ballot->looks_at()->own.contains(value)) continue;
    std::vector<int32_t> changed, out;
    for (int64_t cell : cells)
      if (cell < instance_.values[each.ballot->rule().on].cells) changed.push_back(static_cast<int32_t>(cell));
    std::set_union(each.awake->begin(), each.awake->end(), changed.begin(), changed.end(), std::back_inserter(out));
    *each.awake = std::move(out);
  }
}

std::vector<int32_t> BallotWorld::active(const RuleInstance& rule, const Plan& plan) const {
  const ValueInstance& on = instance_.values[rule.on];
  const Colouring* colouring = instance_.colouring(rule.on);
  std::vector<int32_t> out;
  if (all_active(rule, plan)) {
    out.resize(static_cast<size_t>(on.cells));
    std::iota(out.begin(), out.end(), 0);
    return out;
  }
  Event all{.strategy = {}, .colour = colouring ? (step_ - 1) % colouring->modulus : 0};
  ActiveCells is_active(plan.event ? *plan.event : all, on.sizes, colouring);
  const auto* committed = cells_[rule.on].committed.as<uint8_t>();
  for (int64_t cell = 0; cell < on.cells; ++cell)
    if (is_active(cell, committed[cell] != 0)) out.push_back(static_cast<int32_t>(cell));
  return out;
}

Result<Said> BallotWorld::say(size_t rule, const Plan& plan) {
  RuleGraphs& graphs = rules_[rule];
  bool all = all_active(graphs.ballot->rule(), plan);
  Said out{.ballot = graphs.ballot.get(),
           .who = all && graphs.awake ? *graphs.awake : active(graphs.ballot->rule(), plan)};
  if (graphs.ballot->asks() && !out.who.empty()) {
    if (!graphs.asks) graphs.asks = Compiled{*graphs.ballot->asks(), {}};
    CATEN_TRY(compile(*graphs.asks));
    Result<Results> asked = graphs.asks->launch(arguments_for(*graphs.asks, out.who, {}), {});
    if (!asked) return tl::make_unexpected(asked.error());
    size_t kept = 0;
    for (size_t i = 0; i < out.who.size(); ++i)
      if (asked->outputs[0].as<uint8_t>()[i] != 0) out.who[kept++] = out.who[i];
    out.who.resize(kept);
    if (all && can_sleep(*graphs.ballot)) graphs.awake = out.who;
  }
  if (out.who.empty()) return out;
  Result<std::vector<Array>> models = call_models(graphs, out.who);
  if (!models) return tl::make_unexpected(models.error());
  Result<const CompiledBallot*> compiled = ballot_for(graphs, *models);
  if (!compiled) return tl::make_unexpected(compiled.error());
  out.outputs = &(*compiled)->outputs;
  Result<Results> made = (*compiled)->launch(arguments_for(**compiled, out.who, *models), {});
  if (!made) return tl::make_unexpected(made.error());
  out.arrays = std::move(made->outputs);
  return out;
}

Result<const BallotWorld::CompiledBallot*> BallotWorld::ballot_for(RuleGraphs& graphs,
                                                                   const std::vector<Array>& models) {
  auto [found, added] = graphs.proposals.try_emplace(kind_of(models));
  if (added) {
    Result<RuleBallot::Ballot> made = graphs.ballot->proposals(models);
    if (!made) return tl::make_unexpected(made.error());
    found->second.program = std::move(made->program);
    found->second.outputs = std::move(made->outputs);
  }
  CATEN_TRY(compile(found->second));
  return &found->second;
}

/// Each call once for all that are enabled, in the order of cells (3.11).
Result<std::vector<Array>> BallotWorld::call_models(RuleGraphs& graphs, const std::vector<int32_t>& who) {
  std::vector<Array> out;
  const std::vector<ModelCall>& calls = graphs.ballot->rule().models;
  for (size_t number = 0; number < calls.size(); ++number) {
    const ModelCall& call = calls[number];
    auto [found, added] = graphs.arguments.try_emplace(kind_of(out));
    CompiledArguments& compiled = found->second;
    if (added) {
      Result<RuleBallot::ModelArguments> made = graphs.ballot->arguments(number, out);
      if (!made) return tl::make_unexpected(made.error());
      compiled.program = std::move(made->program);
      compiled.elements = std::move(made->elements);
      compiled.lists = std::move(made->lists);
    }
    std::vector<Array> outputs;
    if (!compiled.program.graph.outputs.empty()) {
      CATEN_TRY(compile(compiled));
      Result<Results> made = compiled.launch(arguments_for(compiled, who, out), {});
      if (!made) return tl::make_unexpected(made.error());
      outputs = std::move(made->outputs);
    }
    std::vector<Array> arguments;
    size_t next = 0, computed = 0;
    for (const ModelArgument& argument : call.arguments) {
      if (argument.whole) {
        arguments.push_back(*argument.whole);
        continue;
      }
      arguments.push_back(stacked(std::span(outputs).subspan(next, compiled.elements[computed]),
                                  compiled.lists[computed], static_cast<int64_t>(who.size())));
      next += compiled.elements[computed++];
    }
    Result<Array> given = reference::checked_call(call, arguments, who.size());
    if (!given) return tl::make_unexpected(given.error());
    out.push_back(std::move(*given));
  }
  return out;
}

Status BallotWorld::step() {
  Result<int64_t> step = next_step(memory_.state);
  if (!step) return tl::make_unexpected(step.error());
  step_ = *step;
  Plan plan;
  plan_step(instance_, memory_.state, step_, plan);
  size_t open = open_stratum(instance_, memory_.state);
  agreement_->clear();
  std::vector<Said> said;
  Tally tally;
  for (size_t i = 0; i < rules_.size(); ++i) {
    const RuleInstance& rule = rules_[i].ballot->rule();
    bool waits = instance_.strata[rule.emits[0].target.value] > open;
    Result<Said> made = waits ? Said{.ballot = rules_[i].ballot.get()} : say(i, plan);
    if (!made) return tl::make_unexpected(made.error());
    said.push_back(std::move(*made));
    count_.count(i, said.back(), memory_, step_, apart_ ? &*apart_ : nullptr, tally, agreement_->votes());
  }
  LargeVector<Vote> winners = agreement_->winners(*footprints_);
  std::set<Group> winning = winning_groups(tally, winners);
  LargeVector<Vote> kept = within_budgets(std::move(winners), plan.event);
  std::set<Group> open_groups = unsatisfied(tally, winning, kept), held;
  Result<bool> restarted = answer(open_groups, step_, tally, held);
  if (!restarted) return tl::make_unexpected(restarted.error());
  event_ = plan.event ? std::optional(*plan.event) : std::nullopt;
  if (*restarted) {
    mirror_all();
    return {};
  }
  carry_out(plan, instance_, memory_.state, step_);
  memory_.state.step = step_;
  publish(said, std::move(kept), held, step_);
  return {};
}

StoredValue BallotWorld::cells(size_t value) const {
  const StoredValue& stored = memory_.state.values[value];
  return {.elements = stored.elements, .committed = stored.committed, .clocks = Clocks()};
}

std::string BallotWorld::cells_digest() const {
  CellsDigest out(memory_.state);
  for (size_t i = 0; i < cells_.size(); ++i) {
    const StoredValue& stored = memory_.state.values[i];
    std::span<const uint8_t> committed;
    if (!instance_.values[i].set)
      committed = {cells_[i].committed.as<uint8_t>(), static_cast<size_t>(instance_.values[i].cells)};
    out.add(stored.elements, committed);
  }
  return out.bytes();
}

}  // namespace caten::consensus::compiled
