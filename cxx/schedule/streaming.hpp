// Which results kernels write past the caches. A processor reads a cache line before it writes to it; of a result that
// no cache holds until it is read, that is a third of the traffic for nothing.
#pragma once

#include "schedule/schedule.hpp"

namespace caten {

/// Marks the parts of kernels in one pass without folds whose result has at least `bytes`.
void choose_streams(Schedule& schedule, int64_t bytes);

}  // namespace caten
