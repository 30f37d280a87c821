// Memory of arrays. Large blocks that are released are kept for the next array of about that size: the system's take a
// fault for each page at the first touch, which takes longer than most kernels that write them.
#pragma once

#include <cstddef>
#include <memory>

namespace caten {

/// As allocate_aligned (base/memory.hpp); null if there is no memory, kept blocks given back. Thread-safe.
std::shared_ptr<void> allocate_array(size_t bytes);

/// Gives blocks that are kept back to the system: how many bytes.
size_t release_kept_blocks();

}  // namespace caten
