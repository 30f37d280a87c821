// Identities of and, xor and if, over bools and integers.
#include "rewrite/rewrite.hpp"
#include "rewrite/rules/constant.hpp"

namespace caten {
namespace {

using rules::is_ones;
using rules::is_zero;

NodeId and_self(const Build&, const Node& node) {
  return node.operands[0] == node.operands[1] ? node.operands[0] : NodeId{};  // x & x -> x
}

NodeId and_ones(const Build& b, const Node& node) {
  if (is_ones(b.graph(), node.operands[1])) return node.operands[0];  // x & ~0 -> x
  if (is_ones(b.graph(), node.operands[0])) return node.operands[1];  // ~0 & x -> x
  return {};
}

NodeId and_zero(const Build& b, const Node& node) {
  bool zero = is_zero(b.graph(), node.operands[0]) || is_zero(b.graph(), node.operands[1]);
  return zero ? b.zeros(node.type) : NodeId{};  // x & 0 -> 0
}

NodeId xor_zero(const Build& b, const Node& node) {
  if (is_zero(b.graph(), node.operands[1])) return node.operands[0];  // x ^ 0 -> x
  if (is_zero(b.graph(), node.operands[0])) return node.operands[1];  // 0 ^ x -> x
  return {};
}

NodeId xor_self(const Build& b, const Node& node) {
  return node.operands[0] == node.operands[1] ? b.zeros(node.type) : NodeId{};  // x ^ x -> 0
}

NodeId xor_twice(const Build& b, const Node& node) {
  for (size_t i : {0u, 1u}) {
    const Node& inner = b.graph()[node.operands[i]];
    if (!inner.is(Op::kXor)) continue;
    if (inner.operands[1] == node.operands[1 - i]) return inner.operands[0];  // (x ^ y) ^ y -> x
    if (inner.operands[0] == node.operands[1 - i]) return inner.operands[1];  // (y ^ x) ^ y -> x
  }
  return {};
}

NodeId if_same(const Build&, const Node& node) {
  return node.operands[1] == node.operands[2] ? node.operands[1] : NodeId{};  // if c x x -> x
}

NodeId if_constant(const Build& b, const Node& node) {
  std::optional<Scalar> condition = constant_value(b.graph(), node.operands[0]);
  if (!condition) return {};
  return node.operands[condition->as_bool() ? 1 : 2];  // if true x y -> x
}

}  // namespace

std::vector<Rule> logic_rules() {
  return {{"and-self", Op::kAnd, and_self}, {"and-ones", Op::kAnd, and_ones},     {"and-zero", Op::kAnd, and_zero},
          {"xor-zero", Op::kXor, xor_zero}, {"xor-self", Op::kXor, xor_self},     {"xor-twice", Op::kXor, xor_twice},
          {"if-same", Op::kIf, if_same},    {"if-constant", Op::kIf, if_constant}};
}

}  // namespace caten
