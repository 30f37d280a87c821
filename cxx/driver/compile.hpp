// In: a checked Graph and a Runtime. Out: a CompiledProgram, which runs for all sizes that the program declares, from
// many threads at once.
//
// compile.cpp is the list of steps, each a function of its own layer: schedule, verify, lifetimes, lower, render,
// compile, load. Nothing here knows the sizes of a call; execute.hpp does.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/timings.hpp"
#include "cache/store.hpp"
#include "codegen/render.hpp"
#include "driver/executables.hpp"
#include "runtime/runtime.hpp"
#include "schedule/memory.hpp"
#include "schedule/schedule.hpp"

namespace caten {

/// A size with concrete values in it: a polynomial over the counters of loops and row blocks, mostly a constant.
struct PlannedSize {
  struct Term {
    int64_t coefficient = 0;
    std::vector<uint32_t> loops{};  ///< LoopCommand::id of each factor
  };
  int64_t constant = 0;
  std::vector<Term> terms{};

  /// `counters` by LoopCommand::id. Wraps as kernels do.
  int64_t evaluate(const std::vector<int64_t>& counters) const {
    auto sum = static_cast<uint64_t>(constant);
    for (const Term& term : terms) {
      auto product = static_cast<uint64_t>(term.coefficient);
      for (uint32_t loop : term.loops) product *= static_cast<uint64_t>(counters[loop]);
      sum += product;
    }
    return static_cast<int64_t>(sum);
  }
};

/// A program for one set of sizes: where buffers are, what kernels are called with.
struct SizedPlan {
  struct Copy {
    PlannedSize from{}, to{};  ///< bytes
    size_t bytes = 0;
  };
  struct Loop {
    int64_t count = 0;
    std::vector<size_t> items{};  ///< bytes that each collect gets per iteration
  };
  struct Launch {
    std::vector<PlannedSize> arguments{};
    PlannedSize range{}, range_work{};
  };
  struct RowBlocks {
    std::vector<int64_t> extents{}, counts{};  ///< of each axis; only one of them may be in several blocks
    std::vector<Launch> rests{};               ///< of each kernel, for a last block that is smaller; or none
  };
  DimValues sizes{};
  MemoryPlan memory{};
  std::vector<Launch> launches{};  ///< of each kernel
  std::unordered_map<const CopyCommand*, Copy> copies{};
  std::unordered_map<const LoopCommand*, Loop> loops{};
  std::unordered_map<const RowBlocksCommand*, RowBlocks> row_blocks{};
};

struct CompiledProgram {
  Graph graph;  ///< as given: its sizes are bound at each call
  Schedule schedule;
  Lifetimes lifetimes;
  RenderedProgram rendered;
  std::shared_ptr<Device> device;
  std::vector<std::shared_ptr<Executable>> executables;  ///< of each unit that was rendered
  std::vector<uint32_t> functions;                       ///< of each kernel, in its unit; 0 of a library's

  /// The plan for these sizes, made once and kept while it is among the last that were used.
  Result<std::shared_ptr<const SizedPlan>> plan(const DimValues& sizes) const;

 private:
  static constexpr size_t kPlansKept = 16;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const SizedPlan>> plans_;  ///< last used first
};

struct CompileOptions {
  ScheduleOptions scheduling{};
  Timings* timings = nullptr;
  bool verify_schedule = false;  ///< the graph of the schedule is verified too
};

/// The options for a runtime: its library is used where that pays.
ScheduleOptions with_library(ScheduleOptions options, const Runtime& runtime);
/// Without the passes that do not suit the runtime.
ScheduleOptions for_runtime(ScheduleOptions options, const RuntimeFile& runtime);

/// The graph is a valid one, as `rewrite` gives it. The driver compiles only what neither `shared` nor the store has.
Result<std::shared_ptr<const CompiledProgram>> compile(Graph graph, const Runtime& runtime,
                                                       const ArtifactStore& store = ArtifactStore(""),
                                                       Executables* shared = nullptr,
                                                       const CompileOptions& options = {});

/// The source text that `compile` hands to the driver.
Result<std::string> kernel_source(const Graph& graph, const RuntimeFile& runtime, const CompileOptions& options = {});

}  // namespace caten
