// Sums of many elements to a few: all threads compute parts of them.
//
// A kernel's threads share the elements of its result, so that a sum to one element has one thread. It becomes a sum of
// sums: one for each of the leading elements that are folded, or for each run of equal length.
#pragma once

#include "schedule/schedule.hpp"

namespace caten {

/// The graph with such sums (of any kind: products, maxima, …) in two steps.
Graph split_sums(Graph graph, const SumLimits& limits);

}  // namespace caten
