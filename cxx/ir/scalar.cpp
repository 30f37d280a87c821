#include "ir/scalar.hpp"

#include <fmt/format.h>

#include <cfenv>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace caten {
namespace {

int64_t wrap(DType dtype, int64_t value) {
  switch (dtype) {
    case DType::kBool: return value != 0;
    case DType::kI8: return static_cast<int8_t>(value);
    case DType::kI16: return static_cast<int16_t>(value);
    case DType::kI32: return static_cast<int32_t>(value);
    case DType::kU8: return static_cast<uint8_t>(value);
    case DType::kU16: return static_cast<uint16_t>(value);
    case DType::kU32: return static_cast<uint32_t>(value);
    default: return value;
  }
}

struct IntegerRange {
  int64_t lo;
  uint64_t hi;
};

IntegerRange integer_range(DType dtype) {
  switch (dtype) {
    case DType::kBool: return {0, 1};
    case DType::kI8: return {INT8_MIN, INT8_MAX};
    case DType::kI16: return {INT16_MIN, INT16_MAX};
    case DType::kI32: return {INT32_MIN, INT32_MAX};
    case DType::kI64: return {INT64_MIN, INT64_MAX};
    case DType::kU8: return {0, UINT8_MAX};
    case DType::kU16: return {0, UINT16_MAX};
    case DType::kU32: return {0, UINT32_MAX};
    default: return {0, UINT64_MAX};
  }
}

DType part_of(DType complex) { return complex == DType::kC64 ? DType::kF32 : DType::kF64; }

bool narrower_than_double(DType dtype) { return dtype != DType::kF64 && dtype != DType::kC128; }

uint64_t bits_of(double value) { return std::isnan(value) ? 0x7ff8000000000000u : std::bit_cast<uint64_t>(value); }

tl::unexpected<Diagnostic> bad_literal(const Datum& datum, DType dtype, std::string expected) {
  return fail({.code = Code::BadLiteral,
               .message = fmt::format("`{}` is no value of dtype {}", print(datum), dtype_name(dtype)),
               .span = datum.span,
               .expected = std::move(expected),
               .found = print(datum),
               .remedy = "write a value that fits, or another dtype"});
}

/// A decimal as a double, rounded to odd. Of the two doubles around it, just one is odd.
double decimal_to_odd(const char* spelling) {
  int mode = std::fegetround();
  std::fesetround(FE_DOWNWARD);
  double below = std::strtod(spelling, nullptr);
  std::fesetround(FE_UPWARD);
  double above = std::strtod(spelling, nullptr);
  std::fesetround(mode);
  return (std::bit_cast<uint64_t>(below) & 1) != 0 ? below : above;
}

/// A number rounded once to the dtype.
Result<double> parse_real(const Datum& datum, DType dtype) {
  if (!datum.is_number()) return bad_literal(datum, dtype, "a number, +inf, -inf or nan");
  if (datum.is_integer()) {
    auto bits = static_cast<uint64_t>(datum.integer);
    if (dtype == DType::kF64) return datum.is_unsigned ? static_cast<double>(bits) : static_cast<double>(datum.integer);
    return round_to(dtype, datum.is_unsigned ? round_to_odd(bits) : round_to_odd(datum.integer));
  }
  if (std::isinf(datum.real) && dtype == DType::kF8E5M2) return datum.real;
  bool decimal = std::isfinite(datum.real) && datum.text.substr(0, 2) != "#x" && !datum.text.empty();
  return round_to(dtype, decimal && dtype != DType::kF64 ? decimal_to_odd(datum.text.c_str()) : datum.real);
}

}  // namespace

double round_to(DType dtype, double value) {
  switch (dtype) {
    case DType::kF16: return to_double(to_half(value));
    case DType::kBF16: return to_double(to_bfloat16(value));
    case DType::kF8E4M3: return to_double(to_float8_e4m3(value));
    case DType::kF8E5M2: return to_double(to_float8_e5m2(value));
    case DType::kF32:
    case DType::kC64: return static_cast<double>(static_cast<float>(value));
    default: return value;
  }
}

Scalar Scalar::of_bool(bool value) { return of_integer(DType::kBool, value); }

Scalar Scalar::of_integer(DType dtype, int64_t value) {
  Scalar scalar;
  scalar.dtype_ = dtype;
  if (is_integer(dtype) || is_bool(dtype))
    scalar.integer_ = wrap(dtype, value);
  else
    scalar.value_ = narrower_than_double(dtype) ? round_to(dtype, round_to_odd(value)) : static_cast<double>(value);
  return scalar;
}

Scalar Scalar::of_unsigned(DType dtype, uint64_t value) {
  if (is_integer(dtype) || is_bool(dtype) || value <= INT64_MAX) return of_integer(dtype, static_cast<int64_t>(value));
  double real = narrower_than_double(dtype) ? round_to(dtype, round_to_odd(value)) : static_cast<double>(value);
  return exactly(dtype, real);
}

Scalar Scalar::of_real(DType dtype, double value) {
  if (is_bool(dtype)) return of_bool(value != 0);
  if (is_integer(dtype)) {
    IntegerRange range = integer_range(dtype);
    if (std::isnan(value)) return zero(dtype);
    if (value <= static_cast<double>(range.lo)) return of_integer(dtype, range.lo);
    if (value >= static_cast<double>(range.hi)) return of_unsigned(dtype, range.hi);
    return value < 0 ? of_integer(dtype, static_cast<int64_t>(value))
                     : of_unsigned(dtype, static_cast<uint64_t>(value));
  }
  return of_complex(dtype, value);
}

Scalar Scalar::of_complex(DType dtype, std::complex<double> value) {
  return exactly(dtype, {round_to(dtype, value.real()), is_complex(dtype) ? round_to(dtype, value.imag()) : 0.0});
}

Scalar Scalar::exactly(DType dtype, std::complex<double> value) {
  Scalar scalar;
  scalar.dtype_ = dtype;
  scalar.value_ = value;
  return scalar;
}

Result<Scalar> Scalar::parse(const Datum& datum, DType dtype) {
  if (is_bool(dtype)) {
    if (datum.is_symbol("true") || datum.is_symbol("false")) return of_bool(datum.text == "true");
    if (datum.is_integer() && !datum.is_unsigned && (datum.integer == 0 || datum.integer == 1))
      return of_bool(datum.integer != 0);
    return bad_literal(datum, dtype, "true or false");
  }
  if (is_integer(dtype)) {
    IntegerRange range = integer_range(dtype);
    std::string expected = fmt::format("an integer from {} to {}", range.lo, range.hi);
    if (!datum.is_integer()) return bad_literal(datum, dtype, expected);
    bool fits = datum.is_unsigned   ? static_cast<uint64_t>(datum.integer) <= range.hi
                : datum.integer < 0 ? datum.integer >= range.lo
                                    : static_cast<uint64_t>(datum.integer) <= range.hi;
    if (!fits) return bad_literal(datum, dtype, expected);
    return of_integer(dtype, datum.integer);
  }
  if (is_complex(dtype) && datum.is_list()) {
    if (datum.size() != 3 || !datum[0].is_symbol("c")) return bad_literal(datum, dtype, "(c re im)");
    Result<double> re = parse_real(datum[1], part_of(dtype));
    if (!re) return tl::make_unexpected(re.error());
    Result<double> im = parse_real(datum[2], part_of(dtype));
    if (!im) return tl::make_unexpected(im.error());
    return exactly(dtype, {*re, *im});
  }
  Result<double> value = parse_real(datum, is_complex(dtype) ? part_of(dtype) : dtype);
  if (!value) return tl::make_unexpected(value.error());
  return exactly(dtype, *value);
}

Datum Scalar::to_datum() const {
  if (is_bool(dtype_)) return Datum::symbol(integer_ ? "true" : "false");
  if (dtype_ == DType::kU64) return Datum::of_unsigned(static_cast<uint64_t>(integer_));
  if (is_integer(dtype_)) return Datum::of(integer_);
  auto real = [&](double value, DType dtype) {
    Datum datum = Datum::of(value);
    // The shortest decimal of the narrower type: 0.1, not 0.10000000149011612. For 1- and 2-byte floats the shortest
    // f32 decimal reads back exactly as well.
    if (dtype != DType::kF64) datum.text = print_float(static_cast<float>(value));
    return datum;
  };
  if (is_complex(dtype_)) {
    DType part = part_of(dtype_);
    return Datum::list({Datum::symbol("c"), real(value_.real(), part), real(value_.imag(), part)});
  }
  return real(value_.real(), dtype_);
}

Scalar Scalar::load(DType dtype, const std::byte* from) {
  auto read = [&]<class T>() {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  switch (dtype) {
    case DType::kBool: return of_bool(read.operator()<uint8_t>() != 0);
    case DType::kI8: return of_integer(dtype, read.operator()<int8_t>());
    case DType::kI16: return of_integer(dtype, read.operator()<int16_t>());
    case DType::kI32: return of_integer(dtype, read.operator()<int32_t>());
    case DType::kI64: return of_integer(dtype, read.operator()<int64_t>());
    case DType::kU8: return of_integer(dtype, read.operator()<uint8_t>());
    case DType::kU16: return of_integer(dtype, read.operator()<uint16_t>());
    case DType::kU32: return of_integer(dtype, read.operator()<uint32_t>());
    case DType::kU64: return of_integer(dtype, static_cast<int64_t>(read.operator()<uint64_t>()));
    case DType::kF16: return exactly(dtype, to_double(read.operator()<Half>()));
    case DType::kBF16: return exactly(dtype, to_double(read.operator()<BFloat16>()));
    case DType::kF8E4M3: return exactly(dtype, to_double(read.operator()<Float8E4M3>()));
    case DType::kF8E5M2: return exactly(dtype, to_double(read.operator()<Float8E5M2>()));
    case DType::kF32: return exactly(dtype, read.operator()<float>());
    case DType::kF64: return exactly(dtype, read.operator()<double>());
    case DType::kC64: return exactly(dtype, std::complex<double>(read.operator()<std::complex<float>>()));
    case DType::kC128: return exactly(dtype, read.operator()<std::complex<double>>());
  }
  return {};
}

void Scalar::store(std::byte* to) const {
  auto write = [&](auto value) { std::memcpy(to, &value, sizeof value); };
  switch (dtype_) {
    case DType::kBool:
    case DType::kI8:
    case DType::kU8: write(static_cast<uint8_t>(integer_)); break;
    case DType::kI16:
    case DType::kU16: write(static_cast<uint16_t>(integer_)); break;
    case DType::kI32:
    case DType::kU32: write(static_cast<uint32_t>(integer_)); break;
    case DType::kI64:
    case DType::kU64: write(integer_); break;
    case DType::kF16: write(to_half(value_.real())); break;
    case DType::kBF16: write(to_bfloat16(value_.real())); break;
    case DType::kF8E4M3: write(to_float8_e4m3(value_.real())); break;
    case DType::kF8E5M2: {
      // An infinity was loaded as such; rounding would saturate.
      Float8E5M2 bits = to_float8_e5m2(value_.real());
      if (std::isinf(value_.real())) ++bits.bits;
      write(bits);
      break;
    }
    case DType::kF32: write(static_cast<float>(value_.real())); break;
    case DType::kF64: write(value_.real()); break;
    case DType::kC64: write(std::complex<float>(value_)); break;
    case DType::kC128: write(value_); break;
  }
}

bool Scalar::operator==(const Scalar& other) const {
  return dtype_ == other.dtype_ && integer_ == other.integer_ &&
         bits_of(value_.real()) == bits_of(other.value_.real()) &&
         bits_of(value_.imag()) == bits_of(other.value_.imag());
}

size_t Scalar::hash() const {
  auto seed = static_cast<size_t>(dtype_);
  for (uint64_t part : {static_cast<uint64_t>(integer_), bits_of(value_.real()), bits_of(value_.imag())})
    seed = (seed ^ part) * 0x9e3779b97f4a7c15u + (seed >> 29);
  return seed;
}

}  // namespace caten
