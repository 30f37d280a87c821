#include "worlds/live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "consensus/journal/writer.hpp"
#include "consensus/print.hpp"
#include "consensus/words.hpp"
#include "worlds/account_text.hpp"
#include "worlds/cells.hpp"
#include "worlds/report.hpp"

namespace caten {
namespace {

bool same_letters(std::string_view a, std::string_view b) {
  auto folded = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return folded(x) == folded(y); });
}

std::vector<std::string> names_with_cells(const consensus::Instance& instance) {
  std::vector<std::string> out;
  for (const consensus::ValueInstance& each : instance.values)
    if (!each.set) out.push_back(each.name());
  return out;
}

}  // namespace

std::string spelled_as(const std::string& name, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  auto alike = [&](const std::string& each) { return same_letters(each, name); };
  if (std::count_if(names.begin(), names.end(), alike) != 1) return name;
  return *std::find_if(names.begin(), names.end(), alike);
}

std::unique_ptr<LiveWorld> LiveWorld::make(Session& session, Surroundings around, consensus::Program program,
                                           std::vector<GivenInput> inputs, uint32_t seed, WorldRun::On on,
                                           Diagnostics& diagnostics) {
  std::unique_ptr<LiveWorld> out(new LiveWorld());  // NOLINT: the constructor is private
  out->session_ = &session;
  out->around_ = std::move(around);
  out->name_ = program.name.text;
  inputs = in_order(std::move(inputs));
  Result<std::vector<consensus::RunStart::Input>> kept = kept_inputs(inputs);
  if (!kept) {
    diagnostics.add(kept.error());
    return nullptr;
  }
  out->start_ = {.program = consensus::print_lci(program), .seed = seed, .inputs = std::move(*kept)};
  out->run_ = WorldRun::make(session, out->around_, std::move(program), inputs, seed, on, diagnostics);
  return out->run_ ? std::move(out) : nullptr;
}

std::unique_ptr<LiveWorld> LiveWorld::load(Session& session, Surroundings around, const std::string& path,
                                           const std::optional<uint64_t>& to, WorldRun::On on,
                                           Diagnostics& diagnostics) {
  std::unique_ptr<LiveWorld> out(new LiveWorld());  // NOLINT: the constructor is private
  out->session_ = &session;
  out->around_ = std::move(around);
  std::optional<JournalRun> opened = open_journal(session, out->around_, path, on, diagnostics);
  if (!opened) return nullptr;
  Result<consensus::Replayed> replayed = replay(opened->journal, opened->run->replayer([] { return Status{}; }), to);
  if (!replayed) {
    diagnostics.add(replayed.error());
    return nullptr;
  }
  out->run_ = std::move(opened->run);
  out->name_ = out->run_->instance().program->name.text;
  out->start_ = std::move(opened->journal.start);
  return out;
}

Status LiveWorld::save(const std::string& path) const {
  Result<consensus::JournalWriter> writer = consensus::JournalWriter::create(path, start_);
  if (!writer) return tl::make_unexpected(writer.error());
  std::string digest = run_->digest(), data = run_->checkpoint();
  return writer->append(
      {.type = consensus::RecordType::kCheckpoint, .k = run_->steps(), .name = {}, .digest = digest, .data = data});
}

std::string LiveWorld::how() const {
  if (run_->compiled()) return "compiled for " + session_->runtime_name();
  const std::string& reason = run_->interpreted_because();
  return reason.empty() ? "interpreted" : "interpreted: " + reason;
}

Status LiveWorld::step(bool asked) {
  before_.reset();
  if (asked) before_ = run_->memory();
  if (Status made = run_->step(); !made) {
    before_.reset();
    return made;
  }
  return film_ ? film_->see(*run_) : Status{};
}

std::string LiveWorld::report() const {
  if (run_->report()) return step_text(run_->instance(), *run_->report());
  std::string event = run_->event_text();
  return fmt::format("step {}:{} compiled\n", run_->clock(), event.empty() ? "" : fmt::format(" {},", event));
}

Result<size_t> LiveWorld::value_named(const std::string& name) const {
  std::vector<std::string> names = names_with_cells(run_->instance());
  std::string wanted = spelled_as(name, names);
  if (std::find(names.begin(), names.end(), wanted) != names.end())
    return *consensus::find_value(run_->instance(), wanted);
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("the program has no value `{}` with cells", consensus::clipped(wanted)),
               .expected = fmt::format("{}", fmt::join(names, " ")),
               .found = consensus::clipped(wanted),
               .remedy = consensus::suggestion(wanted, names, "name one of them")});
}

Result<Array> LiveWorld::look(const std::string& name) const {
  Result<size_t> value = value_named(name);
  if (!value) return tl::make_unexpected(value.error());
  return consensus::to_array(run_->instance().values[*value], run_->cells(*value));
}

Result<std::string> LiveWorld::grid(const std::string& name) const {
  std::string wanted = spelled_as(name, names_with_cells(run_->instance()));
  Result<size_t> value = shown_value(run_->instance(), wanted);
  if (!value) return tl::make_unexpected(value.error());
  return grid_text(run_->instance(), run_->state(), *value);
}

Result<std::string> LiveWorld::why(const std::string& cell, const std::optional<std::string>& instead) {
  const consensus::Instance& instance = run_->instance();
  size_t open = std::min(cell.find('['), cell.size());
  std::string spelled = spelled_as(cell.substr(0, open), names_with_cells(instance)) + cell.substr(open);
  Result<std::pair<size_t, int64_t>> place = parse_cell(instance, spelled);
  if (!place) return tl::make_unexpected(place.error());
  Question question{.value = place->first, .cell = place->second, .step = static_cast<uint64_t>(run_->clock())};
  if (instead) {
    Result<consensus::reference::Target> target = parse_value(instance, question.value, question.cell, *instead);
    if (!target) return tl::make_unexpected(target.error());
    question.instead = std::move(*target);
  }
  if (!before_)
    return fail({.code = Code::NoSuchStep,
                 .message = "there is no step to ask about",
                 .expected = "a step behind the last load and the last edit of the constraints",
                 .found = fmt::format("none behind step {}", run_->clock()),
                 .remedy = "step first: (step world)"});
  Result<consensus::reference::Account> account =
      run_->account_from(*before_, question.value, question.cell, question.instead);
  if (!account) return tl::make_unexpected(account.error());
  return account_text(run_->instance(), question, *account);
}

Status LiveWorld::add_constraint(const consensus::Constraint& constraint) {
  CATEN_TRY(run_->add_constraint(constraint));
  before_.reset();
  return {};
}

Status LiveWorld::remove_constraint(const std::string& name) {
  std::vector<std::string> names;
  for (const consensus::ConstraintInstance& each : run_->instance().constraints)
    names.push_back(each.declaration->name.text);
  CATEN_TRY(run_->remove_constraint(spelled_as(name, names)));
  before_.reset();
  return {};
}

Status LiveWorld::begin_film(const FilmOptions& options) {
  FilmOptions spelled = options;
  if (!spelled.value.empty()) spelled.value = spelled_as(spelled.value, names_with_cells(run_->instance()));
  Result<WorldFilm> film = WorldFilm::make(spelled, *run_);
  if (!film) return tl::make_unexpected(film.error());
  CATEN_TRY(film->see(*run_));
  film_ = std::move(*film);
  return {};
}

Status LiveWorld::end_film(bool write) {
  std::optional<WorldFilm> film = std::move(film_);
  film_.reset();
  return film && write ? film->write(*run_) : Status{};
}

}  // namespace caten
