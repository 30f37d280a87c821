// A Graph as IR text that reads back to an equal Graph: reading what was printed and printing again gives the same
// bytes.
//
// Values are printed in the order of their ids, each once, under the name of the source or a fresh v0, v1, …; constants
// stand where they are used; the values of a loop's body stand inside it.
#pragma once

#include <string>

#include "ir/graph.hpp"
#include "sexp/datum.hpp"

namespace caten {

/// (ir 1 (program …))
Datum to_datum(const Graph& graph);
std::string print(const Graph& graph);

/// One value for messages and traces: "(add x:f32[3] y:f32[3])", operands by name or by their op.
std::string describe_node(const Graph& graph, NodeId id);

}  // namespace caten
