// Sums of products that are products of matrices.
//
// In: what a sum multiplies (schedule/product_reads.hpp). Out: how it goes through the memory of both values and of the
// result: a product of matrices for each place of further axes. That is what the routine `contraction` of a driver
// computes (runtime/driver_abi.h).
#pragma once

#include <optional>
#include <vector>

#include "schedule/product_reads.hpp"
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
  Dim zeros_of_a{0}, zeros_of_b{0};  ///< further k for which A, or B, is 0 and is not read
  bool transposed = false;           ///< A is what stands behind the product's other operand
};

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

}  // namespace caten
