#include "consensus/program.hpp"

#include <bit>

namespace caten::consensus {

// Out of the class, where the types they compare are complete.
bool Affine::operator==(const Affine&) const = default;
bool Subscript::operator==(const Subscript&) const = default;
bool Reference::operator==(const Reference&) const = default;
bool Call::operator==(const Call&) const = default;
bool Expression::operator==(const Expression&) const = default;

bool Real::operator==(const Real& other) const {
  return std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(other.value);
}

}  // namespace caten::consensus
