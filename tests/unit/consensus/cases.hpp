// How many cases a property is tested with.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace caten::consensus {

/// `usual` in each run of the tests; `full` with CATEN_CONSENSUS_FULL.
inline uint64_t cases(uint64_t usual, uint64_t full) { return std::getenv("CATEN_CONSENSUS_FULL") ? full : usual; }

}  // namespace caten::consensus
