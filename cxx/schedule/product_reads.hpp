// What a sum multiplies, and where it reads it.
//
// In: a reduce of the graph, whatever made it: a matmul, a convolution, an einsum, attention, an adjoint. Out: the two
// values below the views of its product, and below gathers at indices that are computed from its loops, with the index
// into each where those are at given places.
#pragma once

#include <optional>
#include <vector>

#include "schedule/access.hpp"

namespace caten {

/// A cast of bf16 to f32: the product of two such values is exact.
bool is_widening(const Node& node, const Graph& graph);

/// The integer that a value computes from indices and constants.
std::optional<Dim> computed_index(const Graph& graph, const IndexSpace& indices, NodeId id, const Index& index);

/// Where the loops of the sum's space have `variables`.
struct ProductReads {
  Index variables{};  ///< outer ones first
  Read a{}, b{};
  Index result{};               ///< the element of the sum
  std::vector<NodeId> taken{};  ///< gathers at computed indices, casts that widen, and zeros around values, on the way
  bool a_padded = false, b_padded = false;  ///< read at places that may be outside of it, where it counts as 0
};
/// Nothing if it is no sum of products of two values at which `stops` stops. `padded`: zeros around values are not read
/// from memory (schedule/padding.hpp).
std::optional<ProductReads> product_reads(const Graph& graph, const Space& space, const Stops& stops,
                                          bool padded = false);

}  // namespace caten
