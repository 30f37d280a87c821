#include "base/large_blocks.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "base/memory.hpp"

namespace caten {
namespace {

constexpr size_t kLarge = size_t{4} << 20;
constexpr size_t kUnit = size_t{2} << 20;
constexpr size_t kMostKept = size_t{256} << 20;

class KeptBlocks {
 public:
  /// The smallest that is large enough and at most an eighth larger.
  void* take(size_t& bytes) {
    std::lock_guard lock(mutex_);
    auto best = blocks_.end();
    for (auto block = blocks_.begin(); block != blocks_.end(); ++block)
      if (block->bytes >= bytes && block->bytes - bytes <= bytes / 8 &&
          (best == blocks_.end() || block->bytes < best->bytes))
        best = block;
    if (best == blocks_.end()) return nullptr;
    void* memory = best->memory;
    bytes = best->bytes;
    kept_ -= bytes;
    blocks_.erase(best);
    return memory;
  }

  void give(void* memory, size_t bytes) {
    std::vector<Block> gone;
    {
      std::lock_guard lock(mutex_);
      blocks_.push_back({memory, bytes});
      kept_ += bytes;
      while (kept_ > kMostKept) {
        gone.push_back(blocks_.front());
        kept_ -= blocks_.front().bytes;
        blocks_.erase(blocks_.begin());
      }
    }
    for (const Block& block : gone) std::free(block.memory);
  }

  size_t clear() {
    std::vector<Block> gone;
    size_t bytes = 0;
    {
      std::lock_guard lock(mutex_);
      gone.swap(blocks_);
      bytes = std::exchange(kept_, 0);
    }
    for (const Block& block : gone) std::free(block.memory);
    return bytes;
  }

 private:
  struct Block {
    void* memory;
    size_t bytes;
  };
  std::mutex mutex_;
  std::vector<Block> blocks_;  ///< released last at the end
  size_t kept_ = 0;
};

/// Never destroyed: arrays may live until the process ends.
KeptBlocks& kept_blocks() {
  static auto* blocks = new KeptBlocks;
  return *blocks;
}

}  // namespace

std::shared_ptr<void> allocate_array(size_t bytes) {
  if (bytes < kLarge || bytes > SIZE_MAX - kUnit) {
    void* memory = allocate_aligned(bytes);
    return memory ? std::shared_ptr<void>(memory, std::free) : nullptr;
  }
  bytes = (bytes + kUnit - 1) / kUnit * kUnit;
  void* memory = kept_blocks().take(bytes);
  if (!memory) memory = allocate_aligned(bytes);
  if (!memory && release_kept_blocks() > 0) memory = allocate_aligned(bytes);
  if (!memory) return nullptr;
  return {memory, [bytes](void* released) { kept_blocks().give(released, bytes); }};
}

size_t release_kept_blocks() { return kept_blocks().clear(); }

}  // namespace caten
