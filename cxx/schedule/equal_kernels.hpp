// In: a schedule. Out: which of its kernels compute the same from other buffers, as those of equal layers do. They have
// one loop nest and one text: what compiling costs follows the kernels that differ, not their number.
#pragma once

#include "schedule/schedule.hpp"

namespace caten {

struct EqualKernel {
  uint32_t first = 0;                      ///< the first kernel that computes the same, or the kernel itself
  std::map<BufferId, BufferId> buffers{};  ///< what takes the place of that one's buffers; empty for itself
};

/// Of each kernel. Kernels in row blocks, with schedule hints or written by hand are equal to themselves only.
std::vector<EqualKernel> equal_kernels(const Schedule& schedule);

}  // namespace caten
