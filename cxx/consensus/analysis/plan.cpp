#include "consensus/analysis/plan.hpp"

#include <fmt/format.h>

#include "consensus/analysis/causality.hpp"
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

}  // namespace

std::string plan_text(const Program& program, const Integers& given) {
  return edges_text(program) + causality_text(check_causality(program, given));
}

}  // namespace caten::consensus
