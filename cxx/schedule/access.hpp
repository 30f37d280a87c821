// What a value reads, and where: the space over which a root is computed, and the index at which it reads each value
// that has a place of its own. Fusion decides by these indices, and the lowering computes the same ones.
#pragma once

#include <functional>
#include <vector>

#include "ir/graph.hpp"
#include "schedule/index.hpp"

namespace caten {

/// The loops that compute a root. Axes of size 1 have none.
struct Space {
  NodeId root{};
  NodeId value{};        ///< what is computed: the root without copies and reshapes around it
  Shape outer{};         ///< one element of the result each
  Shape reduced{};       ///< folded into it; nothing unless `value` is a reduce
  bool trailing = true;  ///< the reduced axes are the last ones of the operand

  /// The index into `value` (of a reduce: into its operand) where the loops have these variables, outer ones first.
  Index index(const Graph& graph, const Index& variables) const;
};

using Stops = std::function<bool(NodeId)>;

/// `stops`: the values that are not computed with the root, but read.
Space space_of(const Graph& graph, NodeId root, const Stops& stops);

struct Read {
  NodeId node{};
  Index index{};  ///< over reserved::variable(0), … of the space, outer ones first; axes of size 1 are left out
};

struct Reads {
  std::vector<Read> reads{};  ///< distinct, in a fixed order
  size_t nodes = 0;           ///< that are computed, those at several indices as often
};

Reads reads_of(const Graph& graph, const Space& space, const Stops& stops);

/// reshape, permute, expand, slice
bool is_view(const Node& node);

/// The index into the operand of the element that `index` of a view (reshape, permute, expand, slice) shows.
Index through_view(const Graph& graph, const IndexSpace& space, const Node& view, const Index& index);

struct Schedule;
struct Kernel;
struct Location;
/// Where element `index` of a value of this shape is, for a kernel: of scratch there is one block of rows, from its
/// begin on.
Dim element_of(const Schedule& schedule, const Kernel& kernel, const Location& at, const Index& index,
               const Shape& shape);

inline constexpr int64_t kLongSize = int64_t{1} << 20;
/// The size, or a long one if only a call knows it.
inline int64_t size_or_long(const Dim& size) { return size.is_constant() ? size.constant() : kLongSize; }

/// Without the axes of size 1.
Shape without_ones(const Shape& shape);

}  // namespace caten
