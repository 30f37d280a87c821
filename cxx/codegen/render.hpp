// In: the loop nests of a program and a dialect. Out: one source text with all its kernels, and what each is called
// with.
//
// The text depends on the loop nests alone: names of the program do not occur in it, equal kernels are one function,
// and every size that is not a constant is an argument, so that one artifact serves all sizes.
#pragma once

#include "codegen/dialect.hpp"
#include "codegen/loop_nest.hpp"

namespace caten {

struct RenderedKernel {
  std::string function{};
  std::vector<BufferId> buffers{};  ///< arguments, in order
  std::vector<Dim> sizes{};         ///< arguments, in order: sizes of the program and counters of loops
  Dim range{1};                     ///< the iterations that calls may share among themselves; 1: it takes no range
  Dim range_work{1};                ///< about how many scalar operations each of them takes
};

struct RenderedProgram {
  std::string source{};
  std::vector<RenderedKernel> kernels{};  ///< in the order of the loop nests
};

RenderedProgram render(const std::vector<LoopNest>& nests, const Dialect& dialect);

}  // namespace caten
