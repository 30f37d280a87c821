#include "cli/world_why.hpp"

#include <fmt/format.h>

#include <charconv>

#include "cli/consensual.hpp"
#include "consensus/words.hpp"
#include "worlds/account_text.hpp"
#include "worlds/cells.hpp"
#include "worlds/run.hpp"

namespace caten {
namespace {

using consensus::clipped;
using consensus::Instance;
using consensus::reference::Target;

Result<uint64_t> parse_step(const consensus::Journal& journal, const std::optional<std::string>& text) {
  uint64_t last = consensus::last_step(journal);
  uint64_t step = last;
  bool number = true;
  if (text) {
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), step);
    number = error == std::errc() && end == text->data() + text->size();
  }
  if (number && step >= 1 && step <= last) return step;
  return fail({.code = Code::NoSuchStep,
               .message = fmt::format("{} holds no step {}", journal.file.name(), text ? clipped(*text) : "at all"),
               .expected = last > 0 ? fmt::format("a step from 1 to {}", last) : "a journal with steps",
               .found = text ? clipped(*text) : "none",
               .remedy = "run the program on to that step first"});
}

Result<std::string> answer(const JournalRun& of, const Settings& settings, bool with_value) {
  const std::vector<std::string>& operands = settings.operands;
  const Instance& instance = of.run->instance();
  Result<std::pair<size_t, int64_t>> cell = parse_cell(instance, operands[2]);
  if (!cell) return tl::make_unexpected(cell.error());
  Question question{.value = cell->first, .cell = cell->second};
  if (with_value) {
    Result<Target> instead = parse_value(instance, question.value, question.cell, operands[3]);
    if (!instead) return tl::make_unexpected(instead.error());
    question.instead = std::move(*instead);
  }
  size_t behind = with_value ? 4 : 3;
  Result<uint64_t> step =
      parse_step(of.journal, operands.size() > behind ? std::optional(operands[behind]) : std::nullopt);
  if (!step) return tl::make_unexpected(step.error());
  question.step = *step;
  CATEN_TRY(replay(of.journal, of.run->replayer([] { return Status{}; }), *step - 1));
  Result<consensus::reference::Account> account = of.run->account(question.value, question.cell, question.instead);
  if (!account) return tl::make_unexpected(account.error());
  return (settings.json ? account_json : account_text)(of.run->instance(), question, *account);
}

std::optional<std::string> asked(Session& session, const Settings& settings, bool with_value,
                                 Diagnostics& diagnostics) {
  Surroundings around = surroundings_of(session, settings, diagnostics);
  std::optional<JournalRun> of =
      open_journal(session, around, settings.operands[1], WorldRun::On::kInterpreter, diagnostics);
  if (!of) return std::nullopt;
  Result<std::string> text = answer(*of, settings, with_value);
  if (text) return std::move(*text);
  diagnostics.add(text.error());
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_cell(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  return asked(session, settings, false, diagnostics);
}

std::optional<std::string> why_not_cell(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  return asked(session, settings, true, diagnostics);
}

}  // namespace caten
