#include "consensus/compiled/agreement.hpp"

#include <algorithm>
#include <tuple>

namespace caten::consensus::compiled {

void Agreement::clear() {
  votes_.clear();
  weights_.clear();
  for (int64_t place : used_) taken_[static_cast<size_t>(place)] = 0;
  used_.clear();
}

bool Agreement::better(const Vote& a, const Vote& b) const {
  for (size_t level = 0; level < levels_; ++level)
    if (int64_t x = weights_[a.weights + level], y = weights_[b.weights + level]; x != y) return x < y;
  if (a.score != b.score) return a.score > b.score;
  if (a.rule != b.rule) return a.rule < b.rule;
  if (a.tie != b.tie) return a.tie > b.tie;
  return std::tie(a.origin, a.site) < std::tie(b.origin, b.site);
}

void Agreement::sort(std::vector<Vote>& votes) const {
  std::sort(votes.begin(), votes.end(), [this](const Vote& a, const Vote& b) { return better(a, b); });
}

}  // namespace caten::consensus::compiled
