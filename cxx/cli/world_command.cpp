#include "cli/world_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "cli/composite_model.hpp"
#include "cli/consensual.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "cli/world_report.hpp"
#include "consensus/analysis/analysis.hpp"
#include "consensus/compiled/world.hpp"
#include "consensus/print.hpp"
#include "consensus/words.hpp"
#include "io/csv.hpp"
#include "io/files.hpp"

namespace caten {
namespace {

using consensus::Given;
using consensus::GivenValue;
using consensus::Parameter;

/// How far the steps are, twice a second.
class StepProgress {
 public:
  explicit StepProgress(int64_t total) : total_(total) {}

  void at(int64_t done) {
    constexpr double kMoment = 0.5;
    constexpr size_t kWidth = 30;
    double spent = std::chrono::duration<double>(Clock::now() - begin_).count();
    if (spent - last_ < kMoment) return;
    last_ = spent;
    auto filled = static_cast<size_t>(static_cast<int64_t>(kWidth) * done / total_);
    line_.say(fmt::format("[{}{}] {}/{}, about {:.0f} s left", std::string(filled, '#'),
                          std::string(kWidth - filled, '.'), done, total_,
                          spent / static_cast<double>(done) * static_cast<double>(total_ - done)));
  }

 private:
  using Clock = std::chrono::steady_clock;
  int64_t total_;
  Progress line_{};
  double last_ = 0;
  Clock::time_point begin_ = Clock::now();
};

/// A table has no dtype of its own: it is read as what it is for.
Result<Array> load_as(const std::string& path, DType dtype) {
  Result<FileFormat> format = find_format(path);
  if (!format) return tl::make_unexpected(format.error());
  return *format == FileFormat::kCsv ? read_csv(path, {.dtype = dtype}) : load(path);
}

DType table_dtype(const consensus::Kind& kind) {
  if (const auto* latent = std::get_if<consensus::LatentKind>(&kind)) return latent->dtype;
  if (const auto* scalar = std::get_if<consensus::ScalarKind>(&kind)) return scalar->dtype;
  return DType::kI64;
}

class GivenReader {
 public:
  GivenReader(Session& session, const Settings& settings, const consensus::Program& program,
              const consensus::Names& names, Diagnostics& diagnostics)
      : session_(session), settings_(settings), program_(program), names_(names), diagnostics_(diagnostics) {}

  Given read() {
    Given out;
    out.composite = [this](const std::string& name) { return composite_model(session_, settings_, name); };
    for (const std::string& text : settings_.params) parameter(text, out);
    for (const std::string& text : settings_.inputs) data(text, out);
    return out;
  }

 private:
  std::optional<std::pair<std::string, std::string>> split(const std::string& text, std::string_view option) {
    Result<std::pair<std::string, std::string>> pair = split_assignment(text, option);
    if (pair) return std::move(*pair);
    diagnostics_.add(pair.error());
    return std::nullopt;
  }

  void parameter(const std::string& text, Given& out) {
    auto pair = split(text, "--param");
    if (!pair) return;
    const auto& [name, value] = *pair;
    std::optional<Parameter::Type> type;
    DType dtype = DType::kI64;
    std::vector<std::string> known;
    for (const Parameter* each : program_.all<Parameter>()) {
      known.push_back(each->name.text);
      if (each->name.text != name) continue;
      type = each->type;
      if (each->type == Parameter::Type::kTensor) dtype = each->dtype;
    }
    for (const consensus::FreeName& each : names_.free) {
      known.push_back(each.name.text);
      if (each.name.text == name) type = each.type;
    }
    if (!type) {
      diagnostics_.add({.code = Code::UnknownGiven,
                        .message = fmt::format("the program has no parameter `{}`", name),
                        .expected = known.empty() ? "no parameter" : fmt::format("{}", fmt::join(known, " ")),
                        .found = name,
                        .remedy = consensus::suggestion(name, known, "leave it out")});
      return;
    }
    consensus::GivenSources sources{
        .array = [&](const std::string& path) { return load_as(path, dtype); },
        .model = [&](const std::string& model) { return composite_model(session_, settings_, model); }};
    Result<GivenValue> found = consensus::parse_given(name, *type, value, sources);
    if (found)
      out.parameters[name] = std::move(*found);
    else
      diagnostics_.add(found.error());
  }

  void data(const std::string& text, Given& out) {
    auto pair = split(text, "--in");
    if (!pair) return;
    DType dtype = DType::kI64;
    for (const consensus::Value* each : program_.all<consensus::Value>())
      if (each->name.text == pair->first) dtype = table_dtype(each->kind);
    Result<Array> array = load_as(pair->second, dtype);
    if (array)
      out.data[pair->first] = std::move(*array);
    else
      diagnostics_.add(array.error());
  }

  Session& session_;
  const Settings& settings_;
  const consensus::Program& program_;
  const consensus::Names& names_;
  Diagnostics& diagnostics_;
};

/// Steps until all are done or one fails; false then.
bool run_steps(Session& session, const Settings& settings, Diagnostics& diagnostics,
               const std::function<Status()>& step) {
  StepProgress progress(settings.steps);
  for (int64_t i = 0; i < settings.steps; ++i) {
    if (session.resume()) {
      diagnostics.add({.code = Code::Interrupted,
                       .message = fmt::format("interrupted after {} of {} steps", i, settings.steps),
                       .expected = "",
                       .found = "",
                       .remedy = "give fewer --steps"});
      return false;
    }
    Timed timed(session.options().timings, "step");
    Status done = step();
    timed.stop();
    if (!done) {
      diagnostics.add(done.error());
      return false;
    }
    progress.at(i + 1);
  }
  return true;
}

/// The state behind the steps, as the interpreter makes them; `report` gets what it tells of each.
std::optional<consensus::State> interpreted(consensus::reference::World& world, Session& session,
                                            const Settings& settings, std::string& report, Diagnostics& diagnostics) {
  bool done = run_steps(session, settings, diagnostics, [&]() -> Status {
    Result<consensus::reference::StepReport> made = world.step();
    if (!made) return tl::make_unexpected(made.error());
    if (settings.report) report += step_text(world.instance(), *made);
    return {};
  });
  return done ? std::optional(world.state()) : std::nullopt;
}

/// The same by a program that is compiled once.
std::optional<consensus::State> compiled(const consensus::reference::World& world, Session& session,
                                         const Settings& settings, Diagnostics& diagnostics) {
  auto refuse = [&](const std::string& message) {
    diagnostics.add({.code = Code::NoSuchRuntime,
                     .message = message,
                     .expected = "a program whose steps are compiled, or --runtime reference",
                     .found = settings.runtime.empty() ? "no --runtime" : "--runtime " + settings.runtime,
                     .remedy = "add --runtime reference"});
    return std::nullopt;
  };
  if (settings.report) return refuse("steps that are compiled make no report");
  Session::Program program;
  auto run = [&](const Graph& graph, Arguments arguments, std::vector<Array> outputs) -> Result<Results> {
    if (!program) {
      Result<Session::Program> made = session.compile(graph);
      if (!made) return tl::make_unexpected(made.error());
      program = std::move(*made);
    }
    return session.run(*program, std::move(arguments), std::move(outputs));
  };
  std::string reason;
  std::unique_ptr<consensus::compiled::World> own =
      consensus::compiled::World::make(world.instance(), world.state(), run, reason);
  if (!own) return refuse("the program is not compiled yet: " + reason);
  if (!run_steps(session, settings, diagnostics, [&] { return own->step(); })) return std::nullopt;
  return own->state();
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
  Given given = GivenReader(session, settings, program, names, diagnostics).read();
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
  consensus::ResolveOptions composites = known_composites(session, settings, diagnostics);
  std::optional<consensus::Names> names = consensus::resolve(*program, composites, diagnostics);
  if (!names) return std::nullopt;
  GivenReader reader(session, settings, *program, *names, diagnostics);
  Given given = reader.read();
  if (diagnostics.failed()) return std::nullopt;
  std::unique_ptr<consensus::reference::World> world = consensus::reference::World::make(
      *program, std::move(given), static_cast<uint32_t>(settings.seed), {.names = composites}, diagnostics);
  if (!world) return std::nullopt;
  const consensus::Instance& instance = world->instance();
  consensus::report(instance, world->state(), consensus::analyse(instance), diagnostics);
  if (diagnostics.failed()) return std::nullopt;
  std::string text;
  std::optional<consensus::State> state = session.reference()
                                              ? interpreted(*world, session, settings, text, diagnostics)
                                              : compiled(*world, session, settings, diagnostics);
  if (!state) return std::nullopt;
  std::vector<std::pair<std::string, Array>> arrays;
  for (size_t i = 0; i < instance.values.size(); ++i)
    if (!instance.values[i].set) arrays.emplace_back(instance.values[i].name(), to_array(instance, *state, i));
  std::vector<std::pair<std::string, const Array*>> named;
  for (const auto& [name, array] : arrays) named.emplace_back(name, &array);
  if (!store_arrays(named, settings, diagnostics)) return std::nullopt;
  return text + fmt::format("step {} digest {}\n", state->step, digest(instance, *state));
}

}  // namespace caten
