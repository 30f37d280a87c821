#include "autodiff/rules.hpp"

#include <cassert>

namespace caten::autodiff {

bool differentiable(DType dtype) { return contains(kFloatSet | kComplexSet | kStorageSet, dtype); }

ValueType cotangent_type(const ValueType& type) {
  return {contains(kStorageSet, type.dtype) ? DType::kF32 : type.dtype, type.shape};
}

RuleKind rule_kind(Op op) {
  switch (op) {
    case Op::kConst:
    case Op::kIndex: return RuleKind::kNone;
    case Op::kLoop: return RuleKind::kLoop;
    default: break;
  }
  if (!is_elementwise(op)) return RuleKind::kFunction;
  return info(op).vjp.empty() ? RuleKind::kNone : RuleKind::kTemplate;
}

Flows apply_rule(const Call& call) {
  switch (call.node.op) {
    case Op::kIf: return if_rule(call);
    case Op::kCast: return cast_rule(call);
    case Op::kBitcast: return bitcast_rule(call);
    case Op::kReshape: return reshape_rule(call);
    case Op::kPermute: return permute_rule(call);
    case Op::kExpand: return expand_rule(call);
    case Op::kSlice: return slice_rule(call);
    case Op::kTake: return take_rule(call);
    case Op::kPut: return put_rule(call);
    case Op::kCopy: return copy_rule(call);
    case Op::kReduce: return reduce_rule(call);
    default: break;
  }
  if (rule_kind(call.node.op) == RuleKind::kTemplate) return elementwise_rule(call);
  assert(rule_kind(call.node.op) == RuleKind::kNone);
  return Flows(call.node.operands.size());
}

namespace {

bool is_zero_constant(const Node& node) {
  return node.is(Op::kConst) && node.get<ConstAttributes>().value == Scalar::zero(node.type.dtype);
}

}  // namespace

Flow accumulate(const Build& build, Flow a, Flow b) {
  if (!a) return b;
  if (!b) return a;
  bool guarded = a.guarded || b.guarded;
  // Gathers in loops would otherwise add a whole array of zeros per iteration.
  Node put = build.graph()[b.value];
  if (put.is(Op::kPut) && put.get<AccessAttributes>().mode == Combine::kAdd &&
      is_zero_constant(build.graph()[put.operands[0]])) {
    put.operands[0] = a.value;
    return {build.op(Op::kPut, std::move(put.operands), std::move(put.attributes)), guarded};
  }
  return {build.add(a.value, b.value), guarded};
}

Flow guard(const Call& call, NodeId value) {
  if (!call.g.guarded || value == call.g.value) return {value, call.g.guarded};
  const Build& b = call.build;
  if (b.shape(value) != b.shape(call.g.value)) return {value, true};
  return {b.select(b.is_zero(call.g.value), b.zeros(b.type(value)), value), true};
}

}  // namespace caten::autodiff
