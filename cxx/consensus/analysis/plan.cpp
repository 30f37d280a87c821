#include <fmt/format.h>

#include <algorithm>

#include "consensus/analysis/analysis.hpp"
#include "consensus/analysis/layouts.hpp"
#include "consensus/print.hpp"

namespace caten::consensus {
namespace {

std::string_view text_of(Causality::Verdict verdict) {
  switch (verdict) {
    case Causality::Verdict::kProved: return "proved, no code";
    case Causality::Verdict::kRefuted: return "refuted";
    case Causality::Verdict::kOpen: return "open until all sizes are given";
    case Causality::Verdict::kGuarded: return "a guard while it runs: the time comes from data";
  }
  return "";
}

std::string edges_text(const Program& program) {
  std::string out;
  for (const Visible* edge : program.all<Visible>()) {
    Layout layout = layout_of(program, *edge);
    out += fmt::format("visible {} <- {}\n  layout {}; lowers to {}; collective: {}\n", text_of(edge->target),
                       text_of_source(*edge), name_of(layout.hint), layout.lowers_to, layout.collective);
  }
  return out;
}

std::string causality_text(const std::vector<Causality>& causalities) {
  std::string out;
  const Constraint* before = nullptr;
  for (const Causality& each : causalities) {
    if (each.constraint != before)
      out += fmt::format("constraint {}: no read of the future\n", each.constraint->name.text);
    before = each.constraint;
    out +=
        fmt::format("  {} <- {}: {}\n", text_of(each.edge->target), text_of_source(*each.edge), text_of(each.verdict));
  }
  return out;
}

std::string apart_text(const Instance& instance) {
  std::string out;
  for (const ConstraintInstance& each : instance.constraints)
    if (each.judged_apart())
      out += fmt::format("constraint {}: judged in memory, proposal by proposal: an automaton is asked\n",
                         each.declaration->name.text);
  return out;
}

size_t count(const std::vector<bool>& bits) { return static_cast<size_t>(std::count(bits.begin(), bits.end(), true)); }

std::string masks_text(const Instance& instance, const StaticMasks& masks) {
  std::string out;
  for (const StaticMasks::Lock& each : masks.locks)
    out += fmt::format("constraint {}: a constant mask, {} of {} cells of {} keep the value they have\n",
                       each.constraint->name.text, count(each.cells), each.cells.size(),
                       instance.values[each.value].name());
  for (const StaticMasks::Palette& each : masks.palettes)
    out += fmt::format("constraint {}: a mask of logits before sampling, {} of {} ids for {} of {} cells of {}\n",
                       each.constraint->name.text, count(each.ids), each.ids.size(), count(each.cells),
                       each.cells.size(), instance.values[each.value].name());
  return out;
}

}  // namespace

Analysis analyse(const Instance& instance) {
  return {.causalities = check_causality(*instance.program, integers_of(instance)),
          .races = judge_races(instance),
          .masks = static_masks(instance)};
}

void report(const Instance& instance, const State& initial, const Analysis& analysis, Diagnostics& diagnostics) {
  report(analysis.causalities, diagnostics);
  check_regions(instance, diagnostics);
  check_contradictions(instance, initial, diagnostics);
  report(instance, analysis.races, diagnostics);
}

std::string plan_text(const Instance& instance, const Analysis& analysis) {
  std::string out = edges_text(*instance.program) + causality_text(analysis.causalities);
  for (const RaceVerdict& each : analysis.races)
    out += fmt::format("value {}, {}\n", instance.values[each.value].name(), text_of(instance, each));
  return out + masks_text(instance, analysis.masks) + apart_text(instance);
}

std::string plan_text(const Program& program) {
  return edges_text(program) + causality_text(check_causality(program, {}));
}

}  // namespace caten::consensus
