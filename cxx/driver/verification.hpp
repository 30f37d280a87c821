// In: a program and a call. Out: its results, each kernel's outputs compared with what the reference evaluator makes of
// the same operands, and the results with what it makes of the program as it was written; all within the evaluator's
// error bounds. What differs is traced to where it went wrong: the kernel; else the rewrite pass and its rule; else the
// pass of the schedule.
//
// Entry: run_verified. E0807 says what was found; the compiled program gives no results then.
#pragma once

#include <functional>
#include <optional>

#include "driver/execute.hpp"
#include "rewrite/rewrite.hpp"

namespace caten {

struct VerifyOptions {
  const RewriteOptions* rewriting = nullptr;  ///< how the program was rewritten; null: it was not
  ScheduleOptions scheduling{};               ///< how it was scheduled
  /// Compiles the rewritten program with other passes of the schedule switched off; none: they are not tried.
  std::function<Result<std::shared_ptr<const CompiledProgram>>(const ScheduleOptions&)> recompile{};
  ExecuteOptions execution{};
};

struct VerifyCounts {
  int64_t launches = 0;         ///< that were computed again
  int64_t passed = 0;           ///< elements within their bounds
  int64_t ill_conditioned = 0;  ///< elements about which nothing can be said
};

/// `graph` as it was before rewriting; `program` is what was compiled of it.
Result<Results> run_verified(const Graph& graph, const CompiledProgram& program, const Arguments& arguments,
                             const VerifyOptions& options, VerifyCounts* counts = nullptr);

}  // namespace caten
