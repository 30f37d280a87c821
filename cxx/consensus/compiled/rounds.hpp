// Greedy choice among many votes, by several threads: part of agreement.hpp.
//
// In: votes that differ in their hashes alone, the places that each wants. Out: those that greedy choice in the order
// of the hashes takes. A vote that is the best one at each of its places wins; it and those that it excludes are out,
// and so again with the others, of which there are soon few. Entry: GreedyRounds::choose.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "consensus/compiled/vote.hpp"

namespace caten::consensus::compiled {

/// What is used from step to step.
struct RoundsMemory {
  LargeVector<uint32_t> live{}, winners{};
  LargeVector<uint8_t> wins{};
};

/// `Footprint`: calls what it is given with each place of a vote.
template <class Footprint>
class GreedyRounds {
 public:
  /// What a place holds when it is taken, and before: there is no vote for it.
  static constexpr uint32_t kTaken = UINT32_MAX, kFree = 0;

  /// `best`: of each place, free.
  GreedyRounds(const LargeVector<Vote>& votes, const Footprint& footprint, std::span<uint32_t> best,
               RoundsMemory& memory)
      : votes_(votes),
        footprint_(footprint),
        best_(best),
        live_(memory.live),
        winners_(memory.winners),
        wins_(memory.wins) {
    live_.resize(votes.size());
    winners_.resize(votes.size());
    wins_.resize(votes.size());
    std::iota(live_.begin(), live_.end(), 0);
    std::fill(wins_.begin(), wins_.end(), 0);
  }

  /// In the order of the votes. False: two that meet have equal hashes, or one the hash of kTaken.
  bool choose(LargeVector<Vote>& out) {
    while (!live_.empty()) {
      if (!offer()) return false;
      decide();
    }
    std::vector<size_t> first(1 + parallel_parts(votes_.size(), kFewestOfThread));
    in_parallel(votes_.size(), kFewestOfThread, [&](size_t part, size_t begin, size_t end) {
      first[part + 1] = static_cast<size_t>(std::count(wins_.data() + begin, wins_.data() + end, 1));
    });
    std::partial_sum(first.begin(), first.end(), first.begin());
    out.resize(first.back());
    in_parallel(votes_.size(), kFewestOfThread, [&](size_t part, size_t begin, size_t end) {
      Vote* to = out.data() + first[part];
      for (size_t i = begin; i < end; ++i)
        if (wins_[i] != 0) *to++ = votes_[i];
    });
    return true;
  }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;

  std::atomic_ref<uint32_t> at(int64_t place) { return std::atomic_ref(best_[static_cast<size_t>(place)]); }

  /// The places of votes to come are fetched while others are looked at: each is in another line of memory.
  void look_ahead(const LargeVector<uint32_t>& list, size_t k, size_t end) const {
    constexpr size_t kAhead = 12;
    if (k + kAhead >= end) return;
    footprint_(votes_[list[k + kAhead]],
               [&](int64_t place) { __builtin_prefetch(&best_[static_cast<size_t>(place)], 1); });
  }

  /// Each place gets the greatest hash of those that want it. Threads share the places, so that each has one writer.
  bool offer() {
    std::atomic<bool> equal = false;
    size_t parts = parallel_parts(live_.size(), kFewestOfThread);
    in_parallel(parts, 1, [&](size_t part, size_t, size_t) {
      auto begin = static_cast<int64_t>(best_.size() * part / parts);
      auto end = static_cast<int64_t>(best_.size() * (part + 1) / parts);
      bool met = false;
      for (size_t k = 0; k < live_.size(); ++k) {
        look_ahead(live_, k, live_.size());
        uint32_t i = live_[k], hash = votes_[i].tie;
        met |= hash == kTaken;
        footprint_(votes_[i], [&](int64_t place) {
          uint32_t elsewhere = kFree, *held = &best_[static_cast<size_t>(place)];
          bool mine = place >= begin && place < end;
          held = mine ? held : &elsewhere;
          met |= mine && *held == hash;
          *held = *held < hash ? hash : *held;
        });
      }
      if (met) equal = true;
    });
    return !equal;
  }

  /// Winners take their places; those that want one of these are out, and the places of the others are free again.
  /// What half of the votes do is computed instead of branched on: wrong guesses took most of the time.
  void decide() {
    std::vector<Part> parts(parallel_parts(live_.size(), kFewestOfThread));
    in_parallel(live_.size(), kFewestOfThread, [&](size_t number, size_t begin, size_t end) {
      Part& part = parts[number] = {begin, begin, begin};
      for (size_t k = begin; k < end; ++k) {
        look_ahead(live_, k, end);
        uint32_t i = live_[k];
        bool wins = true;
        footprint_(votes_[i], [&](int64_t place) { wins &= best_[static_cast<size_t>(place)] == votes_[i].tie; });
        wins_[i] = wins;
        winners_[part.winners_end] = live_[part.live_end] = i;
        part.winners_end += wins;
        part.live_end += !wins;
      }
    });
    for_parts(parts, [&](Part& part) {
      for (size_t k = part.begin; k < part.winners_end; ++k) {
        look_ahead(winners_, k, part.winners_end);
        footprint_(votes_[winners_[k]], [&](int64_t place) { at(place).store(kTaken, kRelaxed); });
      }
    });
    for_parts(parts, [&](Part& part) {
      size_t end = part.live_end;
      part.live_end = part.begin;
      for (size_t k = part.begin; k < end; ++k) {
        look_ahead(live_, k, end);
        uint32_t i = live_[k];
        bool free = true;
        footprint_(votes_[i], [&](int64_t place) { free &= at(place).load(kRelaxed) != kTaken; });
        live_[part.live_end] = i;
        part.live_end += free;
      }
    });
    for_parts(parts, [&](Part& part) {
      for (size_t k = part.begin; k < part.live_end; ++k)
        footprint_(votes_[live_[k]], [&](int64_t place) { at(place).store(kFree, kRelaxed); });
    });
    size_t left = 0;
    for (const Part& part : parts)
      for (size_t k = part.begin; k < part.live_end; ++k) live_[left++] = live_[k];
    live_.resize(left);
  }

  /// What a thread has of the votes that are live.
  struct Part {
    size_t begin = 0, winners_end = 0, live_end = 0;
  };
  template <class Body>
  void for_parts(std::vector<Part>& parts, const Body& body) {
    in_parallel(parts.size(), 1, [&](size_t number, size_t, size_t) { body(parts[number]); });
  }

  const LargeVector<Vote>& votes_;
  const Footprint& footprint_;
  std::span<uint32_t> best_;
  LargeVector<uint32_t>&live_, &winners_;
  LargeVector<uint8_t>& wins_;
};

}  // namespace caten::consensus::compiled
