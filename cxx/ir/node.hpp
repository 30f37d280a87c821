// A Node is one value of a Graph: an op of the table applied to operands, or one of the five leaves and markers that
// are no ops (input, state, bound variable of a loop, result of a loop, region of a composite).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ir/dim.hpp"
#include "ir/op.hpp"
#include "ir/scalar.hpp"

namespace caten {

struct NodeId {
  uint32_t value = UINT32_MAX;
  auto operator<=>(const NodeId&) const = default;
  bool valid() const { return value != UINT32_MAX; }
};

struct ValueType {
  DType dtype = DType::kF32;
  Shape shape{};
  bool operator==(const ValueType&) const = default;
};
std::string describe(const ValueType& type);  ///< "f32[M 2N]"

/// How `put` and `reduce` combine; kSet is put's alone, kAnd and kXor reduce's alone.
enum class Combine : uint8_t { kSet, kAdd, kMul, kMax, kAnd, kXor };
std::string_view combine_name(Combine combine);
std::optional<Combine> find_combine(std::string_view name);
/// add → 0, mul → 1, max → the least value (-inf for floats), and → all ones, xor → 0.
Scalar identity(Combine combine, DType dtype);

/// start, start+step, … while before stop (exclusive). With a negative step stop may be -1, "before the first".
struct SliceRange {
  Dim start{};
  Dim stop{};
  int64_t step = 1;
  bool operator==(const SliceRange&) const = default;
};
/// Number of elements, for step ≠ 0.
Dim slice_length(const SliceRange& range);

// Attributes, one struct per op that has any. reshape, expand, cast and bitcast have none: their target is the node's
// type.
struct ConstAttributes {
  Scalar value;
  bool operator==(const ConstAttributes&) const = default;
};
struct IndexAttributes {
  int axis = 0;
  bool operator==(const IndexAttributes&) const = default;
};
struct PermuteAttributes {
  std::vector<int> axes;
  bool operator==(const PermuteAttributes&) const = default;
};
struct SliceAttributes {
  std::vector<SliceRange> ranges;  ///< one per axis
  bool operator==(const SliceAttributes&) const = default;
};
/// take: operands x, i0 … ik-1. put: operands x, v, i0 … ik-1. The indices address axes axis … axis+k-1 of x; they have
/// equal shapes S, and the result of take (the v of put) has shape x[:axis] + S + x[axis+k:].
struct AccessAttributes {
  int axis = 0;
  Combine mode = Combine::kSet;  ///< put only
  bool operator==(const AccessAttributes&) const = default;
};
struct ReduceAttributes {
  Combine combine = Combine::kAdd;
  std::vector<int> axes;  ///< ascending, distinct
  bool operator==(const ReduceAttributes&) const = default;
};
struct CopyAttributes {
  std::string device;  ///< "" = where it is
  bool operator==(const CopyAttributes&) const = default;
};
/// Operands of loop, in this order: [count], inits, nexts, [until], collects. Inside the body the counter is bound
/// variable 0 of the loop's level and carry k is bound variable k+1.
struct LoopAttributes {
  int level = 0;               ///< de Bruijn level of the body's bound variables: the depth of enclosing loops
  Dim count{};                 ///< iterations; the bound, if runtime_count
  bool runtime_count = false;  ///< the first operand, i64 scalar, clamped to 0…count, says how many
  uint32_t carries = 0;
  bool until = false;
  uint32_t collects = 0;
  // Names for printing; not part of a loop's identity.
  std::string counter_name{};
  std::vector<std::string> carry_names{};
  bool operator==(const LoopAttributes& o) const {
    return level == o.level && count == o.count && runtime_count == o.runtime_count && carries == o.carries &&
           until == o.until && collects == o.collects;
  }
};
/// input and state
struct NameAttributes {
  std::string name;
  bool operator==(const NameAttributes&) const = default;
};
struct BoundAttributes {
  int level = 0;
  uint32_t index = 0;
  bool operator==(const BoundAttributes&) const = default;
};
struct ResultAttributes {
  uint32_t index = 0;  ///< carries, then collects, then the count
  bool operator==(const ResultAttributes&) const = default;
};
/// Operands of region: the body's value, then the composite's arguments. It means the identity of its first operand.
struct RegionAttributes {
  std::string name;
  std::vector<std::pair<std::string, Datum>> attributes;  ///< keyword arguments in the composite's order
  uint32_t result = 0;                                    ///< which of the composite's results this is
  std::vector<Datum> schedule{};                          ///< clauses of its (:schedule …); see ir/schedule_hint.hpp
  bool operator==(const RegionAttributes&) const = default;
};

using Attributes = std::variant<std::monostate, ConstAttributes, IndexAttributes, PermuteAttributes, SliceAttributes,
                                AccessAttributes, ReduceAttributes, CopyAttributes, LoopAttributes, NameAttributes,
                                BoundAttributes, ResultAttributes, RegionAttributes>;

enum class NodeKind : uint8_t { kOp, kInput, kState, kBound, kResult, kRegion };

struct Node {
  NodeKind kind = NodeKind::kOp;
  Op op = Op::kConst;  ///< if kind is kOp
  ValueType type{};    ///< of a loop: of its first result, but read it through `result`
  std::vector<NodeId> operands{};
  Attributes attributes{};
  /// Bit L set: the value depends on a bound variable of an enclosing loop of level L.
  uint64_t free_levels = 0;
  /// A sum that may be fused with a product it adds (ir/regions.hpp). Not part of its identity: of equal nodes all
  /// have to allow it.
  bool contract = false;
  std::string name{};               ///< as written in the source, for printing; not part of its identity
  std::vector<uint32_t> origins{};  ///< indices into Graph::origins

  bool is(Op o) const { return kind == NodeKind::kOp && op == o; }
  template <class A>
  const A& get() const {
    return std::get<A>(attributes);
  }
};

/// The operands of a loop by role.
struct LoopOperands {
  NodeId count{};  ///< invalid unless runtime_count
  std::vector<NodeId> inits{}, nexts{};
  NodeId until{};  ///< invalid if there is none
  std::vector<NodeId> collects{};
};
LoopOperands loop_operands(const Node& loop);

}  // namespace caten
