#include "ir/dtype.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

namespace caten {
namespace {

/// A small float format, described apart from the code under test.
struct Small {
  std::string name;
  int exponent_bits;
  int mantissa_bits;
  bool ieee;       ///< the top exponent means infinity and NaN; else only the all-ones pattern is NaN
  bool saturates;  ///< overflow gives the largest finite value
  uint32_t (*to_bits)(double);
  double (*from_bits)(uint32_t);
};

const Small kFormats[] = {
    {"f16", 5, 10, true, false, [](double v) -> uint32_t { return to_half(v).bits; },
     [](uint32_t b) { return to_double(Half{static_cast<uint16_t>(b)}); }},
    {"bf16", 8, 7, true, false, [](double v) -> uint32_t { return to_bfloat16(v).bits; },
     [](uint32_t b) { return to_double(BFloat16{static_cast<uint16_t>(b)}); }},
    {"f8e4m3", 4, 3, false, true, [](double v) -> uint32_t { return to_float8_e4m3(v).bits; },
     [](uint32_t b) { return to_double(Float8E4M3{static_cast<uint8_t>(b)}); }},
    {"f8e5m2", 5, 2, true, true, [](double v) -> uint32_t { return to_float8_e5m2(v).bits; },
     [](uint32_t b) { return to_double(Float8E5M2{static_cast<uint8_t>(b)}); }},
};

uint32_t sign_bit(const Small& f) { return 1U << (f.exponent_bits + f.mantissa_bits); }

/// The values of all finite patterns without a sign, in order: built by adding up steps, one pattern after the other.
std::vector<double> magnitudes(const Small& f) {
  int bias = (1 << (f.exponent_bits - 1)) - 1;
  uint32_t patterns = 1U << (f.exponent_bits + f.mantissa_bits);
  uint32_t finite = f.ieee ? patterns - (1U << f.mantissa_bits) : patterns - 1;
  std::vector<double> values{0};
  double step = std::pow(2.0, 1 - bias - f.mantissa_bits);
  for (uint32_t bits = 1; bits < finite; ++bits) {
    values.push_back(values.back() + step);
    // Steps double from the first value of an exponent on; denormals step like the first exponent.
    if ((bits >> f.mantissa_bits) >= 2 && (bits & ((1U << f.mantissa_bits) - 1)) == 0) step *= 2;
  }
  return values;
}

}  // namespace

TEST_CASE("the table of dtypes") {
  CHECK(all_dtypes().size() == kDTypeCount);
  std::set<std::string_view> names;
  for (DType d : all_dtypes()) {
    CHECK(names.insert(dtype_name(d)).second);
    CHECK(find_dtype(dtype_name(d)) == d);
    CHECK(contains(kAnySet, d));
    dispatch(d, [&]<class T>() { CHECK(sizeof(T) == dtype_size(d)); });
    CHECK(is_float(d) == contains(kFloatSet, d));
    CHECK(is_complex(d) == contains(kComplexSet, d));
    CHECK(is_integer(d) == contains(kIntegerSet, d));
    CHECK(is_bool(d) == contains(kBoolSet, d));
    CHECK((dtype_class(d) == DTypeClass::kStorage) == contains(kStorageSet, d));
  }
  CHECK_FALSE(find_dtype("f128").has_value());
  CHECK_FALSE(find_dtype("F32").has_value());
  CHECK_FALSE(find_dtype("").has_value());
  CHECK(describe(kComplexSet) == "c64 c128");
  CHECK(describe(DTypeSet{0}) == "");
  CHECK(kAnySet == (1U << kDTypeCount) - 1);
}

TEST_CASE("storage has the real size") {
  CHECK(sizeof(Half) == 2);
  CHECK(sizeof(BFloat16) == 2);
  CHECK(sizeof(Float8E4M3) == 1);
  CHECK(sizeof(Float8E5M2) == 1);
}

TEST_CASE("every pattern of the small floats decodes to its value and encodes back") {
  for (const Small& f : kFormats) {
    CAPTURE(f.name);
    std::vector<double> values = magnitudes(f);
    uint32_t patterns = sign_bit(f);
    size_t wrong = 0;
    for (uint32_t bits = 0; bits < patterns; ++bits) {
      double positive = f.from_bits(bits);
      double negative = f.from_bits(bits | sign_bit(f));
      if (bits < values.size()) {
        wrong += positive != values[bits] || negative != -values[bits] || !std::signbit(negative);
        wrong += f.to_bits(positive) != bits || f.to_bits(negative) != (bits | sign_bit(f));
      } else if (f.ieee && bits == values.size()) {
        wrong += !std::isinf(positive) || positive < 0 || !std::isinf(negative) || negative > 0;
      } else {
        wrong += !std::isnan(positive) || !std::isnan(negative);
        wrong += !std::isnan(f.from_bits(f.to_bits(positive)));
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("between two neighbours the nearer one wins, and ties go to the even pattern") {
  for (const Small& f : kFormats) {
    CAPTURE(f.name);
    std::vector<double> values = magnitudes(f);
    size_t wrong = 0;
    for (uint32_t low = 0; low + 1 < values.size(); ++low) {
      double middle = values[low] / 2 + values[low + 1] / 2;  // exact: doubles are far finer
      uint32_t even = low % 2 == 0 ? low : low + 1;
      wrong += f.to_bits(middle) != even;
      wrong += f.to_bits(std::nextafter(middle, 0.0)) != low;
      wrong += f.to_bits(std::nextafter(middle, 1e300)) != low + 1;
      wrong += f.to_bits(-middle) != (even | sign_bit(f));
      wrong += f.to_bits(-std::nextafter(middle, 1e300)) != ((low + 1) | sign_bit(f));
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("beyond the largest value: infinity, or saturation for f8") {
  for (const Small& f : kFormats) {
    CAPTURE(f.name);
    std::vector<double> values = magnitudes(f);
    auto largest = static_cast<uint32_t>(values.size() - 1);
    uint32_t beyond = f.saturates ? largest : largest + 1;
    double step = values[largest] - values[largest - 1];
    CHECK(f.to_bits(values[largest] + step * 0.499) == largest);
    CHECK(f.to_bits(values[largest] + step * 0.5) == beyond);  // the largest IEEE pattern is odd: the tie goes up
    CHECK(f.to_bits(values[largest] + step) == beyond);
    CHECK(f.to_bits(-(values[largest] + step)) == (beyond | sign_bit(f)));
    CHECK(f.to_bits(1e300) == beyond);
    CHECK(f.to_bits(std::numeric_limits<double>::max()) == beyond);
    CHECK(f.to_bits(std::numeric_limits<double>::infinity()) == beyond);
    CHECK(f.to_bits(-std::numeric_limits<double>::infinity()) == (beyond | sign_bit(f)));
    CHECK(std::isnan(f.from_bits(f.to_bits(std::nan("")))));
    CHECK(f.to_bits(-std::nan("")) == f.to_bits(std::nan("")));  // one NaN
  }
  CHECK(to_double(to_float8_e4m3(1e9)) == 448);
  CHECK(to_double(to_float8_e5m2(1e9)) == 57344);
  CHECK(to_double(to_half(65504)) == 65504);
  CHECK(std::isinf(to_double(to_half(65520))));
  CHECK(to_double(to_half(65519.99)) == 65504);
}

TEST_CASE("below the smallest value: zero with its sign") {
  for (const Small& f : kFormats) {
    CAPTURE(f.name);
    double smallest = magnitudes(f)[1];
    CHECK(f.to_bits(0.0) == 0);
    CHECK(f.to_bits(-0.0) == sign_bit(f));
    CHECK(f.to_bits(smallest) == 1);
    CHECK(f.to_bits(smallest / 2) == 0);  // a tie, and zero is even
    CHECK(f.to_bits(std::nextafter(smallest / 2, 1.0)) == 1);
    CHECK(f.to_bits(std::numeric_limits<double>::denorm_min()) == 0);
    CHECK(f.to_bits(-std::numeric_limits<double>::denorm_min()) == sign_bit(f));
  }
}

TEST_CASE("f32 to bf16 is rounding to nearest even of the upper half") {
  size_t wrong = 0;
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 65'521) {  // a prime: all upper halves, many lower ones
    auto value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::isnan(value)) continue;
    auto expected = static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    wrong += to_bfloat16(static_cast<double>(value)).bits != expected;
  }
  CHECK(wrong == 0);
}

TEST_CASE("rounding is once: a double just above a tie of its f32 neighbour") {
  // 1 + 2^-11 is the tie between two f16 values. With 2^-40 more, rounding by way of f32 would lose the rest and tie to
  // even.
  double value = 1 + std::ldexp(1.0, -11) + std::ldexp(1.0, -40);
  CHECK(to_half(value).bits == 0x3C01);
  CHECK(to_half(static_cast<double>(static_cast<float>(value))).bits == 0x3C00);
}

}  // namespace caten
