#include "consensus/colouring.hpp"

#include "ir/arithmetic.hpp"

namespace caten::consensus {

int64_t Colouring::colour_of(std::span<const int64_t> place) const {
  int64_t sum = 0;
  for (size_t i = 0; i < place.size(); ++i)
    sum = arithmetic::mod(sum + multipliers[i] * arithmetic::mod(place[i], modulus), modulus);
  return sum;
}

}  // namespace caten::consensus
