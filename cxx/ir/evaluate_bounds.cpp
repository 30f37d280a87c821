// Error bounds of the element-wise ops and of `if`.
//
// An op is evaluated, and rounded, at the ends of its operands' intervals. Rounding is monotone and the ops of the
// table are monotone in each operand, but for the cases treated by name: sin has extrema between the ends, div a pole,
// mod jumps. Comparisons are decided only where the intervals do not touch.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "ir/elementwise_rows.hpp"
#include "ir/evaluate_op.hpp"
#include "ir/storage.hpp"

namespace caten::evaluation {
namespace {

/// The ends of [value − error, value + error], rounded outwards.
struct Ends {
  double low, high;
  Ends(double value, double error)
      : low(error > 0 ? std::nextafter(value - error, -INFINITY) : value),
        high(error > 0 ? std::nextafter(value + error, INFINITY) : value) {}
};

bool touch(const Ends& x, const Ends& y) { return x.low <= y.high && y.low <= x.high; }

/// The quotient's floor must be the same at all corners and not depend on the rounding of the division.
bool mod_is_smooth(const Ends& x, const Ends& y) {
  if (y.low <= 0 && y.high >= 0) return false;
  double first = std::floor(x.low / y.low);
  for (double a : {x.low, x.high})
    for (double b : {y.low, y.high}) {
      double quotient = a / b, margin = 1e-15 * std::fabs(quotient);
      if (std::floor(quotient - margin) != first || std::floor(quotient + margin) != first) return false;
    }
  return true;
}

template <class Row, DType D>
double real_bound(Op op, double x, double ex, double y, double ey, double result) {
  if (std::isinf(ex) || std::isinf(ey)) return kIll;
  const double ulps = info(op).ulp;
  const FloatFormat& format = float_format(D);
  const bool inexact = ex > 0 || ey > 0;
  if (!inexact && ulps == 0) return 0;
  if (!inexact && !std::isfinite(result)) {
    // An implementation that is a little low might not overflow.
    double wide = std::fabs(Row::of(x, y));
    return std::isfinite(wide) && wide <= format.largest + (ulps + 1) * ulp(format, format.largest) ? kIll : 0;
  }
  Ends xs(x, ex), ys(y, ey);
  double worst = 0, size = std::fabs(result);
  if (op == Op::kSin && inexact) {
    if (!std::isfinite(result)) return kIll;
    size = std::min(1.0, size + ex);
    worst = ex + ulp(format, size);
  } else if (op == Op::kMod && inexact) {
    if (!mod_is_smooth(xs, ys)) return kIll;
    worst = ex + std::fabs(std::floor(xs.low / ys.low)) * ey;
    size += worst;
    worst += 2 * ulp(format, size);
  } else if (inexact) {
    if (op == Op::kDiv && ey > 0 && ys.low <= 0 && ys.high >= 0) return kIll;
    for (double a : {xs.low, xs.high})
      for (double b : {ys.low, ys.high}) {
        double corner = widen<D>(narrow<D>(Row::of(a, b)));
        worst = std::max(worst, deviation(corner, result));
        // A zero whose sign is uncertain leaves others so: what says it is too small for most dtypes.
        if (corner == result && std::signbit(corner) != std::signbit(result))
          worst = std::max(worst, std::numeric_limits<double>::denorm_min());
        size = std::max(size, std::fabs(corner));
      }
  }
  // Infinities and NaNs hold throughout the interval or not at all; an op with ulps might just not overflow.
  if (!std::isfinite(result)) return worst > 0 || (ulps > 0 && std::isinf(result)) ? kIll : 0;
  if (ulps > 0) worst += ulps * ulp(format, size);
  bool may_overflow = std::fabs(result) + worst > format.largest;
  return may_overflow ? kIll : worst;
}

/// Complex products and quotients are several real ops, whose roundings an implementation may place differently.
template <DType D>
double complex_bound(Op op, std::complex<double> x, double ex, std::complex<double> y, double ey,
                     std::complex<double> result) {
  if (std::isinf(ex) || std::isinf(ey)) return kIll;
  const FloatFormat& format = float_format(D);
  const double unit = std::ldexp(1.0, -format.precision), least = ulp(format, 0);
  const bool inexact = ex > 0 || ey > 0;
  auto both = [](std::complex<double> z) { return std::fabs(z.real()) + std::fabs(z.imag()); };
  double bound = kIll;
  if (op == Op::kAdd) {
    bound = inexact ? ex + ey + ulp(format, both(result) + ex + ey) : 0;
  } else if (op == Op::kMul) {
    bound = both(x) * ey + both(y) * ex + 2 * ex * ey + 4 * unit * (both(x) + ex) * (both(y) + ey) + 4 * least;
  } else if (op == Op::kDiv) {
    double size = std::abs(y), margin = 1.5 * ey;
    if (!inexact && size == 0) return 0;
    if (size <= margin) return kIll;
    bound = (std::abs(x) * margin + size * 1.5 * ex) / (size * (size - margin)) +
            16 * unit * (std::abs(x) + 1.5 * ex) / (size - margin) + 4 * least;
  } else if (!inexact && info(op).ulp == 0) {
    bound = 0;
  }
  if (!std::isfinite(both(result))) return inexact ? kIll : 0;
  return std::isnan(bound) || both(result) + bound > format.largest ? kIll : bound;
}

/// A product whose rounding matters to a sum that is fused with it.
template <DType D>
bool rounds(Wide<D> x, Wide<D> y, Wide<D> result) {
  if constexpr (kIsComplex<D>)
    return true;
  else if constexpr (D == DType::kF64)
    return std::fma(x, y, -result) != 0 || std::fabs(result) < 0x1p-900;  // the rest of a tiny product vanishes
  else
    return x * y != result;
}

template <class Row, DType D>
double element_bound(Op op, Wide<D> x, double ex, Wide<D> y, double ey, Wide<D> result) {
  if constexpr (Row::kResult == ResultRule::kBool) {
    if (ex == 0 && ey == 0) return 0;
    if (std::isinf(ex) || std::isinf(ey)) return kIll;  // the reference's may be infinite or NaN, and others' not
    if constexpr (kIsReal<D>)
      return touch({x, ex}, {y, ey}) ? kIll : 0;
    else if constexpr (kIsComplex<D>)
      return touch({x.real(), ex}, {y.real(), ey}) && touch({x.imag(), ex}, {y.imag(), ey}) ? kIll : 0;
    else
      return kIll;
  } else if constexpr (kIsReal<D>) {
    return real_bound<Row, D>(op, x, ex, y, ey, result);
  } else if constexpr (kIsComplex<D>) {
    return complex_bound<D>(op, x, ex, y, ey, result);
  } else {
    bool absorbed = (op == Op::kAnd || op == Op::kMul) && ((ex == 0 && x == 0) || (ey == 0 && y == 0));
    return (ex == 0 && ey == 0) || absorbed ? 0 : kIll;
  }
}

template <class Row, DType D>
ErrorBounds bounds_of(const OpCall& call, const Array& result, bool& rounded_products) {
  const Value &x = call.operands[0], &y = call.operands.back();
  constexpr bool kMayRound = kIsReal<D> || kIsComplex<D>;
  Op op = call.node.op;
  bool fused = call.contract && op == Op::kAdd;
  // Complex products and quotients start with bounds of their own.
  bool starts = info(op).ulp > 0 || kIsComplex<D> || (fused && (x.rounded_products || y.rounded_products));
  if (x.exact() && y.exact() && !starts && op != Op::kMul) return nullptr;
  const auto* left = x.array.as<Storage<D>>();
  const auto* right = y.array.as<Storage<D>>();
  BoundVector bounds(static_cast<size_t>(result.elements()));
  for (int64_t i = 0; i < result.elements(); ++i) {
    Wide<D> a = widen<D>(left[i]), b = widen<D>(right[i]);
    double ex = x.bound(i), ey = call.operands.size() > 1 ? y.bound(i) : 0;
    if constexpr (Row::kResult == ResultRule::kBool) {
      bounds[static_cast<size_t>(i)] = element_bound<Row, D>(op, a, ex, b, ey, {});
    } else {
      Wide<D> r = widen<D>(result.as<Storage<D>>()[i]);
      if constexpr (kMayRound) {
        // A fused sum sees the product as it was before its rounding, or before it overflowed.
        auto half_ulp = [](Wide<D> value) {
          return std::isinf(std::abs(value)) ? kIll : ulp(float_format(D), std::abs(value)) / 2;
        };
        if (fused && x.rounded_products) ex += half_ulp(a);
        if (fused && y.rounded_products) ey += half_ulp(b);
        if (op == Op::kMul && !rounded_products) rounded_products = rounds<D>(a, b, r);
      }
      bounds[static_cast<size_t>(i)] = element_bound<Row, D>(op, a, ex, b, ey, r);
    }
  }
  return finish(std::move(bounds));
}

template <class Row>
ErrorBounds bounds_of(const OpCall& call, const Array& result, bool& rounded_products) {
  return dispatch_dtype(call.operands[0].array.dtype(), [&]<DType D>() -> ErrorBounds {
    if constexpr (contains(Row::kDTypes, D))
      return bounds_of<Row, D>(call, result, rounded_products);
    else
      return nullptr;
  });
}

}  // namespace

ErrorBounds finish(BoundVector bounds) {
  if (std::all_of(bounds.begin(), bounds.end(), [](double bound) { return bound == 0; })) return nullptr;
  return std::make_shared<const BoundVector>(std::move(bounds));
}

ErrorBounds all_ill(int64_t elements) { return finish(BoundVector(static_cast<size_t>(elements), kIll)); }

ErrorBounds elementwise_bounds(const OpCall& call, const Array& result, bool& rounded_products) {
  switch (call.node.op) {
#define CATEN_OP(...)
#define CATEN_ELEMENTWISE(enumerator, ...) \
  case Op::k##enumerator:                  \
    return bounds_of<enumerator##Row>(call, result, rounded_products);
#include "ir/ops.def"
#undef CATEN_OP
#undef CATEN_ELEMENTWISE
    default: assert(false && "not element-wise"); return nullptr;
  }
}

ErrorBounds select_bounds(const OpCall& call, const Array& result) {
  const Value &condition = call.operands[0], &yes = call.operands[1], &no = call.operands[2];
  if (condition.exact() && yes.exact() && no.exact()) return nullptr;
  BoundVector bounds(static_cast<size_t>(result.elements()));
  dispatch_dtype(result.dtype(), [&]<DType D>() {
    for (int64_t i = 0; i < result.elements(); ++i) {
      double& bound = bounds[static_cast<size_t>(i)];
      bool taken = condition.array.as<uint8_t>()[i] != 0;
      bound = (taken ? yes : no).bound(i);
      if (condition.bound(i) == 0) continue;
      // Either arm is possible.
      double other_bound = (taken ? no : yes).bound(i);
      Wide<D> chosen = widen<D>(result.as<Storage<D>>()[i]);
      Wide<D> other = widen<D>((taken ? no : yes).array.as<Storage<D>>()[i]);
      if constexpr (kIsComplex<D>)
        bound =
            std::max(bound, std::max(deviation(other.real(), chosen.real()), deviation(other.imag(), chosen.imag())) +
                                other_bound);
      else if constexpr (kIsReal<D>)
        bound = std::max(bound, deviation(other, chosen) + other_bound);
      else
        bound = other == chosen ? std::max(bound, other_bound) : kIll;
    }
  });
  return finish(std::move(bounds));
}

}  // namespace caten::evaluation
