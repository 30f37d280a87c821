#include "driver/session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "driver/hint_report.hpp"
#include "driver/verification.hpp"
#include "ir/evaluate.hpp"
#include "rewrite/passes/insert_checks.hpp"

namespace caten {

namespace {

tl::unexpected<Diagnostic> no_kernels() {
  return fail({.code = Code::RuntimeUnavailable,
               .message = "runtime `reference` compiles nothing",
               .expected = "a runtime with kernels",
               .found = "the reference evaluator",
               .remedy = "choose one with --runtime, for example cpu"});
}

constexpr const char* kDefault = "cpu";
constexpr const char* kFallback = "c";

}  // namespace

void set_optimization(SessionOptions& options, int level) {
  options.rewrite = level > 0;
  if (level == 0) options.scheduling.off.insert({"fusion", "in-place", "row-blocks", "library"});
  if (level <= 1) options.scheduling.off.insert("grouping");
}

std::optional<Precision> Session::precision() {
  std::lock_guard lock(mutex_);
  return precision_;
}

void Session::set_precision(std::optional<Precision> precision) {
  std::lock_guard lock(mutex_);
  precision_ = std::move(precision);
}

Graph Session::converted(Graph graph) {
  std::optional<Precision> chosen = precision();
  if (!chosen) return graph;
  Timed step(options_.timings, "convert precision");
  return convert_precision(graph, *chosen);
}

std::string Session::runtime_name() {
  std::lock_guard lock(mutex_);
  return chosen_runtime();
}

/// With the mutex held. The default runtime counts as there if its driver is: nothing is loaded to find out.
const std::string& Session::chosen_runtime() {
  if (!chosen_.empty()) return chosen_;
  chosen_ = options_.runtime;
  if (!chosen_.empty()) return chosen_;
  chosen_ = kDefault;
  Result<RuntimeFile> file = read_runtime(kDefault, options_.search, sources_);
  Result<std::string> driver = file ? find_driver(*file, options_.search) : tl::make_unexpected(file.error());
  if (!driver) fall_back(driver.error());
  return chosen_;
}

/// With the mutex held.
void Session::fall_back(const Diagnostic& why) {
  chosen_ = kFallback;
  runtime_ = nullptr;
  Diagnostic notice = why;
  notice.severity = Severity::kWarning;
  notice.message = fmt::format("programs run on runtime `{}`, for {}", kFallback, why.message);
  if (options_.notice) options_.notice(notice);
}

Result<std::shared_ptr<const Runtime>> Session::runtime() {
  if (reference()) return no_kernels();
  std::lock_guard lock(mutex_);
  for (;;) {
    if (runtime_) return runtime_;
    Timed step(options_.timings, "open the runtime");
    Result<Runtime> found = find_runtime(chosen_runtime(), options_.search, sources_, options_.device);
    if (found)
      runtime_ = std::make_shared<const Runtime>(std::move(*found));
    else if (may_fall_back(found.error()))
      fall_back(found.error());
    else
      return tl::make_unexpected(found.error());
  }
}

/// With the mutex held. Who chose a processor wants kernels for it, or to know why there are none.
bool Session::may_fall_back(const Diagnostic& why) const {
  return options_.runtime.empty() && options_.device.empty() && chosen_ == kDefault &&
         why.code == Code::RuntimeUnavailable;
}

/// With the mutex held.
Session::Program Session::known_program(const Graph& graph, size_t hash) {
  auto found = std::find_if(programs_.begin(), programs_.end(),
                            [&](const Entry& entry) { return entry.hash == hash && entry.graph.same_program(graph); });
  if (found == programs_.end()) return nullptr;
  programs_.splice(programs_.begin(), programs_, found);
  return found->program;
}

Result<Session::Program> Session::compile(const Graph& graph) {
  Result<std::shared_ptr<const Runtime>> chosen = runtime();
  if (!chosen) return tl::make_unexpected(chosen.error());
  size_t hash = graph.program_hash();
  {
    std::lock_guard lock(mutex_);
    if (Program known = known_program(graph, hash)) return known;
  }
  Result<Graph> simpler = rewritten(graph);
  if (!simpler) return tl::make_unexpected(simpler.error());
  report_hints(*simpler);
  CompileOptions how{
      .scheduling = tuned(*simpler, **chosen), .timings = options_.timings, .verify_schedule = options_.verify};
  Result<Program> program = caten::compile(std::move(*simpler), **chosen, options_.store, &executables_, how);
  if (!program) {
    // The driver may be there and its compiler not.
    std::unique_lock lock(mutex_);
    bool replaced = runtime_ != *chosen;
    if (!replaced && !may_fall_back(program.error())) return program;
    if (!replaced) fall_back(program.error());
    lock.unlock();
    chosen = runtime();
    if (!chosen) return tl::make_unexpected(chosen.error());
    simpler = rewritten(graph);
    if (!simpler) return tl::make_unexpected(simpler.error());
    program = caten::compile(std::move(*simpler), **chosen, options_.store, &executables_, how);
    if (!program) return program;
  }
  ++compiled_;
  std::lock_guard lock(mutex_);
  report_store();
  if (known_program(graph, hash)) return program;
  programs_.push_front({hash, graph, *program});
  if (programs_.size() > options_.programs_kept) programs_.pop_back();
  return program;
}

Result<Results> Session::run(const Graph& graph, Arguments arguments) {
  if (!options_.check) return run_unchecked(graph, std::move(arguments));
  CheckedProgram checked = insert_checks(graph);
  Result<Results> results = run_unchecked(checked.graph, std::move(arguments));
  if (!results) return results;
  int64_t fault = Scalar::load(DType::kI64, results->outputs.back().data()).as_integer();
  if (fault != 0) return fail(describe_fault(checked, fault));
  results->outputs.pop_back();
  return results;
}

Result<Results> Session::run_unchecked(const Graph& graph, Arguments arguments) {
  if (reference()) {
    Timed step(options_.timings, "evaluate");
    return evaluate(graph, arguments, {.memory_limit = options_.max_memory, .interrupt = &interrupt_});
  }
  if (options_.tune) CATEN_TRY(tune(graph, arguments));
  Result<Program> program = compile(graph);
  if (!program) return tl::make_unexpected(program.error());
  return options_.verify ? verified(graph, **program, arguments) : run(**program, std::move(arguments));
}

Result<Results> Session::verified(const Graph& graph, const CompiledProgram& program, const Arguments& arguments) {
  Timed step(options_.timings, "verify");
  VerifyOptions how{.rewriting = options_.rewrite ? &options_.rewriting : nullptr, .scheduling = options_.scheduling};
  how.execution = {.max_memory = options_.max_memory, .interrupt = &interrupt_, .timings = options_.timings};
  how.recompile = [&](const ScheduleOptions& scheduling) -> Result<Program> {
    Result<std::shared_ptr<const Runtime>> chosen = runtime();
    if (!chosen) return tl::make_unexpected(chosen.error());
    Result<Graph> simpler = rewritten(graph);
    if (!simpler) return tl::make_unexpected(simpler.error());
    return caten::compile(std::move(*simpler), **chosen, options_.store, &executables_,
                          {.scheduling = scheduling, .verify_schedule = true});
  };
  VerifyCounts counts;
  Result<Results> results = run_verified(graph, program, arguments, how, &counts);
  if (results && options_.notice)
    options_.notice({.message = fmt::format("verified `{}`, {} {}: {} elements right, {} ill-conditioned", graph.name,
                                            counts.launches, counts.launches == 1 ? "launch" : "launches",
                                            counts.passed, counts.ill_conditioned),
                     .severity = Severity::kNote});
  return results;
}

Result<Results> Session::run(const CompiledProgram& program, Arguments arguments, std::vector<Array> outputs) {
  return execute(program, std::move(arguments),
                 {.max_memory = options_.max_memory,
                  .interrupt = &interrupt_,
                  .outputs = std::move(outputs),
                  .timings = options_.timings,
                  .observer = options_.observer});
}

Result<Graph> Session::rewritten(const Graph& graph, std::vector<std::string>* notes) {
  if (!options_.rewrite) {
    CATEN_TRY(verify(graph));
    return graph;
  }
  const Implementations& made = options_.scheduling.implementations;
  if (made.empty()) return caten::rewrite(graph, options_.rewriting);
  return caten::rewrite(claim(graph, made, runtime_name(), notes), options_.rewriting);
}

void Session::use_library(bool use) {
  std::lock_guard lock(mutex_);
  if (use)
    options_.scheduling.off.erase("library");
  else
    options_.scheduling.off.insert("library");
  programs_.clear();
}

void Session::add_implementation(std::shared_ptr<const Implementation> implementation) {
  std::lock_guard lock(mutex_);
  options_.scheduling.implementations.push_back(std::move(implementation));
  programs_.clear();
}

/// With the mutex held. Tells once that compiled kernels are not kept.
void Session::report_store() {
  std::string obstacle = executables_.take_obstacle();
  if (obstacle.empty() || store_reported_ || !options_.notice) return;
  store_reported_ = true;
  options_.notice({.code = Code::CannotWrite,
                   .message = "compiled kernels are not kept: cannot write in " + options_.store.folder(),
                   .expected = "a folder that can be written, with some space",
                   .found = obstacle,
                   .remedy = "make room, or name another folder in CATEN_CACHE (off: keep nothing)",
                   .severity = Severity::kWarning});
}

/// Tells what became of the schedules of composites.
void Session::report_hints(const Graph& simplified) const {
  if (!options_.notice || !has_hints(simplified)) return;
  for (const Diagnostic& warning : hint_warnings(make_schedule(simplified, options_.scheduling)))
    options_.notice(warning);
}

Result<std::string> Session::schedule_text(const Graph& graph) {
  std::vector<std::string> notes;
  Result<Graph> simpler = rewritten(graph, &notes);
  if (!simpler) return tl::make_unexpected(simpler.error());
  Timed step(options_.timings, "schedule");
  Schedule schedule = make_schedule(*simpler, scheduling(*simpler));
  std::string text = print_schedule(schedule) + hint_lines(schedule);
  for (const std::string& note : notes) text += note + "\n";
  return text;
}

Result<size_t> Session::planned_memory(const Graph& graph) {
  Result<Graph> simpler = rewritten(graph);
  if (!simpler) return tl::make_unexpected(simpler.error());
  Timed step(options_.timings, "schedule");
  Schedule schedule = make_schedule(*simpler, scheduling(*simpler));
  return plan_memory(schedule, compute_lifetimes(schedule), {}).map([](const MemoryPlan& plan) {
    return plan.arena_bytes;
  });
}

/// As programs are scheduled here; without a library if there is no device.
ScheduleOptions Session::scheduling(const Graph& simplified) {
  if (reference()) return options_.scheduling;
  Result<std::shared_ptr<const Runtime>> opened = runtime();
  return opened ? with_library(tuned(simplified, **opened), **opened) : options_.scheduling;
}

/// With what was measured to be faster for this program.
ScheduleOptions Session::tuned(const Graph& simplified, const Runtime& runtime) {
  std::optional<Tuning> known = known_tuning(tuning_key(simplified, options_.scheduling, runtime));
  return known ? with_tuning(options_.scheduling, *known) : options_.scheduling;
}

std::optional<Tuning> Session::known_tuning(const std::string& key) {
  {
    std::lock_guard lock(mutex_);
    if (auto made = options_.tunings.find(key); made != options_.tunings.end()) return made->second;
  }
  std::optional<Tuning> kept = load_tuning(options_.store, key);
  if (!kept) return kept;
  std::lock_guard lock(mutex_);
  options_.tunings[key] = *kept;
  return kept;
}

Status Session::tune(const Graph& graph, const Arguments& arguments) {
  if (reference()) return {};
  Result<std::shared_ptr<const Runtime>> chosen = runtime();
  if (!chosen) return tl::make_unexpected(chosen.error());
  {
    std::lock_guard lock(mutex_);
    if (known_program(graph, graph.program_hash())) return {};
  }
  Result<Graph> simpler = rewritten(graph);
  if (!simpler) return tl::make_unexpected(simpler.error());
  std::string key = tuning_key(*simpler, options_.scheduling, **chosen);
  if (known_tuning(key) || !options_.tune) return {};
  CompileTuned compile = [&](const Tuning& tuning) {
    return caten::compile(*simpler, **chosen, options_.store, &executables_,
                          {.scheduling = with_tuning(options_.scheduling, tuning)});
  };
  Result<TuneResult> found = caten::tune(compile, arguments,
                                         {.seconds = *options_.tune,
                                          .max_memory = options_.max_memory,
                                          .interrupt = &interrupt_,
                                          .progress = options_.progress});
  if (options_.progress) options_.progress("");
  if (!found) return tl::make_unexpected(found.error());
  std::string gain = found->tuning.empty() ? "nothing is faster than the usual schedule"
                                           : fmt::format("{:.3g} instead of {:.3g} ms by {}", found->tuned * 1e3,
                                                         found->usual * 1e3, print_tuning(found->tuning));
  {
    std::lock_guard lock(mutex_);
    options_.tunings[key] = found->tuning;
  }
  save_tuning(options_.store, key, found->tuning, fmt::format("tuning of {}: {}", graph.name, gain));
  if (options_.notice)
    options_.notice({.message = fmt::format("tuned `{}`: {}; {} other schedule{} measured in {:.1f} s{}", graph.name,
                                            gain, found->measured, found->measured == 1 ? "" : "s", found->seconds,
                                            found->complete ? "" : ", until the time was over"),
                     .severity = Severity::kNote});
  return {};
}

/// What is said of the runtime, for texts.
Result<RuntimeFile> Session::runtime_file() {
  // Options are the driver's to judge; without any, text needs no device.
  if (!options_.device.empty())
    if (Result<std::shared_ptr<const Runtime>> opened = runtime(); !opened) return tl::make_unexpected(opened.error());
  std::lock_guard lock(mutex_);
  if (runtime_) return runtime_->file;
  return read_runtime(chosen_runtime(), options_.search, sources_);
}

Result<StandaloneProgram> Session::standalone(const Graph& graph) {
  if (reference()) return no_kernels();
  Result<Graph> simpler = rewritten(graph);
  if (!simpler) return tl::make_unexpected(simpler.error());
  Result<RuntimeFile> file = runtime_file();
  if (!file) return tl::make_unexpected(file.error());
  CATEN_TRY(check_supported(*simpler, *file));
  Result<Dialect> dialect = read_dialect(file->dialect);
  if (!dialect) return tl::make_unexpected(dialect.error());
  report_hints(*simpler);
  return standalone_program(*simpler, *dialect, options_.scheduling);
}

Result<std::string> Session::artifact(const std::string& text) {
  Result<std::shared_ptr<const Runtime>> chosen = runtime();
  if (!chosen) return tl::make_unexpected(chosen.error());
  return (*chosen)->device->compile(text);
}

Result<std::string> Session::kernel_text(const Graph& graph) {
  if (reference()) return no_kernels();
  Result<Graph> simpler = rewritten(graph);
  if (!simpler) return tl::make_unexpected(simpler.error());
  Result<RuntimeFile> file = runtime_file();
  if (!file) return tl::make_unexpected(file.error());
  report_hints(*simpler);
  return kernel_source(*simpler, *file, {.scheduling = scheduling(*simpler), .timings = options_.timings});
}

}  // namespace caten
