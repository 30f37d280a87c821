// Which results kernels write past the caches. A processor reads a cache line before it writes to it; of a result that
// no cache holds until it is read, that is a third of the traffic for nothing.
#pragma once

#include "schedule/schedule.hpp"

namespace caten {

/// Marks what the last pass of a kernel computes without folds and has at least `bytes`. What earlier passes left in
/// the memory of such a result, or in memory of its own, is a row in the kernel then: lines that are in the caches
/// already would only be written twice.
void choose_streams(Schedule& schedule, int64_t bytes);

}  // namespace caten
