// Conjunctions of linear inequalities over integers: can they hold, and where?
//
// In: variables and forms that are to be 0 or more. Out: that no point satisfies them (which is a proof), a point that
// does, or neither where the search is too long. By Fourier–Motzkin elimination, with constants rounded to what
// integers can reach.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caten::consensus {

/// Σ coefficients[i]·x_i + constant; variables beyond the last coefficient have none.
struct LinearForm {
  std::vector<int64_t> coefficients{};
  int64_t constant = 0;
  bool operator==(const LinearForm&) const = default;
  auto operator<=>(const LinearForm&) const = default;
};

/// a + factor·b, unless that needs more than 62 bits.
std::optional<LinearForm> add(const LinearForm& a, const LinearForm& b, int64_t factor);
LinearForm variable(size_t index);
LinearForm number(int64_t value);

struct LinearSystem {
  size_t variables = 0;
  std::vector<LinearForm> nonnegative{};
};

struct LinearOutcome {
  enum class Kind : uint8_t { kNone, kPoint, kUnknown };
  Kind kind = Kind::kUnknown;
  std::vector<int64_t> point{};  ///< of kPoint: a value for each variable, small where there is a choice
};

LinearOutcome solve(const LinearSystem& system);

}  // namespace caten::consensus
