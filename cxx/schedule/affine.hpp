// Indices that are sums of multiples of variables.
#pragma once

#include <optional>
#include <vector>

#include "schedule/index.hpp"

namespace caten {

/// offset + Σ step · variable
struct Affine {
  Dim offset{0};
  std::vector<Dim> steps{};  ///< of each variable
};

/// Nothing if a variable occurs in another way. Variables are symbols.
std::optional<Affine> affine(const Dim& index, const Index& variables);

}  // namespace caten
