// Random programs that run: integers and tokens alone, so that every runtime must give the same bits.
#pragma once

#include <cstdint>
#include <string>

namespace caten::consensus {

struct RunnableOptions {
  /// Each rule proposes for its own cell alone and reads cells at constant distances, and constraints are locks: what
  /// is compiled.
  bool cell_wise = false;
  bool lock = false;  ///< row 0 of V is locked by a hard constraint above all others
};

/// The text of a program with the values V (tokens of a grid) and W (i64, a sequence), the same for the same seed.
/// Nothing shows the last element of W to V.
std::string runnable_program(uint64_t seed, const RunnableOptions& options = {});

}  // namespace caten::consensus
