// In: a checked Graph and a Runtime. Out: a CompiledProgram, which runs for all sizes that the program declares, from
// many threads at once.
//
// compile.cpp is the list of steps, each a function of its own layer: verify, schedule, lifetimes, lower, render,
// compile, load. Nothing here knows the sizes of a call; execute.hpp does.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "codegen/render.hpp"
#include "runtime/runtime.hpp"
#include "schedule/memory.hpp"
#include "schedule/schedule.hpp"

namespace caten {

/// A program for one set of sizes: where buffers are, what kernels are called with.
struct SizedPlan {
  struct Argument {
    int64_t value = 0;
    bool varies = false;  ///< depends on a counter of a loop: computed at each launch
  };
  DimValues sizes{};
  MemoryPlan memory{};
  std::vector<std::vector<Argument>> arguments{};  ///< of each kernel
};

struct CompiledProgram {
  Graph graph;  ///< as given: its sizes are bound at each call
  Schedule schedule;
  Lifetimes lifetimes;
  RenderedProgram rendered;
  std::shared_ptr<Device> device;
  std::shared_ptr<Executable> executable;
  std::vector<uint32_t> functions;  ///< of each kernel

  /// The plan for these sizes, made once and kept while it is among the last that were used.
  Result<std::shared_ptr<const SizedPlan>> plan(const DimValues& sizes) const;

 private:
  static constexpr size_t kPlansKept = 16;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const SizedPlan>> plans_;  ///< last used first
};

Result<std::shared_ptr<const CompiledProgram>> compile(const Graph& graph, const Runtime& runtime);

/// The source text that `compile` hands to the driver.
Result<std::string> kernel_source(const Graph& graph, const RuntimeFile& runtime);

}  // namespace caten
