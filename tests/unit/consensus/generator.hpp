// Random consensual programs: every clause, unusual names, extreme numbers. What they say need not mean anything.
#pragma once

#include <cstdint>

#include "consensus/program.hpp"

namespace caten::consensus {

/// The same program for the same seed.
Program random_program(uint64_t seed);

}  // namespace caten::consensus
