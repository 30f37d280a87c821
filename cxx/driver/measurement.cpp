#include "driver/measurement.hpp"

#include <fmt/format.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp and setenv are POSIX

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "driver/profile.hpp"
#include "ir/build.hpp"

namespace caten {
namespace {

constexpr int kFewest = 3;
constexpr int kCallsPerSample = 1000;
constexpr size_t kSweptBytes = size_t{1} << 28;  ///< more than caches hold

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Whether another sample of each kind is wanted.
class Sampling {
 public:
  explicit Sampling(const MeasureOptions& options) : options_(options) {}
  bool another() {
    if (taken_ >= std::min(kFewest, options_.repeat) && clock_.seconds() > options_.most_seconds) return false;
    return taken_++ < options_.repeat;
  }

 private:
  const MeasureOptions& options_;
  Clock clock_;
  int taken_ = 0;
};

/// A folder that goes with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string pattern = std::filesystem::temp_directory_path(error).string() + "/caten-XXXXXX";
    if (mkdtemp(pattern.data())) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A session like this one that has compiled nothing but an addition, so that its runtime is open.
Result<std::unique_ptr<Session>> another_session(Session& session, const ArtifactStore& store) {
  SessionOptions options = session.options();
  options.runtime = session.runtime_name();
  options.notice = {};
  options.store = store;
  options.timings = nullptr;
  options.observer = nullptr;
  auto out = std::make_unique<Session>(std::move(options));
  Result<Session::Program> opened = out->compile(addition(8));
  if (!opened) return tl::make_unexpected(opened.error());
  return out;
}

Result<Array> generate(const std::string& name, const ValueType& type, int64_t below, bool positive) {
  if (!is_constant(type.shape))
    return fail({.code = Code::UnboundDim,
                 .message = fmt::format("input `{}` has no known size", name),
                 .expected = "a program for one set of sizes",
                 .found = describe(type),
                 .remedy = "fix its sizes with -D NAME=SIZE"});
  std::vector<int64_t> shape = concrete(type.shape, {});
  if (Result<size_t> bytes = checked_bytes(type.dtype, shape); !bytes) return tl::make_unexpected(bytes.error());
  Array array = Array::zeros(type.dtype, shape);
  uint64_t state = 1469598103934665603u;
  for (char c : name) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211u;
  auto next = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 32);
  };
  const double scale = 1.0 / (positive ? 4294967296.0 : 2147483648.0), least = positive ? 0.5 : -1;
  if (type.dtype == DType::kF32) {
    auto* to = array.as_mutable<float>();
    for (int64_t i = 0; i < array.elements(); ++i) to[i] = static_cast<float>(next() * scale + least);
    return array;
  }
  bool real = is_float(type.dtype) || is_complex(type.dtype);
  for (int64_t i = 0; i < array.elements(); ++i) {
    Scalar value = real ? Scalar::of_real(type.dtype, next() * scale + least)
                        : Scalar::of_integer(type.dtype, static_cast<int64_t>(next() % static_cast<uint64_t>(below)));
    value.store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(type.dtype));
  }
  return array;
}

/// The outputs that the next call may write to.
std::vector<Array> reusable(std::vector<Array> outputs) {
  for (Array& output : outputs)
    if (!output.exclusive()) output = Array();
  return outputs;
}

/// Planned calls, before each of which everything is driven out of the caches; for a third of the time.
Result<Spread> measure_cold(Session& session, const CompiledProgram& program, const Arguments& arguments,
                            Results results, const MeasureOptions& options) {
  std::vector<double> samples;
  std::vector<std::byte> swept(kSweptBytes);
  const MeasureOptions shorter{.repeat = options.repeat, .most_seconds = options.most_seconds / 3};
  for (Sampling sampling(shorter); sampling.another();) {
    std::vector<Array> outputs = reusable(std::move(results.outputs));
    std::memset(swept.data(), static_cast<int>(samples.size()), swept.size());
    [[maybe_unused]] const volatile std::byte read = swept[samples.size()];  // or compilers may leave the writes out
    Clock clock;
    Result<Results> run = session.run(program, arguments, std::move(outputs));
    if (!run) return tl::make_unexpected(run.error());
    samples.push_back(clock.seconds());
    results = std::move(*run);
  }
  return spread_of(std::move(samples));
}

}  // namespace

Spread spread_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  size_t middle = samples.size() / 2;
  double median = samples.size() % 2 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
  return {median, samples.front(), samples.back(), samples.size()};
}

Result<Arguments> generate_arguments(const Graph& graph, const std::map<std::string, int64_t>& below,
                                     const std::vector<std::string>& positive) {
  Arguments out;
  auto add = [&](const std::string& name, NodeId node, std::vector<Array>& to) -> Status {
    auto bound = below.find(name);
    bool above_zero = std::any_of(positive.begin(), positive.end(),
                                  [&name](const std::string& beginning) { return name.starts_with(beginning); });
    Result<Array> array =
        generate(name, graph.type(node), bound == below.end() ? 1 : std::max<int64_t>(1, bound->second), above_zero);
    if (!array) return tl::make_unexpected(array.error());
    to.push_back(std::move(*array));
    return {};
  };
  for (const Graph::Input& input : graph.inputs) CATEN_TRY(add(input.name, input.node, out.inputs));
  for (const Graph::State& state : graph.states) CATEN_TRY(add(state.name, state.node, out.states));
  return out;
}

Result<RunMeasurement> measure_run(Session& session, const Graph& graph, const Arguments& arguments,
                                   const MeasureOptions& options) {
  CATEN_TRY(session.tune(graph, arguments));
  Result<std::unique_ptr<Session>> cold = another_session(session, ArtifactStore(""));
  if (!cold) return tl::make_unexpected(cold.error());
  size_t calls_before = (*cold)->compiler_calls();
  RunMeasurement out;
  Clock first;
  Result<Session::Program> program = (*cold)->compile(graph);
  if (!program) return tl::make_unexpected(program.error());
  KernelObserver* observer = session.options().observer;
  if (observer) observer->pause(true);
  Result<Results> results = session.run(**program, arguments);
  if (observer) observer->pause(false);
  if (!results) return tl::make_unexpected(results.error());
  out.first_call = first.seconds();
  out.kernels = (*program)->schedule.kernels.size();
  out.compiler_calls = (*cold)->compiler_calls() - calls_before;

  Profile profile;
  ExecuteOptions counted{.observer = &profile};
  if (Result<Results> run = execute(**program, arguments, std::move(counted)); !run)
    return tl::make_unexpected(run.error());
  for (const Profile::Row& row : profile.rows()) out.cost += row.cost;
  out.on_host = profile.on_host();
  Result<DimValues> sizes = bind_sizes((*program)->graph, arguments);
  if (!sizes) return tl::make_unexpected(sizes.error());
  Result<std::shared_ptr<const SizedPlan>> plan = (*program)->plan(*sizes);
  if (!plan) return tl::make_unexpected(plan.error());
  out.arena_bytes = (*plan)->memory.arena_bytes;
  out.result_bytes = (*plan)->memory.result_bytes;

  std::vector<double> fresh, planned;
  for (Sampling sampling(options); sampling.another();) {
    Clock clock;
    {
      Result<Results> run = session.run(**program, arguments);
      if (!run) return tl::make_unexpected(run.error());
    }
    fresh.push_back(clock.seconds());
    std::vector<Array> outputs = reusable(std::move(results->outputs));
    Clock again;
    results = session.run(**program, arguments, std::move(outputs));
    if (!results) return tl::make_unexpected(results.error());
    planned.push_back(again.seconds());
  }
  out.fresh = spread_of(std::move(fresh));
  out.planned = spread_of(std::move(planned));
  if (observer) observer->pause(true);
  Result<Spread> cold_data = measure_cold(session, **program, arguments, std::move(*results), options);
  if (observer) observer->pause(false);
  if (!cold_data) return tl::make_unexpected(cold_data.error());
  out.cold = *cold_data;
  return out;
}

Result<CompileMeasurement> measure_compile(Session& session, const Graph& graph, const MeasureOptions& options) {
  CompileMeasurement out;
  std::vector<double> cold, warm;
  for (Sampling sampling(options); sampling.another();) {
    TemporaryFolder folder;
    ArtifactStore store(folder.path());
    for (bool first : {true, false}) {
      Result<std::unique_ptr<Session>> own = another_session(session, store);
      if (!own) return tl::make_unexpected(own.error());
      size_t calls_before = (*own)->compiler_calls();
      Clock clock;
      Result<Session::Program> program = (*own)->compile(graph);
      if (!program) return tl::make_unexpected(program.error());
      // A library makes what it needs when sizes are known.
      if (graph.dims.symbols().empty())
        if (Result<std::shared_ptr<const SizedPlan>> plan = (*program)->plan({}); !plan)
          return tl::make_unexpected(plan.error());
      (first ? cold : warm).push_back(clock.seconds());
      (first ? out.cold_calls : out.warm_calls) = (*own)->compiler_calls() - calls_before;
      out.kernels = (*program)->schedule.kernels.size();
    }
  }
  out.cold = spread_of(std::move(cold));
  out.warm = spread_of(std::move(warm));
  return out;
}

Graph addition(int64_t elements) {
  Graph graph;
  graph.name = "addition";
  Build b(graph);
  ValueType type{DType::kF32, {Dim(elements)}};
  NodeId x = graph.add_input("x", type), y = graph.add_input("y", type);
  graph.outputs = {{"z", b.add(x, y)}};
  return graph;
}

Result<Spread> measure_call(Session& session, const MeasureOptions& options) {
  Graph graph = addition(8);
  Result<Session::Program> program = session.compile(graph);
  if (!program) return tl::make_unexpected(program.error());
  Result<Arguments> arguments = generate_arguments(graph);
  if (!arguments) return tl::make_unexpected(arguments.error());
  Result<Results> results = session.run(**program, *arguments);
  if (!results) return tl::make_unexpected(results.error());
  std::vector<double> samples;
  for (Sampling sampling(options); sampling.another();) {
    Clock clock;
    for (int k = 0; k < kCallsPerSample; ++k) {
      results = session.run(**program, *arguments, std::move(results->outputs));
      if (!results) return tl::make_unexpected(results.error());
    }
    samples.push_back(clock.seconds() / kCallsPerSample);
  }
  return spread_of(std::move(samples));
}

}  // namespace caten
