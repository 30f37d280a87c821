// Derivatives of element-wise ops from the `vjp` column of the op table, and of `if`.
#include <cassert>
#include <map>

#include "autodiff/rules.hpp"

namespace caten::autodiff {
namespace {

/// The column of one op, read once per process.
const Datum& vjp_template(Op op) {
  static const std::map<Op, Datum> templates = [] {
    std::map<Op, Datum> out;
    for (const OpInfo& row : all_ops()) {
      if (row.vjp.empty()) continue;
      SourceMap sources;
      out.emplace(row.op, read_one(sources, sources.add(std::string(row.name), std::string(row.vjp))).value());
    }
    return out;
  }();
  return templates.at(op);
}

/// A template is shallow, so this recurses. Constants are of z's type.
NodeId instantiate(const Call& call, const Datum& form) {
  if (form.is_symbol("x")) return call.operand(0);
  if (form.is_symbol("y")) return call.operand(1);
  if (form.is_symbol("z")) return call.id;
  if (form.is_symbol("g")) return call.g.value;
  if (form.is_number())
    return call.build.constant(Scalar::parse(form, call.node.type.dtype).value(), call.node.type.shape);
  assert(form.is_list() && find_op(form[0].text));
  std::vector<NodeId> operands;
  for (size_t i = 1; i < form.size(); ++i) operands.push_back(instantiate(call, form[i]));
  return call.build.op(*find_op(form[0].text), std::move(operands));
}

/// A factor that cannot be infinite or NaN.
bool finite_constant(const Call& call, NodeId factor) {
  const Node* node = &call.build.graph()[factor];
  while (node->is(Op::kExpand) || node->is(Op::kReshape)) node = &call.build.graph()[node->operands[0]];
  if (!node->is(Op::kConst)) return false;
  std::complex<double> value = node->get<ConstAttributes>().value.as_complex();
  return std::isfinite(value.real()) && std::isfinite(value.imag());
}

}  // namespace

Flows elementwise_rule(const Call& call) {
  const Datum& rows = vjp_template(call.node.op);
  Flows out(call.node.operands.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (!call.wanted[i]) continue;
    NodeId value = instantiate(call, rows[i]);
    bool product = call.node.is(Op::kMul);
    if (product && call.contraction)
      out[i] = {value};
    else if (product && finite_constant(call, call.operand(1 - i)))
      out[i] = {value, call.g.counts};
    else
      out[i] = guard(call, value);
  }
  return out;
}

Flows if_rule(const Call& call) {
  const Build& b = call.build;
  NodeId zero = b.zeros(b.type(call.g.value));
  Flows out(3);
  auto where = [&](NodeId condition) { return call.g.counts.valid() ? b.both(call.g.counts, condition) : condition; };
  if (call.wanted[1]) out[1] = {b.select(call.operand(0), call.g.value, zero), where(call.operand(0))};
  if (call.wanted[2]) out[2] = {b.select(call.operand(0), zero, call.g.value), where(b.negate(call.operand(0)))};
  return out;
}

NodeId push_elementwise(const Push& push) {
  NodeId out{};
  for (size_t i = 0; i < push.tangents.size(); ++i) {
    if (!push.tangents[i].valid()) continue;
    Call call{.build = push.build, .id = push.id, .node = push.node, .g = {push.tangents[i]}, .wanted = {}};
    NodeId part = instantiate(call, vjp_template(push.node.op)[i]);
    out = out.valid() ? push.build.add(out, part) : part;
  }
  return out;
}

}  // namespace caten::autodiff
