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
  NodeId counts{};
  if (a.counts.valid() && b.counts.valid())
    counts = a.counts == b.counts ? a.counts : build.negate(build.both(build.negate(a.counts), build.negate(b.counts)));
  // Gathers in loops would otherwise add a whole array of zeros per iteration.
  Node put = build.graph()[b.value];
  if (put.is(Op::kPut) && put.get<AccessAttributes>().mode == Combine::kAdd &&
      is_zero_constant(build.graph()[put.operands[0]])) {
    put.operands[0] = a.value;
    return {build.op(Op::kPut, std::move(put.operands), std::move(put.attributes)), counts};
  }
  return {build.add(a.value, b.value), counts};
}

Flow guard(const Call& call, NodeId value) {
  if (!call.g.counts.valid() || value == call.g.value) return {value, call.g.counts};
  const Build& b = call.build;
  return {b.select(call.g.counts, value, b.zeros(b.type(value))), call.g.counts};
}

NodeId any_counts(const Build& build, NodeId counts, const std::vector<int>& axes) {
  if (!counts.valid() || axes.empty()) return counts;
  return build.negate(build.reduce(Combine::kAnd, build.negate(counts), axes));
}

NodeId put_counts(const Build& build, const ValueType& x, int axis, const std::vector<NodeId>& indices, NodeId counts) {
  if (!counts.valid()) return counts;
  NodeId none = build.zeros({DType::kI32, x.shape});
  return build.lt(none, build.put(none, axis, indices, build.cast(counts, DType::kI32), Combine::kMax));
}

Marker marker(const Node& node) {
  if (node.kind != NodeKind::kRegion) return Marker::kNone;
  const std::string& name = node.get<RegionAttributes>().name;
  if (name == "stop-gradient") return Marker::kStopGradient;
  if (name == "checkpoint") return Marker::kCheckpoint;
  if (name == "adjoint") return Marker::kAdjoint;
  return name == "custom-gradient" ? Marker::kCustomGradient : Marker::kNone;
}

CustomGradient custom_gradient(const Graph& graph, const Node& region) {
  // Operands: the value, the arguments, and as many results of the loop from its second on.
  CustomGradient out;
  size_t count = (region.operands.size() - 1) / 2;
  for (size_t i = 1; i <= count; ++i) out.arguments.push_back(region.operands[i]);
  if (count > 0 && graph[region.operands.back()].kind == NodeKind::kResult)
    out.loop = graph[region.operands.back()].operands[0];
  return out;
}

NodeId Push::tangent(size_t i) const {
  return tangents[i].valid() ? tangents[i] : build.zeros(cotangent_type(type(i)));
}

NodeId push_forward(const Push& push) {
  switch (push.node.op) {
    case Op::kIf: return push.build.select(push.operand(0), push.tangent(1), push.tangent(2));
    case Op::kCast: return push_cast(push);
    case Op::kBitcast: return push_bitcast(push);
    case Op::kReshape:
    case Op::kPermute:
    case Op::kExpand:
    case Op::kSlice:
    case Op::kCopy: return push_view(push);
    case Op::kTake: return push_take(push);
    case Op::kPut: return push_put(push);
    case Op::kReduce: return push_reduce(push);
    default: break;
  }
  return rule_kind(push.node.op) == RuleKind::kTemplate ? push_elementwise(push) : NodeId{};
}

}  // namespace caten::autodiff
