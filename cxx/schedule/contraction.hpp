// Sums of products of two values that a routine of a library computes: matrix products, and what else is one.
//
// In: a reduce of the graph, whatever made it: a matmul, an einsum, attention, an adjoint. Out: the two values whose
// elements it multiplies, and how it goes through their memory: a product of matrices for each place of further axes.
// That is what the routine `contraction` of a driver computes (runtime/driver_abi.h).
//
// The routine replaces the loops of a kernel: the reduce is alone in it and both values are in memory. The kernel takes
// its place among others as any kernel does, in blocks of rows too.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "schedule/access.hpp"
#include "schedule/schedule.hpp"

namespace caten {

/// C[m n] = Σ A[m k] B[k n] for each place of the batch axes. Offsets and steps are counted in elements.
struct ContractionLayout {
  struct Matrix {
    Dim offset{}, rows{}, columns{};  ///< steps along A's m and k, B's k and n, C's m and n
  };
  struct Batch {
    Dim extent{}, a{}, b{}, c{};
  };
  Dim m{1}, n{1}, k{1};
  Matrix a{}, b{}, c{};
  std::vector<Batch> batch{};
  bool transposed = false;  ///< A is what stands behind the product's other operand
};

/// What a sum multiplies, below the views of its product, where the loops of its space have `variables`.
struct ContractionReads {
  Index variables{};  ///< outer ones first
  Read a{}, b{};
  Index result{};  ///< the element of the sum
};
/// Nothing if it is no sum of products of two values at which `stops` stops.
std::optional<ContractionReads> contraction_reads(const Graph& graph, const Space& space, const Stops& stops);

/// A loop whose variable takes the values begin … begin + extent - 1, of 0 … whole - 1.
struct ContractionLoop {
  Dim variable{}, whole{};
  Dim begin{0}, extent = whole;
};
/// `outer` loops and others that are folded; a, b and c are the elements in memory for their variables. Nothing if
/// these are no matrices whose rows or columns lie together.
std::optional<ContractionLayout> contraction_layout(const DimEnv& dims, const std::vector<ContractionLoop>& loops,
                                                    size_t outer, const Dim& a, const Dim& b, const Dim& c);

/// A kernel's, and the leaves that A and B are.
struct ContractionCall {
  ContractionLayout layout{};
  const KernelLeaf *a = nullptr, *b = nullptr;
};
/// Nothing if it is not what a library computes, as its operands lie in memory.
std::optional<ContractionCall> contraction_of(const Schedule& schedule, const Kernel& kernel);

/// Both values, which are to be in memory for it. Nothing if a kernel of loops is to compute the reduce.
std::optional<std::pair<NodeId, NodeId>> find_contraction(const Graph& graph, NodeId fold,
                                                          const RoutineLibrary& library, const LibraryLimits& limits);

/// The graph with the transposes of such sums in their products, where they cost nothing: a sum is computed as what
/// reads it wants it.
Graph transpose_in_products(const Graph& graph, const RoutineLibrary& library, const LibraryLimits& limits);

}  // namespace caten
