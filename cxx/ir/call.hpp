// What a program is called with and what it gives back, the same for the reference evaluator and every runtime.
#pragma once

#include <span>
#include <vector>

#include "ir/array.hpp"
#include "ir/graph.hpp"

namespace caten {

struct Arguments {
  std::vector<Array> inputs{};  ///< in the order of Graph::inputs
  std::vector<Array> states{};  ///< in the order of Graph::states
  DimValues sizes{};  ///< sizes given explicitly (-D M=3); the rest follows from the shapes of inputs and states
};

struct Results {
  std::vector<Array> outputs{};  ///< in the order of Graph::outputs
  std::vector<Array> states{};   ///< the new values, in the order of Graph::states
};

/// The value of every named size, from the arguments' shapes and `sizes`. Checks dtypes, ranks, equations, declared
/// bounds and guards. E0803 and E0804 for arguments, E0305 for a size nothing decides, E0303 and E0307 for sizes that
/// do not fit.
Result<DimValues> bind_sizes(const Graph& graph, const Arguments& arguments);

/// The concrete shape, or E0306 and E0304 where a size leaves 64 bits or is negative; the sizes must be bound.
Result<std::vector<int64_t>> checked_concrete(const Shape& shape, const DimValues& sizes);

/// The concrete shape, once checked.
std::vector<int64_t> concrete(const Shape& shape, const DimValues& sizes);

}  // namespace caten
