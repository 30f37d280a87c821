// The derivatives of each op. Backwards: from the cotangent of its value to those of its operands. Forwards: from the
// tangents of its operands to that of its value. Element-wise ops have both in the `vjp` column of ir/ops.def, which is
// diagonal and so its own transpose; the others have two functions here, beside each other. Loops are in
// autodiff/reverse.hpp and autodiff/forward.hpp, since their derivatives need those of a whole body.
#pragma once

#include <vector>

#include "ir/build.hpp"

namespace caten::autodiff {

/// A cotangent on its way back; an invalid value is zero.
struct Flow {
  NodeId value{};
  /// bool, of the value's shape: false where all that it leads to is discarded by an `if`. There it is zero, and no
  /// factor counts. Invalid: nothing is discarded. A condition of its own, since a cotangent that is zero by chance
  /// may have a derivative.
  NodeId counts{};
  explicit operator bool() const { return value.valid(); }
};

/// One application of a rule. Rules may ask for any operand; `wanted` says whose cotangent is of use.
struct Call {
  Build build;
  NodeId id{};  ///< the value z
  Node node;    ///< a copy: building moves nodes
  Flow g{};
  std::vector<bool> wanted;
  bool contraction = false;  ///< z is a product that only reduce add uses
  NodeId operand(size_t i) const { return node.operands[i]; }
  ValueType type(size_t i) const { return build.type(node.operands[i]); }
};
/// One flow per operand.
using Flows = std::vector<Flow>;

enum class RuleKind : uint8_t {
  kNone,      ///< no operand has a gradient
  kTemplate,  ///< the `vjp` column
  kFunction,  ///< a function of this header
  kLoop,      ///< autodiff/reverse.hpp
};
RuleKind rule_kind(Op op);

/// The flows to the operands of any op but loop.
Flows apply_rule(const Call& call);

/// float, complex and 1-byte float dtypes.
bool differentiable(DType dtype);
/// The type of a value's cotangent.
ValueType cotangent_type(const ValueType& type);
/// a + b; a put add onto zeros is put onto `a` instead.
Flow accumulate(const Build& build, Flow a, Flow b);
/// `value`, of g's shape, where g counts; zero elsewhere.
Flow guard(const Call& call, NodeId value);
/// Whether any of the elements along the axes counts; an invalid condition stays one, as below.
NodeId any_counts(const Build& build, NodeId counts, const std::vector<int>& axes);
/// The condition of places from that of what was put there, x being the type of the whole.
NodeId put_counts(const Build& build, const ValueType& x, int axis, const std::vector<NodeId>& indices, NodeId counts);

// By file: rules_elementwise.cpp, rules_view.cpp, rules_access.cpp, rules_reduce.cpp.
/// Tangents on their way forward: an invalid one is zero.
struct Push {
  Build build;
  NodeId id{};
  Node node;
  std::vector<NodeId> tangents{};  ///< of the operands; one at least is not zero
  NodeId operand(size_t i) const { return node.operands[i]; }
  ValueType type(size_t i) const { return build.type(node.operands[i]); }
  /// The tangent of operand i, zeros if it is zero.
  NodeId tangent(size_t i) const;
};
/// The tangent of any op's value but loop's.
NodeId push_forward(const Push& push);

/// A region that differentiation reads: these names mean more than the identity (autodiff/vjp.hpp).
enum class Marker : uint8_t { kNone, kStopGradient, kCheckpoint, kCustomGradient, kAdjoint };
Marker marker(const Node& node);
/// Of a region with a gradient of its own: the loop whose body says it, and the arguments.
struct CustomGradient {
  NodeId loop{};
  std::vector<NodeId> arguments{};
};
CustomGradient custom_gradient(const Graph& graph, const Node& region);

Flows elementwise_rule(const Call& call);
Flows if_rule(const Call& call);
Flows cast_rule(const Call& call);
Flows bitcast_rule(const Call& call);
Flows reshape_rule(const Call& call);
Flows permute_rule(const Call& call);
Flows expand_rule(const Call& call);
Flows slice_rule(const Call& call);
Flows take_rule(const Call& call);
Flows put_rule(const Call& call);
Flows copy_rule(const Call& call);
Flows reduce_rule(const Call& call);
NodeId push_elementwise(const Push& push);
NodeId push_cast(const Push& push);
NodeId push_bitcast(const Push& push);
NodeId push_view(const Push& push);  ///< reshape, expand, and the ops that move a tangent as they move a value
NodeId push_take(const Push& push);
NodeId push_put(const Push& push);
NodeId push_reduce(const Push& push);

}  // namespace caten::autodiff
