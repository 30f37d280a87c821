// Memory for arrays, the program's and the drivers' alike. Header only: drivers are libraries of their own.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace caten {

/// At least `bytes`, at an address that 64 divides; nullptr if there is no memory. std::free releases it. What has room
/// for huge pages gets them where the system lends them: the first touch of new memory costs a fault per page, which
/// takes longer than most kernels that write it.
inline void* allocate_aligned(size_t bytes) {
  constexpr size_t kLine = 64, kHugePage = size_t{2} << 20;
  bool huge = bytes >= 2 * kHugePage;
  size_t unit = huge ? kHugePage : kLine;
  if (bytes > SIZE_MAX - unit) return nullptr;
  size_t rounded = bytes == 0 ? unit : (bytes + unit - 1) / unit * unit;
  void* memory = std::aligned_alloc(unit, rounded);
#if defined(MADV_HUGEPAGE)
  if (memory && huge) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return memory;
}

}  // namespace caten
