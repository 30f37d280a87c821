// A proposal that could be committed, as the compiled steps count it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/large_vector.hpp"

namespace caten::consensus::compiled {

struct Vote {
  uint32_t rule;  ///< by its place in the instance
  uint32_t site;
  uint32_t item;  ///< in the list of the rule's instances
  uint32_t tie;   ///< hash32
  float score;    ///< -0 is 0
  int32_t origin;
  int32_t commit, group;
  uint32_t weights;  ///< where its violated weights begin, one for each level
};

/// Votes with the weights that they point to.
struct Votes {
  LargeVector<Vote> each{};        ///< those that are better than what is there; by rule, then origin, then site
  std::vector<Vote> admissible{};  ///< all that could be committed, of commits that answer with the least violation
  LargeVector<int64_t> weights{};  ///< first those of a vote that violates nothing

  /// None; with memory for as many as there were.
  void clear(size_t levels) {
    each.clear();
    admissible.clear();
    weights.clear();
    weights.insert(weights.end(), levels, 0);
  }
};

}  // namespace caten::consensus::compiled
