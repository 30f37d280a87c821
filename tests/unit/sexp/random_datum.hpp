// Random Datum trees from a seed, the same on every machine.
#pragma once

#include <cstdint>

#include "sexp/datum.hpp"

namespace caten {

/// splitmix64: small, and equal everywhere (the standard distributions are not).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();
  uint64_t below(uint64_t bound) { return next() % bound; }

 private:
  uint64_t state_;
};

/// A datum with about `budget` nodes: all kinds, awkward names and contents, numbers of every size.
Datum random_datum(Random& random, size_t budget);

}  // namespace caten
