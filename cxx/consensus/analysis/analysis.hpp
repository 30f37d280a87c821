// All that is decided about a consensual program before it runs.
//
// In: an instance and its initial state. Out: what was proved, the races and colourings, the masks; errors E1010 to
// E1014 where the program cannot mean what it says. Entry: analyse, plan_text.
#pragma once

#include "consensus/analysis/causality.hpp"
#include "consensus/analysis/masks.hpp"
#include "consensus/analysis/races.hpp"

namespace caten::consensus {

struct Analysis {
  std::vector<Causality> causalities{};
  std::vector<RaceVerdict> races{};
  StaticMasks masks{};
};

Analysis analyse(const Instance& instance);
void report(const Instance& instance, const State& initial, const Analysis& analysis, Diagnostics& diagnostics);

/// For each visible edge its layout, what it lowers to, and the collective it implies when the value is partitioned;
/// for each `forbid read_future` what was proved; the races found or the colouring chosen; the masks.
std::string plan_text(const Instance& instance, const Analysis& analysis);
/// The same before anything is given: edges and what is proved for all sizes.
std::string plan_text(const Program& program);

}  // namespace caten::consensus
