#include "worlds/report.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

namespace caten {
namespace {

using consensus::reference::Loss;
using Json = nlohmann::ordered_json;

std::string json_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string_view reason_word(Loss::Reason reason) {
  switch (reason) {
    case Loss::Reason::kUnfit: return "unfit";
    case Loss::Reason::kBarred: return "barred";
    case Loss::Reason::kHard: return "hard";
    case Loss::Reason::kKeep: return "keep";
    case Loss::Reason::kConflict: return "conflict";
    case Loss::Reason::kBudget: return "budget";
  }
  return "";
}

std::string_view reason_text(Loss::Reason reason) {
  switch (reason) {
    case Loss::Reason::kUnfit: return "hold a value or score that there is not";
    case Loss::Reason::kBarred: return "led to where a backtrack came from";
    case Loss::Reason::kHard: return "would break what is hard";
    case Loss::Reason::kKeep: return "are worse than leaving all as it is";
    case Loss::Reason::kConflict: return "are in the way of a better one";
    case Loss::Reason::kBudget: return "are beyond the budget";
  }
  return "";
}

std::string why(const consensus::Instance& instance, const Loss& loss) {
  std::string out(reason_text(loss.reason));
  if (loss.priority) out += fmt::format(", priority {}", *loss.priority);
  for (size_t each : loss.constraints) out += " " + instance.constraints[each].declaration->name.text;
  return out;
}

}  // namespace

std::string event_words(const consensus::Event& event) {
  std::string colour = event.colour > 0 ? fmt::format(" colour {}", event.colour) : "";
  return fmt::format("{} epoch {} phase {}{}", event.strategy, event.epoch, event.phase, colour);
}

std::string step_text(const consensus::Instance& instance, const consensus::reference::StepReport& report) {
  std::string out = fmt::format("step {}:", report.step);
  if (report.event) out += fmt::format(" {},", event_words(*report.event));
  out += fmt::format(" {} active, {} enabled, {} proposed, {} admissible, {} committed\n", report.active,
                     report.enabled, report.proposed, report.admissible, report.winners.size());
  std::map<std::string, int64_t> lost;
  for (const Loss& each : report.losses) ++lost[why(instance, each)];
  for (const auto& [reason, count] : lost) out += fmt::format("  {} {}\n", count, reason);
  if (report.stuck > 0) out += fmt::format("  {} cells for which nothing can be drawn\n", report.stuck);
  if (report.undone > 0) out += fmt::format("  {} commits undone\n", report.undone);
  if (report.restarted) out += "  restarted with the next seed\n";
  return out;
}

std::string step_json(const consensus::Instance& instance, const consensus::reference::StepReport& report) {
  Json out{{"step", report.step}};
  if (report.event) out["event"] = event_words(*report.event);
  out.update({{"active", report.active},
              {"enabled", report.enabled},
              {"proposed", report.proposed},
              {"admissible", report.admissible},
              {"committed", report.winners.size()}});
  std::map<std::tuple<std::string_view, int64_t, std::vector<std::string>>, int64_t> lost;
  for (const Loss& each : report.losses) {
    std::vector<std::string> names;
    for (size_t number : each.constraints) names.push_back(instance.constraints[number].declaration->name.text);
    ++lost[{reason_word(each.reason), each.priority.value_or(-1), std::move(names)}];
  }
  Json losses = Json::array();
  for (const auto& [key, count] : lost) {
    const auto& [reason, priority, names] = key;
    Json loss{{"reason", reason}, {"count", count}};
    if (priority >= 0) loss["priority"] = priority;
    if (!names.empty()) loss["constraints"] = names;
    losses.push_back(std::move(loss));
  }
  out["lost"] = std::move(losses);
  out["stuck"] = report.stuck;
  out["undone"] = report.undone;
  out["restarted"] = report.restarted;
  return json_line(out);
}

std::string digest_line(uint64_t step, const std::string& digest, bool json) {
  if (json) return json_line({{"step", step}, {"digest", digest}});
  return fmt::format("step {} digest {}\n", step, digest);
}

}  // namespace caten
