// In: a checked Graph. Out: an equal Graph with fewer forms for the schedule to know: sizes resolved, regions replaced
// by their values, and sums and products of 2-byte floats written as the f32 accumulations that they are.
#pragma once

#include "ir/graph.hpp"

namespace caten {

Graph normalize_for_schedule(const Graph& graph);

}  // namespace caten
