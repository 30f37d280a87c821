#include <cmath>
#include <cstring>
#include <limits>

#include "builder.hpp"

namespace caten::testing {
namespace {

Array cast(Array x, DType to) { return apply(Op::kCast, {std::move(x)}, {}, {to, {}}); }
Array bitcast(Array x, DType to) { return apply(Op::kBitcast, {std::move(x)}, {}, {to, {}}); }

template <class T, class U>
void check_cast(DType from, std::initializer_list<T> x, DType to, std::initializer_list<U> y) {
  INFO(dtype_name(from), " to ", dtype_name(to));
  auto n = static_cast<int64_t>(x.size());
  check_same(cast(array<T>(from, {n}, x), to), array<U>(to, {n}, y));
}

}  // namespace

TEST_CASE("cast: every pair of dtypes that has one") {
  for (DType from : all_dtypes())
    for (DType to : all_dtypes()) {
      if (is_complex(from) && !is_complex(to) && to != DType::kBool) continue;
      INFO(dtype_name(from), " to ", dtype_name(to));
      check_same(cast(array<int>(from, {2}, {0, 1}), to), array<int>(to, {2}, {0, 1}));
    }
}

TEST_CASE("cast float to integer truncates and saturates; NaN gives 0") {
  for (DType from : {DType::kF32, DType::kF64, DType::kBF16}) {
    check_cast<double, int>(from, {1.9, -1.9, 300, -300, kInf, -kInf, kNaN, -0.5, 127.5}, DType::kI8,
                            {1, -1, 127, -128, 127, -128, 0, 0, 127});
    check_cast<double, int>(from, {-1, 255.5, 256, 0.99}, DType::kU8, {0, 255, 255, 0});
    check_cast<double, int64_t>(from, {0x1p63, -0x1p63, -0x1p64, 0x1p62}, DType::kI64,
                                {INT64_MAX, INT64_MIN, INT64_MIN, int64_t{1} << 62});
    check_cast<double, uint64_t>(from, {0x1p64, 0x1p63, -1}, DType::kU64, {UINT64_MAX, uint64_t{1} << 63, 0});
  }
  check_cast<double, int64_t>(DType::kF64, {2147483647.5, -2147483648.5}, DType::kI32, {INT32_MAX, INT32_MIN});
  check_cast<double, int>(DType::kF8E4M3, {448, -3.5, kNaN}, DType::kI16, {448, -3, 0});
}

TEST_CASE("cast integer to integer wraps, to bool is ≠ 0") {
  check_cast<int, int>(DType::kI32, {300, -1, 128}, DType::kI8, {44, -1, -128});
  check_cast<int, int>(DType::kI8, {-1}, DType::kU16, {65535});
  check_cast<int, int64_t>(DType::kI8, {-1}, DType::kI64, {-1});
  check_cast<uint64_t, int64_t>(DType::kU64, {UINT64_MAX}, DType::kI64, {-1});
  check_cast<int, int>(DType::kI32, {256, 0, -1}, DType::kBool, {1, 0, 1});
  check_cast<double, int>(DType::kF32, {0.1, 0, -0.0, kNaN, kInf}, DType::kBool, {1, 0, 0, 1, 1});
  check_cast<std::complex<double>, int>(DType::kC64, {{0, 0}, {0, 1}, {1, 0}}, DType::kBool, {0, 1, 1});
}

TEST_CASE("cast integer to float rounds once, from all 64 bits") {
  // 2^24 + 1 is a tie; just above one of f32's ties, where a double on the way would round to the tie first.
  check_cast<int64_t, double>(DType::kI64, {16777217, 16777219, (int64_t{1} << 54) + (int64_t{1} << 30) + 1},
                              DType::kF32, {16777216, 16777220, 0x1.000002p54});
  check_cast<int64_t, double>(DType::kI64,
                              {(int64_t{1} << 62) + (int64_t{1} << 54) + 1, (int64_t{1} << 62) + (int64_t{1} << 54)},
                              DType::kBF16, {0x1.02p62, 0x1p62});
  check_cast<uint64_t, double>(DType::kU64, {UINT64_MAX}, DType::kF32, {0x1p64});
  check_cast<int64_t, double>(DType::kI64, {INT64_MIN, 65519, 65520}, DType::kF16, {-kInf, 65504, kInf});
  check_cast<int64_t, double>(DType::kI64, {(int64_t{1} << 53) + 1}, DType::kF64, {0x1p53});
}

TEST_CASE("cast float to float rounds once, ties to even") {
  check_cast<double, double>(DType::kF64, {1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-50, 0x1p-150, 0x1.8p-150, 1e300, -0.0, kNaN},
                             DType::kF32, {1, 1 + 0x1p-23, 0, 0x1p-149, kInf, -0.0, kNaN});
  check_cast<double, double>(DType::kF32, {1 + 0x1p-11, 1 + 0x1.8p-10, 65519, 65520, 0x1p-25, 0x1.8p-25}, DType::kF16,
                             {1, 1 + 0x1p-9, 65504, kInf, 0, 0x1p-24});
  check_cast<double, double>(DType::kF32, {1 + 0x1p-8, 1 + 0x1.8p-7, 0x1.ffp127}, DType::kBF16, {1, 1 + 0x1p-6, kInf});
  check_cast<double, double>(DType::kF16, {0x1p-24, 65504}, DType::kF64, {0x1p-24, 65504});
}

TEST_CASE("cast to the 1-byte floats: overflow saturates, NaN stays") {
  check_cast<double, double>(DType::kF32, {448, 464, 480, 1e9, -1e9, kInf, 0x1p-9, 0x1p-10, 0x1.8p-10, 17, 19},
                             DType::kF8E4M3, {448, 448, 448, 448, -448, 448, 0x1p-9, 0, 0x1p-9, 16, 20});
  check_cast<double, double>(DType::kF32, {57344, 61440, 65536, 1e9, -kInf, 0x1p-16, 0x1p-17, 0x1.8p-17, 9, 11},
                             DType::kF8E5M2, {57344, 57344, 57344, 57344, -57344, 0x1p-16, 0, 0x1p-16, 8, 12});
  for (DType to : {DType::kF8E4M3, DType::kF8E5M2}) {
    Array nan = cast(f32({1}, {kNaN}), to);
    CHECK(std::isnan(Scalar::load(to, nan.data()).as_real()));
  }
}

TEST_CASE("cast of complex and to complex") {
  using C = std::complex<double>;
  check_same(cast(array<C>(DType::kC128, {1}, {{1 + 0x1p-30, -0.1}}), DType::kC64),
             array<C>(DType::kC64, {1}, {{1, -0.1}}));
  check_same(cast(f32({2}, {-0.0, 3}), DType::kC64), array<C>(DType::kC64, {2}, {{-0.0, 0}, {3, 0}}));
  check_same(cast(i64({1}, {7}), DType::kC128), array<C>(DType::kC128, {1}, {{7, 0}}));
}

TEST_CASE("bitcast keeps the bits; complex and pairs of reals") {
  check_same(bitcast(f32({2}, {1, -0.0}), DType::kI32), array<int64_t>(DType::kI32, {2}, {0x3f800000, INT32_MIN}));
  check_same(bitcast(array<int>(DType::kU16, {2}, {0x3c00, 0x7c00}), DType::kF16), array(DType::kF16, {2}, {1, kInf}));
  check_same(bitcast(array<int>(DType::kU8, {2}, {0x38, 0x7e}), DType::kF8E4M3), array(DType::kF8E4M3, {2}, {1, 448}));
  check_same(bitcast(array<int>(DType::kBool, {2}, {1, 0}), DType::kU8), array<int>(DType::kU8, {2}, {1, 0}));
  using C = std::complex<double>;
  Array c = array<C>(DType::kC64, {2}, {{1, 2}, {3, 4}});
  Array r = f32({2, 2}, {1, 2, 3, 4});
  check_same(bitcast(c, DType::kF32), r);
  check_same(bitcast(r, DType::kC64), c);
  check_same(bitcast(array<C>(DType::kC128, {}, {{5, 6}}), DType::kF64), array(DType::kF64, {2}, {5, 6}));
  // A NaN's payload survives.
  Array nan = array<int64_t>(DType::kI32, {1}, {0x7fc12345});
  check_same(bitcast(bitcast(nan, DType::kF32), DType::kI32), nan);
}

}  // namespace caten::testing
