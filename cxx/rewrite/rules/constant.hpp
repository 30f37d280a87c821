// What rules ask of operands.
#pragma once

#include "ir/build.hpp"
#include "rewrite/optimizer.hpp"

namespace caten::rules {

inline bool is(const Graph& graph, NodeId id, const Scalar& value) {
  std::optional<Scalar> constant = constant_value(graph, id);
  return constant && *constant == value;
}
inline bool is_zero(const Graph& graph, NodeId id) { return is(graph, id, Scalar::zero(graph.type(id).dtype)); }
inline bool is_one(const Graph& graph, NodeId id) { return is(graph, id, Scalar::one(graph.type(id).dtype)); }
/// All bits set; true.
inline bool is_ones(const Graph& graph, NodeId id) {
  return is(graph, id, identity(Combine::kAnd, graph.type(id).dtype));
}

}  // namespace caten::rules
