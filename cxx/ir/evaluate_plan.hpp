// In what order the reference evaluator computes the values of a program, and when it lets them go.
//
// A scope is the program itself or the body of one loop. A value belongs to the innermost scope among the loops whose
// variables reach it, so that it is computed once per iteration of just that loop; what a body needs from outside is an
// operand of the loop, which is how captured values stay alive while it runs.
#pragma once

#include <map>
#include <vector>

#include "ir/call.hpp"

namespace caten::evaluation {

struct Scope {
  std::vector<NodeId> nodes{};                   ///< ascending, which is an order of evaluation
  std::vector<std::vector<uint32_t>> release{};  ///< per node: positions whose values nobody needs after it
  size_t peak_bytes = 0;                         ///< the most that is alive at once
  /// The position of a node of this scope.
  size_t position(NodeId id) const;
};

struct Plan {
  Scope program{};
  std::map<NodeId, Scope> loops{};
  /// By node id; empty for nodes that are not needed.
  std::vector<std::vector<int64_t>> shapes{};
  /// By node id: inside a region marked `:contract`, where a product may be fused with its sum.
  std::vector<bool> contract{};
};

/// E0306 if a value has more bytes than can be counted. `bounded` counts the error bounds too.
Result<Plan> make_plan(const Graph& graph, const DimValues& sizes, bool bounded);

}  // namespace caten::evaluation
