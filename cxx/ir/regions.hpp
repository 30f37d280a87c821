// What belongs to the body of a region, and schedules handed down to it.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph.hpp"

namespace caten {

/// The nodes of the region's body that depend on one of its arguments, ascending. What the body reads without depending
/// on an argument was computed outside, or is a constant.
std::vector<NodeId> nodes_inside(const Graph& graph, const Node& region);

/// By node: inside the body of a region with `:contract t`, where a product may be fused with a sum it is added to, so
/// that it is not rounded first; or marked so when regions were opened.
std::vector<bool> contracted_nodes(const Graph& graph);

/// The graph in which the nodes inside of each region that has a schedule have an origin with that hint, inner regions
/// first; nothing if no region has one.
std::optional<Graph> mark_schedules(const Graph& graph);

}  // namespace caten
