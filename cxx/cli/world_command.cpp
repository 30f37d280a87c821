#include "cli/world_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "cli/consensual.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "consensus/analysis/analysis.hpp"
#include "consensus/print.hpp"
#include "worlds/film.hpp"
#include "worlds/report.hpp"
#include "worlds/run_journal.hpp"

namespace caten {
namespace {

using consensus::Given;
using consensus::Parameter;

/// How far the steps are, twice a second.
class StepProgress {
 public:
  StepProgress(uint64_t first, uint64_t total) : first_(first), total_(total) {}

  void at(uint64_t done) {
    constexpr double kMoment = 0.5;
    constexpr size_t kWidth = 30;
    double spent = std::chrono::duration<double>(Clock::now() - begin_).count();
    if (spent - last_ < kMoment) return;
    last_ = spent;
    auto filled = static_cast<size_t>(kWidth * done / total_);
    line_.say(fmt::format("[{}{}] {}/{}, about {:.0f} s left", std::string(filled, '#'),
                          std::string(kWidth - filled, '.'), done, total_,
                          spent / static_cast<double>(done - first_) * static_cast<double>(total_ - done)));
  }

 private:
  using Clock = std::chrono::steady_clock;
  uint64_t first_, total_;
  Progress line_{};
  double last_ = 0;
  Clock::time_point begin_ = Clock::now();
};

/// Steps until the run has done `total` or one fails; false then. `done` is called behind each.
bool run_steps(Session& session, WorldRun& run, uint64_t total, Diagnostics& diagnostics,
               const std::function<Status()>& done) {
  StepProgress progress(run.steps(), total);
  while (run.steps() < total) {
    if (session.resume()) {
      diagnostics.add({.code = Code::Interrupted,
                       .message = fmt::format("interrupted after {} of {} steps", run.steps(), total),
                       .expected = "",
                       .found = "",
                       .remedy = "give fewer --steps, or a --journal to go on from"});
      return false;
    }
    Timed timed(session.options().timings, "step");
    Status made = run.step();
    timed.stop();
    if (made) made = done();
    if (!made) {
      diagnostics.add(made.error());
      return false;
    }
    progress.at(run.steps());
  }
  return true;
}

/// What --param and --in give.
std::vector<GivenInput> read_inputs(const Settings& settings, const consensus::Program& program,
                                    const consensus::Names& names, Diagnostics& diagnostics) {
  std::vector<GivenInput> out;
  auto add = [&](bool data, const std::string& text) {
    Result<std::pair<std::string, std::string>> pair = split_assignment(text, data ? "--in" : "--param");
    if (!pair) return diagnostics.add(pair.error());
    Result<GivenInput> input = read_input(program, names, data, std::move(pair->first), std::move(pair->second));
    if (!input) return diagnostics.add(input.error());
    out.push_back(std::move(*input));
  };
  for (const std::string& text : settings.params) add(false, text);
  for (const std::string& text : settings.inputs) add(true, text);
  return in_order(std::move(out));
}

/// The film that --picture asks for, with its first frame.
Result<std::optional<WorldFilm>> begin_film(const Settings& settings, const WorldRun& run) {
  if (settings.picture.empty()) return std::optional<WorldFilm>();
  FilmOptions options{.picture = settings.picture,
                      .every = settings.every,
                      .value = settings.value,
                      .scale = settings.scale,
                      .colours = settings.colours};
  Result<WorldFilm> film = WorldFilm::make(options, run);
  if (!film) return tl::make_unexpected(film.error());
  CATEN_TRY(film->see(run));
  return std::optional<WorldFilm>(std::move(*film));
}

/// The journal that --journal asks for; the run goes to its end.
Result<std::optional<WorldJournal>> begin_journal(consensus::RunStart start, const std::vector<GivenInput>& inputs,
                                                  const Settings& settings, WorldRun& run, Diagnostics& diagnostics) {
  if (settings.journal.empty()) return std::optional<WorldJournal>();
  Result<std::vector<consensus::RunStart::Input>> kept = kept_inputs(inputs);
  if (!kept) return tl::make_unexpected(kept.error());
  start.inputs = std::move(*kept);
  Result<WorldJournal> out =
      WorldJournal::open(settings.journal, start, static_cast<uint64_t>(settings.checkpoint_every), run, diagnostics);
  if (!out) return tl::make_unexpected(out.error());
  return std::optional<WorldJournal>(std::move(*out));
}

/// Writes what --out and --picture name; the last line of a run.
std::optional<std::string> finish(const WorldRun& run, std::optional<WorldFilm>& film, const Settings& settings,
                                  Diagnostics& diagnostics) {
  const consensus::Instance& instance = run.instance();
  consensus::State state = run.state();
  std::vector<std::pair<std::string, Array>> arrays;
  for (size_t i = 0; i < instance.values.size(); ++i)
    if (!instance.values[i].set) arrays.emplace_back(instance.values[i].name(), to_array(instance, state, i));
  std::vector<std::pair<std::string, const Array*>> named;
  for (const auto& [name, array] : arrays) named.emplace_back(name, &array);
  if (!store_arrays(named, settings, diagnostics)) return std::nullopt;
  if (film)
    if (Status written = film->write(run); !written) {
      diagnostics.add(written.error());
      return std::nullopt;
    }
  return digest_line(static_cast<uint64_t>(state.step), digest(instance, state), settings.json);
}

/// Is everything given that has no default?
bool all_given(const consensus::Program& program, const consensus::Names& names, const Given& given) {
  auto has = [&](const consensus::Name& name) { return given.parameters.contains(name.text); };
  auto parameters = program.all<Parameter>();
  return std::all_of(names.free.begin(), names.free.end(),
                     [&](const consensus::FreeName& each) { return has(each.name); }) &&
         std::all_of(parameters.begin(), parameters.end(),
                     [&](const Parameter* each) { return each->otherwise || has(each->name); });
}

}  // namespace

std::optional<std::string> plan_of(Session& session, const consensus::Program& program, const consensus::Names& names,
                                   const Settings& settings, Diagnostics& diagnostics) {
  std::vector<GivenInput> inputs = read_inputs(settings, program, names, diagnostics);
  Given given = given_of(inputs, surroundings_of(session, settings, diagnostics).model, program, names, diagnostics);
  if (diagnostics.failed()) return std::nullopt;
  if (!all_given(program, names, given)) return consensus::plan_text(program);
  std::optional<consensus::Instance> instance =
      consensus::instantiate(program, names, std::move(given), {}, diagnostics);
  if (!instance) return std::nullopt;
  Result<consensus::State> state = consensus::initial_state(*instance, static_cast<uint32_t>(settings.seed));
  if (!state) {
    diagnostics.add(state.error());
    return std::nullopt;
  }
  consensus::Analysis analysis = consensus::analyse(*instance);
  consensus::report(*instance, *state, analysis, diagnostics);
  if (diagnostics.failed()) return std::nullopt;
  return consensus::plan_text(*instance, analysis);
}

std::optional<std::string> run_world(Session& session, uint32_t source, const Settings& settings,
                                     Diagnostics& diagnostics) {
  std::optional<consensus::Program> program = read_consensual(session, source, settings, diagnostics);
  if (!program) return std::nullopt;
  Surroundings around = surroundings_of(session, settings, diagnostics);
  std::optional<consensus::Names> names = consensus::resolve(*program, around.composites, diagnostics);
  if (!names) return std::nullopt;
  std::vector<GivenInput> inputs = read_inputs(settings, *program, *names, diagnostics);
  if (diagnostics.failed()) return std::nullopt;
  auto seed = static_cast<uint32_t>(settings.seed);
  std::string lci = consensus::print_lci(*program);
  std::unique_ptr<WorldRun> run =
      WorldRun::make(session, around, std::move(*program), inputs, seed, WorldRun::On::kRuntime, diagnostics);
  if (!run) return std::nullopt;
  Result<std::optional<WorldJournal>> journal =
      begin_journal({.program = std::move(lci), .seed = seed, .inputs = {}}, inputs, settings, *run, diagnostics);
  Result<std::optional<WorldFilm>> film = journal ? begin_film(settings, *run) : tl::make_unexpected(journal.error());
  if (!film) {
    diagnostics.add(film.error());
    return std::nullopt;
  }
  std::string text;
  bool done = run_steps(session, *run, static_cast<uint64_t>(settings.steps), diagnostics, [&]() -> Status {
    if (*journal) CATEN_TRY((*journal)->record(*run));
    if (*film) CATEN_TRY((*film)->see(*run));
    if (settings.report && run->report())
      text += (settings.json ? step_json : step_text)(run->instance(), *run->report());
    return {};
  });
  if (!done) return std::nullopt;
  std::optional<std::string> end = finish(*run, *film, settings, diagnostics);
  if (!end) return std::nullopt;
  return text + *end + (*journal ? (*journal)->summary(settings.json) : "");
}

std::optional<std::string> replay_world(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  Surroundings around = surroundings_of(session, settings, diagnostics);
  std::optional<JournalRun> opened =
      open_journal(session, around, settings.operands[1], WorldRun::On::kRuntime, diagnostics);
  if (!opened) return std::nullopt;
  WorldRun& run = *opened->run;
  Result<std::optional<WorldFilm>> film = begin_film(settings, run);
  if (!film) {
    diagnostics.add(film.error());
    return std::nullopt;
  }
  std::string text;
  auto seen = [&]() -> Status {
    if (*film) CATEN_TRY((*film)->see(run));
    if (settings.digest) text += digest_line(run.steps(), run.digest(), settings.json);
    return {};
  };
  std::optional<uint64_t> to;
  if (settings.to) to = static_cast<uint64_t>(*settings.to);
  bool all = settings.digest || (*film && (*film)->moves());
  Result<consensus::Replayed> replayed =
      replay(opened->journal, run.replayer(seen), to,
             all ? consensus::ReplayFrom::kStart : consensus::ReplayFrom::kCheckpoint);
  if (!replayed) {
    diagnostics.add(replayed.error());
    return std::nullopt;
  }
  std::optional<std::string> end = finish(run, *film, settings, diagnostics);
  if (!end) return std::nullopt;
  return settings.digest ? text : *end;
}

}  // namespace caten
