// Programs on the cpu runtime whose sums its library computes, whatever their sizes, compared with the evaluator.
#pragma once

#include <doctest/doctest.h>

#include "driver/compile.hpp"
#include "driver/execute.hpp"
#include "generate/generate.hpp"
#include "test_store.hpp"

namespace caten {

inline constexpr LibraryLimits kEverySize{.least_side = 1, .least_products = 0};

/// Runs programs on cpu, and counts calls of its library.
class LibraryRuns {
 public:
  LibraryRuns() {
    Result<Runtime> found = find_runtime("cpu", default_runtime_search(), sources_);
    if (found && found->device->library()) runtime_ = std::move(*found);
  }
  bool possible() const { return runtime_.has_value(); }

  /// `times`: how often it is run; all results are to be the same.
  generated::Verdict check(const generated::Case& given, ScheduleOptions options = {.library_limits = kEverySize},
                           int times = 1) {
    return generated::check(given, [&](const Graph& graph, const Arguments& arguments) -> Result<Results> {
      auto program = compile(graph, *runtime_, test_store(), nullptr, {.scheduling = options});
      if (!program) return tl::make_unexpected(program.error());
      calls = seeing = 0;
      for (const Kernel& kernel : (*program)->schedule.kernels) seeing += kernel.sees ? 1 : 0;
      for (const RenderedKernel& kernel : (*program)->rendered.kernels) calls += kernel.call ? 1 : 0;
      Result<Results> results = execute(**program, arguments);
      for (int i = 1; i < times && results; ++i) {
        Result<Results> again = execute(**program, arguments);
        for (size_t k = 0; again && k < again->outputs.size(); ++k)
          CHECK(again->outputs[k].same_bytes(results->outputs[k]));
        results = std::move(again);
      }
      return results;
    });
  }
  /// The program takes the arguments that are moved into it.
  Result<Results> run(const Graph& graph, Arguments&& arguments) {
    auto program = compile(graph, *runtime_, test_store(), nullptr, {.scheduling = {.library_limits = kEverySize}});
    if (!program) return tl::make_unexpected(program.error());
    return execute(**program, std::move(arguments));
  }

  int calls = 0;
  int seeing = 0;  ///< kernels that leave out columns which no row of a block sees

 private:
  SourceMap sources_;
  std::optional<Runtime> runtime_;
};

}  // namespace caten
