// Error bounds of reduce and put: an implementation may fold in any order, and may fuse a product with its sum.
#include <algorithm>
#include <bit>
#include <climits>
#include <cmath>

#include "ir/evaluate_walk.hpp"
#include "ir/storage.hpp"

namespace caten::evaluation {
namespace {

/// What sums are made of, in one part of a complex value or the whole of a real one.
struct Terms {
  double magnitude = 0;  ///< Σ |x| + its error, finite terms only
  double error = 0;      ///< Σ errors
  double products = 0;   ///< Σ roundings that a fused product omits
  int grid = INT_MAX;    ///< every term is a multiple of 2^grid
  bool nan = false;
  bool infinite = false;
};

int lowest_bit(double value) {
  int exponent;
  double fraction = std::frexp(std::fabs(value), &exponent);
  auto digits = static_cast<uint64_t>(std::ldexp(fraction, 53));
  return exponent - 53 + std::countr_zero(digits);
}

void add_term(Terms& terms, double value, double error, const FloatFormat* rounded_product) {
  if (std::isinf(error)) {
    terms.error = error;  // NaN and infinity may be uncertain, too
  } else if (std::isnan(value)) {
    terms.nan = true;
  } else if (std::isinf(value)) {
    // What overflows where it is rounded need not where it is fused: finite, it leaves other terms what they are.
    if (rounded_product)
      terms.error = INFINITY;
    else
      terms.infinite = true;
  } else {
    terms.magnitude += std::fabs(value) + error;
    terms.error += error;
    if (value != 0) terms.grid = std::min(terms.grid, lowest_bit(value));
    if (rounded_product) terms.products += ulp(*rounded_product, value) / 2;
  }
}

/// How far a sum of these n terms, in any order, may be from the reference's.
double sum_bound(const Terms& terms, size_t n, DType dtype, double result) {
  if (std::isinf(terms.error)) return kIll;
  if (terms.nan) return 0;
  const FloatFormat& format = float_format(dtype);
  const FloatFormat& accumulator_format = float_format(accumulator(dtype));
  bool exact_terms = terms.error == 0 && terms.products == 0;
  if (terms.infinite) {
    bool decided = exact_terms && terms.magnitude < accumulator_format.largest / 2;
    return decided ? 0 : kIll;
  }
  // A sum that may start at +0 or not has no certain sign when it is 0.
  double zero_sign = result == 0 ? std::numeric_limits<double>::denorm_min() : 0;
  bool on_grid = terms.grid == INT_MAX ||
                 terms.magnitude <= std::ldexp(1.0, std::min(terms.grid + accumulator_format.precision, 1023));
  bool exact_sums = n < 2 || (exact_terms && on_grid && terms.magnitude <= accumulator_format.largest);
  if (exact_terms && exact_sums) return zero_sign;
  double bound = terms.error + terms.products;
  if (!exact_sums) {
    // Both sums err: the reference over its tree, an implementation over any.
    auto steps = static_cast<double>(n - 1);
    double both = steps + std::min(steps, 9 + std::log2(steps + 1));
    bound += both * std::ldexp(1.0, -accumulator_format.precision) * (terms.magnitude + terms.products) * (1 + 1e-6);
    if (terms.magnitude + bound > accumulator_format.largest) return kIll;
  }
  if (format.precision != accumulator_format.precision) bound += ulp(format, std::fabs(result) + bound);
  if (!std::isfinite(result) || std::fabs(result) + bound > format.largest) return kIll;
  return std::max(bound, zero_sign);
}

int significant_bits(double value) {
  int exponent;
  std::frexp(std::fabs(value), &exponent);
  return exponent - lowest_bit(value);
}

double real_product_bound(const Fold& fold) {
  const FloatFormat& format = float_format(accumulator(fold.dtype));
  double product = 1, inexact = 1, largest = 1, smallest = 1;
  int bits = 0;
  bool exact = true, nan = false, infinite = false, zero = false;
  for (size_t k = 0; k < fold.values.size(); ++k) {
    double value = std::fabs(fold.values[k].real()), error = fold.errors[k];
    if (std::isinf(error)) return kIll;
    exact &= error == 0;
    nan |= std::isnan(value);
    infinite |= std::isinf(value);
    if (std::isnan(value) || std::isinf(value)) continue;
    zero |= value == 0 && error == 0;
    product *= value;
    inexact *= value + error;
    largest *= std::max(value + error, 1.0);
    if (value != 0) {
      smallest *= std::min(std::max(value - error, 0.0), 1.0);
      bits += significant_bits(value);
    }
  }
  size_t n = fold.values.size();
  if (n == 1) return fold.errors[0];
  if (nan) return 0;
  double tiny = std::ldexp(1.0, format.min_exponent + 1);
  if (infinite) return zero || (exact && smallest > tiny) ? 0 : kIll;  // ∞·0 is NaN in any order
  bool in_range = largest < format.largest / 2 && (zero || smallest > tiny);
  if (!in_range) return kIll;
  if (zero) return 0;
  if (exact && bits <= format.precision) return 0;
  double bound = inexact - product + 2.1 * static_cast<double>(n) * std::ldexp(1.0, -format.precision) * inexact;
  double result = std::fabs(fold.result.real());
  const FloatFormat& target = float_format(fold.dtype);
  if (target.precision != format.precision) bound += ulp(target, result + bound);
  return !std::isfinite(result) || result + bound > target.largest ? kIll : bound;
}

double complex_product_bound(const Fold& fold) {
  const FloatFormat& format = float_format(fold.dtype);
  double product = 1, inexact = 1, largest = 1, smallest = 1;
  for (size_t k = 0; k < fold.values.size(); ++k) {
    double size = std::abs(fold.values[k]), error = 1.5 * fold.errors[k];
    if (std::isinf(error) || !std::isfinite(size)) return fold.values.size() == 1 ? fold.errors[0] : kIll;
    product *= size;
    inexact *= size + error;
    largest *= std::max(size + error, 1.0);
    smallest *= std::min(size, 1.0);
  }
  auto n = static_cast<double>(fold.values.size());
  if (n == 1) return fold.errors[0];
  if (largest > format.largest / 4 || smallest < std::ldexp(1.0, format.min_exponent + 2)) return kIll;
  return inexact - product + 8 * n * std::ldexp(1.0, -format.precision) * inexact;
}

double max_bound(const Fold& fold) {
  double low = -kIll, high = -kIll;
  for (size_t k = 0; k < fold.values.size(); ++k) {
    double value = fold.values[k].real(), error = fold.errors[k];
    if (std::isinf(error)) return kIll;
    low = std::max(low, value - error);
    high = std::max(high, value + error);
  }
  double result = fold.result.real();
  if (!std::isfinite(result)) return 0;
  double bound = std::max(high - result, result - low);
  return bound == 0 ? 0 : bound;
}

bool is_inexact(double error) { return error > 0; }

}  // namespace

double fold_bound(const Fold& fold) {
  size_t n = fold.values.size();
  if (n == 0) return 0;
  if (!is_float(fold.dtype) && !is_complex(fold.dtype)) {
    if (std::none_of(fold.errors.begin(), fold.errors.end(), is_inexact)) return 0;
    if (fold.combine == Combine::kAnd || fold.combine == Combine::kMul)
      for (size_t k = 0; k < n; ++k)
        if (fold.values[k] == 0.0 && fold.errors[k] == 0) return 0;
    return kIll;
  }
  switch (fold.combine) {
    case Combine::kAdd: {
      const FloatFormat* product = fold.rounded_products ? &float_format(fold.dtype) : nullptr;
      Terms re, im;
      for (size_t k = 0; k < n; ++k) {
        add_term(re, fold.values[k].real(), fold.errors[k], product);
        add_term(im, fold.values[k].imag(), fold.errors[k], product);
      }
      double bound = sum_bound(re, n, fold.dtype, fold.result.real());
      return is_complex(fold.dtype) ? std::max(bound, sum_bound(im, n, fold.dtype, fold.result.imag())) : bound;
    }
    case Combine::kMul: return is_complex(fold.dtype) ? complex_product_bound(fold) : real_product_bound(fold);
    default: return max_bound(fold);
  }
}

ErrorBounds put_bounds(const OpCall& call, const Array& result) {
  const Value &x = call.operands[0], &v = call.operands[1];
  std::span<const Value> indices = call.operands.subspan(2);
  const auto& attributes = call.node.get<AccessAttributes>();
  // An index that is not certain may write anywhere.
  for (const Value& index : indices)
    if (!index.exact()) return all_ill(result.elements());
  Accesses accesses(x.array, attributes.axis, indices);
  if (attributes.mode == Combine::kSet) {
    if (x.exact() && v.exact()) return nullptr;
    BoundVector bounds(static_cast<size_t>(result.elements()));
    for (int64_t i = 0; i < result.elements(); ++i) bounds[static_cast<size_t>(i)] = x.bound(i);
    for (int64_t i = 0; i < v.array.elements(); ++i)
      if (int64_t at = accesses.in_range(i); at >= 0) bounds[static_cast<size_t>(at)] = v.bound(i);
    return finish(std::move(bounds));
  }
  // The contributions to each element: itself first.
  std::vector<std::vector<int64_t>> writers(static_cast<size_t>(result.elements()));
  for (int64_t i = 0; i < v.array.elements(); ++i)
    if (int64_t at = accesses.in_range(i); at >= 0) writers[static_cast<size_t>(at)].push_back(i);
  BoundVector bounds(writers.size());
  dispatch_dtype(result.dtype(), [&]<DType D>() {
    auto load = [](const Array& array, int64_t i) -> std::complex<double> {
      if constexpr (kIsComplex<D>)
        return array.as<std::complex<typename Storage<D>::value_type>>()[i];
      else
        return {static_cast<double>(widen<D>(array.as<Storage<D>>()[i])), 0};
    };
    for (size_t at = 0; at < writers.size(); ++at) {
      auto position = static_cast<int64_t>(at);
      bounds[at] = x.bound(position);
      if (writers[at].empty()) continue;
      std::vector<std::complex<double>> values{load(x.array, position)};
      std::vector<double> errors{x.bound(position)};
      for (int64_t i : writers[at]) {
        values.push_back(load(v.array, i));
        errors.push_back(v.bound(i));
      }
      std::complex<double> total = load(result, position);
      bounds[at] = fold_bound({attributes.mode, D, values, errors, total, false});
      // One exact sum or product of two is rounded once whatever its accumulator; more may be rounded at each step.
      bool exact = std::none_of(errors.begin(), errors.end(), is_inexact);
      if (values.size() == 2 && exact && !kIsComplex<D>) {
        bounds[at] = 0;
      } else if (accumulator(D) != D && attributes.mode != Combine::kMax) {
        double size = 0;
        for (const auto& value : values) size += std::abs(value);
        if (attributes.mode == Combine::kMul) size = std::abs(total);
        bounds[at] += 2 * static_cast<double>(values.size()) * ulp(float_format(D), size);
      }
    }
  });
  return finish(std::move(bounds));
}

}  // namespace caten::evaluation
