// Short spellings for passes that write IR: each adds one op, or a few, to a Graph. The operands must fit (a misfit is
// a bug of the pass, so nothing here can fail).
#pragma once

#include <vector>

#include "ir/graph.hpp"

namespace caten {

class Build {
 public:
  explicit Build(Graph& graph) : graph_(graph) {}
  Graph& graph() const { return graph_; }

  NodeId op(Op op, std::vector<NodeId> operands, Attributes attributes = {}, const ValueType& target = {}) const;
  NodeId result(NodeId loop, uint32_t index) const;
  ValueType type(NodeId id) const { return graph_.type(id); }
  const Shape& shape(NodeId id) const { return graph_.type(id).shape; }
  DType dtype(NodeId id) const { return graph_.type(id).dtype; }

  NodeId constant(const Scalar& value, Shape shape = {}) const;
  NodeId zeros(const ValueType& type) const { return constant(Scalar::zero(type.dtype), type.shape); }
  NodeId ones(const ValueType& type) const { return constant(Scalar::one(type.dtype), type.shape); }
  NodeId integer(int64_t value, Shape shape = {}) const;
  NodeId index(int axis, Shape shape) const;
  /// The value of a size of 0 or more, i64[].
  NodeId size(const Dim& dim) const;
  /// The position of each element in row-major order, i64.
  NodeId position(const Shape& shape) const;

  NodeId add(NodeId x, NodeId y) const { return op(Op::kAdd, {x, y}); }
  NodeId mul(NodeId x, NodeId y) const { return op(Op::kMul, {x, y}); }
  NodeId div(NodeId x, NodeId y) const { return op(Op::kDiv, {x, y}); }
  NodeId max(NodeId x, NodeId y) const { return op(Op::kMax, {x, y}); }
  NodeId lt(NodeId x, NodeId y) const { return op(Op::kLt, {x, y}); }
  NodeId eq(NodeId x, NodeId y) const { return op(Op::kEq, {x, y}); }
  NodeId both(NodeId x, NodeId y) const { return op(Op::kAnd, {x, y}); }
  NodeId select(NodeId c, NodeId a, NodeId b) const { return op(Op::kIf, {c, a, b}); }
  NodeId negate(NodeId bools) const;     ///< bool: not
  NodeId complement(NodeId ints) const;  ///< integers: −1 − x
  NodeId min(NodeId x, NodeId y) const;  ///< integers
  NodeId is_zero(NodeId x) const { return eq(x, zeros(type(x))); }

  NodeId cast(NodeId x, DType to) const;
  NodeId bitcast(NodeId x, DType to) const { return op(Op::kBitcast, {x}, {}, {to, {}}); }
  NodeId reshape(NodeId x, const Shape& to) const;
  NodeId permute(NodeId x, std::vector<int> axes) const;
  NodeId expand(NodeId x, const Shape& to) const;
  NodeId slice(NodeId x, std::vector<SliceRange> ranges) const {
    return op(Op::kSlice, {x}, SliceAttributes{std::move(ranges)});
  }
  /// Repeats x so that it has shape `to`; axis k of x is axis axes[k] of the result, ascending.
  NodeId spread(NodeId x, const Shape& to, const std::vector<int>& axes) const;
  /// A scalar, repeated.
  NodeId fill(NodeId scalar, const Shape& to) const { return spread(scalar, to, {}); }
  NodeId reduce(Combine combine, NodeId x, std::vector<int> axes) const;
  NodeId take(NodeId x, int axis, const std::vector<NodeId>& indices) const;
  NodeId put(NodeId x, int axis, const std::vector<NodeId>& indices, NodeId v, Combine mode) const;

  /// The least level that a new loop over these values can have.
  int level_above(const std::vector<NodeId>& values) const;

 private:
  Graph& graph_;
};

/// The axes 0 … rank-1 that are not among `axes`.
std::vector<int> other_axes(size_t rank, const std::vector<int>& axes);

}  // namespace caten
