#include "ir/dtype.hpp"

#include <bit>
#include <cmath>
#include <string>

namespace caten {
namespace {

struct Row {
  std::string_view name;
  DType dtype;
  size_t bytes;
  DTypeClass kind;
};

constexpr Row kRows[] = {
#define CATEN_DTYPE(name, enumerator, bytes, kind, storage) {#name, DType::enumerator, bytes, DTypeClass::kind},
#include "ir/dtypes.def"
#undef CATEN_DTYPE
};
static_assert(std::size(kRows) == kDTypeCount);

const Row& row(DType dtype) { return kRows[static_cast<int>(dtype)]; }

/// A binary format with one sign bit, `exponent` and `mantissa` bits.
struct Format {
  int exponent;
  int mantissa;
  bool has_infinity;  ///< otherwise only the all-ones pattern is NaN and overflow saturates
  bool saturates;
};

/// Rounds |value| to the format's grid once and assembles the bits; works on the exact double.
uint32_t encode(double value, const Format& f) {
  uint32_t sign = std::signbit(value) ? 1u << (f.exponent + f.mantissa) : 0;
  uint32_t exponent_mask = (1u << f.exponent) - 1;
  uint32_t infinity = exponent_mask << f.mantissa;
  uint32_t nan = f.has_infinity ? infinity | (1u << (f.mantissa - 1)) : infinity | ((1u << f.mantissa) - 1);
  uint32_t largest = f.has_infinity ? infinity - 1 : nan - 1;
  if (std::isnan(value)) return nan;  // one NaN, sign dropped
  double magnitude = std::fabs(value);
  int bias = (1 << (f.exponent - 1)) - 1;
  if (std::isinf(magnitude)) return sign | (f.saturates ? largest : infinity);
  if (magnitude == 0) return sign;
  int exponent = std::max(std::ilogb(magnitude), 1 - bias);
  // One unit in the last place is 2^(exponent - mantissa); the quotient is exact, nearbyint rounds to even.
  double units = std::nearbyint(std::scalbn(magnitude, f.mantissa - exponent));
  // Adding the biased exponent field lets a carry out of the mantissa move into the exponent by itself.
  auto bits = static_cast<uint64_t>(units) + (static_cast<uint64_t>(exponent + bias - 1) << f.mantissa);
  if (bits > largest) return sign | (f.saturates || !f.has_infinity ? largest : infinity);
  return sign | static_cast<uint32_t>(bits);
}

double decode(uint32_t bits, const Format& f) {
  uint32_t mantissa = bits & ((1u << f.mantissa) - 1);
  uint32_t exponent = (bits >> f.mantissa) & ((1u << f.exponent) - 1);
  bool negative = (bits >> (f.mantissa + f.exponent)) & 1u;
  uint32_t all_ones = (1u << f.exponent) - 1;
  int bias = (1 << (f.exponent - 1)) - 1;
  double magnitude;
  if (f.has_infinity && exponent == all_ones)
    magnitude = mantissa ? std::nan("") : INFINITY;
  else if (!f.has_infinity && exponent == all_ones && mantissa == (1u << f.mantissa) - 1)
    magnitude = std::nan("");
  else if (exponent == 0)
    magnitude = std::scalbn(mantissa, 1 - bias - f.mantissa);
  else
    magnitude = std::scalbn(mantissa + (1u << f.mantissa), static_cast<int>(exponent) - bias - f.mantissa);
  return negative ? -magnitude : magnitude;
}

constexpr Format kHalf{5, 10, true, false};
constexpr Format kBFloat16{8, 7, true, false};
constexpr Format kE4M3{4, 3, false, true};
constexpr Format kE5M2{5, 2, true, true};

}  // namespace

std::string_view dtype_name(DType dtype) { return row(dtype).name; }
size_t dtype_size(DType dtype) { return row(dtype).bytes; }
DTypeClass dtype_class(DType dtype) { return row(dtype).kind; }

std::optional<DType> find_dtype(std::string_view name) {
  for (const Row& r : kRows)
    if (r.name == name) return r.dtype;
  return std::nullopt;
}

const std::vector<DType>& all_dtypes() {
  static const std::vector<DType> all = [] {
    std::vector<DType> list;
    for (const Row& r : kRows) list.push_back(r.dtype);
    return list;
  }();
  return all;
}

std::string describe(DTypeSet set) {
  std::string out;
  for (const Row& r : kRows)
    if (contains(set, r.dtype)) (out += out.empty() ? "" : " ") += r.name;
  return out;
}

double round_to_odd(uint64_t value) {
  int excess = 0;
  while (value >> excess >= uint64_t{1} << 53) ++excess;
  uint64_t kept = value >> excess;
  if (kept << excess != value) kept |= 1;
  return std::ldexp(static_cast<double>(kept), excess);
}
double round_to_odd(int64_t value) {
  if (value >= 0) return round_to_odd(static_cast<uint64_t>(value));
  return -round_to_odd(0 - static_cast<uint64_t>(value));
}

Half to_half(double value) { return {static_cast<uint16_t>(encode(value, kHalf))}; }
BFloat16 to_bfloat16(double value) { return {static_cast<uint16_t>(encode(value, kBFloat16))}; }
Float8E4M3 to_float8_e4m3(double value) { return {static_cast<uint8_t>(encode(value, kE4M3))}; }
Float8E5M2 to_float8_e5m2(double value) { return {static_cast<uint8_t>(encode(value, kE5M2))}; }
double to_double(Half value) { return decode(value.bits, kHalf); }
double to_double(BFloat16 value) { return decode(value.bits, kBFloat16); }
double to_double(Float8E4M3 value) { return decode(value.bits, kE4M3); }
double to_double(Float8E5M2 value) { return decode(value.bits, kE5M2); }

}  // namespace caten
