#include "consensus/reference/world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/analysis/races.hpp"
#include "consensus/planning.hpp"
#include "consensus/print.hpp"
#include "consensus/words.hpp"

namespace caten::consensus::reference {

std::unique_ptr<World> World::make(Program program, Given given, uint32_t seed, const WorldOptions& options,
                                   Diagnostics& diagnostics) {
  std::unique_ptr<World> out(new World());  // NOLINT: the constructor is private
  out->base_ = std::move(program);
  out->given_ = std::move(given);
  out->options_ = options;
  out->built_ = out->build(out->base_, diagnostics);
  if (!out->built_) return nullptr;
  Result<State> state = initial_state(out->instance(), seed);
  if (!state) {
    diagnostics.add(state.error());
    return nullptr;
  }
  out->memory_.state = std::move(*state);
  return out;
}

std::unique_ptr<World::Built> World::build(Program program, Diagnostics& diagnostics) const {
  auto out = std::make_unique<Built>();
  out->program = std::move(program);
  std::optional<Names> names = resolve(out->program, options_.names, diagnostics);
  if (!names) return nullptr;
  out->names = std::move(*names);
  out->instance = instantiate(out->program, out->names, given_, options_.sizes, diagnostics);
  if (!out->instance || !apply_colourings(*out->instance, diagnostics)) return nullptr;
  for (const RuleInstance& rule : out->instance->rules) out->readers.emplace_back(*out->instance, rule);
  out->palettes.emplace(*out->instance);
  out->scopes.emplace(*out->instance);
  return out;
}

Result<StepReport> World::step(Observer* observer) {
  CATEN_TRY(settle());
  Result<int64_t> step = next_step(memory_.state);
  if (!step) return tl::make_unexpected(step.error());
  StepReport report{.step = *step};
  Plan plan;
  plan_step(instance(), memory_.state, *step, plan);
  if (plan.event) report.event = *plan.event;
  StepInput input{.instance = instance(),
                  .readers = built_->readers,
                  .palettes = *built_->palettes,
                  .scopes = *built_->scopes,
                  .snapshot = memory_.state,
                  .event = plan.event,
                  .step = *step,
                  .bars = memory_.bars,
                  .in_rounds = options_.in_rounds,
                  .shuffled = options_.shuffled,
                  .observer = observer};
  Result<Decision> decision = decide(input, report);
  if (!decision) return tl::make_unexpected(decision.error());
  std::set<Group> held;
  CATEN_TRY(answer_unsatisfied(*decision, held, report));
  if (report.restarted) return report;
  carry_out(plan, instance(), memory_.state, *step);
  memory_.state.step = *step;
  commit(*decision, held, report);
  return report;
}

void World::commit(const Decision& decision, const std::set<Group>& held, StepReport& report) {
  std::map<Group, Undo> undo;
  std::map<std::pair<size_t, size_t>, std::vector<int64_t>> cells;  // by value and rule: one clock each
  std::set<Group> committing;
  for (size_t i : decision.winners) {
    const Proposed& winner = decision.proposals.list[i];
    Group group{winner.commit, winner.group};
    if (held.contains(group)) continue;
    committing.insert(group);
    if (instance().commits[winner.commit].declaration->on_unsat.form == OnUnsat::Form::kBacktrack)
      remember(instance(), memory_, group, {winner.id, winner.targets}, undo);
    report.winners.push_back(winner.id);
    for (const Target& target : winner.targets) {
      report.committed.push_back(target);
      cells[{target.value, winner.id.rule}].push_back(target.cell);
    }
  }
  for (const Target& target : report.committed) {
    for (size_t i = 0; i < target.elements.size(); ++i)
      write_element(instance(), memory_.state, target.value, target.cell, static_cast<int64_t>(i), target.elements[i]);
    memory_.state.values[target.value].committed[static_cast<size_t>(target.cell)] = true;
  }
  for (auto& [key, members] : cells) {
    std::sort(members.begin(), members.end());
    memory_.state.values[key.first].clocks.set(std::move(members), {report.step, static_cast<int32_t>(key.second)});
  }
  for (const Group& group : committing) memory_.bars.erase(group);
  for (auto& [group, entry] : undo) memory_.history[group].push_back(std::move(entry));
  std::sort(report.committed.begin(), report.committed.end(),
            [](const Target& a, const Target& b) { return std::pair(a.value, a.cell) < std::pair(b.value, b.cell); });
}

Status World::answer_unsatisfied(const Decision& decision, std::set<Group>& held, StepReport& report) {
  for (const Group& group : decision.unsatisfied) {
    const Commit& commit = *instance().commits[group.first].declaration;
    if (commit.on_unsat.form == OnUnsat::Form::kFail)
      return unsatisfied(instance(), group, report.step, report.proposed, report.stuck);
    if (commit.on_unsat.form != OnUnsat::Form::kRestart) continue;
    CATEN_TRY(restart(instance(), memory_, group));
    report.restarted = true;
    return {};
  }
  for (const Group& group : decision.unsatisfied) {
    const OnUnsat& answer = instance().commits[group.first].declaration->on_unsat;
    if (answer.form != OnUnsat::Form::kBacktrack) continue;
    report.undone += backtrack(instance(), memory_, group, answer.count).commits;
    held.insert(group);
  }
  return {};
}

}  // namespace caten::consensus::reference
