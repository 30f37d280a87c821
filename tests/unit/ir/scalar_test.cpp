#include "ir/scalar.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "builder.hpp"

namespace caten::testing {
namespace {

bool parses(const char* text, DType dtype) { return Scalar::parse(read_datum(text), dtype).has_value(); }
Scalar parsed(const char* text, DType dtype) {
  Result<Scalar> scalar = Scalar::parse(read_datum(text), dtype);
  INFO(text, " ", dtype_name(dtype));
  REQUIRE(scalar.has_value());
  return *scalar;
}

}  // namespace

TEST_CASE("integers wrap, reals truncate and saturate") {
  CHECK(Scalar::of_integer(DType::kI8, 300).as_integer() == 44);
  CHECK(Scalar::of_integer(DType::kU8, -1).as_integer() == 255);
  CHECK(Scalar::of_integer(DType::kBool, 256).as_bool());
  CHECK(Scalar::of_unsigned(DType::kU64, UINT64_MAX).as_integer() == -1);
  CHECK(Scalar::of_real(DType::kI8, -200.5).as_integer() == -128);
  CHECK(Scalar::of_real(DType::kI8, 1.99).as_integer() == 1);
  CHECK(Scalar::of_real(DType::kI32, kNaN).as_integer() == 0);
  CHECK(Scalar::of_real(DType::kU64, 0x1p64).as_integer() == -1);
  CHECK(Scalar::of_real(DType::kU64, 0x1p63).as_integer() == INT64_MIN);
  CHECK(Scalar::of_real(DType::kI64, kInf).as_integer() == INT64_MAX);
  CHECK(Scalar::of_real(DType::kBool, 0.1).as_bool());
}

TEST_CASE("floats round once") {
  CHECK(Scalar::of_real(DType::kF16, 65519.9).as_real() == 65504);
  CHECK(Scalar::of_real(DType::kF16, 65520).as_real() == kInf);
  CHECK(Scalar::of_real(DType::kBF16, 1 + 0x1p-8).as_real() == 1);
  CHECK(Scalar::of_integer(DType::kF32, 16777217).as_real() == 16777216);
  // Just above a tie of the narrow format, beyond the digits of a double.
  CHECK(Scalar::of_integer(DType::kF32, (int64_t{1} << 54) + (int64_t{1} << 30) + 1).as_real() == 0x1.000002p54);
  CHECK(Scalar::of_integer(DType::kBF16, (int64_t{1} << 62) + (int64_t{1} << 54) + 1).as_real() == 0x1.02p62);
  CHECK(Scalar::of_integer(DType::kBF16, -(int64_t{1} << 62) - (int64_t{1} << 54) - 1).as_real() == -0x1.02p62);
  CHECK(Scalar::of_unsigned(DType::kBF16, (uint64_t{1} << 63) + (uint64_t{1} << 55) + 1).as_real() == 0x1.02p63);
  CHECK(Scalar::of_complex(DType::kC64, {0.1, -0.0}).as_complex().real() == static_cast<double>(0.1f));
  CHECK(std::signbit(Scalar::of_complex(DType::kC64, {0.1, -0.0}).as_complex().imag()));
}

TEST_CASE("literals") {
  CHECK(parsed("true", DType::kBool) == Scalar::of_bool(true));
  CHECK(parsed("0", DType::kBool) == Scalar::of_bool(false));
  CHECK_FALSE(parses("2", DType::kBool));
  CHECK(parsed("-128", DType::kI8).as_integer() == -128);
  CHECK_FALSE(parses("128", DType::kI8));
  CHECK_FALSE(parses("-129", DType::kI8));
  CHECK(parsed("255", DType::kU8).as_integer() == 255);
  CHECK_FALSE(parses("-1", DType::kU8));
  CHECK(parsed("18446744073709551615", DType::kU64).as_integer() == -1);
  CHECK_FALSE(parses("9223372036854775808", DType::kI64));
  CHECK_FALSE(parses("1.5", DType::kI32));
  CHECK_FALSE(parses("nan", DType::kI32));
  CHECK(parsed("0.1", DType::kF32).as_real() == static_cast<double>(0.1f));
  CHECK(parsed("0.1", DType::kF64).as_real() == 0.1);
  CHECK(parsed("+inf", DType::kF16).as_real() == kInf);
  CHECK(std::isnan(parsed("nan", DType::kBF16).as_real()));
  CHECK(parsed("#x1.8p3", DType::kF32).as_real() == 12);
  CHECK(std::signbit(parsed("-0.0", DType::kF32).as_real()));
  CHECK(parsed("(c 1 -2.5)", DType::kC64).as_complex() == std::complex<double>(1, -2.5));
  CHECK(parsed("3", DType::kC128).as_complex() == std::complex<double>(3, 0));
  CHECK_FALSE(parses("(c 1)", DType::kC64));
  CHECK_FALSE(parses("(c 1 2)", DType::kF32));
  CHECK_FALSE(parses("\"1\"", DType::kF32));
  CHECK(Scalar::parse(read_datum("128"), DType::kI8).error().code == Code::BadLiteral);
}

TEST_CASE("a decimal is rounded once, whatever the format") {
  // The double nearest to the decimal is a tie of the narrow format; the decimal itself is just above.
  CHECK(parsed("1.00000005960464477539062500000000001", DType::kF32).as_real() == 1 + 0x1p-23);
  CHECK(parsed("1.000488281250000000000000000000000001", DType::kF16).as_real() == 1 + 0x1p-10);
  CHECK(parsed("1.003906250000000000000000000000000001", DType::kBF16).as_real() == 1 + 0x1p-7);
  CHECK(parsed("1.00048828125", DType::kF16).as_real() == 1);
}

TEST_CASE("every pattern of the small floats prints and reads back") {
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF8E4M3, DType::kF8E5M2}) {
    size_t size = dtype_size(dtype);
    size_t step = size == 2 ? 37 : 1;
    for (size_t bits = 0; bits < (size_t{1} << (8 * size)); bits += step) {
      std::array<std::byte, 2> bytes{std::byte(bits & 255), std::byte(bits >> 8)};
      Scalar scalar = Scalar::load(dtype, bytes.data());
      CHECK(parsed(print(scalar.to_datum()).c_str(), dtype) == scalar);
      if (std::isnan(scalar.as_real())) continue;
      std::array<std::byte, 2> stored{};
      scalar.store(stored.data());
      CHECK((stored[0] == bytes[0] && (size == 1 || stored[1] == bytes[1])));
    }
  }
}

TEST_CASE("printing and reading are inverse for every dtype") {
  for (DType dtype : all_dtypes())
    for (double value : {0.0, 1.0, 0.1, 3.0, 100.0, 1e-3, 12345.678}) {
      Scalar scalar = is_complex(dtype) ? Scalar::of_complex(dtype, {value, -value}) : Scalar::of_real(dtype, value);
      INFO(dtype_name(dtype), " ", print(scalar.to_datum()));
      CHECK(parsed(print(scalar.to_datum()).c_str(), dtype) == scalar);
      std::array<std::byte, 16> bytes{};
      scalar.store(bytes.data());
      CHECK(Scalar::load(dtype, bytes.data()) == scalar);
    }
  CHECK(print(Scalar::of_real(DType::kF32, 0.1).to_datum()) == "0.1");
  CHECK(print(Scalar::of_real(DType::kF16, 0.1).to_datum()) == "0.099975586");
}

TEST_CASE("equality: bits, all NaNs alike, zeros apart") {
  CHECK(Scalar::of_real(DType::kF32, kNaN) == Scalar::of_real(DType::kF32, -kNaN));
  CHECK_FALSE(Scalar::of_real(DType::kF32, 0.0) == Scalar::of_real(DType::kF32, -0.0));
  CHECK_FALSE(Scalar::of_real(DType::kF32, 1) == Scalar::of_real(DType::kF64, 1));
  CHECK(Scalar::of_real(DType::kF32, kNaN).hash() == Scalar::of_real(DType::kF32, -kNaN).hash());
}

}  // namespace caten::testing
