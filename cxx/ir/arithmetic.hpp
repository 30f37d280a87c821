// The scalar meaning of the element-wise ops, in the wide type of a dtype: the integer type itself, double for every
// float dtype, complex<double> for complex ones. The caller rounds the result once to the dtype; for f16, bf16 and f32
// that is correctly rounded (double carries more than twice their digits), and f64 is computed in f64, the
// transcendental functions in the wider long double first.
#pragma once

#include <cmath>
#include <complex>
#include <cstdint>
#include <type_traits>

namespace caten::arithmetic {

template <class T>
concept Integer = std::is_integral_v<T>;

inline double exp2(double x) { return static_cast<double>(std::exp2(static_cast<long double>(x))); }
inline double log2(double x) { return static_cast<double>(std::log2(static_cast<long double>(x))); }
inline double sin(double x) { return static_cast<double>(std::sin(static_cast<long double>(x))); }
inline double sqrt(double x) { return std::sqrt(x); }

template <Integer T>
T add(T x, T y) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(static_cast<U>(x) + static_cast<U>(y)));
}
inline double add(double x, double y) { return x + y; }
inline std::complex<double> add(std::complex<double> x, std::complex<double> y) { return x + y; }

template <Integer T>
T mul(T x, T y) {
  return static_cast<T>(static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
}
inline double mul(double x, double y) { return x * y; }
inline std::complex<double> mul(std::complex<double> x, std::complex<double> y) {
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

template <Integer T>
T div(T x, T y) {
  if (y == 0) return 0;
  if constexpr (std::is_signed_v<T>) {
    if (y == T(-1)) return static_cast<T>(0 - static_cast<uint64_t>(x));
    return static_cast<T>(x / y - ((x % y != 0) && ((x < 0) != (y < 0))));
  } else {
    return static_cast<T>(x / y);
  }
}
inline double div(double x, double y) { return x / y; }
/// x · conj(y) / |y|², with y scaled by a power of two so that |y|² neither overflows nor vanishes.
inline std::complex<double> div(std::complex<double> x, std::complex<double> y) {
  double largest = std::fmax(std::fabs(y.real()), std::fabs(y.imag()));
  if (largest > 0 && std::isfinite(largest)) {
    int scale = -std::ilogb(largest);
    double c = std::scalbn(y.real(), scale), d = std::scalbn(y.imag(), scale);
    double denominator = c * c + d * d;
    return {std::scalbn((x.real() * c + x.imag() * d) / denominator, scale),
            std::scalbn((x.imag() * c - x.real() * d) / denominator, scale)};
  }
  double denominator = y.real() * y.real() + y.imag() * y.imag();
  return {(x.real() * y.real() + x.imag() * y.imag()) / denominator,
          (x.imag() * y.real() - x.real() * y.imag()) / denominator};
}

template <Integer T>
T mod(T x, T y) {
  if (y == 0) return 0;
  if constexpr (std::is_signed_v<T>) {
    if (y == T(-1)) return 0;
    T r = static_cast<T>(x % y);
    return static_cast<T>(r != 0 && ((r < 0) != (y < 0)) ? r + y : r);
  } else {
    return static_cast<T>(x % y);
  }
}
inline double mod(double x, double y) {
  double r = std::fmod(x, y);
  return r != 0 && std::signbit(r) != std::signbit(y) ? r + y : r;
}

template <Integer T>
T max(T x, T y) {
  return x < y ? y : x;
}
inline double max(double x, double y) {
  if (std::isnan(x)) return x;
  if (std::isnan(y)) return y;
  if (x == y) return std::signbit(x) ? y : x;  // of -0 and +0 the positive one
  return x < y ? y : x;
}

template <class T>
bool lt(T x, T y) {
  return x < y;
}
template <class T>
bool eq(T x, T y) {
  return x == y;
}
template <Integer T>
T bit_and(T x, T y) {
  return static_cast<T>(x & y);
}
template <Integer T>
T bit_xor(T x, T y) {
  return static_cast<T>(x ^ y);
}

}  // namespace caten::arithmetic
