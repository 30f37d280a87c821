#include "worlds/account_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "worlds/report.hpp"

namespace caten {
namespace {

using consensus::Instance;
using consensus::reference::Account;
using consensus::reference::Entry;
using consensus::reference::Hypothesised;
using consensus::reference::Loss;
using consensus::reference::Proposed;
using consensus::reference::Silence;
using consensus::reference::Target;
using Json = nlohmann::ordered_json;

/// As many as a person reads.
constexpr size_t kMostListed = 6;

std::string listed(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  size_t more = words.size() > kMostListed ? words.size() - kMostListed : 0;
  words.resize(words.size() - more);
  return fmt::format("{}{}", fmt::join(words, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string constraint_text(const Instance& instance, size_t number) {
  const consensus::Constraint& of = *instance.constraints[number].declaration;
  return fmt::format("{} (priority {}{})", of.name.text, of.priority, of.hard ? ", hard" : "");
}

std::string constraints_text(const Instance& instance, const std::vector<size_t>& numbers) {
  std::vector<std::string> words;
  for (size_t each : numbers) words.push_back(constraint_text(instance, each));
  return listed(std::move(words));
}

std::string instance_text(const Instance& instance, const Proposed& proposed, size_t rule) {
  return fmt::format("{} on {}", instance.rules[rule].declaration->name.text,
                     cell_text(instance, instance.rules[rule].on, proposed.id.origin));
}

std::string targets_text(const Instance& instance, const Proposed& proposed) {
  std::vector<std::string> words;
  for (const Target& each : proposed.targets)
    words.push_back(fmt::format("{} := {}", cell_text(instance, each.value, each.cell), elements_text(each)));
  return fmt::format("{}", fmt::join(words, ", "));
}

/// What tells a proposal from the better one in its way, behind all priorities.
std::string_view tie_text(const Proposed& loser, const Proposed& winner) {
  if (loser.score != winner.score) return "by its score";
  if (loser.snapshot != winner.snapshot) return "by the state that it saw";
  if (loser.id.rule != winner.id.rule) return "by the order of the rules";
  return loser.tie != winner.tie ? "by the draw among equals" : "by its cell";
}

std::string conflict_text(const Instance& instance, const Entry& entry) {
  const Proposed& winner = *entry.winner;
  size_t rule = 0;
  while (instance.rules[rule].number != winner.id.rule) ++rule;
  std::string better = entry.loss->priority
                           ? fmt::format("at priority {}, for this one would break {}", *entry.loss->priority,
                                         constraints_text(instance, entry.loss->constraints))
                           : std::string(tie_text(*entry.proposed, winner));
  return fmt::format("it is in the way of {} ({}, score {}), which is better {}", instance_text(instance, winner, rule),
                     targets_text(instance, winner), winner.score, better);
}

std::string loss_text(const Instance& instance, const Entry& entry) {
  const Loss& loss = *entry.loss;
  switch (loss.reason) {
    case Loss::Reason::kUnfit: return "it holds a value or score that there is not";
    case Loss::Reason::kBarred: return "it led to where a backtrack came from";
    case Loss::Reason::kHard: return "it would break " + constraints_text(instance, loss.constraints);
    case Loss::Reason::kKeep:
      if (!loss.priority) return "its score is no better than that of keep";
      return fmt::format("it is worse than keep at priority {}: it would break {}", *loss.priority,
                         constraints_text(instance, loss.constraints));
    case Loss::Reason::kConflict: return conflict_text(instance, entry);
    case Loss::Reason::kBudget: return "better ones use up the budget";
  }
  return "";
}

std::string no_value_text(const Instance& instance, const Entry& entry) {
  std::vector<std::string> open;
  size_t hidden = 0;
  for (const auto& each : entry.unseen) {
    if (each.source < 0)
      ++hidden;
    else
      open.push_back(cell_text(instance, each.read->value, each.source));
  }
  std::string out = "its value is nothing";
  if (!open.empty()) out += "; not committed: " + listed(std::move(open));
  if (hidden > 0) out += fmt::format("; {} of the cells it reads are not visible", hidden);
  return out;
}

std::string silence_text(const Instance& instance, const Entry& entry) {
  switch (*entry.silence) {
    case Silence::Reason::kWaits: return "it waits for cells of an earlier stratum";
    case Silence::Reason::kInactive: return "it is not active in this step";
    case Silence::Reason::kDisabled: {
      std::vector<std::string> cells;
      for (const auto& each : entry.unseen) cells.push_back(cell_text(instance, each.read->value, each.source));
      return "what it requires is not committed: " + listed(std::move(cells));
    }
    case Silence::Reason::kNoValue: return no_value_text(instance, entry);
    case Silence::Reason::kNothingLeft: return "palettes and logits leave no id to draw";
    case Silence::Reason::kIncomplete: return "another part of its proposal says nothing";
    case Silence::Reason::kNoCommit: return "a target is of no commit";
  }
  return "";
}

std::string_view outcome(const Entry& entry) {
  if (!entry.proposed) return "silent";
  return entry.committed ? "committed" : entry.held ? "went back" : "lost";
}

std::string why(const Instance& instance, const Entry& entry) {
  if (!entry.proposed) return silence_text(instance, entry);
  if (entry.held) return "it won, but its group is unsatisfied and goes back";
  return entry.loss ? loss_text(instance, entry) : "";
}

std::string on_text(const Instance& instance, const Entry& entry) {
  return fmt::format("{} on {}", instance.rules[entry.rule].declaration->name.text,
                     cell_text(instance, instance.rules[entry.rule].on, entry.origin));
}

std::string entry_text(const Instance& instance, const Entry& entry) {
  std::string reason = why(instance, entry);
  if (!entry.proposed) return fmt::format("  {} proposed nothing: {}\n", on_text(instance, entry), reason);
  return fmt::format("  {} proposed {}, score {}: {}{}\n", on_text(instance, entry),
                     targets_text(instance, *entry.proposed), entry.proposed->score, outcome(entry),
                     reason.empty() ? "" : ", for " + reason);
}

std::string verdict_text(const Instance& instance, const Hypothesised& of) {
  if (of.excluded) return "a palette takes it off the ids before one is drawn";
  if (!of.judgement.admissible()) return "it would break " + constraints_text(instance, of.judgement.worsened);
  if (of.better_than_keep) return "nothing would forbid it";
  if (of.judgement.broken.empty()) return "it is no better than keep";
  return "it is worse than keep: it would break " + constraints_text(instance, of.judgement.broken);
}

std::string instead_text(const Instance& instance, const Question& question, const Account& account) {
  if (account.after && account.after->elements == question.instead->elements)
    return fmt::format("  it is {}\n", elements_text(*question.instead));
  std::string out =
      account.instead->proposed ? "" : fmt::format("  nobody proposed {}\n", elements_text(*question.instead));
  return out +
         fmt::format("  {} alone: {}\n", elements_text(*question.instead), verdict_text(instance, *account.instead));
}

std::string state_text(const std::optional<Target>& target) {
  return target ? elements_text(*target) : "not committed";
}

std::string origin_text(const Instance& instance, const consensus::Clock& clock) {
  if (clock.time == 0) return "";
  if (clock.origin == consensus::kInitialOrigin) return ", from the beginning";
  for (const consensus::RuleInstance& rule : instance.rules)
    if (static_cast<int32_t>(rule.number) == clock.origin)
      return fmt::format(", by {} in step {}", rule.declaration->name.text, clock.time);
  return "";
}

Json elements_json(const std::optional<Target>& target) {
  if (!target) return nullptr;
  Json out = Json::array();
  for (const auto& each : target->elements) {
    consensus::Number number = consensus::Number::of(each);
    out.push_back(number.is_integer() ? Json(number.integer) : Json(number.real));
  }
  return out.size() == 1 ? out[0] : out;
}

Json constraints_json(const Instance& instance, const std::vector<size_t>& numbers) {
  Json out = Json::array();
  for (size_t each : numbers) {
    const consensus::Constraint& of = *instance.constraints[each].declaration;
    out.push_back({{"name", of.name.text}, {"priority", of.priority}, {"hard", of.hard}});
  }
  return out;
}

Json proposed_json(const Instance& instance, const Proposed& proposed) {
  Json targets = Json::array();
  for (const Target& each : proposed.targets)
    targets.push_back({{"cell", cell_text(instance, each.value, each.cell)}, {"value", elements_json(each)}});
  return {{"targets", std::move(targets)}, {"score", proposed.score}};
}

Json entry_json(const Instance& instance, const Entry& entry) {
  Json out{{"rule", instance.rules[entry.rule].declaration->name.text},
           {"on", cell_text(instance, instance.rules[entry.rule].on, entry.origin)},
           {"outcome", outcome(entry)}};
  if (entry.proposed) out.update(proposed_json(instance, *entry.proposed));
  if (entry.loss && entry.loss->priority) out["priority"] = *entry.loss->priority;
  if (entry.loss) out["constraints"] = constraints_json(instance, entry.loss->constraints);
  if (entry.winner) out["winner"] = proposed_json(instance, *entry.winner);
  if (std::string reason = why(instance, entry); !reason.empty()) out["why"] = reason;
  return out;
}

}  // namespace

std::string cell_text(const Instance& instance, size_t value, int64_t cell) {
  const consensus::ValueInstance& of = instance.values[value];
  return fmt::format("{}[{}]", of.name(), fmt::join(consensus::coordinates(cell, of.sizes), ","));
}

std::string elements_text(const Target& target) {
  std::vector<std::string> words;
  for (const auto& each : target.elements) {
    consensus::Number number = consensus::Number::of(each);
    words.push_back(number.is_integer()           ? std::to_string(number.integer)
                    : each.dtype() == DType::kF64 ? fmt::format("{}", number.real)
                                                  : fmt::format("{}", static_cast<float>(number.real)));
  }
  return words.size() == 1 ? words[0] : fmt::format("({})", fmt::join(words, ", "));
}

std::string account_text(const Instance& instance, const Question& question, const Account& account) {
  std::string event = account.report.event ? fmt::format(" ({})", event_words(*account.report.event)) : "";
  std::string out =
      fmt::format("{} in step {}{}\n", cell_text(instance, question.value, question.cell), question.step, event);
  out += fmt::format("  before: {}\n  after:  {}{}\n", state_text(account.before), state_text(account.after),
                     origin_text(instance, account.clock));
  for (const Entry& each : account.entries) out += entry_text(instance, each);
  if (account.entries.empty()) out += "  no rule proposes for this cell\n";
  if (account.report.restarted) out += "  the run restarted with the next seed\n";
  if (account.report.undone > 0) out += fmt::format("  {} commits were undone\n", account.report.undone);
  return question.instead ? out + instead_text(instance, question, account) : out;
}

std::string account_json(const Instance& instance, const Question& question, const Account& account) {
  Json out{{"cell", cell_text(instance, question.value, question.cell)}, {"step", question.step}};
  if (account.report.event) out["event"] = event_words(*account.report.event);
  out["before"] = elements_json(account.before);
  out["after"] = elements_json(account.after);
  out["clock"] = {{"step", account.clock.time}, {"origin", account.clock.origin}};
  Json entries = Json::array();
  for (const Entry& each : account.entries) entries.push_back(entry_json(instance, each));
  out["proposals"] = std::move(entries);
  out["undone"] = account.report.undone;
  out["restarted"] = account.report.restarted;
  if (question.instead)
    out["instead"] = {{"value", elements_json(question.instead)},
                      {"proposed", account.instead->proposed},
                      {"excluded", account.instead->excluded},
                      {"admissible", account.instead->judgement.admissible() && !account.instead->excluded},
                      {"better", account.instead->better_than_keep},
                      {"breaks", constraints_json(instance, account.instead->judgement.broken)},
                      {"why", verdict_text(instance, *account.instead)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace caten
