// Channels behind the axes of an image: what convolutions hand on to each other.
//
// In: a graph as it is scheduled, and what the runtime's library computes. Out: the same values, where convolutions and
// what lies between them (element-wise ops, windows that are folded) are computed in the order image, places, channel.
// The library takes images so as they are; in the order of the program it brings each to such an order and back.
#pragma once

#include "ir/graph.hpp"
#include "schedule/schedule.hpp"

namespace caten {

/// Convolutions that no other one follows or precedes stay as they are.
Graph put_channels_last(Graph graph, const RoutineLibrary& library, const LibraryLimits& limits);

}  // namespace caten
