// Which numbers stand for what has a hash: open addressing, for interned nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace caten {

class HashIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// The slot of the entry with this hash for which `is_it(id)`, else the slot where it belongs.
  template <class IsIt>
  size_t find(size_t hash, IsIt&& is_it) const {
    if (slots_.empty()) return 0;
    size_t mask = slots_.size() - 1;
    for (size_t slot = scatter(hash) & mask;; slot = (slot + 1) & mask) {
      const Slot& here = slots_[slot];
      if (here.id == kNone || (here.hash == hash && is_it(here.id))) return slot;
    }
  }

  /// The entry of a slot that find gave, or kNone.
  uint32_t at(size_t slot) const { return slots_.empty() ? kNone : slots_[slot].id; }

  /// Fills the empty slot that find gave.
  void insert(size_t slot, size_t hash, uint32_t id) {
    if (2 * (count_ + 1) > slots_.size()) {
      grow();
      slot = find(hash, [](uint32_t) { return false; });
    }
    slots_[slot] = {hash, id};
    ++count_;
  }

  /// Room for as many entries.
  void reserve(size_t count) {
    while (slots_.size() < 2 * (count + 1)) grow();
  }

 private:
  struct Slot {
    size_t hash = 0;
    uint32_t id = kNone;
  };

  /// The low bits of hashes may be alike.
  static size_t scatter(size_t hash) { return hash ^ (hash >> 32) ^ (hash >> 15); }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& entry : old)
      if (entry.id != kNone) slots_[find(entry.hash, [](uint32_t) { return false; })] = entry;
  }

  std::vector<Slot> slots_;  ///< a power of two, at most half full
  size_t count_ = 0;
};

}  // namespace caten
