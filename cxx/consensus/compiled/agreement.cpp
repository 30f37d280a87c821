#include "consensus/compiled/agreement.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace caten::consensus::compiled {
void Agreement::clear() {
  votes_.clear(levels_);
  free_places();
}

void Agreement::free_places() {
  if (all_used_) std::fill(best_.begin(), best_.end(), 0);
  for (int64_t place : used_) best_[static_cast<size_t>(place)] = 0;
  used_.clear();
  all_used_ = false;
}

bool Agreement::better(const Vote& a, const Vote& b) const {
  for (size_t level = 0; level < levels_; ++level)
    if (int64_t x = votes_.weights[a.weights + level], y = votes_.weights[b.weights + level]; x != y) return x < y;
  if (a.score != b.score) return a.score > b.score;
  if (a.rule != b.rule) return a.rule < b.rule;
  if (a.tie != b.tie) return a.tie > b.tie;
  return std::tie(a.origin, a.site) < std::tie(b.origin, b.site);
}

/// By what most votes differ in: score and hash, as a number that is the greater the better.
uint64_t Agreement::key(const Vote& vote) {
  uint32_t bits = 0;
  std::memcpy(&bits, &vote.score, sizeof bits);
  // Floats as integers of their order: of negative ones all bits are turned, of others the sign.
  bits ^= bits >> 31 != 0 ? UINT32_MAX : uint32_t{1} << 31;
  return uint64_t{bits} << 32 | vote.tie;
}

bool Agreement::keys_decide(const LargeVector<Vote>& votes) const {
  const LargeVector<int64_t>& weights = votes_.weights;
  return std::all_of(votes.begin(), votes.end(), [&](const Vote& vote) {
    for (size_t level = 0; level < levels_; ++level)
      if (weights[vote.weights + level] != weights[votes[0].weights + level]) return false;
    return vote.rule == votes[0].rule;
  });
}

/// The votes differ in their hashes alone.
bool Agreement::ties_decide(const LargeVector<Vote>& votes) const {
  return std::all_of(votes.begin(), votes.end(), [&](const Vote& vote) { return vote.score == votes[0].score; }) &&
         keys_decide(votes);
}

void Agreement::sort(LargeVector<Vote>& votes) const {
  auto before = [this](const Vote& a, const Vote& b) { return better(a, b); };
  if (votes.size() < kFewest || !keys_decide(votes)) {
    std::sort(votes.begin(), votes.end(), before);
    return;
  }
  struct Entry {
    uint64_t key = 0;
    uint32_t vote = 0;
  };
  LargeVector<Entry> from(votes.size()), to(votes.size());
  uint64_t all = 0, any = 0;
  for (size_t i = 0; i < votes.size(); ++i) {
    from[i] = {~key(votes[i]), static_cast<uint32_t>(i)};
    all = i == 0 ? from[i].key : all & from[i].key;
    any |= from[i].key;
  }
  constexpr int kBits = 11;
  for (int shift = 0; shift < 64; shift += kBits) {
    constexpr size_t kBuckets = size_t{1} << kBits;
    // Digits in which all are equal put nothing in another place.
    if (((all ^ any) >> shift & (kBuckets - 1)) == 0) continue;
    std::vector<size_t> next(kBuckets + 1);
    for (const Entry& each : from) ++next[(each.key >> shift & (kBuckets - 1)) + 1];
    for (size_t i = 1; i <= kBuckets; ++i) next[i] += next[i - 1];
    for (const Entry& each : from) to[next[each.key >> shift & (kBuckets - 1)]++] = each;
    std::swap(from, to);
  }
  LargeVector<Vote> sorted;
  sorted.reserve(votes.size());
  for (const Entry& each : from) sorted.push_back(votes[each.vote]);
  for (size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    while (end < sorted.size() && from[end].key == from[begin].key) ++end;
    if (end - begin > 1)
      std::sort(sorted.begin() + static_cast<std::ptrdiff_t>(begin), sorted.begin() + static_cast<std::ptrdiff_t>(end),
                before);
  }
  votes = std::move(sorted);
}

}  // namespace caten::consensus::compiled
