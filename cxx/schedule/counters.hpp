// What running a schedule costs, counted without running it: for tests that hold a workload to a number.
#pragma once

#include "schedule/memory.hpp"

namespace caten {

struct Counters {
  int64_t launches = 0;       ///< kernels that run, those of loops as often as they run
  int64_t copies = 0;         ///< between buffers
  int64_t bytes_read = 0;     ///< by kernels and copies: each buffer once per launch, as a whole
  int64_t bytes_written = 0;  ///< likewise; what a later pass of the same kernel, or kernel of the same block, reads
                              ///< again is in the cache
  size_t arena_bytes = 0;     ///< of intermediate values
};

/// Loops count as if they ran to their end. E0306 if a buffer leaves 63 bits.
Result<Counters> count_costs(const Schedule& schedule, const DimValues& sizes);

}  // namespace caten
