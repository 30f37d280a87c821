// Which values of one scope (the program, or the body of one loop) are roots, and why.
//
// Decided from users to operands: a value knows the contexts in which it is needed, a kernel and an index mapping each.
// One context: it is inlined there. Several: views and values that cost next to nothing are inlined in all of them, the
// rest is computed once. See schedule.hpp.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ir/graph.hpp"
#include "ir/node_numbers.hpp"

namespace caten {

/// The nesting of loops around a scope: levels, outermost first. A value belongs to the deepest scope whose level it
/// depends on.
struct ScopeStack {
  std::vector<int> levels;  ///< of scopes 1, 2, …; scope 0 is the program

  size_t scope_of(const Node& node) const {
    for (size_t i = levels.size(); i-- > 0;)
      if (node.free_levels >> levels[i] & 1) return i + 1;
    return 0;
  }
};

/// A value that the scope must deliver: an output, the next value of a state or carry, …
struct Target {
  NodeId node;
  std::string reason;
};

struct Fusion {
  std::vector<NodeId> nodes;              ///< of the scope, ascending: all that its targets need
  std::map<uint32_t, std::string> roots;  ///< values with a buffer of their own, with the reason
  std::set<uint32_t> bounds;              ///< roots that keep kernels small, or that a schedule asks for
  std::vector<uint32_t> uses;             ///< of each node: how many users it has, targets and loops included
  std::vector<int> work;                  ///< of each node: scalar operations per element, down to what is in memory
  std::set<uint32_t> captured;            ///< read by a loop of this scope, for its initial values, count or body

  /// Its place in `nodes`, or the size of those.
  size_t place_of(NodeId id) const {
    auto found = std::lower_bound(nodes.begin(), nodes.end(), id);
    return static_cast<size_t>((found == nodes.end() || *found != id ? nodes.end() : found) - nodes.begin());
  }
  int work_of(uint32_t node) const { return work.at(place_of({node})); }
};

inline constexpr int kHeavyWork = 8;  ///< cost of a transcendental function; what costs less is rather computed again

struct FusionOptions {
  std::set<uint32_t> kept{};     ///< values that are to be in memory if they are computed
  std::set<uint32_t> inlined{};  ///< values that are not
  bool inlining = true;
  bool windows = true;  ///< elements at sums of positions are gathered, if they are read more than once
};

/// Without `inlining` everything that computes is a root; views and constants are not. `numbers`: of this graph, for
/// the nodes of the scope while it is decided.
Fusion decide_fusion(const Graph& graph, const ScopeStack& stack, const std::vector<Target>& targets,
                     const FusionOptions& options, NodeNumbers& numbers);

/// The operand with the same elements in the same order: through reshape, and bitcast between equal sizes.
NodeId storage_base(const Graph& graph, NodeId id);

/// Operands of a loop that are evaluated outside its body: its count and initial values.
size_t outside_operands(const Node& loop);

}  // namespace caten
