#include "consensus/reference/choose.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace caten::consensus::reference {
namespace {

/// Best first.
std::vector<size_t> in_order(const std::vector<Candidate>& candidates) {
  std::vector<size_t> out(candidates.size());
  std::iota(out.begin(), out.end(), size_t{0});
  std::sort(out.begin(), out.end(), [&](size_t a, size_t b) { return wins(candidates[a], candidates[b]); });
  return out;
}

bool disjoint(const Candidate& candidate, const std::vector<bool>& taken) {
  return std::none_of(candidate.footprint.begin(), candidate.footprint.end(),
                      [&](int64_t place) { return taken[static_cast<size_t>(place)]; });
}

void take(const Candidate& candidate, std::vector<bool>& taken) {
  for (int64_t place : candidate.footprint) taken[static_cast<size_t>(place)] = true;
}

}  // namespace

bool wins(const Candidate& a, const Candidate& b) {
  if (a.judgement->violations != b.judgement->violations) return a.judgement->violations < b.judgement->violations;
  const Proposed &x = *a.proposed, &y = *b.proposed;
  if (x.score != y.score) return x.score > y.score;
  if (x.snapshot != y.snapshot) return x.snapshot > y.snapshot;
  if (x.id.rule != y.id.rule) return x.id.rule < y.id.rule;
  if (x.tie != y.tie) return x.tie > y.tie;
  return std::tie(x.id.origin, x.id.sequence) < std::tie(y.id.origin, y.id.sequence);
}

bool beats_keep(const Candidate& candidate) {
  const Judgement& judgement = *candidate.judgement;
  if (judgement.violations != judgement.keeps) return judgement.violations < judgement.keeps;
  return candidate.proposed->score > -std::numeric_limits<float>::infinity();
}

std::vector<size_t> choose_sequentially(const std::vector<Candidate>& candidates, int64_t footprint_size) {
  std::vector<bool> taken(static_cast<size_t>(footprint_size));
  std::vector<size_t> out;
  for (size_t each : in_order(candidates)) {
    if (!disjoint(candidates[each], taken)) continue;
    take(candidates[each], taken);
    out.push_back(each);
  }
  return out;
}

Rounds choose_in_rounds(const std::vector<Candidate>& candidates, int64_t footprint_size, int64_t most_rounds) {
  // Ranks stand for keys, which are too long for a number: the greater, the better.
  std::vector<size_t> order = in_order(candidates);
  std::vector<int64_t> rank(candidates.size());
  for (size_t place = 0; place < order.size(); ++place) rank[order[place]] = static_cast<int64_t>(order.size() - place);
  std::vector<bool> live(candidates.size(), true), won(candidates.size()), taken(static_cast<size_t>(footprint_size));
  Rounds out;
  while (std::find(live.begin(), live.end(), true) != live.end() && out.rounds < most_rounds) {
    ++out.rounds;
    std::vector<int64_t> best(static_cast<size_t>(footprint_size));
    for (size_t i = 0; i < candidates.size(); ++i)
      for (int64_t place : candidates[i].footprint)
        if (live[i]) best[static_cast<size_t>(place)] = std::max(best[static_cast<size_t>(place)], rank[i]);
    for (size_t i = 0; i < candidates.size(); ++i) {
      bool wins_all =
          live[i] && std::all_of(candidates[i].footprint.begin(), candidates[i].footprint.end(),
                                 [&](int64_t place) { return best[static_cast<size_t>(place)] == rank[i]; });
      if (!wins_all) continue;
      won[i] = true;
      take(candidates[i], taken);
    }
    for (size_t i = 0; i < candidates.size(); ++i) live[i] = live[i] && disjoint(candidates[i], taken);
  }
  for (size_t each : order) {
    if (live[each] && disjoint(candidates[each], taken)) {
      out.sequential_rest = true;
      won[each] = true;
      take(candidates[each], taken);
    }
    if (won[each]) out.winners.push_back(each);
  }
  return out;
}

}  // namespace caten::consensus::reference
