// The adjoint of each op: from the cotangent of its value to those of its operands. Element-wise ops have theirs in the
// `vjp` column of ir/ops.def; the others are functions here. Loops are in autodiff/reverse.hpp, since their adjoint
// needs that of a whole body.
#pragma once

#include <vector>

#include "ir/build.hpp"

namespace caten::autodiff {

/// A cotangent on its way back; an invalid value is zero.
struct Flow {
  NodeId value{};
  bool guarded = false;  ///< zero wherever an `if` discards: factors count only where the cotangent is not zero
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
/// `value` where g is not zero, if g is guarded; else `value`.
Flow guard(const Call& call, NodeId value);

// By file: rules_elementwise.cpp, rules_view.cpp, rules_access.cpp, rules_reduce.cpp.
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

}  // namespace caten::autodiff
