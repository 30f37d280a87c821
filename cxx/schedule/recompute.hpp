// Values that other kernels would rather compute again than read.
//
// A derivative reads what its function computed on the way: of a gelu some twenty values per element, each written by
// one kernel and read by another. Memory moves a value in the time of several operations, so that where kernels can
// compute all that they read of another one from a few values that are in memory anyway, they do.
#pragma once

#include <set>

#include "schedule/fusion.hpp"
#include "schedule/grouping.hpp"

namespace caten {

/// Roots that are to be inlined wherever they are read. `kept`: roots that are not.
std::set<uint32_t> cheaper_again(const Fusion& fusion, const Grouping& grouping, const std::set<uint32_t>& kept);

}  // namespace caten
