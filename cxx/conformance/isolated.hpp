// Work that may crash or hang, done in child processes: a driver under test has the right to be wrong, the report about
// it has not.
//
// In: how many cases there are, and what to do with one. Out: for each case, in order, the text it gave, or how its
// process ended. A child works on one case after the other; where it dies or takes too long, the next case begins in a
// new one. Nothing that the cases need may have been started in this process: children are forked. Entry: run_isolated.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace caten::conformance {

struct Outcome {
  std::string text{};   ///< what the case gave
  std::string fault{};  ///< "signal 11 (Segmentation fault)", "no end within 60 s"; "": neither
};

struct IsolatedWork {
  size_t cases = 0;
  /// Called once in each child: makes what its cases need, and gives what computes the text of one.
  std::function<std::function<std::string(size_t)>()> start{};
  /// Called here, for each case in order. False: no further ones.
  std::function<bool(size_t, Outcome)> finished{};
  std::chrono::milliseconds limit{60000};  ///< for one case, and for `start`
  std::function<bool()> interrupted{};     ///< asked while waiting
};

/// False if it was interrupted, or stopped by `finished`.
bool run_isolated(const IsolatedWork& work);

}  // namespace caten::conformance
