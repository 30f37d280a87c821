// A colouring of a grid's cells.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace caten::consensus {

/// Colour (Σ multiplier·index) mod modulus.
struct Colouring {
  std::vector<int64_t> multipliers{};
  int64_t modulus = 1;
  int64_t colour_of(std::span<const int64_t> place) const;
  bool operator==(const Colouring&) const = default;
};

}  // namespace caten::consensus
