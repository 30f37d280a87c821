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
#include "runtime/device.hpp"

namespace caten {

/// What stays in a device's own memory between calls of a program: its states, which each call replaces, and inputs
/// that are the same in all of them. The arrays of these arguments then say types only. Empty before the first call,
/// and after one that failed.
struct Residence {
  size_t first_constant = 0;           ///< inputs from here on are the same in all calls
  std::vector<DeviceMemory> states{};  ///< by their numbers
  std::vector<DeviceMemory> constants{};
};

struct ExecuteOptions {
  std::optional<size_t> max_memory{};            ///< bytes, arguments not counted: E0404 before anything is allocated
  const std::atomic<bool>* interrupt = nullptr;  ///< set by another thread: E0805 before the next kernel
  /// Arrays of the caller that outputs are written to, in the order of outputs; an empty Array stands for none. They
  /// must be exclusive and of the output's type.
  std::vector<Array> outputs{};
  Timings* timings = nullptr;          ///< steps "plan" and "execute"
  KernelObserver* observer = nullptr;  ///< watches each launch
  /// Of devices with memory of their own: where states and constants stay. The states among the results are then the
  /// arguments' arrays, whose elements are old: `fetch_states` brings the new ones.
  Residence* residence = nullptr;
};

Result<Results> execute(const CompiledProgram& program, Arguments arguments, ExecuteOptions options = {});

/// The elements of resident states, into the arrays.
Status fetch_states(const CompiledProgram& program, const Residence& residence, std::vector<Array>& states);

/// Bytes that a call with these sizes allocates: the arena, outputs and new values of states.
Result<size_t> memory_needed(const CompiledProgram& program, const DimValues& sizes);

}  // namespace caten
