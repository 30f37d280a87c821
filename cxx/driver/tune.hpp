// Which schedule of a program is the fastest here: other schedules are compiled and measured with the arguments of a
// call, and what was faster is kept.
//
// Passes of the schedule are switched off one after the other; then each kernel of loops is given other tiles, vectors
// and steps, all kernels at once, each judged by its own time. What they gain together is measured against the usual
// schedule, turn and turn about, and counts only if it is a good part of the time. Ends after the seconds that are
// given, between two measurements. Entry: tune.
#pragma once

#include <functional>

#include "driver/execute.hpp"
#include "driver/tuning.hpp"

namespace caten {

struct TuneOptions {
  double seconds = 10;
  std::optional<size_t> max_memory{};
  const std::atomic<bool>* interrupt = nullptr;        ///< E0805, nothing is kept
  std::function<void(const std::string&)> progress{};  ///< told what is measured
};

struct TuneResult {
  Tuning tuning{};
  double usual = 0, tuned = 0;  ///< seconds of a call, medians of one measurement of both
  size_t measured = 0;          ///< schedules
  double seconds = 0;           ///< that it took
  bool complete = false;        ///< everything was tried
};

/// Other ways to run the loops of a kernel, as they are tried.
std::vector<ScheduleHint> tunable_hints();

/// The program with a tuning.
using CompileTuned = std::function<Result<std::shared_ptr<const CompiledProgram>>(const Tuning& tuning)>;

Result<TuneResult> tune(const CompileTuned& compile, const Arguments& arguments, const TuneOptions& options = {});

}  // namespace caten
