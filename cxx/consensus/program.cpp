#include "consensus/program.hpp"

#include <bit>

namespace caten::consensus {

// Out of the class, where the types they hold are complete.
Call::Call() = default;
Call::Call(Name callee, std::vector<Expression> positional, std::vector<Argument> named)
    : function(std::move(callee)), arguments(std::move(positional)), keywords(std::move(named)) {}
Call::Call(const Call&) = default;
Call::Call(Call&&) noexcept = default;
Call& Call::operator=(const Call&) = default;
Call& Call::operator=(Call&&) noexcept = default;
Call::~Call() = default;

bool Quotient::operator==(const Quotient&) const = default;
bool AffineTerm::operator==(const AffineTerm&) const = default;
bool Subscript::operator==(const Subscript&) const = default;
bool Reference::operator==(const Reference&) const = default;
bool Call::operator==(const Call&) const = default;
bool Expression::operator==(const Expression&) const = default;

bool Real::operator==(const Real& other) const {
  return std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(other.value);
}

}  // namespace caten::consensus
