#include "consensus/analysis/races.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/print.hpp"

namespace caten::consensus {
namespace {

using Form = RaceVerdict::Form;

/// The commit of a value's cells; the strictest where there are several.
const Commit* commit_of(const Instance& instance, size_t value) {
  const Commit* out = nullptr;
  for (const CommitInstance& each : instance.commits)
    if (each.value == value && (!out || out->isolation == Commit::Isolation::kSnapshot)) out = each.declaration;
  return out;
}

bool is_proposed(const Instance& instance, size_t value) {
  return std::any_of(instance.rules.begin(), instance.rules.end(), [&](const RuleInstance& rule) {
    return std::any_of(rule.emits.begin(), rule.emits.end(),
                       [&](const EmitInstance& each) { return each.target.value == value; });
  });
}

RaceVerdict judge(const Instance& instance, size_t value, const Commit& commit, const ScheduleInstance* schedule) {
  RaceVerdict out{.value = value, .schedule = schedule};
  if (commit.isolation == Commit::Isolation::kSnapshot) {
    out.form = Form::kSnapshot;
    return out;
  }
  if (schedule && schedule->strategy == "maskgit-cosine") {
    out.form = Form::kUncommitted;
    return out;
  }
  out.conflicts = find_conflicts(instance, value, schedule);
  if (out.conflicts.first) out.form = Form::kRace;
  return out;
}

/// One colouring for all schedules of a value: what one divides, the others may divide too.
void colour(const std::vector<RaceVerdict*>& races) {
  std::set<Step> steps;
  for (const RaceVerdict* each : races) {
    if (!each->conflicts.steps) return;
    steps.insert(each->conflicts.steps->begin(), each->conflicts.steps->end());
  }
  if (races.empty() || steps.empty()) return;
  std::optional<Colouring> found = find_colouring(steps.begin()->size(), {steps.begin(), steps.end()});
  if (!found) return;
  for (RaceVerdict* each : races) {
    each->colouring = found;
    each->form = Form::kColoured;
  }
}

/// Under each schedule of the program.
std::vector<RaceVerdict> judge_value(const Instance& instance, size_t value, const Commit& commit) {
  std::vector<RaceVerdict> out;
  if (instance.schedules.empty()) out.push_back(judge(instance, value, commit, nullptr));
  for (const ScheduleInstance& schedule : instance.schedules) out.push_back(judge(instance, value, commit, &schedule));
  std::vector<RaceVerdict*> races;
  for (RaceVerdict& each : out)
    if (each.form == Form::kRace) races.push_back(&each);
  if (commit.colour == Commit::Colour::kAuto) colour(races);
  return out;
}

std::string place_text(const Instance& instance, size_t value, const std::vector<int64_t>& place) {
  return fmt::format("{}[{}]", instance.values[value].name(), fmt::join(place, ","));
}

std::string strategy_of(const RaceVerdict& verdict) {
  return verdict.schedule ? fmt::format("strategy {}", verdict.schedule->strategy)
                          : std::string("no schedule, all cells in every step");
}

std::string found_text(const Instance& instance, const RaceVerdict& verdict) {
  const Conflict& conflict = *verdict.conflicts.first;
  const CellPair& cells = conflict.witness;
  std::string first = cells.first.empty() ? "" : place_text(instance, cells.first_value, cells.first);
  std::string second = cells.second.empty() ? "" : place_text(instance, cells.second_value, cells.second);
  switch (conflict.kind) {
    case Conflict::Kind::kSees:
      return fmt::format("{} sees {}, one of {} such pairs", first, second, verdict.conflicts.pairs);
    case Conflict::Kind::kShares:
      return fmt::format("{} and {} share `{}`", first, second, conflict.constraint->name.text);
    case Conflict::Kind::kData: break;
  }
  return "reads that depend on data, or too many cells to look at";
}

}  // namespace

std::vector<RaceVerdict> judge_races(const Instance& instance) {
  std::vector<RaceVerdict> out;
  for (size_t value = 0; value < instance.values.size(); ++value) {
    const Commit* commit = commit_of(instance, value);
    if (!commit || !is_proposed(instance, value)) continue;
    std::vector<RaceVerdict> verdicts = judge_value(instance, value, *commit);
    out.insert(out.end(), verdicts.begin(), verdicts.end());
  }
  return out;
}

bool apply_colourings(Instance& instance, Diagnostics& diagnostics) {
  instance.colourings.assign(instance.values.size(), std::nullopt);
  size_t before = diagnostics.errors();
  for (size_t value = 0; value < instance.values.size(); ++value) {
    const Commit* commit = commit_of(instance, value);
    if (!commit || commit->colour != Commit::Colour::kAuto || !is_proposed(instance, value)) continue;
    std::vector<RaceVerdict> verdicts = judge_value(instance, value, *commit);
    report(instance, verdicts, diagnostics);
    for (const RaceVerdict& each : verdicts)
      if (each.colouring) instance.colourings[value] = each.colouring;
  }
  return diagnostics.errors() == before;
}

void report(const Instance& instance, const std::vector<RaceVerdict>& verdicts, Diagnostics& diagnostics) {
  for (const RaceVerdict& each : verdicts) {
    if (each.form != Form::kRace) continue;
    const Conflict& conflict = *each.conflicts.first;
    bool asked = commit_of(instance, each.value)->colour == Commit::Colour::kAuto;
    SourceSpan span = conflict.constraint ? conflict.constraint->place.span
                      : conflict.edge     ? conflict.edge->place.span
                                          : conflict.rule->place.span;
    std::vector<std::string> notes;
    if (conflict.rule) notes.push_back(fmt::format("`{}` reads it", conflict.rule->name.text));
    diagnostics.add(
        {.code = asked ? ::caten::Code::NoColouring : ::caten::Code::ScheduleRace,
         .message = asked ? fmt::format("no colouring of `{}` frees its cells of races ({})",
                                        instance.values[each.value].name(), strategy_of(each))
                          : fmt::format("cells of `{}` that are at work together see each other ({})",
                                        instance.values[each.value].name(), strategy_of(each)),
         .span = span,
         .expected =
             asked ? fmt::format(
                         "rules on the cells that they propose for, reads a fixed step away, and at most {} colours",
                         kMostColours)
                   : "cells that neither see each other nor share a constraint",
         .found = found_text(instance, each),
         .remedy = asked ? "take strategy=\"raster\", one cell after the other, or isolation snapshot"
                         : "add `colour auto` to the commit (or --colour auto), take another strategy, or say "
                           "isolation snapshot",
         .notes = std::move(notes)});
  }
}

std::string text_of(const Instance& instance, const RaceVerdict& verdict) {
  switch (verdict.form) {
    case Form::kFree: return fmt::format("{}: free of races", strategy_of(verdict));
    case Form::kSnapshot: return fmt::format("{}: not judged, isolation snapshot", strategy_of(verdict));
    case Form::kUncommitted: return fmt::format("{}: cells at work see no values of each other", strategy_of(verdict));
    case Form::kRace: return fmt::format("{}: race, {}", strategy_of(verdict), found_text(instance, verdict));
    case Form::kColoured: break;
  }
  std::string sum;
  const Colouring& colouring = *verdict.colouring;
  for (size_t axis = 0; axis < colouring.multipliers.size(); ++axis) {
    int64_t factor = colouring.multipliers[axis];
    if (factor == 0) continue;
    sum += fmt::format("{}{}i{}", sum.empty() ? "" : "+", factor == 1 ? "" : fmt::format("{}*", factor), axis);
  }
  return fmt::format("{}: {}; each of its phases in {} colours ({}) mod {}", strategy_of(verdict),
                     found_text(instance, verdict), colouring.modulus, sum, colouring.modulus);
}

}  // namespace caten::consensus
