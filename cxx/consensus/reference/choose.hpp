// The order of proposals, and who of those that are in each other's way wins.
#pragma once

#include "consensus/reference/judge.hpp"

namespace caten::consensus::reference {

/// A proposal before the court of all others.
struct Candidate {
  const Proposed* proposed = nullptr;
  const Judgement* judgement = nullptr;
  /// Cells and constraint instances that no other winner may have, ascending.
  std::vector<int64_t> footprint{};
};

/// By (-violation at each level high to low, score, snapshot clock, -rule#, hash32, -origin, -seq), compared
/// lexicographically: a wins over b. Total: no two proposals of a step have the same id.
bool wins(const Candidate& a, const Candidate& b);
/// It wins over leaving its targets as they are, whose score is -inf.
bool beats_keep(const Candidate& candidate);

/// The greedy maximal set with disjoint footprints, in the order of `wins`: indices, best first.
std::vector<size_t> choose_sequentially(const std::vector<Candidate>& candidates, int64_t footprint_size);

struct Rounds {
  std::vector<size_t> winners{};  ///< as choose_sequentially gives them
  int64_t rounds = 0;             ///< in parallel, before the rest was done one by one
  bool sequential_rest = false;
};
/// The same set as tensor operations find it: each place of a footprint knows the best live proposal on it; who is best
/// on all of its own wins; all that are in a winner's way leave. After `most_rounds` the rest goes one by one.
Rounds choose_in_rounds(const std::vector<Candidate>& candidates, int64_t footprint_size, int64_t most_rounds = 16);

}  // namespace caten::consensus::reference
