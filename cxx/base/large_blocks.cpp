#include "base/large_blocks.hpp"

#include <cstdlib>
#include <mutex>
#include <vector>

#include "base/memory.hpp"

namespace caten {
namespace {

constexpr size_t kLarge = size_t{4} << 20;
constexpr size_t kUnit = size_t{2} << 20;
constexpr size_t kMostKept = size_t{512} << 20;

class KeptBlocks {
 public:
  KeptBlocks() { blocks_.reserve(kMostKept / kLarge + 1); }

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

  /// Allocates nothing: it is called where arrays end.
  void give(void* memory, size_t bytes) noexcept {
    std::lock_guard lock(mutex_);
    if (bytes > kMostKept) return std::free(memory);
    while (kept_ + bytes > kMostKept) drop_oldest();
    blocks_.push_back({memory, bytes});
    kept_ += bytes;
  }

  size_t clear() {
    std::lock_guard lock(mutex_);
    size_t bytes = kept_;
    while (!blocks_.empty()) drop_oldest();
    return bytes;
  }

 private:
  struct Block {
    void* memory;
    size_t bytes;
  };

  void drop_oldest() {
    std::free(blocks_.front().memory);
    kept_ -= blocks_.front().bytes;
    blocks_.erase(blocks_.begin());
  }

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
