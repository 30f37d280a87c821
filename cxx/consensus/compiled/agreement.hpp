// Which of the proposals of a step are committed: compared, freed of conflicts, cut to budgets (docs/consensus.md, 3.5
// to 3.8).
//
// In: proposals with what they would break, and the places of their footprints. Out: winners, best first. The winners
// are those of the interpreter: taken greedily in the order of the keys. Entry: Agreement.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace caten::consensus::compiled {

/// A proposal that could be committed.
struct Vote {
  uint32_t rule = 0;  ///< by its place in the instance
  uint32_t site = 0;
  uint32_t item = 0;  ///< in the list of the rule's instances
  uint32_t tie = 0;   ///< hash32
  float score = 0;    ///< -0 is 0
  int32_t origin = 0;
  int32_t commit = 0, group = 0;
  uint32_t weights = 0;  ///< where its violated weights begin, one for each level
};

class Agreement {
 public:
  /// `places`: of all footprints. `levels`: of violated weights.
  Agreement(int64_t places, size_t levels) : levels_(levels), taken_(static_cast<size_t>(places)) {}

  void clear();
  std::vector<Vote>& votes() { return votes_; }
  std::vector<int64_t>& weights() { return weights_; }

  /// The better one of two (3.6).
  bool better(const Vote& a, const Vote& b) const;
  /// Best first; of those that are for the same places the best alone. `footprint` calls what it is given with each
  /// place.
  template <class Footprint>
  std::vector<Vote> winners(std::vector<Vote> votes, Footprint&& footprint) {
    sort(votes);
    std::vector<Vote> out;
    for (const Vote& each : votes) {
      bool free = true;
      footprint(each, [&](int64_t place) { free = free && taken_[static_cast<size_t>(place)] == 0; });
      if (!free) continue;
      footprint(each, [&](int64_t place) {
        taken_[static_cast<size_t>(place)] = 1;
        used_.push_back(place);
      });
      out.push_back(each);
    }
    return out;
  }
  bool taken(int64_t place) const { return taken_[static_cast<size_t>(place)] != 0; }

 private:
  static uint64_t key(const Vote& vote);
  bool keys_decide(const std::vector<Vote>& votes) const;
  void sort(std::vector<Vote>& votes) const;

  size_t levels_;
  std::vector<Vote> votes_{};
  std::vector<int64_t> weights_{};
  std::vector<uint8_t> taken_;
  std::vector<int64_t> used_{};  ///< the places that are taken
};

}  // namespace caten::consensus::compiled
