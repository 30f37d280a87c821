// A set that replicas change without asking each other and that is equal wherever the same changes have arrived: a
// grow-only set of additions and a grow-only set of tombstones. Merging is union, so that it does not matter in which
// order, how often and in which parts changes arrive.
//
// A removal names the additions (dots) that it has seen: an addition that it had not seen stays.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace caten::consensus {

/// Of an addition: Lamport clock, the site that made it, its number there.
struct Dot {
  int64_t clock = 0;
  int32_t origin = 0;
  int64_t sequence = 0;
  auto operator<=>(const Dot&) const = default;
};

template <class T>
class ReplicaSet {
 public:
  ReplicaSet() = default;
  /// As a replica had it.
  ReplicaSet(std::map<Dot, T> added, std::set<Dot> tombstones, int64_t clock, int64_t sequence)
      : added_(std::move(added)), tombstones_(std::move(tombstones)), clock_(clock), sequence_(sequence) {
    for (const auto& [dot, element] : added_)
      if (!tombstones_.contains(dot)) alive_.insert(dot);
  }

  /// The addition's clock is 1 + max(this replica's, seen).
  Dot add(T element, int32_t origin, int64_t seen = 0) {
    clock_ = 1 + std::max(clock_, seen);
    Dot dot{clock_, origin, sequence_++};
    added_.emplace(dot, std::move(element));
    alive_.insert(dot);
    return dot;
  }
  void remove(const Dot& dot) {
    tombstones_.insert(dot);
    alive_.erase(dot);
  }
  void merge(const ReplicaSet& other) {
    added_.insert(other.added_.begin(), other.added_.end());
    tombstones_.insert(other.tombstones_.begin(), other.tombstones_.end());
    alive_.insert(other.alive_.begin(), other.alive_.end());
    std::erase_if(alive_, [&](const Dot& dot) { return tombstones_.contains(dot); });
    clock_ = std::max(clock_, other.clock_);
    // An addition of this site that came back must not be made a second time under its dot.
    sequence_ = std::max(sequence_, other.sequence_);
  }

  /// What is in the set, by (clock, origin, sequence).
  const std::set<Dot>& dots() const { return alive_; }
  bool contains(const Dot& dot) const { return alive_.contains(dot); }
  const T& at(const Dot& dot) const { return added_.at(dot); }

  int64_t clock() const { return clock_; }
  int64_t sequence() const { return sequence_; }  ///< how many additions this replica has made
  const std::map<Dot, T>& added() const { return added_; }
  const std::set<Dot>& tombstones() const { return tombstones_; }
  /// Two replicas that have seen the same changes are equal; who has made how many is a replica's own affair.
  bool operator==(const ReplicaSet& other) const { return added_ == other.added_ && tombstones_ == other.tombstones_; }

 private:
  std::map<Dot, T> added_{};
  std::set<Dot> tombstones_{};
  std::set<Dot> alive_{};  ///< what was added without the tombstones
  int64_t clock_ = 0;
  int64_t sequence_ = 0;
};

}  // namespace caten::consensus
