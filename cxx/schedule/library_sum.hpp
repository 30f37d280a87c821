// Which sums of products a library computes.
//
// The routine replaces the loops of a kernel: the reduce is alone in it and both values are in memory. The kernel takes
// its place among others as any kernel does, in blocks of rows too.
#pragma once

#include <optional>
#include <vector>

#include "schedule/convolution.hpp"
#include "schedule/schedule.hpp"

namespace caten {

/// A sum that a library is to compute.
struct LibrarySum {
  Routine routine{};
  NodeId a{}, b{};              ///< what it multiplies, which is to be in memory
  std::vector<NodeId> taken{};  ///< gathers below the product, which are not
};
/// Nothing if a kernel of loops is to compute the reduce.
std::optional<LibrarySum> find_library_sum(const Graph& graph, NodeId fold, const RoutineLibrary& library,
                                           const LibraryLimits& limits);

/// The convolution to images that a reduce is, windows of one element included, if it is worth a call of the library.
std::optional<ConvolutionLayout> find_convolution(const Graph& graph, NodeId fold, const RoutineLibrary& library,
                                                  const LibraryLimits& limits);

/// The graph with the transposes of such sums in their products, where they cost nothing: a sum is computed as what
/// reads it wants it.
Graph transpose_in_products(Graph graph, const RoutineLibrary& library, const LibraryLimits& limits);

/// Whether the routine of a kernel can compute it, as its values lie in memory.
bool library_computes(const Schedule& schedule, const Kernel& kernel);

}  // namespace caten
