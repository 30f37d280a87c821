// How far a legal implementation may be from the reference evaluator, element by element, and the comparison that
// uses it.
//
// A bound b beside a float element r says: every implementation that keeps the numeric policy is within [r−b, r+b];
// beside a complex element it holds for each part. b = 0 demands the same bits (all NaNs alike), so the sign of zero
// counts there and only there. b = inf marks an ill-conditioned element, about which nothing can be said; integers and
// bools have no other bound than 0 and inf. Bounds start at 0 in arguments and constants and grow where the policy
// leaves freedom: the stated ulps of an op, the tree of a reduction, a product fused with its sum. Everything that
// follows carries them on: an op is evaluated at the ends of its operands' intervals, and a comparison, a cast to an
// integer or a pole inside an interval is ill-conditioned.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ir/array.hpp"

namespace caten {

/// One bound per element; null: all are 0.
using ErrorBounds = std::shared_ptr<const std::vector<double>>;

/// What a float dtype (1-byte ones included; of a complex dtype its parts) can represent.
struct FloatFormat {
  int precision;     ///< binary digits, the leading one included
  int min_exponent;  ///< of the smallest normal number
  double largest;    ///< finite
};
const FloatFormat& float_format(DType dtype);
/// Distance between neighbours of the format at |value|; that of the largest numbers for infinities.
double ulp(const FloatFormat& format, double value);
/// |a − b|; 0 if both are the same infinity or NaN, infinite if just one is.
double deviation(double a, double b);

struct Comparison {
  int64_t passed = 0;
  int64_t ill_conditioned = 0;  ///< elements with an infinite bound, whatever was found
  int64_t wrong = 0;
  double max_ulp = 0;         ///< largest distance of a float element that is not ill-conditioned, in ulps of the dtype
  std::string first_wrong{};  ///< "[2 0]: found 1.5, reference 1.25 ± 0.125"; "" if none
  bool ok() const { return wrong == 0; }
};

/// Arrays of different type are wrong throughout. Without bounds all elements must be equal.
Comparison compare(const Array& found, const Array& reference, const ErrorBounds& bounds = nullptr);

}  // namespace caten
