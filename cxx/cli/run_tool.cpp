#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/bytes.hpp"
#include "cli/artifact.hpp"
#include "cli/bench_command.hpp"
#include "cli/cache_command.hpp"
#include "cli/commands.hpp"
#include "cli/consensual.hpp"
#include "cli/console.hpp"
#include "cli/doctor_command.hpp"
#include "cli/explain.hpp"
#include "cli/lisp_front_end.hpp"
#include "cli/new_runtime_command.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "cli/repl.hpp"
#include "cli/reports.hpp"
#include "cli/settings.hpp"
#include "cli/test_runtime_command.hpp"
#include "cli/warm_command.hpp"
#include "cli/world_command.hpp"
#include "cli/world_why.hpp"
#include "ir/print.hpp"

namespace caten {
namespace {

Session* running_session = nullptr;  // for the signal handler

void on_interrupt(int) {
  if (running_session) running_session->interrupt();
}

/// Mapped files are read when their elements are: here alone is seen that one has become shorter since.
void on_bus_error(int) {
  static constexpr char kText[] =
      "caten: error: a file in use became shorter, or its disk failed\n"
      "  expected: input files that stay as they are until the program ends\n"
      "  help:     run again when nothing writes to them\n";
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, kText, sizeof kText - 1);
  ::_exit(kExitFailed);
}

/// Programs are made of many small parts, and are made and dropped again and again: handing their memory back to the
/// system each time takes as long as the work on them.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
#endif
}

/// One process's work.
class Invocation {
 public:
  Invocation(const Tool& tool, Settings settings, SessionOptions options, Profile* profile)
      : tool_(tool),
        settings_(std::move(settings)),
        console_(settings_),
        session_(std::move(options)),
        profile_(profile) {
    running_session = &session_;
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, nullptr);
    action.sa_handler = on_bus_error;
    sigaction(SIGBUS, &action, nullptr);
  }
  ~Invocation() { running_session = nullptr; }

  int run() {
    int code = work();
    if (const Timings* made = session_.options().timings)
      std::fputs(timings_report(*made, settings_.json).c_str(), stderr);
    if (profile_)
      if (int failed = write_profile(); code == kExitDone) code = failed;
    return code;
  }

 private:
  int work() {
    if (!settings_.expressions.empty()) return evaluate();
    if (settings_.operands.empty()) return tool_.letter == 'c' ? interact() : no_operand();
    const std::string& first = settings_.operands[0];
    if (first == "run") return run_program();
    if (trains(first)) return train();
    if (first == "bench" && tool_.letter == 'c') return bench();
    if (first == "doctor" && tool_.letter == 'c') return doctor();
    if (first == "test-runtime" && tool_.letter == 'c') return test_runtime();
    if (first == "replay" && tool_.letter == 'c') return of_journal("replay", 2, replay_world);
    if (first == "why" && tool_.letter == 'c') return of_journal("why", 3, why_cell, 4);
    if (first == "why-not" && tool_.letter == 'c') return of_journal("why-not", 4, why_not_cell, 5);
    if (first == "cache" && tool_.letter == 'c') return cache();
    if (first == "repl" && tool_.letter == 'c') return settings_.operands.size() == 1 ? interact() : surplus_operand();
    return compile();
  }

  /// Is it one of daten's commands on the text of a training run?
  bool trains(const std::string& command) const {
    return tool_.letter == 'd' && (command == "train" || command == "resume" || command == "eval" ||
                                   command == "infer" || command == "export" || command == "quantize");
  }

  int train() {
    const std::vector<std::string>& words = settings_.operands;
    std::string form = fmt::format("daten {} {}", words[0], find_command(words[0], 'd')->arguments);
    size_t most = words[0] == "infer" || words[0] == "export" ? 3 : 2;
    if (words.size() < 2)
      return report({.code = Code::MissingArgument,
                     .message = fmt::format("`{}` needs a file", words[0]),
                     .expected = form,
                     .found = "no file",
                     .remedy = "name the text of a training run"});
    if (words.size() > most)
      return report({.code = Code::BadOptionValue,
                     .message = fmt::format("`{}` takes fewer operands", words[0]),
                     .expected = form,
                     .found = words[most],
                     .remedy = "leave it out"});
    Result<uint32_t> source = read_operand(session_, words[1]);
    if (!source) return report(source.error());
    if (!start_lisp(session_, settings_, diagnostics_)) return report();
    return finish(run_daten(session_, settings_, *source, diagnostics_));
  }

  /// The table, or the trace if a file is named.
  int write_profile() {
    if (settings_.profile_file.empty()) {
      std::optional<Roof> roof;
      if (profile_->launches() > 0 && profile_->on_host()) roof = measure_roof();
      std::fputs(profile_report(*profile_, roof, session_.sources(), settings_.json).c_str(), stderr);
      return kExitDone;
    }
    Status written = write_file(settings_.profile_file, chrome_trace(*profile_, session_.sources()));
    if (written) return kExitDone;
    console_.message(written.error(), session_.sources());
    return exit_code(written.error());
  }

  Timings* timings() const { return session_.options().timings; }

  int report() {
    console_.messages(diagnostics_, session_.sources());
    return exit_code(diagnostics_);
  }
  int report(Diagnostic diagnostic) {
    diagnostics_.add(std::move(diagnostic));
    return report();
  }
  int write(const std::string& text) {
    Status written = console_.write(text);
    return written ? report() : report(written.error());
  }

  int no_operand() {
    return report({.code = Code::MissingArgument,
                   .message = "nothing to do",
                   .expected = fmt::format("{} FILE, or a command", tool_.name),
                   .found = "no operand",
                   .remedy = fmt::format("see {} --help", tool_.name)});
  }

  int interact() {
    if (!start_lisp(session_, settings_, diagnostics_)) return report();
    report();
    Repl repl(session_, settings_, console_, [](const std::string& code) {
      Result<std::string> page = error_page(code);
      return page ? *page : page.error().message + "\n";
    });
    if (!Repl::at_terminal()) return repl.run_pipe();
    return repl.run(fmt::format("caten {}, runtime {}. ?name tells what a name means, Ctrl-D leaves.\n", CATEN_VERSION,
                                session_.options().runtime));
  }

  int cache() {
    const std::vector<std::string>& words = settings_.operands;
    bool warms = words.size() > 1 && words[1] == "warm";
    if (warms && !start_lisp(session_, settings_, diagnostics_)) return report();
    Result<std::string> text =
        warms ? warm_cache(session_, {words.begin() + 2, words.end()}, settings_.json)
              : cache_command(session_.options().store, {words.begin() + 1, words.end()}, settings_.json);
    return text ? write(*text) : report(text.error());
  }

  /// Rows that failed are messages beside the table.
  int bench() {
    std::optional<std::string> text = bench_command(session_, settings_, diagnostics_);
    return text ? write(*text) : report();
  }

  int doctor() {
    if (settings_.operands.size() > 1) return surplus_operand("it looks at all runtimes");
    return write(doctor_command(session_, settings_, diagnostics_));
  }

  /// The summary is for standard output: the report is what -o names.
  int test_runtime() {
    if (settings_.operands.size() > 1) return surplus_operand("name the runtime with --runtime");
    std::optional<std::string> text = test_runtime_command(session_, settings_, diagnostics_);
    if (!text) return report();
    if (settings_.json) return write(*text);
    std::fputs(text->c_str(), stdout);
    std::fflush(stdout);
    return report();
  }

  int finish(const LispOutcome& outcome) {
    int code = report();
    if (outcome.exit_code) return *outcome.exit_code;
    return outcome.ok ? kExitDone : code == kExitDone ? kExitFailed : code;
  }

  int evaluate() {
    if (!start_lisp(session_, settings_, diagnostics_)) return report();
    LispOutcome outcome;
    for (const std::string& text : settings_.expressions) {
      Timed step(timings(), "evaluate Lisp");
      outcome = evaluate_lisp(session_.sources().add("<-e>", text), diagnostics_);
      if (!outcome.ok || outcome.exit_code) return finish(outcome);
    }
    std::string text;
    for (const std::string& value : outcome.values) text += value + "\n";
    return write(text);
  }

  /// The program of the source, transformed and optimised as the options ask.
  std::optional<Graph> program(uint32_t source) {
    if (!settings_.colour.empty()) {
      diagnostics_.add({.code = Code::BadOptionValue,
                        .message = "--colour is about consensual programs",
                        .expected = "a file .lmpm or .lci, or a text (lci …)",
                        .found = "a tensor program",
                        .remedy = "leave the option out"});
      return std::nullopt;
    }
    std::optional<Graph> graph = load_program(session_, source, settings_, diagnostics_);
    if (!graph) return std::nullopt;
    if (is_run_text(source)) {
      if (settings_.wrt.empty()) return graph;
      diagnostics_.add({.code = Code::BadOptionValue,
                        .message = "--wrt is about programs without marks",
                        .expected = "A{Grad} in the section parameters:",
                        .found = settings_.wrt[0],
                        .remedy = "mark it there"});
      return std::nullopt;
    }
    if (tool_.transform) {
      Result<Graph> transformed = tool_.transform(*graph, settings_);
      if (!transformed) {
        diagnostics_.add(transformed.error());
        return std::nullopt;
      }
      graph = std::move(*transformed);
    }
    return graph;
  }

  int surplus_operand(const char* remedy = "load files with --plugin FILE, or (load \"FILE\")") {
    return report({.code = Code::BadOptionValue,
                   .message = fmt::format("`{}` takes no operands", settings_.operands[0]),
                   .expected = fmt::format("{} {}", tool_.name, settings_.operands[0]),
                   .found = settings_.operands[1],
                   .remedy = remedy});
  }

  /// Is the operand, which names no file, meant as a command?
  std::optional<Diagnostic> misspelt_command(const std::string& operand) {
    std::error_code error;
    if (operand.find_first_of("./(: \n") != std::string::npos || std::filesystem::exists(operand, error))
      return std::nullopt;
    std::vector<std::string> names;
    for (const Subcommand& command : all_commands())
      if (command.tools.find(tool_.letter) != std::string_view::npos) names.emplace_back(command.name);
    std::string hint = did_you_mean(operand, names);
    if (hint.empty()) return std::nullopt;
    return Diagnostic{.code = Code::UnknownCommand,
                      .message = fmt::format("there is no command and no file `{}`", operand),
                      .expected = fmt::format("a file, or {}", fmt::join(names, ", ")),
                      .found = operand,
                      .remedy = hint};
  }

  int compile() {
    if (std::optional<Diagnostic> misspelt = misspelt_command(settings_.operands[0]))
      return report(std::move(*misspelt));
    if (settings_.operands.size() > 1)
      return report({.code = Code::BadOptionValue,
                     .message = "more than one program",
                     .expected = "one FILE, - or '(composite …)'",
                     .found = settings_.operands[1],
                     .remedy = "put them into one file, or compile them one by one"});
    Result<uint32_t> source = read_operand(session_, settings_.operands[0]);
    if (!source) return report(source.error());
    if (is_consensual(session_.sources(), *source)) {
      std::optional<std::string> text = consensual_text(session_, *source, settings_, diagnostics_);
      return text ? write(*text) : report();
    }
    std::optional<Graph> graph = program(*source);
    if (!graph) return report();
    if (std::string path = artifact_file(settings_, settings_.operands[0]); !path.empty()) {
      Result<Graph> better = optimised(session_, *graph, settings_);
      Status written = better ? write_artifact(session_, *better, path) : tl::make_unexpected(better.error());
      return written ? report() : report(written.error());
    }
    // The evaluator has no kernels: for it the program itself is what caten makes of the text.
    std::string what =
        settings_.emit.empty() ? (session_.reference() || tool_.transform ? "ir" : "kernel") : settings_.emit;
    Result<std::string> text = emitted(session_, *graph, what, settings_);
    return text ? write(*text) : report(text.error());
  }

  using JournalCommand = std::optional<std::string> (*)(Session&, const Settings&, Diagnostics&);
  /// A command whose first operand is a journal; with its name it takes `least` operands, and up to `most`.
  int of_journal(std::string_view name, size_t least, JournalCommand command, size_t most = 2) {
    const std::vector<std::string>& operands = settings_.operands;
    std::string form = fmt::format("{} {} {}", tool_.name, name, find_command(name, tool_.letter)->arguments);
    if (operands.size() < least)
      return report({.code = Code::MissingArgument,
                     .message = fmt::format("`{}` needs more operands", name),
                     .expected = form,
                     .found = operands.size() == 1 ? "no file" : operands.back(),
                     .remedy = operands.size() == 1 ? "name the file that --journal wrote" : "see --help"});
    if (operands.size() > most)
      return report({.code = Code::BadOptionValue,
                     .message = fmt::format("`{}` takes fewer operands", name),
                     .expected = form,
                     .found = operands[most],
                     .remedy = "leave it out"});
    std::optional<std::string> text = command(session_, settings_, diagnostics_);
    return text ? write(*text) : report();
  }

  int run_program() {
    const std::vector<std::string>& operands = settings_.operands;
    if (operands.size() < 2)
      return report({.code = Code::MissingArgument,
                     .message = "run what?",
                     .expected = fmt::format("{} run FILE", tool_.name),
                     .found = "no file",
                     .remedy = "name a .lisp or .ir file"});
    if (operands[1].ends_with(".lisp") && !tool_.transform) {
      if (!start_lisp(session_, settings_, diagnostics_)) return report();
      Timed step(timings(), "evaluate Lisp");
      return finish(run_lisp_script(operands[1], {operands.begin() + 2, operands.end()}, diagnostics_));
    }
    if (operands.size() > 2)
      return report({.code = Code::BadOptionValue,
                     .message = "more than one program to run",
                     .expected = "one FILE",
                     .found = operands[2],
                     .remedy = "give inputs with --in name=file"});
    Result<uint32_t> source = read_operand(session_, operands[1]);
    if (!source) return report(source.error());
    if (is_consensual(session_.sources(), *source)) {
      std::optional<std::string> text = run_world(session_, *source, settings_, diagnostics_);
      return text ? write(*text) : report();
    }
    std::optional<Graph> graph = program(*source);
    if (!graph) return report();
    Result<Graph> better = optimised(session_, *graph, settings_);
    if (!better) return report(better.error());
    graph = std::move(*better);
    Timed step(timings(), "read inputs");
    std::optional<Arguments> arguments = load_arguments(*graph, settings_, diagnostics_);
    if (!arguments) return report();
    step.stop();
    Result<Results> results = session_.run(*graph, std::move(*arguments));
    if (!results) return report(results.error());
    step.next("write results");
    std::optional<std::string> text = store_results(*graph, *results, settings_, diagnostics_);
    return text ? write(*text) : report();
  }

  const Tool& tool_;
  Settings settings_;
  Console console_;
  Session session_;
  Profile* profile_;  ///< null: nobody asked
  Diagnostics diagnostics_;
};

/// -fno-NAME: a pass or rule of ours, or an optimizer that Lisp code may define.
Status check_disabled(const Settings& settings, char letter) {
  std::vector<std::string> names;
  for (const Pass& pass : all_passes())
    if (pass.optional) names.emplace_back(pass.name);
  for (const SchedulePass& pass : schedule_passes()) names.emplace_back(pass.name);
  for (const Rule& rule : all_rules()) names.emplace_back(rule.name);
  bool lisp_names = letter == 'c' && (!settings.plugins.empty() || !settings.expressions.empty() || !settings.no_init);
  for (const std::string& name : settings.disabled)
    if (!lisp_names && std::find(names.begin(), names.end(), name) == names.end())
      return fail({.code = Code::BadOptionValue,
                   .message = fmt::format("-fno-{}: there is no such pass or rule", name),
                   .expected = "the name of an optional pass or a rule",
                   .found = name,
                   .remedy = did_you_mean(name, names)});
  return {};
}

/// What needs no session: help and the commands that print what is built in.
class Information {
 public:
  Information(const Tool& tool, const LoadedSettings& loaded, const Console& console)
      : tool_(tool), loaded_(loaded), settings_(loaded.settings), console_(console) {}

  /// The exit code, if that was all.
  std::optional<int> run() {
    if (settings_.version) return write(fmt::format("{} {}\n", tool_.name, CATEN_VERSION));
    if (settings_.help) return write(help_text(tool_));
    if (settings_.operands.empty() || !settings_.expressions.empty()) return std::nullopt;
    const std::string& name = settings_.operands[0];
    if (!find_command(name, tool_.letter)) return std::nullopt;
    if (name == "explain") return explain();
    if (name == "config")
      return write(settings_.json ? config_json(loaded_, tool_.letter) : config_text(loaded_, tool_.letter));
    if (name == "man") return write(manual_page(tool_));
    if (name == "ops") return write(settings_.json ? ops_json() : ops_text());
    if (name == "completion") return completion();
    if (name == "new-runtime") return new_runtime_files();
    return std::nullopt;
  }

 private:
  int report(const Diagnostic& diagnostic) {
    console_.message(diagnostic, SourceMap{});
    return exit_code(diagnostic);
  }
  int write(const Result<std::string>& text) {
    if (!text) return report(text.error());
    Status written = console_.write(*text);
    return written ? kExitDone : report(written.error());
  }
  int explain() {
    if (settings_.operands.size() > 1) return write(error_page(settings_.operands[1]));
    return write(list_of_codes());
  }
  int completion() {
    if (settings_.operands.size() > 1) return write(completion_script(tool_, settings_.operands[1]));
    return report({.code = Code::MissingArgument,
                   .message = "completion for which shell?",
                   .expected = fmt::format("{} completion bash, zsh or fish", tool_.name),
                   .found = "no name",
                   .remedy = "name the shell"});
  }

  int new_runtime_files() {
    if (settings_.operands.size() == 2) return write(new_runtime(settings_.operands[1]));
    bool none = settings_.operands.size() < 2;
    return report({.code = none ? Code::MissingArgument : Code::BadOptionValue,
                   .message = none ? "what is the new runtime called?" : "more than one name for a new runtime",
                   .expected = fmt::format("{} new-runtime NAME", tool_.name),
                   .found = none ? "no name" : settings_.operands[2],
                   .remedy = "for example caten new-runtime board"});
  }

  const Tool& tool_;
  const LoadedSettings& loaded_;
  const Settings& settings_;
  const Console& console_;
};

}  // namespace

int run_tool(const Tool& tool, int argc, char** argv) {
  keep_freed_memory();
  Timings timings;
  std::signal(SIGPIPE, SIG_DFL);  // a reader that has seen enough (| head) ends us quietly
  SourceMap sources;
  Diagnostics diagnostics;
  LoadedSettings loaded = load_settings({argv + 1, argv + argc}, tool.letter, sources, diagnostics);
  const Settings& settings = loaded.settings;
  Console console(settings);
  if (!diagnostics.failed()) {
    if (Status known = check_disabled(settings, tool.letter); !known) diagnostics.add(known.error());
  }
  SessionOptions options;
  if (!settings.max_memory.empty()) {
    Result<size_t> bytes = parse_bytes(settings.max_memory);
    if (bytes)
      options.max_memory = *bytes;
    else
      diagnostics.add(bytes.error());
  }
  if (settings.tune) {
    Result<double> seconds = settings.tune->empty() ? TuneOptions().seconds : parse_seconds(*settings.tune);
    if (seconds)
      options.tune = *seconds;
    else
      diagnostics.add(seconds.error());
  }
  if (diagnostics.failed()) {
    console.messages(diagnostics, sources);
    return exit_code(diagnostics);
  }
  if (std::optional<int> code = Information(tool, loaded, console).run()) return *code;
  options.runtime = settings.runtime;
  if (!settings.cpu.empty()) options.device = "cpu=" + settings.cpu;
  options.notice = [console](const Diagnostic& notice) {
    console.message(notice, running_session ? running_session->sources() : SourceMap{});
  };
  options.check = settings.check;
  options.precision = parse_precision(settings.dtype, settings.keep_f32).value();  // checked with the other values
  options.rewriting.off = options.scheduling.off = {settings.disabled.begin(), settings.disabled.end()};
  set_optimization(options, settings.optimization);
  if (settings.trace_rewrites)
    options.rewriting.trace = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  if (settings.time_passes) options.timings = &timings;
  options.verify = settings.verify;
  Progress progress;
  options.progress = [&progress](const std::string& what) { progress.say(what); };
  Profile profile;
  if (settings.profile) options.observer = &profile;
  return Invocation(tool, settings, std::move(options), settings.profile ? &profile : nullptr).run();
}

}  // namespace caten
