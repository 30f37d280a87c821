// A program as one C text and its header: all kernels, and a function that plans memory and calls them in order. What a
// compiler makes of it needs neither caten nor Lisp.
//
// In: a rewritten Graph and a dialect that is C. Out: the texts. Sizes that are not fixed are arguments, tested as a
// call of the program tests them. Temporaries live in one workspace, which the caller may give. Where GOMP_parallel
// (libgomp) is linked in, kernels of a dialect with ranges run on all cores.
//
// The text depends on the graph and the dialect alone. Entry: standalone_program.
#pragma once

#include <string>

#include "codegen/dialect.hpp"
#include "ir/graph.hpp"
#include "schedule/schedule.hpp"

namespace caten {

struct StandaloneProgram {
  std::string function{};  ///< the program's name in C
  std::string source{};
  std::string header{};
};

/// E0602 if the dialect has no (:local-kernel …): its texts are no C.
Result<StandaloneProgram> standalone_program(const Graph& graph, const Dialect& dialect, ScheduleOptions options = {});

}  // namespace caten
