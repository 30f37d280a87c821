// In: the loop nests of a program and a dialect. Out: one source text with all its kernels, what each is called with,
// and the texts to compile.
//
// The text depends on the loop nests alone: names of the program do not occur in it, equal kernels are one function,
// and every size that is not a number is an argument, so that one artifact serves all sizes. With open sizes most
// numbers are arguments as well: programs that differ in their sizes alone have the same texts. A compiler gets as many
// kernels at once as suits it; a text of a single kernel is the same in all programs that have it.
#pragma once

#include "codegen/dialect.hpp"
#include "codegen/loop_nest.hpp"

namespace caten {

struct RenderedKernel {
  std::string name{};                 ///< in the text of the whole program
  uint32_t unit = 0;                  ///< the text to compile that has it,
  std::string function{};             ///< and its name there
  std::vector<BufferId> buffers{};    ///< arguments, in order
  std::vector<Dim> sizes{};           ///< arguments, in order: sizes of the program and counters of loops
  Dim range{1};                       ///< the iterations that calls may share among themselves; 1: it takes no range
  std::optional<LibraryCall> call{};  ///< what is called instead of a function; `sizes` are its sizes
  int64_t team = 0;                   ///< how many threads run each of them together; 0: one
  Dim range_work{1};                  ///< about how many scalar operations each of them takes
};

struct RenderedProgram {
  std::string source{};                   ///< all kernels, for people
  std::vector<std::string> units{};       ///< the same in parts, to be compiled
  std::vector<RenderedKernel> kernels{};  ///< in the order of the loop nests
};

struct RenderOptions {
  size_t unit_kernels = 0;  ///< how many kernels a text to compile has; 0: all
  bool open_sizes = false;  ///< sizes that are numbers are arguments too, unless they are small or divide often
};

RenderedProgram render(const std::vector<LoopNest>& nests, const Dialect& dialect, const RenderOptions& options = {});

}  // namespace caten
