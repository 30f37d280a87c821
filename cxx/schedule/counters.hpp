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

/// What one launch of a kernel needs at least: each element that it reads, once; what it writes; one operation for
/// each element of each float that it computes, and for each element that a float fold takes in.
struct KernelCost {
  double bytes_read = 0;
  double bytes_written = 0;
  double flops = 0;

  KernelCost& operator+=(const KernelCost& o) {
    bytes_read += o.bytes_read, bytes_written += o.bytes_written, flops += o.flops;
    return *this;
  }
  KernelCost operator*(double part) const { return {bytes_read * part, bytes_written * part, flops * part}; }
};
KernelCost count_kernel(const Schedule& schedule, const Kernel& kernel, const DimValues& sizes);

/// Loops count as if they ran to their end. E0306 if a buffer leaves 63 bits.
Result<Counters> count_costs(const Schedule& schedule, const DimValues& sizes);

}  // namespace caten
