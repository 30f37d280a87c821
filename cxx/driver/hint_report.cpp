#include "driver/hint_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "codegen/lower.hpp"
#include "schedule/hints.hpp"

namespace caten {
namespace {

struct Followed {
  uint32_t kernel = 0;
  std::vector<HintOutcome> outcomes{};
};

/// The kernels that follow each hint.
std::vector<std::vector<Followed>> kernels_of(const Schedule& schedule) {
  std::vector<std::vector<Followed>> out(schedule.graph.hints.size());
  for (uint32_t k = 0; k < schedule.kernels.size(); ++k)
    if (std::optional<uint32_t> hint = schedule.kernels[k].hint)
      out[*hint].push_back({k, lower(schedule, schedule.kernels[k]).hints});
  return out;
}

std::string written(const ScheduleHint& hint) {
  std::string out;
  for (const auto& [clause, text] : clauses_of(hint)) out += (out.empty() ? "" : " ") + text;
  return out;
}

}  // namespace

bool has_hints(const Graph& graph) {
  return !graph.hints.empty() || std::any_of(graph.nodes().begin(), graph.nodes().end(), [](const Node& node) {
    return node.kind == NodeKind::kRegion && !node.get<RegionAttributes>().schedule.empty();
  });
}

std::vector<Diagnostic> hint_warnings(const Schedule& schedule) {
  const Graph& graph = schedule.graph;
  std::vector<std::vector<Followed>> kernels = kernels_of(schedule);
  std::vector<Diagnostic> out;
  std::map<std::string, std::pair<size_t, size_t>> known;  // text of a warning → its number, calls that it is about
  auto warn = [&](const ScheduleHint& hint, const std::string& clause, const std::string& reason,
                  std::string_view remedy) {
    std::string message = fmt::format("the schedule of `{}` does not apply: {}", hint.composite, clause);
    auto [found, added] = known.try_emplace(message + reason, out.size(), 0);
    ++found->second.second;
    if (added)
      out.push_back({.code = Code::ScheduleNotApplied,
                     .message = std::move(message),
                     .span = hint.span,
                     .found = reason,
                     .remedy = std::string(remedy),
                     .severity = Severity::kWarning});
  };
  for (uint32_t h = 0; h < graph.hints.size(); ++h) {
    const ScheduleHint& hint = graph.hints[h];
    if (hint.composite.empty()) continue;  // nobody asked for what was measured
    if (kernels[h].empty()) {
      warn(hint, written(hint), why_unused(schedule, h), "see --emit=schedule for what the kernels compute");
      continue;
    }
    for (const auto& [clause, text] : clauses_of(hint)) {
      bool applies = false;
      std::string reason;
      for (const Followed& each : kernels[h])
        for (const HintOutcome& outcome : each.outcomes) {
          if (outcome.clause != clause) continue;
          applies = applies || outcome.applies;
          if (reason.empty()) reason = outcome.reason;
        }
      if (!applies) warn(hint, text, reason, remedy_for(clause));
    }
  }
  for (const auto& [text, number] : known)
    if (number.second > 1) out[number.first].notes.push_back(fmt::format("in {} calls of it", number.second));
  return out;
}

std::string hint_lines(const Schedule& schedule) {
  const Graph& graph = schedule.graph;
  std::vector<std::vector<Followed>> kernels = kernels_of(schedule);
  std::string out;
  for (uint32_t h = 0; h < graph.hints.size(); ++h) {
    const std::string& composite = graph.hints[h].composite;
    out +=
        fmt::format("{} asks for {}\n", composite.empty() ? "tuning" : "`" + composite + "`", written(graph.hints[h]));
    if (kernels[h].empty()) out += fmt::format("  no kernel follows it: {}\n", why_unused(schedule, h));
    for (const Followed& each : kernels[h]) {
      out += fmt::format("  kernel {}:", each.kernel);
      for (const HintOutcome& outcome : each.outcomes)
        out += fmt::format("{} {} {}", &outcome == each.outcomes.data() ? "" : ";", outcome.text,
                           outcome.applies ? "applies" : "does not apply: " + outcome.reason);
      out += "\n";
    }
  }
  return out;
}

}  // namespace caten
