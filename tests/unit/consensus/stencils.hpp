// Random programs about where cells lie: grids of one to three axes and of odd sizes, reads that are farther than the
// grid is wide, several values of equal and of other sizes, borders of all kinds beside each other.
#pragma once

#include <cstdint>
#include <string>

namespace caten::consensus {

/// The text of a program of integers and tokens, the same for the same seed. Its rules propose for their own cell, and
/// read cells at constant distances.
std::string stencil_program(uint64_t seed);

}  // namespace caten::consensus
