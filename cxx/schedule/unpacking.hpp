// Values that are better taken apart where they are read than kept in memory.
#pragma once

#include "ir/graph.hpp"

namespace caten {

inline constexpr int64_t kMuchUnpacked = int64_t{16} << 20;  ///< bytes that a value would take at least

/// Whether a value is made of single bytes in memory by a few element-wise operations with constants, as weights of 8
/// or 4 bits are, and would take four times their memory and more than caches hold.
bool unpacks_much(const Graph& graph, NodeId id);

}  // namespace caten
