// `forbid read_future(V[t,…])`: no edge into V leads from a later time than that of the cell it leads to.
//
// In: a program and the integers that are given. Out: for each constraint and each edge into its value whether that is
// proved (then nothing remains to be done), refuted by a cell, or to be guarded while the program runs.
#pragma once

#include "base/result.hpp"
#include "consensus/analysis/conditions.hpp"

namespace caten::consensus {

struct Causality {
  enum class Verdict : uint8_t {
    kProved,
    kRefuted,
    kOpen,    ///< it depends on parameters that are not given
    kGuarded  ///< it depends on data
  };
  const Constraint* constraint = nullptr;
  const Visible* edge = nullptr;
  Verdict verdict = Verdict::kProved;
  std::string witness{};  ///< of kRefuted: the cell, and what it reads
};

/// In the order of constraints, then of edges; those from values that have no time are left out. A source has time if
/// its first axis is as long, as it is written, as that of the value.
std::vector<Causality> check_causality(const Program& program, const Integers& given);

/// E1010 for each edge that is refuted.
void report(const std::vector<Causality>& causalities, Diagnostics& diagnostics);

}  // namespace caten::consensus
