// How long a program takes: to compile, to call first, and to call again. In: a session and a program whose sizes are
// all known. Out: medians with their spread, and what was counted beside them.
//
// Whatever is compiled here is compiled by a session of its own, which has opened its runtime before the clock starts.
// Calls are those of the session that is given: it can be interrupted. Entry: measure_run, measure_compile.
#pragma once

#include <map>
#include <optional>

#include "driver/session.hpp"
#include "schedule/counters.hpp"

namespace caten {

/// Seconds.
struct Spread {
  double median = 0, smallest = 0, largest = 0;
  size_t samples = 0;
};
/// The median of an even number of samples is the mean of the two in the middle.
Spread spread_of(std::vector<double> samples);

struct MeasureOptions {
  int repeat = 15;          ///< samples of each kind
  double most_seconds = 3;  ///< then the rest of the samples is left out, but for the first three
};

/// Input values made from the names of the inputs: floats in [-1, 1), integers from 0 up to what `below` says of them,
/// 1 where it says nothing. Floats of inputs whose name begins as one of `positive` are in [0.5, 1.5). E0305 where a
/// size is open.
Result<Arguments> generate_arguments(const Graph& graph, const std::map<std::string, int64_t>& below = {},
                                     const std::vector<std::string>& positive = {});

struct RunMeasurement {
  double first_call = 0;  ///< seconds from the program to its results, kernels compiled anew
  Spread fresh{};         ///< a call that takes memory for its results and gives it back
  Spread planned{};       ///< a call whose results go where those of the call before went
  Spread cold{};          ///< the same when no cache holds its inputs, arena or results
  size_t kernels = 0, compiler_calls = 0, arena_bytes = 0, result_bytes = 0;
  KernelCost cost{};    ///< of all kernels of a call
  bool on_host = true;  ///< kernels run in the memory of the host
};
/// An observer of the session counts the calls that are sampled, but for the cold ones.
Result<RunMeasurement> measure_run(Session& session, const Graph& graph, const Arguments& arguments,
                                   const MeasureOptions& options = {});

struct CompileMeasurement {
  Spread cold{};  ///< from the program to kernels that can be launched, by a session that knows nothing
  Spread warm{};  ///< by one that finds the kernels on disk
  size_t kernels = 0, cold_calls = 0, warm_calls = 0;  ///< of the compiler
};
Result<CompileMeasurement> measure_compile(Session& session, const Graph& graph, const MeasureOptions& options = {});

/// x + y for `elements` f32, and one planned call of it: what a call costs besides its kernels.
Graph addition(int64_t elements);
Result<Spread> measure_call(Session& session, const MeasureOptions& options = {});

}  // namespace caten
