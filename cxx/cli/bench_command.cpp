#include "cli/bench_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "autodiff/vjp.hpp"
#include "cli/bench_report.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"

namespace caten {
namespace {

std::string processor_name() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with("model name"))
      if (size_t colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "unknown";
}

class Bench {
 public:
  Bench(Session& session, const Settings& settings, Diagnostics& diagnostics)
      : session_(session), settings_(settings), diagnostics_(diagnostics) {
    if (settings.repeat > 0) options_.repeat = settings.repeat;
  }

  std::optional<std::string> run() {
    const std::vector<std::string> words(settings_.operands.begin() + 1, settings_.operands.end());
    Result<std::vector<Workload>> all = read_workloads(session_.sources());
    if (!all) return failed(all.error());
    if (words == std::vector<std::string>{"ls"}) return bench_listing(*all, settings_.json);
    Result<BenchChoice> choice = choose_workloads(words, *all);
    if (!choice) return failed(choice.error());
    if (Status fits = sizes_apply(choice->rows); !fits) return failed(fits.error());
    if (!settings_.emit.empty()) return program_text(choice->rows);
    // What is made once in a process is made before anything is measured.
    if (Result<Session::Program> opened = session_.compile(addition(8)); !opened) return failed(opened.error());
    BenchReport report{.runtime = session_.runtime_name(), .processor = processor_name()};
    for (const std::string& suite : choice->suites)
      if (!measure(suite, choice->rows, report)) return std::nullopt;
    return settings_.json ? bench_json(report) : bench_text(report, choice->suites);
  }

 private:
  std::optional<std::string> failed(const Diagnostic& diagnostic) {
    diagnostics_.add(diagnostic);
    return std::nullopt;
  }

  /// E0902 for -D with a workload that has sizes of its own.
  Status sizes_apply(const std::vector<Workload>& rows) const {
    for (const Workload& row : rows)
      if (!settings_.sizes.empty() && !row.sizes.empty())
        return fail(
            {.code = Code::BadOptionValue,
             .message = fmt::format("`{}` has sizes of its own", row.id),
             .expected = "-D with programs and files only",
             .found = "-D" + settings_.sizes[0],
             .remedy = fmt::format("measure its composite: caten bench {} --entry {} -D…", row.path, row.composite)});
    return {};
  }

  /// What --emit shows of the one row that was chosen.
  std::optional<std::string> program_text(const std::vector<Workload>& rows) {
    if (rows.size() != 1)
      return failed({.code = Code::BadOptionValue,
                     .message = fmt::format("`caten bench --emit={}` prints one workload", settings_.emit),
                     .expected = "the id of a row",
                     .found = fmt::format("{} rows", rows.size()),
                     .remedy = "choose one of `caten bench ls`"});
    Result<Graph> graph = program(rows[0]);
    Result<std::string> text =
        graph.and_then([&](const Graph& found) { return emitted(session_, found, settings_.emit, settings_); });
    return text ? std::optional(*text) : failed(text.error());
  }

  /// False: interrupted.
  bool measure(const std::string& suite, const std::vector<Workload>& rows, BenchReport& report) {
    if (suite != "compile" && report.roof.empty()) {
      progress_.say("measuring the roof");
      report.roof = measure_roof_figures();
    }
    if (suite == "roof") return true;
    for (size_t i = 0; i < rows.size(); ++i) {
      progress_.say(fmt::format("{} {}/{}: {} {}", suite, i + 1, rows.size(), rows[i].id, rows[i].what));
      BenchRow row{.workload = rows[i]};
      if (Status done = suite == "cpu" ? measure_run_of(row) : measure_compile_of(row); !done) {
        diagnostics_.add(done.error());
        if (done.error().code == Code::Interrupted) return false;
        row.failure = done.error().message;
      }
      (suite == "cpu" ? report.cpu : report.compile).push_back(std::move(row));
    }
    if (suite == "cpu") {
      progress_.say("measuring the roof again");
      report.roof = better_of(std::move(report.roof), measure_roof_figures());
      for (BenchRow& row : report.cpu)
        if (row.run.on_host) row.roof = roof_of(report.roof, row.bf16);
    }
    if (suite == "compile") {
      Result<Spread> call = measure_call(session_, options_);
      if (call)
        report.call = *call;
      else
        diagnostics_.add(call.error());
    }
    return true;
  }

  /// The row's program, for its sizes. Notes about it are nobody's concern here.
  Result<Graph> program(const Workload& workload) {
    Settings own = settings_;
    own.sizes.insert(own.sizes.end(), workload.sizes.begin(), workload.sizes.end());
    if (!workload.composite.empty()) own.entry = workload.composite;
    Diagnostics found;
    std::optional<Graph> graph = load_program(session_, workload.path, own, found);
    for (const Diagnostic& diagnostic : found.list())
      if (diagnostic.severity == Severity::kError) return tl::make_unexpected(diagnostic);
    if (!graph) return fail({.code = Code::Interrupted, .message = "the computation was interrupted"});
    if (!workload.wrt.empty()) {
      Result<Graph> both = vjp(*graph, {.wrt = workload.wrt, .primal = true});
      if (!both) return both;
      graph = std::move(*both);
    }
    return optimised(session_, *graph, settings_);
  }

  Status measure_run_of(BenchRow& row) {
    Result<Graph> graph = program(row.workload);
    if (!graph) return tl::make_unexpected(graph.error());
    Result<Arguments> arguments = generate_arguments(*graph, row.workload.below, row.workload.positive);
    if (!arguments) return tl::make_unexpected(arguments.error());
    Result<RunMeasurement> measured = measure_run(session_, *graph, *arguments, options_);
    if (!measured) return tl::make_unexpected(measured.error());
    row.run = *measured;
    row.bf16 = std::any_of(graph->outputs.begin(), graph->outputs.end(), [&](const Graph::Output& output) {
      return graph->type(output.value).dtype == DType::kBF16;
    });
    return {};
  }

  Status measure_compile_of(BenchRow& row) {
    Result<Graph> graph = program(row.workload);
    if (!graph) return tl::make_unexpected(graph.error());
    Result<CompileMeasurement> measured = measure_compile(session_, *graph, options_);
    if (!measured) return tl::make_unexpected(measured.error());
    row.compile = *measured;
    return {};
  }

  Session& session_;
  const Settings& settings_;
  Diagnostics& diagnostics_;
  MeasureOptions options_;
  Progress progress_;
};

}  // namespace

std::optional<std::string> bench_command(Session& session, const Settings& settings, Diagnostics& diagnostics) {
  return Bench(session, settings, diagnostics).run();
}

}  // namespace caten
