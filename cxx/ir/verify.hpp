// In: a Graph as some pass left it. Out: nothing, or E0806 that names the node and the broken invariant (a bug of
// caten, never the user's).
//
// What holds of every graph (see ir/graph.hpp): operands come before their users; equal values are one node; attributes
// fit the op; types are what ir/infer.hpp says, without sizes being equated that the program's equations and guards do
// not equate; loop variables occur only under a loop of their level and have the types of its carries; the program's
// results depend on none; every named size is declared; inputs, states and outputs are named once. What more holds
// after which step is a row of the stage table in verify.cpp.
#pragma once

#include "ir/graph.hpp"

namespace caten {

enum class Stage : uint8_t {
  kBuilt,    ///< being built: sizes that were solved since may still stand in types
  kChecked,  ///< what the checker hands out and every rewrite keeps: sizes are resolved
  kFlat,     ///< what lowering takes: composites are inlined, no region is left
};

Status verify(const Graph& graph, Stage stage = Stage::kChecked);

}  // namespace caten
