// Identities of add, mul, div, mod and max. Of floats only those that hold for NaN, infinities and both zeros.
#include "rewrite/rewrite.hpp"
#include "rewrite/rules/constant.hpp"

namespace caten {
namespace {

using rules::is;
using rules::is_one;
using rules::is_zero;

bool real_or_integer(const Node& node) { return contains(kRealSet, node.type.dtype); }

/// The operand beside one that `test` accepts.
template <class Test>
NodeId beside(const Build& b, const Node& node, Test&& test) {
  if (test(b.graph(), node.operands[1])) return node.operands[0];
  if (test(b.graph(), node.operands[0])) return node.operands[1];
  return {};
}

// Not for floats: -0 + 0 is +0.
NodeId add_zero(const Build& b, const Node& node) {
  return is_integer(node.type.dtype) ? beside(b, node, is_zero) : NodeId{};  // x + 0 -> x
}

NodeId add_negative_zero(const Build& b, const Node& node) {
  if (!is_float(node.type.dtype)) return {};
  Scalar zero = Scalar::of_real(node.type.dtype, -0.0);
  return beside(b, node, [&](const Graph& g, NodeId id) { return is(g, id, zero); });  // x + -0 -> x
}

// Not for complex numbers: (inf + 0i) * (1 + 0i) has a NaN.
NodeId mul_one(const Build& b, const Node& node) {
  return real_or_integer(node) ? beside(b, node, is_one) : NodeId{};  // x * 1 -> x
}

// Not for floats: inf * 0 is NaN.
NodeId mul_zero(const Build& b, const Node& node) {
  if (!is_integer(node.type.dtype) || !beside(b, node, is_zero).valid()) return {};
  return b.zeros(node.type);  // x * 0 -> 0
}

NodeId div_one(const Build& b, const Node& node) {
  return real_or_integer(node) && is_one(b.graph(), node.operands[1]) ? node.operands[0] : NodeId{};  // x / 1 -> x
}

NodeId mod_one(const Build& b, const Node& node) {
  if (!is_integer(node.type.dtype) || !is_one(b.graph(), node.operands[1])) return {};
  return b.zeros(node.type);  // x mod 1 -> 0
}

NodeId max_self(const Build&, const Node& node) {
  return node.operands[0] == node.operands[1] ? node.operands[0] : NodeId{};  // max(x, x) -> x
}

NodeId max_least(const Build& b, const Node& node) {
  Scalar least = identity(Combine::kMax, node.type.dtype);
  return beside(b, node, [&](const Graph& g, NodeId id) { return is(g, id, least); });  // max(x, least) -> x
}

}  // namespace

std::vector<Rule> arithmetic_rules() {
  return {{"add-zero", Op::kAdd, add_zero}, {"add-negative-zero", Op::kAdd, add_negative_zero},
          {"mul-one", Op::kMul, mul_one},   {"mul-zero", Op::kMul, mul_zero},
          {"div-one", Op::kDiv, div_one},   {"mod-one", Op::kMod, mod_one},
          {"max-self", Op::kMax, max_self}, {"max-least", Op::kMax, max_least}};
}

}  // namespace caten
