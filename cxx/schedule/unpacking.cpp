#include "schedule/unpacking.hpp"

#include <optional>

#include "schedule/access.hpp"

namespace caten {
namespace {

constexpr int kMostSteps = 8;

bool is_constant(const Graph& graph, NodeId id) {
  while (is_view(graph[id])) id = graph[id].operands[0];
  return graph[id].is(Op::kConst);
}

/// The operand that is no constant, if there is a single one.
std::optional<NodeId> only_operand(const Graph& graph, const Node& node) {
  std::optional<NodeId> out;
  for (NodeId operand : node.operands) {
    if (is_constant(graph, operand)) continue;
    if (out) return std::nullopt;
    out = operand;
  }
  return out;
}

/// What such operations are made of, or nothing.
std::optional<NodeId> below(const Graph& graph, const Node& node) {
  bool keeps_elements = is_view(node) || node.is(Op::kCast) || is_elementwise(node.op);
  return keeps_elements ? only_operand(graph, node) : std::nullopt;
}

double bytes_of(const ValueType& type) {
  auto bytes = static_cast<double>(dtype_size(type.dtype));
  for (const Dim& size : type.shape) bytes *= static_cast<double>(size_or_long(size));
  return bytes;
}

}  // namespace

bool unpacks_much(const Graph& graph, NodeId id) {
  const ValueType& type = graph.type(id);
  if (dtype_size(type.dtype) < 4 || bytes_of(type) < static_cast<double>(kMuchUnpacked)) return false;
  for (int step = 0; step < kMostSteps; ++step) {
    const Node& node = graph[id];
    if (node.kind == NodeKind::kInput || node.kind == NodeKind::kState)
      return node.type.dtype == DType::kI8 || node.type.dtype == DType::kU8;
    std::optional<NodeId> next = node.kind == NodeKind::kOp ? below(graph, node) : std::nullopt;
    if (!next) return false;
    id = *next;
  }
  return false;
}

}  // namespace caten
