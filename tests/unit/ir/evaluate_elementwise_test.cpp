#include <cmath>
#include <limits>

#include "builder.hpp"

namespace caten::testing {
namespace {

Array bools(std::initializer_list<int> values) {
  return array<int>(DType::kBool, {static_cast<int64_t>(values.size())}, values);
}

/// One op of two operands, element by element, on every dtype of the list.
void check_reals(Op op, std::initializer_list<DType> dtypes, std::initializer_list<double> x,
                 std::initializer_list<double> y, std::initializer_list<double> z) {
  auto n = static_cast<int64_t>(x.size());
  for (DType dtype : dtypes) {
    INFO(dtype_name(dtype));
    check_same(apply(op, {array(dtype, {n}, x), array(dtype, {n}, y)}), array(dtype, {n}, z));
  }
}

template <class T>
void check_integers(Op op, DType dtype, std::initializer_list<T> x, std::initializer_list<T> y,
                    std::initializer_list<T> z) {
  INFO(dtype_name(dtype));
  auto n = static_cast<int64_t>(x.size());
  check_same(apply(op, {array<T>(dtype, {n}, x), array<T>(dtype, {n}, y)}), array<T>(dtype, {n}, z));
}

void check_unary(Op op, DType dtype, std::initializer_list<double> x, std::initializer_list<double> z) {
  INFO(dtype_name(dtype));
  auto n = static_cast<int64_t>(x.size());
  check_same(apply(op, {array(dtype, {n}, x)}), array(dtype, {n}, z));
}

}  // namespace

TEST_CASE("every element-wise op runs on every dtype of its row, 0-d and empty too") {
  for (const OpInfo& row : all_ops()) {
    if (row.category != OpCategory::kElementwise) continue;
    for (DType dtype : all_dtypes()) {
      if (!contains(row.dtypes, dtype)) continue;
      INFO(row.name, " ", dtype_name(dtype));
      for (std::vector<int64_t> shape : {std::vector<int64_t>{}, {0}, {1}, {2, 3}}) {
        std::vector<Array> operands(static_cast<size_t>(row.arity), Array::zeros(dtype, shape));
        Array out = apply(row.op, operands);
        CHECK(out.shape() == shape);
        CHECK(out.dtype() == (row.result == ResultRule::kBool ? DType::kBool : dtype));
      }
    }
  }
}

TEST_CASE("exp2") {
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kF64})
    check_unary(Op::kExp2, dtype, {0, -0.0, 1, -1, 10, -kInf, kInf, kNaN}, {1, 1, 2, 0.5, 1024, 0, kInf, kNaN});
  check_unary(Op::kExp2, DType::kF16, {15.9921875, 16, -24, -25, -26}, {65184, kInf, 0x1p-24, 0, 0});
  check_unary(Op::kExp2, DType::kF32, {0.5, 127, 128, -149, -150, -151}, {1.41421354, 0x1p127, kInf, 0x1p-149, 0, 0});
  check_unary(Op::kExp2, DType::kF64, {0.5, 1024, -1074}, {1.4142135623730951, kInf, 0x1p-1074});
}

TEST_CASE("log2") {
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kF64})
    check_unary(Op::kLog2, dtype, {1, 2, 0.25, 0, -0.0, -1, kInf, -kInf, kNaN},
                {0, 1, -2, -kInf, -kInf, kNaN, kInf, kNaN, kNaN});
  check_unary(Op::kLog2, DType::kF32, {3, 0x1p-149}, {1.5849625, -149});
  check_unary(Op::kLog2, DType::kF16, {3, 0x1p-24}, {1.5849609375, -24});
}

TEST_CASE("sin") {
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kF64})
    check_unary(Op::kSin, dtype, {0, -0.0, kInf, -kInf, kNaN}, {0, -0.0, kNaN, kNaN, kNaN});
  check_unary(Op::kSin, DType::kF32, {1, 1e22, 0x1p-149}, {0.84147098480789651, -0.7340815352961015, 0x1p-149});
  check_unary(Op::kSin, DType::kF64, {1, 1e22}, {0.8414709848078965, -0.8522008497671888});
}

TEST_CASE("sqrt is correctly rounded") {
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kF64})
    check_unary(Op::kSqrt, dtype, {4, 0, -0.0, -1, kInf, kNaN}, {2, 0, -0.0, kNaN, kInf, kNaN});
  check_unary(Op::kSqrt, DType::kF32, {2, 0x1p-149}, {1.41421356237309505, 3.743392066509216e-23});
  check_unary(Op::kSqrt, DType::kF16, {2, 0x1p-24}, {1.4140625, 0x1p-12});
}

TEST_CASE("add and mul of floats round once, ties to even") {
  check_reals(Op::kAdd, {DType::kF16, DType::kBF16, DType::kF32, DType::kF64}, {1, kInf, kInf, -0.0, -0.0, kNaN},
              {2, 1, -kInf, 0, -0.0, 1}, {3, kInf, kNaN, 0, -0.0, kNaN});
  check_reals(Op::kAdd, {DType::kF16}, {2048, 2048, 2050, 65504, 65504, 0x1p-24}, {1, 3, 1, 15, 16, 0x1p-24},
              {2048, 2052, 2052, 65504, kInf, 0x1p-23});
  check_reals(Op::kAdd, {DType::kBF16}, {256, 258, 1}, {1, 1, 0x1p-8}, {256, 260, 1});
  check_reals(Op::kAdd, {DType::kF32}, {0x1p24, 0x1p24, 1}, {1, 3, 0x1p-24}, {0x1p24, 0x1.000004p24, 1});
  check_reals(Op::kMul, {DType::kF16, DType::kBF16, DType::kF32, DType::kF64}, {3, kInf, -0.0, kNaN}, {-2, 0, 5, 0},
              {-6, kNaN, -0.0, kNaN});
  check_reals(Op::kMul, {DType::kF16}, {256, 0x1p-14, 0x1.004p0}, {256, 0x1p-11, 0x1.004p0}, {kInf, 0, 0x1.008p0});
  check_reals(Op::kMul, {DType::kF32}, {0x1p-100, 0x1.8p-149, 0x1p127}, {0x1p-49, 0.5, 2}, {0x1p-149, 0x1p-149, kInf});
}

TEST_CASE("integers wrap") {
  check_integers<int>(Op::kAdd, DType::kI8, {127, -128, 100}, {1, -1, 100}, {-128, 127, -56});
  check_integers<int>(Op::kAdd, DType::kU8, {255, 200}, {1, 100}, {0, 44});
  check_integers<int64_t>(Op::kAdd, DType::kI64, {INT64_MAX}, {1}, {INT64_MIN});
  check_integers<int>(Op::kMul, DType::kI16, {256, -32768, 300}, {256, -1, 300}, {0, -32768, 24464});
  check_integers<int>(Op::kMul, DType::kU16, {65535}, {65535}, {1});
  check_integers<int64_t>(Op::kMul, DType::kI32, {INT32_MIN, 65536}, {-1, 65536}, {INT32_MIN, 0});
  check_integers<int64_t>(Op::kMul, DType::kI64, {INT64_MIN, int64_t{1} << 62}, {-1, 4}, {INT64_MIN, 0});
  check_integers<uint64_t>(Op::kMul, DType::kU64, {UINT64_MAX}, {UINT64_MAX}, {1});
}

TEST_CASE("div and mod of integers floor; zero divisors give 0; MIN/-1 wraps") {
  for (DType dtype : {DType::kI8, DType::kI16, DType::kI32, DType::kI64}) {
    check_integers<int>(Op::kDiv, dtype, {7, -7, 7, -7, 6, -6, 5, 0}, {2, 2, -2, -2, 3, 3, 0, 0},
                        {3, -4, -4, 3, 2, -2, 0, 0});
    check_integers<int>(Op::kMod, dtype, {7, -7, 7, -7, 6, -6, 5, 0}, {2, 2, -2, -2, 3, 3, 0, 0},
                        {1, 1, -1, -1, 0, 0, 0, 0});
  }
  check_integers<int>(Op::kDiv, DType::kI8, {-128}, {-1}, {-128});
  check_integers<int>(Op::kMod, DType::kI8, {-128}, {-1}, {0});
  check_integers<int64_t>(Op::kDiv, DType::kI64, {INT64_MIN, INT64_MIN}, {-1, 2}, {INT64_MIN, INT64_MIN / 2});
  check_integers<int64_t>(Op::kMod, DType::kI64, {INT64_MIN}, {-1}, {0});
  check_integers<uint64_t>(Op::kDiv, DType::kU64, {UINT64_MAX, 5}, {2, 0}, {UINT64_MAX / 2, 0});
  check_integers<uint64_t>(Op::kMod, DType::kU64, {UINT64_MAX, 5}, {10, 0}, {5, 0});
}

TEST_CASE("div and mod of floats") {
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kF64}) {
    check_reals(Op::kDiv, {dtype}, {1, -1, 0, 1, kInf, 1, -7}, {0, 0, 0, -0.0, kInf, kInf, 2},
                {kInf, -kInf, kNaN, -kInf, kNaN, 0, -3.5});
    check_reals(Op::kMod, {dtype}, {7, -7, 7, -7, 5.5, -0.0, 0}, {2, 2, -2, -2, 2, 3, -3},
                {1, 1, -1, -1, 1.5, -0.0, 0});
    check_reals(Op::kMod, {dtype}, {1, kInf, 1, -1, kNaN}, {0, 1, kInf, kInf, 1}, {kNaN, kNaN, 1, kInf, kNaN});
  }
  check_reals(Op::kDiv, {DType::kF32}, {1}, {3}, {0.3333333432674408});
  check_reals(Op::kDiv, {DType::kF16}, {1}, {3}, {0.333251953125});
  check_reals(Op::kMod, {DType::kF32}, {-0x1p-149}, {1}, {1});  // r + y, rounded once
}

TEST_CASE("max, lt, eq") {
  check_reals(Op::kMax, {DType::kF16, DType::kBF16, DType::kF32, DType::kF64}, {1, -0.0, 0, kNaN, 1, -kInf, -0.0},
              {2, 0, -0.0, 1, kNaN, kInf, -0.0}, {2, 0, 0, kNaN, kNaN, kInf, -0.0});
  check_integers<int>(Op::kMax, DType::kI8, {-1, -128}, {1, 127}, {1, 127});
  check_integers<int>(Op::kMax, DType::kU8, {255}, {1}, {255});
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kF64}) {
    Array x = array(dtype, {6}, {1, 2, kNaN, kNaN, -0.0, -kInf}), y = array(dtype, {6}, {2, 1, 1, kNaN, 0, -kInf});
    check_same(apply(Op::kLt, {x, y}), bools({1, 0, 0, 0, 0, 0}));
    check_same(apply(Op::kEq, {x, y}), bools({0, 0, 0, 0, 1, 1}));
  }
  Array p = bools({0, 0, 1, 1}), q = bools({0, 1, 0, 1});
  check_same(apply(Op::kLt, {p, q}), bools({0, 1, 0, 0}));
  check_same(apply(Op::kEq, {p, q}), bools({1, 0, 0, 1}));
  check_same(apply(Op::kLt, {array<int>(DType::kU8, {1}, {255}), array<int>(DType::kU8, {1}, {1})}), bools({0}));
  check_same(apply(Op::kLt, {array<int>(DType::kI8, {1}, {-1}), array<int>(DType::kI8, {1}, {1})}), bools({1}));
  for (DType dtype : {DType::kC64, DType::kC128}) {
    using C = std::complex<double>;
    check_same(apply(Op::kEq, {array<C>(dtype, {3}, {{1, 2}, {1, 2}, {kNaN, 0}}),
                               array<C>(dtype, {3}, {{1, 2}, {1, 3}, {kNaN, 0}})}),
               bools({1, 0, 0}));
  }
}

TEST_CASE("and, xor") {
  Array p = bools({0, 0, 1, 1}), q = bools({0, 1, 0, 1});
  check_same(apply(Op::kAnd, {p, q}), bools({0, 0, 0, 1}));
  check_same(apply(Op::kXor, {p, q}), bools({0, 1, 1, 0}));
  check_integers<int>(Op::kAnd, DType::kI8, {-1, 12}, {7, 10}, {7, 8});
  check_integers<int>(Op::kXor, DType::kI16, {-1, 12}, {7, 10}, {-8, 6});
  check_integers<uint64_t>(Op::kXor, DType::kU64, {UINT64_MAX}, {1}, {UINT64_MAX - 1});
}

TEST_CASE("a bool input may hold any byte; it is 0 or 1") {
  Program p;
  Array odd = Array::zeros(DType::kBool, {2});
  odd.as_mutable<uint8_t>()[0] = 2;
  NodeId x = p.input(odd);
  check_same(p.value(p.op(Op::kAnd, {x, p.op(Op::kEq, {x, x})})), bools({1, 0}));
  CHECK(p.value(x).as<uint8_t>()[0] == 1);
}

TEST_CASE("complex arithmetic") {
  using C = std::complex<double>;
  for (DType dtype : {DType::kC64, DType::kC128}) {
    Array x = array<C>(dtype, {3}, {{1, 2}, {0, 1}, {3, -4}}), y = array<C>(dtype, {3}, {{3, -1}, {0, 1}, {0, 2}});
    check_same(apply(Op::kAdd, {x, y}), array<C>(dtype, {3}, {{4, 1}, {0, 2}, {3, -2}}));
    check_same(apply(Op::kMul, {x, y}), array<C>(dtype, {3}, {{5, 5}, {-1, 0}, {8, 6}}));
    check_same(apply(Op::kDiv, {x, y}), array<C>(dtype, {3}, {{0.1, 0.7}, {1, 0}, {-2, -1.5}}));
  }
  // Neither overflow nor underflow on the way.
  check_same(apply(Op::kDiv, {array<C>(DType::kC128, {2}, {{1e300, 1e300}, {1e-300, 0}}),
                              array<C>(DType::kC128, {2}, {{1e300, 1e300}, {1e-300, 0}})}),
             array<C>(DType::kC128, {2}, {{1, 0}, {1, 0}}));
}

TEST_CASE("if chooses element by element, for every dtype") {
  for (DType dtype : all_dtypes()) {
    INFO(dtype_name(dtype));
    Array a = array<int>(dtype, {3}, {1, 1, 0}), b = array<int>(dtype, {3}, {0, 0, 1});
    check_same(apply(Op::kIf, {bools({1, 0, 0}), a, b}), array<int>(dtype, {3}, {1, 0, 1}));
  }
  // The untaken side may be anything.
  check_same(apply(Op::kIf, {bools({1, 0}), f32({2}, {1, kNaN}), f32({2}, {kNaN, 2})}), f32({2}, {1, 2}));
}

}  // namespace caten::testing
