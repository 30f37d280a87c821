// Schedule races: cells that are at work together must not see each other, nor, where the strategy is a colouring,
// share an instance of a constraint.
//
// In: an instance. Out: for each value that rules propose for and each schedule whether it is free of races, and the
// colouring that makes it so where its commit says `colour auto`; or errors with a pair of cells.
#pragma once

#include "consensus/analysis/conflicts.hpp"

namespace caten::consensus {

struct RaceVerdict {
  enum class Form : uint8_t {
    kFree,         ///< no two cells at work together see each other
    kColoured,     ///< with the colouring
    kSnapshot,     ///< not judged: the commit says `isolation snapshot`
    kUncommitted,  ///< not judged: what active cells see of each other has no value yet
    kRace
  };
  size_t value = 0;
  const ScheduleInstance* schedule = nullptr;  ///< null: all cells in every step
  Form form = Form::kFree;
  Conflicts conflicts{};
  std::optional<Colouring> colouring{};
};

std::vector<RaceVerdict> judge_races(const Instance& instance);

/// Gives the instance the colourings that its commits ask for; false after E1012, where there is none.
bool apply_colourings(Instance& instance, Diagnostics& diagnostics);

/// E1011 for each race; E1012 where a colouring was asked for and there is none.
void report(const Instance& instance, const std::vector<RaceVerdict>& verdicts, Diagnostics& diagnostics);

/// What a verdict says, on one line.
std::string text_of(const Instance& instance, const RaceVerdict& verdict);

}  // namespace caten::consensus
