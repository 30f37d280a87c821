// A Session is what a user works in: the texts that were read, a choice of runtime, and the programs compiled so far.
//
// In: graphs and arguments. Out: results, computed by the session's runtime (`reference` is the evaluator of
// ir/evaluate). An equal program is compiled once. Sessions are independent; one session may be used by several
// threads.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/source.hpp"
#include "driver/claims.hpp"
#include "driver/compile.hpp"
#include "driver/execute.hpp"
#include "driver/tune.hpp"
#include "rewrite/passes/convert_precision.hpp"
#include "rewrite/rewrite.hpp"
#include "standalone/standalone.hpp"

namespace caten {

struct SessionOptions {
  /// A name, or the path of a runtime file. "": cpu, or c, after a notice, where cpu cannot work.
  std::string runtime{};
  std::string device{};  ///< options of the runtime's driver, as `cpu=avx2`
  /// Told what the user should know about a run that goes on.
  std::function<void(const Diagnostic&)> notice{};
  std::optional<size_t> max_memory{};
  bool check =
      false;  ///< demanded out-of-range indices and integer divisions by zero are errors (rewrite/passes/insert_checks)
  std::optional<Precision> precision{};  ///< of `converted`
  bool rewrite = true;  ///< simplify programs before they are compiled; the evaluator runs them as they are
  RewriteOptions rewriting{};
  ScheduleOptions scheduling{};
  RuntimeSearch search = default_runtime_search();
  size_t programs_kept = 256;
  ArtifactStore store{};               ///< compiled kernels of earlier processes
  Timings* timings = nullptr;          ///< told of each step
  KernelObserver* observer = nullptr;  ///< watches each launch
  /// Seconds for each program before it first runs here: its schedule is tuned (driver/tune.hpp), unless the store has
  /// a tuning of it. Whatever the store has is used without this too.
  std::optional<double> tune{};
  std::map<std::string, Tuning> tunings{};             ///< besides those of the store, by their keys
  std::function<void(const std::string&)> progress{};  ///< told what takes long; "": it is done
  bool verify = false;  ///< compare each kernel and all results with the evaluator (driver/verification.hpp)
};

/// What -O0 … -O3 mean: 0 a kernel for each op, without rewriting and with a place of its own for each value;
/// 1 rewriting, and chains of element-wise ops and views in one kernel; 2 and 3 everything.
void set_optimization(SessionOptions& options, int level);

class Session {
 public:
  explicit Session(SessionOptions options = {}) : options_(std::move(options)), precision_(options_.precision) {
    options_.rewriting.timings = options_.timings;
  }

  SourceMap& sources() { return sources_; }
  const SessionOptions& options() const { return options_; }
  bool reference() const { return options_.runtime == "reference"; }
  /// The runtime that was chosen, or that stands for the default one here.
  std::string runtime_name();

  using Program = std::shared_ptr<const CompiledProgram>;

  /// The compiled program, from the session's memory if an equal graph was compiled before.
  Result<Program> compile(const Graph& graph);
  Result<Results> run(const Graph& graph, Arguments arguments);
  /// `outputs`: arrays that results are written to (ExecuteOptions).
  Result<Results> run(const CompiledProgram& program, Arguments arguments, std::vector<Array> outputs = {});

  /// The program in the precision that was chosen (--dtype). Front ends ask for it before they transform, optimise or
  /// run a program; nothing else does.
  Graph converted(Graph graph);
  std::optional<Precision> precision();
  void set_precision(std::optional<Precision> precision);

  /// Looks for a tuning of the program; with SessionOptions::tune and none, tunes its schedule for calls with these
  /// arguments and tells what came of it.
  Status tune(const Graph& graph, const Arguments& arguments);

  /// Whether programs that are compiled from now on leave sums of products to the runtime's library, as they do.
  void use_library(bool use);

  /// Uses an implementation from now on. Whoever adds one has compared it with its composite (check_implementation).
  void add_implementation(std::shared_ptr<const Implementation> implementation);
  /// Runs a call of the composite on generated inputs with the implementation and by the evaluator; E0608 with a
  /// counter-example, or where it cannot be used in its own test.
  Status check_implementation(std::shared_ptr<const Implementation> implementation, const Graph& call) const;

  /// The program that is compiled for `graph`: with rewriting on, the simplified one (--emit=graph).
  Result<Graph> rewritten(const Graph& graph, std::vector<std::string>* notes = nullptr);
  /// The program as C text with its header, and what the runtime's compiler makes of such a text.
  Result<StandaloneProgram> standalone(const Graph& graph);
  Result<std::string> artifact(const std::string& text);
  /// Bytes of the intermediate values of the program, all of whose sizes are known, as they are planned when it is
  /// compiled; no kernel is.
  Result<size_t> planned_memory(const Graph& graph);
  /// What --emit=schedule and --emit=kernel show.
  Result<std::string> schedule_text(const Graph& graph);
  Result<std::string> kernel_text(const Graph& graph);

  /// Makes what is running stop with E0805, from any thread or signal handler; resume before the next run.
  void interrupt() { interrupt_.store(true); }
  bool interrupted() const { return interrupt_.load(); }
  /// Withdraws the request; whether there was one.
  bool resume() { return interrupt_.exchange(false); }

  size_t programs_compiled() const { return compiled_; }
  /// How often the driver's compiler was called: nothing that is kept in memory or on disk counts.
  size_t compiler_calls() const { return executables_.compiled(); }

 private:
  struct Entry {
    size_t hash;
    Graph graph;
    Program program;
  };

  Program known_program(const Graph& graph, size_t hash);
  Result<std::shared_ptr<const Runtime>> runtime();
  ScheduleOptions scheduling(const Graph& simplified);
  std::optional<Tuning> known_tuning(const std::string& key);
  ScheduleOptions tuned(const Graph& simplified, const Runtime& runtime);
  Result<RuntimeFile> runtime_file();
  const std::string& chosen_runtime();
  bool may_fall_back(const Diagnostic& why) const;
  void fall_back(const Diagnostic& why);
  void report_hints(const Graph& simplified) const;
  void report_store();
  Result<Results> verified(const Graph& graph, const CompiledProgram& program, const Arguments& arguments);
  Result<Results> run_unchecked(const Graph& graph, Arguments arguments);

  SessionOptions options_;
  SourceMap sources_;
  std::mutex mutex_;
  std::optional<Precision> precision_;
  std::string chosen_;  ///< "" until it is known
  std::shared_ptr<const Runtime> runtime_;
  std::list<Entry> programs_;  ///< last used first
  Executables executables_;
  bool store_reported_ = false;
  std::atomic<size_t> compiled_{0};
  std::atomic<bool> interrupt_{false};
};

}  // namespace caten
