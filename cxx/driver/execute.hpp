// In: a CompiledProgram and the arguments of one call. Out: its results.
//
// Re-entrant: each call has its own arena, addresses and stream. All memory is known and allocated before the first
// kernel runs. An argument's memory is taken over for a result where the plan allows it and nobody else can see it:
// pass `Arguments` by move for states and donated inputs to be updated in place.
#pragma once

#include <atomic>
#include <optional>

#include "driver/observer.hpp"
#include "ir/call.hpp"

namespace caten {

struct ExecuteOptions {
  std::optional<size_t> max_memory{};            ///< bytes, arguments not counted: E0404 before anything is allocated
  const std::atomic<bool>* interrupt = nullptr;  ///< set by another thread: E0805 before the next kernel
  /// Arrays of the caller that outputs are written to, in the order of outputs; an empty Array stands for none. They
  /// must be exclusive and of the output's type.
  std::vector<Array> outputs{};
  Timings* timings = nullptr;          ///< steps "plan" and "execute"
  KernelObserver* observer = nullptr;  ///< watches each launch
};

Result<Results> execute(const CompiledProgram& program, Arguments arguments, ExecuteOptions options = {});

/// Bytes that a call with these sizes allocates: the arena, outputs and new values of states.
Result<size_t> memory_needed(const CompiledProgram& program, const DimValues& sizes);

}  // namespace caten
