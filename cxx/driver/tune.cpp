#include "driver/tune.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "codegen/lower.hpp"
#include "driver/measurement.hpp"

namespace caten {
namespace {

using Program = std::shared_ptr<const CompiledProgram>;
using Clock = std::chrono::steady_clock;

constexpr double kWorthwhile = 0.97;        ///< of the time of the usual schedule, for all of a program;
constexpr double kWorthwhileKernel = 0.94;  ///< for one of its kernels, the best of a few calls
constexpr double kHopeless = 1.15;          ///< not measured to the end
constexpr int kLeastRounds = 3, kMostRounds = 25;
constexpr double kRoundSeconds = 0.2;  ///< of the calls that decide about one schedule

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

}  // namespace

std::vector<ScheduleHint> tunable_hints() {
  std::vector<ScheduleHint> out;
  for (auto [rows, columns] : std::initializer_list<std::pair<int64_t, int64_t>>{
           {2, 64}, {4, 16}, {4, 64}, {6, 32}, {8, 16}, {8, 32}, {1, 64}, {1, 256}, {1, 1024}})
    out.push_back({.tile = {{rows, columns}}});
  for (int64_t lanes : {8, 16, 32, 64}) out.push_back({.vectorise = lanes});
  for (int64_t steps : {2, 4}) out.push_back({.unroll = steps});
  for (int64_t steps : {2, 4}) out.push_back({.vectorise = 16, .unroll = steps});
  out.push_back({.parallel = 0});
  out.push_back({.parallel = 2});
  out.push_back({.order = {1, 0}});
  out.push_back({.vectorise = 16, .order = {1, 0}});
  return out;
}

namespace {

/// Passes and limits whose use depends on the machine.
std::vector<Tuning> switches() {
  std::vector<Tuning> out;
  for (const char* pass : {"library", "row-blocks", "channels-last", "split-sums", "recompute", "grouping"})
    out.push_back({.off = {pass}});
  for (int64_t bytes : {int64_t{0}, int64_t{1} << 40}) out.push_back({.limits = {{"streamed-bytes", bytes}}});
  for (int64_t bytes : {int64_t{1} << 20, int64_t{16} << 20}) out.push_back({.limits = {{"block-bytes", bytes}}});
  return out;
}

Tuning both(Tuning a, const Tuning& b) {
  a.off.insert(b.off.begin(), b.off.end());
  for (const auto& [name, value] : b.limits) a.limits[name] = value;
  for (const auto& [kernel, hint] : b.kernels) a.kernels[kernel] = hint;
  return a;
}

/// The seconds of each kernel in the fastest of the calls for it.
class KernelTimes : public KernelObserver {
 public:
  explicit KernelTimes(size_t kernels) : best_(kernels, 1e300) {}
  const std::vector<double>& best() const { return best_; }

  void call_begins() override { call_.assign(best_.size(), 0); }
  void call_ends() override {
    for (size_t k = 0; k < best_.size(); ++k) best_[k] = std::min(best_[k], call_[k]);
  }
  Status before(const KernelLaunch&) override {
    begin_ = Clock::now();
    return {};
  }
  Status after(const KernelLaunch& launch) override {
    call_[launch.kernel] += since(begin_);
    return {};
  }

 private:
  std::vector<double> best_, call_;
  Clock::time_point begin_{};
};

bool same_program(const CompiledProgram& a, const CompiledProgram& b) {
  return a.rendered.source == b.rendered.source && print_schedule(a.schedule) == print_schedule(b.schedule);
}

class Tuner {
 public:
  Tuner(const CompileTuned& compile, const Arguments& arguments, const TuneOptions& options)
      : compile_(compile), arguments_(arguments), options_(options) {}

  Result<TuneResult> run() {
    Result<Program> usual = compile_({});
    if (!usual) return tl::make_unexpected(usual.error());
    best_ = *usual;
    for (int warm = 0; warm < 2; ++warm) {
      Result<double> call = seconds_of(*best_);
      if (!call) return tl::make_unexpected(call.error());
    }
    out_.complete = true;
    CATEN_TRY(try_switches());
    CATEN_TRY(try_kernels());
    if (out_.tuning.empty()) {
      out_.seconds = since(begin_);
      return out_;
    }
    say("the fastest against the usual schedule");
    Result<bool> faster = is_faster(*best_, **usual);
    if (!faster) return tl::make_unexpected(faster.error());
    if (!*faster) out_.tuning = {};
    out_.seconds = since(begin_);
    return out_;
  }

 private:
  bool time_is_left() {
    bool left = since(begin_) < options_.seconds;
    out_.complete = out_.complete && left;
    return left;
  }
  void say(const std::string& what) {
    if (options_.progress)
      options_.progress(fmt::format("tuning: {:.0f} of {:.0f} s, {}", since(begin_), options_.seconds, what));
  }

  /// A call whose results go where those of the call before went, if that is possible.
  Result<double> seconds_of(const CompiledProgram& program, KernelObserver* observer = nullptr) {
    std::vector<Array> outputs = std::move(outputs_);
    for (Array& output : outputs)
      if (!output.exclusive()) output = Array();
    Clock::time_point begin = Clock::now();
    Result<Results> results = execute(program, arguments_,
                                      {.max_memory = options_.max_memory,
                                       .interrupt = options_.interrupt,
                                       .outputs = std::move(outputs),
                                       .observer = observer});
    if (!results) return tl::make_unexpected(results.error());
    double seconds = since(begin);
    outputs_ = std::move(results->outputs);
    return seconds;
  }

  /// Turn and turn about; the medians stay in out_.
  Result<bool> is_faster(const CompiledProgram& candidate, const CompiledProgram& usual) {
    if (Result<double> first = seconds_of(candidate); !first) return tl::make_unexpected(first.error());
    std::vector<double> a, b;
    Clock::time_point begin = Clock::now();
    for (int round = 0; round < kMostRounds && (round < kLeastRounds || since(begin) < kRoundSeconds); ++round) {
      for (bool own : {true, false}) {
        Result<double> seconds = seconds_of(own ? candidate : usual);
        if (!seconds) return tl::make_unexpected(seconds.error());
        (own ? a : b).push_back(*seconds);
      }
      if (round + 1 == kLeastRounds &&
          *std::min_element(a.begin(), a.end()) > kHopeless * *std::min_element(b.begin(), b.end()))
        break;
    }
    ++out_.measured;
    Spread own = spread_of(std::move(a)), other = spread_of(std::move(b));
    bool faster = own.median < kWorthwhile * other.median && own.smallest < other.smallest;
    if (faster) out_.tuned = own.median, out_.usual = other.median;
    return faster;
  }

  Status try_switches() {
    for (const Tuning& change : switches()) {
      if (!time_is_left()) return {};
      Tuning tuning = both(out_.tuning, change);
      say(print_tuning(tuning));
      Result<Program> program = compile_(tuning);
      if (!program) return tl::make_unexpected(program.error());
      if (same_program(**program, *best_)) continue;
      Result<bool> faster = is_faster(**program, *best_);
      if (!faster) return tl::make_unexpected(faster.error());
      if (*faster) out_.tuning = std::move(tuning), best_ = *program;
    }
    return {};
  }

  /// The tuning with the hint at each kernel to which all of it applies.
  Result<Tuning> where_applicable(const ScheduleHint& hint) {
    Tuning all = out_.tuning;
    for (uint32_t k = 0; k < best_->schedule.kernels.size(); ++k) {
      const Kernel& kernel = best_->schedule.kernels[k];
      if (!kernel.hint && !kernel.by_library) all.kernels[k] = hint;
    }
    Result<Program> program = compile_(all);
    if (!program) return tl::make_unexpected(program.error());
    const Schedule& schedule = (*program)->schedule;
    Tuning out = out_.tuning;
    for (const auto& [k, each] : all.kernels) {
      const std::vector<HintOutcome> outcomes = lower(schedule, schedule.kernels[k]).hints;
      if (std::all_of(outcomes.begin(), outcomes.end(), [](const HintOutcome& outcome) { return outcome.applies; }))
        out.kernels[k] = each;
    }
    return out;
  }

  Status try_kernels() {
    std::map<uint32_t, std::pair<double, ScheduleHint>> chosen;  // with the part of the usual time
    usual_.emplace(best_->schedule.kernels.size());
    for (const ScheduleHint& hint : tunable_hints()) {
      if (!time_is_left()) break;
      Result<Tuning> tuning = where_applicable(hint);
      if (!tuning) return tl::make_unexpected(tuning.error());
      if (tuning->kernels.empty()) continue;
      ScheduleHint shown = hint;
      say(print_tuning({.kernels = {{tuning->kernels.begin()->first, shown}}}));
      Result<Program> program = compile_(*tuning);
      if (!program) return tl::make_unexpected(program.error());
      CATEN_TRY(compare_kernels(**program, *tuning, hint, chosen));
    }
    Tuning tuning = out_.tuning;
    for (const auto& [k, choice] : chosen) tuning.kernels[k] = choice.second;
    if (chosen.empty()) return {};
    Result<Program> program = compile_(tuning);
    if (!program) return tl::make_unexpected(program.error());
    Result<bool> faster = is_faster(**program, *best_);
    if (!faster) return tl::make_unexpected(faster.error());
    if (*faster) out_.tuning = std::move(tuning), best_ = *program;
    return {};
  }

  Status compare_kernels(const CompiledProgram& program, const Tuning& tuning, const ScheduleHint& hint,
                         std::map<uint32_t, std::pair<double, ScheduleHint>>& chosen) {
    KernelTimes own(program.schedule.kernels.size());
    Clock::time_point begin = Clock::now();
    for (int round = 0; round < kMostRounds && (round < kLeastRounds || since(begin) < kRoundSeconds); ++round) {
      for (bool candidate : {true, false}) {
        Result<double> seconds = candidate ? seconds_of(program, &own) : seconds_of(*best_, &*usual_);
        if (!seconds) return tl::make_unexpected(seconds.error());
      }
      if (since(begin_) > 2 * options_.seconds) break;
    }
    ++out_.measured;
    for (const auto& [k, each] : tuning.kernels) {
      double part = own.best()[k] / usual_->best()[k];
      auto known = chosen.find(k);
      if (part < (known == chosen.end() ? kWorthwhileKernel : known->second.first)) chosen[k] = {part, hint};
    }
    return {};
  }

  const CompileTuned& compile_;
  const Arguments& arguments_;
  const TuneOptions& options_;
  Clock::time_point begin_ = Clock::now();
  Program best_;
  std::optional<KernelTimes> usual_;  ///< of best_, in all calls between those of candidates
  std::vector<Array> outputs_;
  TuneResult out_;
};

}  // namespace

Result<TuneResult> tune(const CompileTuned& compile, const Arguments& arguments, const TuneOptions& options) {
  return Tuner(compile, arguments, options).run();
}

}  // namespace caten
