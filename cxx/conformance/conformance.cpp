#include "conformance/conformance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "driver/measurement.hpp"
#include "driver/roof.hpp"
#include "generate/ops.hpp"
#include "ir/build.hpp"
#include "ir/evaluate.hpp"

namespace caten::conformance {
namespace {

using generated::Case;
using generated::Runner;
using generated::Verdict;
using Message = nlohmann::json;

constexpr size_t kMostShrunkCrashes = 4;  // each attempt at a crash opens the device again
constexpr double kMostUlp = 1e300;        // JSON has no infinity

std::string text_of(const Message& json) { return json.dump(-1, ' ', false, Message::error_handler_t::replace); }

/// The first line, without what a person does not need twice.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr size_t kMost = 300;
  return text.size() <= kMost ? text : text.substr(0, kMost - 3) + "...";
}

std::string failure_text(const Diagnostic& failure) {
  std::string out = fmt::format("{}: {}", code_name(failure.code), failure.message);
  if (!failure.found.empty()) out += ": " + failure.found;
  return one_line(out);
}

/// What a child writes into its pipe, and `finding_of` reads.
Message message_of(const Finding& finding) {
  return {{"state", static_cast<int>(finding.state)},
          {"passed", finding.passed},
          {"ill", finding.ill_conditioned},
          {"ulp", std::min(finding.max_ulp, kMostUlp)},
          {"message", finding.message},
          {"program", finding.program},
          {"needed", finding.needed}};
}

Finding finding_of(const Message& json) {
  return {.state = static_cast<State>(json.at("state").get<int>()),
          .passed = json.at("passed"),
          .ill_conditioned = json.at("ill"),
          .max_ulp = json.at("ulp"),
          .message = json.at("message"),
          .program = json.at("program"),
          .needed = json.at("needed")};
}

void describe_case(Finding& finding, const Case& smallest) {
  finding.program = generated::describe(smallest);
  std::set<std::string> needed = generated::needed_ops(smallest.graph);
  finding.needed.assign(needed.begin(), needed.end());
}

/// Runs a case, and shrinks it if it is wrong.
Finding examine(const Case& given, const Runner& run) {
  Verdict verdict = generated::check(given, run);
  Finding out{.state = State::kPass, .passed = verdict.passed, .ill_conditioned = verdict.ill_conditioned};
  for (double ulp : verdict.max_ulp) out.max_ulp = std::max(out.max_ulp, ulp);
  if (verdict.ok()) return out;
  if (verdict.failure && verdict.failure->code == Code::UnsupportedByRuntime) {
    out.state = State::kUnsupported;
    return out;
  }
  Case smallest = generated::shrink(given, run);
  Verdict again = generated::check(smallest, run);
  if (again.ok()) again = verdict;
  out.state = again.failure ? State::kFailed : State::kWrong;
  out.message = again.failure ? failure_text(*again.failure) : one_line(again.message);
  describe_case(out, smallest);
  return out;
}

/// What several runs of one program say together: the first fault counts.
void merge(Finding& into, Finding other) {
  into.passed += other.passed;
  into.ill_conditioned += other.ill_conditioned;
  into.max_ulp = std::max(into.max_ulp, other.max_ulp);
  if (is_fault(into.state) || other.state == State::kNone) return;
  other.passed = into.passed;
  other.ill_conditioned = into.ill_conditioned;
  other.max_ulp = into.max_ulp;
  into = std::move(other);
}

/// The cell of a row and dtype in the table.
struct Cell {
  size_t row;
  DType dtype;
};

class RuntimeTest {
 public:
  RuntimeTest(const TestOptions& options, SourceMap& sources) : options_(options), sources_(sources) {}

  Result<Report> run() {
    if (options_.runtime != "reference") {
      Result<RuntimeFile> file = read_runtime(options_.runtime, options_.search, sources_);
      if (!file) return tl::make_unexpected(file.error());
      file_ = std::move(*file);
    }
    CATEN_TRY(open_device());
    report_.ops.assign(generated::op_rows().size(), std::vector<Finding>(all_dtypes().size()));
    report_.seed = options_.seed;
    const Parts& parts = options_.parts;
    report_.complete = (!parts.ops || ops()) && (!parts.composites || !options_.composites || composites()) &&
                       (!parts.programs || programs()) && (!parts.speed || speed());
    say("");
    find_consequences(report_);
    return std::move(report_);
  }

 private:
  void say(const std::string& text) const {
    if (options_.progress) options_.progress(text);
  }

  IsolatedWork work(size_t cases, std::function<std::function<std::string(size_t)>()> start,
                    std::function<bool(size_t, Outcome)> finished) const {
    return {.cases = cases,
            .start = std::move(start),
            .finished = std::move(finished),
            .limit = options_.limit,
            .interrupted = options_.interrupted};
  }

  SessionOptions session_options(bool rewrite = true) const {
    return {.runtime = options_.runtime,
            .device = options_.device,
            .rewrite = rewrite,
            .search = options_.search,
            .programs_kept = 4,
            .store = ArtifactStore("")};
  }

  static Runner runner(const std::shared_ptr<Session>& session) {
    return [session](const Graph& graph, const Arguments& arguments) { return session->run(graph, arguments); };
  }

  /// Runs in a process of its own each time: where it dies, the run has failed.
  Runner isolated_runner() const {
    return [this](const Graph& graph, const Arguments& arguments) -> Result<Results> {
      const Case given{graph, arguments};
      Outcome end;
      run_isolated(work(
          1,
          [&]() -> std::function<std::string(size_t)> {
            auto session = std::make_shared<Session>(session_options());
            return [session, &given](size_t) { return generated::check(given, runner(session)).message; };
          },
          [&](size_t, Outcome outcome) { return end = std::move(outcome), true; }));
      std::string fault = end.fault.empty() ? end.text : end.fault;
      if (fault.empty()) return evaluate(graph, arguments);
      return fail({.code = Code::DriverFailed, .message = fault});
    };
  }

  /// A case that ended its process, shrunk by trying again; a finding of the fault alone when that was done often.
  Finding crashed(const Case& given, const std::string& fault) {
    Finding out{.state = State::kCrashed, .message = fault};
    describe_case(out, ++crashes_ <= kMostShrunkCrashes ? generated::shrink(given, isolated_runner()) : given);
    return out;
  }

  Status open_device() {
    say("open the device");
    report_.facts.runtime = options_.runtime;
    if (!file_) {
      report_.facts.description = "The reference evaluator";
      return {};
    }
    report_.facts.runtime = file_->name;
    report_.facts.description = file_->description;
    // The device is opened here only after a child has survived that.
    Outcome end;
    run_isolated(work(
        1, [this]() -> std::function<std::string(size_t)> { return [this](size_t) { return device_text(); }; },
        [&](size_t, Outcome outcome) { return end = std::move(outcome), true; }));
    if (!end.fault.empty())
      return fail(
          {.code = Code::RuntimeUnavailable,
           .message = fmt::format("driver `{}` crashes when its device is opened: {}", file_->driver, end.fault),
           .expected = "a device, or an error that says what is missing",
           .found = "the end of the process",
           .remedy = "look at the driver's `open` and `properties`"});
    Message facts = Message::parse(end.text, nullptr, false);
    if (facts.contains("code"))
      return fail({.code = static_cast<Code>(facts["code"].get<int>()),
                   .message = facts["message"],
                   .expected = facts["expected"],
                   .found = facts["found"],
                   .remedy = facts["remedy"],
                   .notes = facts["notes"]});
    report_.facts.device = facts["device"];
    report_.facts.identity = facts["identity"];
    report_.facts.memory_bytes = facts["memory"];
    report_.facts.compute_units = facts["units"];
    report_.facts.host_memory = facts["host"];
    return {};
  }

  std::string device_text() const {
    SourceMap own;
    Result<Runtime> runtime = find_runtime(options_.runtime, options_.search, own, options_.device);
    if (!runtime) {
      const Diagnostic& error = runtime.error();
      return text_of({{"code", static_cast<int>(error.code)},
                      {"message", error.message},
                      {"expected", error.expected},
                      {"found", error.found},
                      {"remedy", error.remedy},
                      {"notes", error.notes}});
    }
    const caten_properties& properties = runtime->device->properties();
    return text_of({{"device", properties.name},
                    {"identity", properties.identity},
                    {"memory", properties.memory_bytes},
                    {"units", properties.compute_units},
                    {"host", properties.host_memory != 0}});
  }

  // The table of ops.

  Finding& cell(const Cell& at) { return report_.ops[at.row][static_cast<size_t>(at.dtype)]; }

  static std::string cell_name(const Cell& at) {
    return fmt::format("{} {}", generated::op_rows()[at.row], dtype_name(at.dtype));
  }

  /// The rows that the dtype has and the runtime claims.
  std::vector<size_t> claimed_rows(DType dtype) {
    std::vector<size_t> out;
    for (size_t row = 0; row < generated::op_rows().size(); ++row) {
      generated::OpProgram program = generated::op_program(dtype, {row});
      if (program.rows.empty()) continue;
      if (file_ && !check_supported(program.graph, *file_))
        cell({row, dtype}).state = State::kUnsupported;
      else
        out.push_back(row);
    }
    return out;
  }

  /// All ops of a dtype in one program; those that are not right there are looked at alone.
  bool ops() {
    const std::vector<DType>& dtypes = options_.dtypes;
    std::vector<std::vector<size_t>> rows;
    for (DType dtype : dtypes) rows.push_back(claimed_rows(dtype));
    std::vector<Cell> doubtful;
    std::vector<std::string> groups(dtypes.size());
    bool whole = run_isolated(work(
        dtypes.size(),
        [&]() -> std::function<std::string(size_t)> {
          auto session = std::make_shared<Session>(session_options());
          return [&, session](size_t i) { return group_text(dtypes[i], rows[i], session); };
        },
        [&](size_t i, Outcome outcome) {
          groups[i] = take_group(dtypes[i], rows[i], outcome, doubtful);
          say(fmt::format("ops {}/{}: {}", i + 1, dtypes.size(), dtype_name(dtypes[i])));
          return true;
        }));
    if (!whole || !look_at(doubtful)) return false;
    for (size_t i = 0; i < dtypes.size(); ++i) note_group(dtypes[i], groups[i], doubtful);
    return true;
  }

  static std::string group_text(DType dtype, const std::vector<size_t>& rows, const std::shared_ptr<Session>& session) {
    const generated::OpProgram program = generated::op_program(dtype, rows);
    Message out{{"failure", ""}, {"cells", Message::object()}};
    if (program.rows.empty()) return text_of(out);
    uint64_t seed = 7;
    for (int64_t n : {0, 1, 4}) {
      Verdict verdict = generated::check(generated::op_case(program, n, seed++), runner(session));
      if (verdict.failure || verdict.max_ulp.size() != program.rows.size()) {
        out["failure"] = verdict.failure ? failure_text(*verdict.failure) : one_line(verdict.message);
        return text_of(out);
      }
      for (size_t i = 0; i < program.rows.size(); ++i) {
        Message& at = out["cells"][std::to_string(program.rows[i])];
        if (at.is_null()) at = Message::object();
        at["ulp"] = std::max(at.value("ulp", 0.0), std::min(verdict.max_ulp[i], kMostUlp));
        at["wrong"] = at.value("wrong", int64_t{0}) + verdict.wrong_of[i];
        if (verdict.wrong_of[i] > 0) out["message"] = one_line(verdict.message);
      }
    }
    return text_of(out);
  }

  /// What is wrong with the program as a whole, if anything is.
  std::string take_group(DType dtype, const std::vector<size_t>& rows, const Outcome& outcome,
                         std::vector<Cell>& doubtful) {
    Message found = outcome.fault.empty() ? Message::parse(outcome.text, nullptr, false) : Message();
    std::string failure = outcome.fault;
    if (failure.empty()) failure = found.at("failure");
    for (size_t row : rows) {
      if (!failure.empty() || found["cells"][std::to_string(row)].value("wrong", int64_t{1}) > 0) {
        doubtful.push_back({row, dtype});
        continue;
      }
      Finding& at = cell({row, dtype});
      at.state = State::kPass;
      at.max_ulp = found["cells"][std::to_string(row)].value("ulp", 0.0);
    }
    return !failure.empty() ? failure : found.value("message", "");
  }

  bool look_at(const std::vector<Cell>& cells) {
    return run_isolated(work(
        cells.size(),
        [&]() -> std::function<std::string(size_t)> {
          auto session = std::make_shared<Session>(session_options());
          return [&cells, session](size_t i) {
            Finding found;
            generated::OpProgram program = generated::op_program(cells[i].dtype, {cells[i].row});
            uint64_t seed = 7;
            for (int64_t n : {0, 1, 4})
              if (!is_fault(found.state))
                merge(found, examine(generated::op_case(program, n, seed++), runner(session)));
            return text_of(message_of(found));
          };
        },
        [&](size_t i, Outcome outcome) {
          say(fmt::format("ops, one by one {}/{}: {}", i + 1, cells.size(), cell_name(cells[i])));
          generated::OpProgram program = generated::op_program(cells[i].dtype, {cells[i].row});
          cell(cells[i]) = outcome.fault.empty() ? finding_of(Message::parse(outcome.text))
                                                 : crashed(generated::op_case(program, 4, 9), outcome.fault);
          return true;
        }));
  }

  /// A program of all ops that is wrong although each of them is right by itself.
  void note_group(DType dtype, const std::string& failure, const std::vector<Cell>& doubtful) {
    if (failure.empty()) return;
    for (const Cell& at : doubtful)
      if (at.dtype == dtype && is_fault(cell(at).state)) return;
    report_.groups.push_back({fmt::format("all ops of {} in one program", dtype_name(dtype)),
                              {.state = State::kFailed, .message = failure}});
  }

  // Generated programs.

  uint64_t program_seed(size_t i) const { return options_.seed * 1000000 + i; }

  Case program_case(size_t i) const {
    generated::Options sizes;
    if (i % 2 == 1) sizes = {.steps = 16, .outputs = 8, .rows = true};
    if (i % 8 == 6) sizes = {.steps = 10, .outputs = 4, .products = true};
    return generated::generate(program_seed(i), sizes);
  }

  bool programs() {
    return run_isolated(work(
        options_.programs,
        [&]() -> std::function<std::string(size_t)> {
          auto session = std::make_shared<Session>(session_options());
          auto unwritten = std::make_shared<Session>(session_options(false));
          return [this, session, unwritten](size_t i) {
            return text_of(message_of(examine(program_case(i), runner(i % 3 == 2 ? unwritten : session))));
          };
        },
        [&](size_t i, Outcome outcome) {
          say(fmt::format("programs {}/{}", i + 1, options_.programs));
          Finding found = outcome.fault.empty() ? finding_of(Message::parse(outcome.text))
                                                : crashed(program_case(i), outcome.fault);
          ++report_.programs_run;
          report_.program_elements += found.passed;
          report_.program_ill_conditioned += found.ill_conditioned;
          if (found.state == State::kUnsupported) ++report_.programs_unsupported;
          if (is_fault(found.state))
            report_.programs.push_back({fmt::format("program {}", program_seed(i)), std::move(found)});
          return true;
        }));
  }

  // Composites.

  /// Their tests, each kernel compared with the evaluator, on a session that notes which ops are run.
  class CompositeTests {
   public:
    CompositeTests(const TestOptions& test, SessionOptions options) {
      options.verify = true;
      options.rewriting.after_pass = [this](std::string_view, const Graph& graph) {
        needed_.merge(generated::needed_ops(graph));
      };
      session_ = std::make_unique<Session>(std::move(options));
      tests_ = test.composites(*session_);
    }
    const std::vector<std::string>& names() const { return tests_.names; }
    Finding run(size_t i) {
      needed_.clear();
      NamedTest test = tests_.run(i);
      Finding out{.state = test.empty ? State::kNone : State::kPass};
      if (test.failure.empty()) return out;
      bool unsupported = test.failure.find("does not support") != std::string::npos;
      out.state = unsupported ? State::kUnsupported : State::kWrong;
      out.message = one_line(test.failure);
      out.needed.assign(needed_.begin(), needed_.end());
      return out;
    }

   private:
    std::set<std::string> needed_;
    std::unique_ptr<Session> session_;
    NamedTests tests_;
  };

  std::vector<std::string> composite_names() {
    std::vector<std::string> out;
    run_isolated(work(
        1,
        [this]() -> std::function<std::string(size_t)> {
          return [this](size_t) { return text_of(CompositeTests(options_, session_options()).names()); };
        },
        [&](size_t, Outcome outcome) {
          if (outcome.fault.empty()) out = Message::parse(outcome.text).get<std::vector<std::string>>();
          return true;
        }));
    return out;
  }

  bool composites() {
    say("composites");
    const std::vector<std::string> names = composite_names();
    return run_isolated(work(
        names.size(),
        [&]() -> std::function<std::string(size_t)> {
          auto tests = std::make_shared<CompositeTests>(options_, session_options());
          return [tests](size_t i) { return text_of(message_of(tests->run(i))); };
        },
        [&](size_t i, Outcome outcome) {
          say(fmt::format("composites {}/{}: {}", i + 1, names.size(), names[i]));
          Finding found = outcome.fault.empty() ? finding_of(Message::parse(outcome.text))
                                                : Finding{.state = State::kCrashed, .message = outcome.fault};
          if (found.state != State::kNone) report_.composites.push_back({names[i], std::move(found)});
          return true;
        }));
  }

  // Speed.

  struct SpeedCase {
    std::string name;
    Graph graph;
  };

  static std::vector<SpeedCase> speed_cases() {
    std::vector<SpeedCase> out;
    auto begin = [&](const char* name) -> Graph& { return out.emplace_back(SpeedCase{name, {}}).graph; };
    const Dim many(int64_t{16} << 20), side(1024);
    {
      Graph& graph = begin("copy of 16 Mi f32");
      NodeId x = graph.add_input("x", {DType::kF32, {many}});
      graph.outputs.push_back({"y", Build(graph).op(Op::kCopy, {x}, CopyAttributes{})});
    }
    {
      Graph& graph = begin("sum of 16 Mi f32");
      NodeId x = graph.add_input("x", {DType::kF32, {Dim(4096), Dim(4096)}});
      graph.outputs.push_back({"y", Build(graph).reduce(Combine::kAdd, x, {1})});
    }
    {
      Graph& graph = begin("product of matrices of 1024 by 1024 f32");
      Build b(graph);
      NodeId x = graph.add_input("x", {DType::kF32, {side, side}}),
             w = graph.add_input("w", {DType::kF32, {side, side}});
      NodeId products = b.mul(b.spread(x, {side, side, side}, {0, 1}), b.spread(w, {side, side, side}, {1, 2}));
      graph.outputs.push_back({"y", b.reduce(Combine::kAdd, products, {1})});
    }
    return out;
  }

  bool speed() {
    if (!file_) return true;  // the evaluator is not meant to be fast
    const std::vector<SpeedCase> cases = speed_cases();
    return run_isolated(work(
        cases.size(),
        [&]() -> std::function<std::string(size_t)> {
          auto session = std::make_shared<Session>(session_options());
          return [&cases, session](size_t i) { return speed_text(cases[i], *session); };
        },
        [&](size_t i, Outcome outcome) {
          say(fmt::format("speed {}/{}: {}", i + 1, cases.size(), cases[i].name));
          SpeedRow row{.name = cases[i].name, .failure = outcome.fault};
          if (outcome.fault.empty()) {
            Message json = Message::parse(outcome.text);
            row.seconds = json["seconds"], row.bytes = json["bytes"], row.flops = json["flops"];
            row.share_of_roof = json["share"], row.failure = json["failure"];
          }
          report_.speed.push_back(std::move(row));
          return true;
        }));
  }

  static std::string speed_text(const SpeedCase& given, Session& session) {
    Message out{{"seconds", 0.0}, {"bytes", 0.0}, {"flops", 0.0}, {"share", 0.0}, {"failure", ""}};
    Result<Arguments> arguments = generate_arguments(given.graph);
    Result<RunMeasurement> measured = measure_run(session, given.graph, *arguments, {.repeat = 7, .most_seconds = 2});
    if (!measured) {
      out["failure"] = failure_text(measured.error());
      return text_of(out);
    }
    const double seconds = measured->planned.median;
    const double bytes = measured->cost.bytes_read + measured->cost.bytes_written, flops = measured->cost.flops;
    out["seconds"] = seconds, out["bytes"] = bytes, out["flops"] = flops;
    if (measured->on_host && seconds > 0) {
      Roof roof = measure_roof();
      out["share"] = std::max(bytes / roof.bytes_per_second, flops / roof.flops_per_second) / seconds;
    }
    return text_of(out);
  }

  const TestOptions& options_;
  SourceMap& sources_;
  std::optional<RuntimeFile> file_;  ///< none: the evaluator
  Report report_;
  size_t crashes_ = 0;
};

}  // namespace

Result<Report> test_runtime(const TestOptions& options, SourceMap& sources) {
  return RuntimeTest(options, sources).run();
}

}  // namespace caten::conformance
