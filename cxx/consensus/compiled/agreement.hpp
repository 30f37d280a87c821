// Which of the proposals of a step are committed: compared, freed of conflicts (docs/consensus.md, 3.6 and 3.7).
//
// In: proposals with what they would break, and the places of their footprints. Out: winners. They are those of the
// interpreter: as if taken greedily in the order of the keys. Entry: Agreement.
#pragma once

#include <algorithm>
#include <memory>
#include <new>

#include "base/large_blocks.hpp"
#include "consensus/compiled/rounds.hpp"
#include "consensus/compiled/vote.hpp"

namespace caten::consensus::compiled {

class Agreement {
 public:
  /// `places`: of all footprints. `levels`: of violated weights.
  Agreement(int64_t places, size_t levels)
      : levels_(levels), memory_(allocate_array(static_cast<size_t>(places) * sizeof(uint32_t))) {
    if (!memory_) throw std::bad_alloc();
    best_ = {static_cast<uint32_t*>(memory_.get()), static_cast<size_t>(places)};
    std::fill(best_.begin(), best_.end(), 0);
    votes_.clear(levels);
  }

  /// What a step begins with.
  void clear();
  /// Where they are counted: a rule's behind those of rules before it.
  Votes& votes() { return votes_; }
  const Votes& votes() const { return votes_; }

  /// The better one of two (3.6).
  bool better(const Vote& a, const Vote& b) const;
  /// Best first.
  void sort(LargeVector<Vote>& votes) const;

  /// Of the votes that are for the same places the best alone, in no order. `footprint` calls what it is given with
  /// each place.
  template <class Footprint>
  LargeVector<Vote> winners(const Footprint& footprint) {
    LargeVector<Vote> out;
    if (votes_.each.size() >= kFewest && ties_decide(votes_.each)) {
      all_used_ = true;
      if (GreedyRounds<Footprint>(votes_.each, footprint, best_, scratch_).choose(out)) return out;
      free_places();
      out.clear();
    }
    sort(votes_.each);
    constexpr uint32_t kTaken = GreedyRounds<Footprint>::kTaken;
    for (const Vote& each : votes_.each) {
      bool free = true;
      footprint(each, [&](int64_t place) { free = free && best_[static_cast<size_t>(place)] != kTaken; });
      if (!free) continue;
      footprint(each, [&](int64_t place) {
        best_[static_cast<size_t>(place)] = kTaken;
        used_.push_back(place);
      });
      out.push_back(each);
    }
    return out;
  }

 private:
  /// Fewer votes are sorted by comparing them.
  static constexpr size_t kFewest = 4096;

  static uint64_t key(const Vote& vote);
  bool keys_decide(const LargeVector<Vote>& votes) const;
  bool ties_decide(const LargeVector<Vote>& votes) const;
  void free_places();

  size_t levels_;
  Votes votes_{};
  std::shared_ptr<void> memory_;  ///< in large pages: places are met in no order
  std::span<uint32_t> best_{};    ///< of each place, as GreedyRounds has it
  RoundsMemory scratch_{};
  std::vector<int64_t> used_{};  ///< the places that are not free
  bool all_used_ = false;        ///< any may be
};

}  // namespace caten::consensus::compiled
