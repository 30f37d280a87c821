#include <cmath>
#include <limits>

#include "builder.hpp"

namespace caten::testing {
namespace {

Array ints(std::vector<int64_t> shape, std::initializer_list<int> values) {
  return array<int>(DType::kI32, std::move(shape), values);
}
Array iota(std::vector<int64_t> shape) {
  Array out = Array::zeros(DType::kI32, std::move(shape));
  for (int i = 0; i < out.elements(); ++i) out.as_mutable<int32_t>()[i] = i;
  return out;
}
Array reduce(Combine combine, Array x, std::vector<int> axes) {
  return apply(Op::kReduce, {std::move(x)}, ReduceAttributes{combine, std::move(axes)});
}
Array take(Array x, int axis, std::vector<Array> indices) {
  indices.insert(indices.begin(), std::move(x));
  return apply(Op::kTake, std::move(indices), AccessAttributes{axis});
}
Array put(Array x, int axis, std::vector<Array> indices, Array v, Combine mode) {
  indices.insert(indices.begin(), {std::move(x), std::move(v)});
  return apply(Op::kPut, std::move(indices), AccessAttributes{axis, mode});
}

}  // namespace

TEST_CASE("const and index") {
  Program p;
  check_same(p.value(p.constant(Scalar::of_integer(DType::kI8, -3), {Dim(2), Dim(2)})),
             array<int>(DType::kI8, {2, 2}, {-3, -3, -3, -3}));
  check_same(p.value(p.op(Op::kIndex, {}, IndexAttributes{0}, {DType::kI64, {Dim(2), Dim(3)}})),
             i64({2, 3}, {0, 0, 0, 1, 1, 1}));
  check_same(p.value(p.op(Op::kIndex, {}, IndexAttributes{1}, {DType::kI64, {Dim(2), Dim(3)}})),
             i64({2, 3}, {0, 1, 2, 0, 1, 2}));
  CHECK(p.value(p.op(Op::kIndex, {}, IndexAttributes{1}, {DType::kI64, {Dim(2), Dim(0)}})).elements() == 0);
}

TEST_CASE("reshape, permute, expand, copy") {
  check_same(apply(Op::kReshape, {iota({2, 3})}, {}, {DType::kI32, {Dim(3), Dim(1), Dim(2)}}),
             ints({3, 1, 2}, {0, 1, 2, 3, 4, 5}));
  check_same(apply(Op::kReshape, {iota({1, 1})}, {}, {DType::kI32, {}}), ints({}, {0}));
  check_same(apply(Op::kPermute, {iota({2, 3})}, PermuteAttributes{{1, 0}}), ints({3, 2}, {0, 3, 1, 4, 2, 5}));
  check_same(apply(Op::kPermute, {iota({2, 1, 3})}, PermuteAttributes{{2, 0, 1}}), ints({3, 2, 1}, {0, 3, 1, 4, 2, 5}));
  check_same(apply(Op::kPermute, {iota({})}, PermuteAttributes{}), ints({}, {0}));
  check_same(apply(Op::kExpand, {iota({2, 1})}, {}, {DType::kI32, {Dim(2), Dim(3)}}), ints({2, 3}, {0, 0, 0, 1, 1, 1}));
  CHECK(apply(Op::kExpand, {iota({2, 1})}, {}, {DType::kI32, {Dim(2), Dim(0)}}).elements() == 0);
  check_same(apply(Op::kCopy, {f32({2}, {kNaN, -0.0})}, CopyAttributes{}), f32({2}, {kNaN, -0.0}));
}

TEST_CASE("views move every dtype") {
  for (DType dtype : all_dtypes()) {
    INFO(dtype_name(dtype));
    Array x = array<int>(dtype, {3}, {0, 1, 1});
    check_same(apply(Op::kSlice, {x}, SliceAttributes{{{Dim(2), Dim(-1), -1}}}), array<int>(dtype, {3}, {1, 1, 0}));
    check_same(take(x, 0, {i64({2}, {1, 0})}), array<int>(dtype, {2}, {1, 0}));
    check_same(put(x, 0, {i64({1}, {0})}, array<int>(dtype, {1}, {1}), Combine::kSet),
               array<int>(dtype, {3}, {1, 1, 1}));
  }
}

TEST_CASE("slice: steps, negative steps, empty") {
  auto slice = [](Array x, std::vector<SliceRange> ranges) {
    return apply(Op::kSlice, {std::move(x)}, SliceAttributes{std::move(ranges)});
  };
  check_same(slice(iota({7}), {{Dim(1), Dim(7), 2}}), ints({3}, {1, 3, 5}));
  check_same(slice(iota({7}), {{Dim(1), Dim(6), 2}}), ints({3}, {1, 3, 5}));
  check_same(slice(iota({7}), {{Dim(6), Dim(-1), -3}}), ints({3}, {6, 3, 0}));
  check_same(slice(iota({7}), {{Dim(5), Dim(0), -3}}), ints({2}, {5, 2}));
  check_same(slice(iota({2, 3}), {{Dim(1), Dim(-1), -1}, {Dim(0), Dim(3), 2}}), ints({2, 2}, {3, 5, 0, 2}));
  CHECK(slice(iota({7}), {{Dim(3), Dim(3), 1}}).elements() == 0);
}

TEST_CASE("take: axes, several indices, clamping, empty") {
  check_same(take(iota({2, 3}), 0, {i64({2}, {1, 0})}), ints({2, 3}, {3, 4, 5, 0, 1, 2}));
  check_same(take(iota({2, 3}), 1, {i64({2}, {2, 0})}), ints({2, 2}, {2, 0, 5, 3}));
  check_same(take(iota({2, 3}), 1, {i64({}, {1})}), ints({2}, {1, 4}));
  check_same(take(iota({2, 3}), 1, {i64({1, 2}, {-5, 99})}), ints({2, 1, 2}, {0, 2, 3, 5}));
  check_same(take(iota({2, 3}), 0, {i64({2}, {1, 0}), i64({2}, {2, 1})}), ints({2}, {5, 1}));
  check_same(take(iota({2, 3, 2}), 1, {i64({2}, {2, 0}), i64({2}, {1, 0})}), ints({2, 2}, {5, 0, 11, 6}));
  check_same(take(iota({2, 3, 2}), 0, {i64({1}, {1}), i64({1}, {9})}), ints({1, 2}, {10, 11}));
  CHECK(take(iota({2, 3}), 0, {i64({0}, {})}).shape() == std::vector<int64_t>{0, 3});
  // Nothing to clamp to.
  check_same(take(iota({0}), 0, {i64({2}, {0, 5})}), ints({2}, {0, 0}));
  check_same(take(iota({3}), 0, {i64({2}, {INT64_MIN, INT64_MAX})}), ints({2}, {0, 2}));
}

TEST_CASE("put: the last of duplicates wins, out of range is dropped") {
  Array x = ints({4}, {10, 20, 30, 40});
  check_same(put(x, 0, {i64({3}, {1, 3, 1})}, ints({3}, {1, 2, 3}), Combine::kSet), ints({4}, {10, 3, 30, 2}));
  check_same(put(x, 0, {i64({3}, {-1, 4, 0})}, ints({3}, {1, 2, 3}), Combine::kSet), ints({4}, {3, 20, 30, 40}));
  check_same(put(x, 0, {i64({3}, {1, 1, 9})}, ints({3}, {1, 2, 3}), Combine::kAdd), ints({4}, {10, 23, 30, 40}));
  check_same(put(x, 0, {i64({3}, {1, 1, -9})}, ints({3}, {2, 3, 5}), Combine::kMul), ints({4}, {10, 120, 30, 40}));
  check_same(put(x, 0, {i64({3}, {0, 0, 3})}, ints({3}, {12, 11, 5}), Combine::kMax), ints({4}, {12, 20, 30, 40}));
  check_same(put(x, 0, {i64({}, {2})}, ints({}, {7}), Combine::kSet), ints({4}, {10, 20, 7, 40}));
  check_same(put(ints({2, 2}, {0, 0, 0, 0}), 1, {i64({3}, {1, 0, 1})}, ints({2, 3}, {1, 2, 3, 4, 5, 6}), Combine::kSet),
             ints({2, 2}, {2, 3, 5, 6}));
  check_same(put(ints({2, 2}, {0, 0, 0, 0}), 0, {i64({3}, {1, 0, 1}), i64({3}, {1, 0, 1})}, ints({3}, {1, 2, 3}),
                 Combine::kAdd),
             ints({2, 2}, {2, 0, 0, 4}));
  check_same(put(ints({0}, {}), 0, {i64({1}, {0})}, ints({1}, {1}), Combine::kAdd), ints({0}, {}));
  // f16 sums are kept in f32 and rounded once: 2048 + 1 + 1.
  check_same(
      put(array(DType::kF16, {1}, {2048}), 0, {i64({2}, {0, 0})}, array(DType::kF16, {2}, {1, 1}), Combine::kAdd),
      array(DType::kF16, {1}, {2050}));
  check_same(put(f32({1}, {1}), 0, {i64({2}, {0, 0})}, f32({2}, {kNaN, 2}), Combine::kMax), f32({1}, {kNaN}));
}

TEST_CASE("reduce: axes") {
  check_same(reduce(Combine::kAdd, iota({2, 3}), {0}), ints({3}, {3, 5, 7}));
  check_same(reduce(Combine::kAdd, iota({2, 3}), {1}), ints({2}, {3, 12}));
  check_same(reduce(Combine::kAdd, iota({2, 3}), {0, 1}), ints({}, {15}));
  check_same(reduce(Combine::kAdd, iota({2, 3}), {}), iota({2, 3}));
  check_same(reduce(Combine::kAdd, iota({2, 2, 2}), {0, 2}), ints({2}, {0 + 1 + 4 + 5, 2 + 3 + 6 + 7}));
  check_same(reduce(Combine::kAdd, iota({}), {}), ints({}, {0}));
}

TEST_CASE("reduce: every combination and its identity") {
  Array x = array<int>(DType::kI8, {3}, {100, 100, -7});
  check_same(reduce(Combine::kAdd, x, {0}), array<int>(DType::kI8, {}, {-63}));
  check_same(reduce(Combine::kMul, x, {0}), array<int>(DType::kI8, {}, {-112}));
  check_same(reduce(Combine::kMax, x, {0}), array<int>(DType::kI8, {}, {100}));
  check_same(reduce(Combine::kAnd, x, {0}), array<int>(DType::kI8, {}, {96}));
  check_same(reduce(Combine::kXor, x, {0}), array<int>(DType::kI8, {}, {-7}));
  auto empty = [](Combine combine, DType dtype) { return reduce(combine, Array::zeros(dtype, {2, 0}), {1}); };
  check_same(empty(Combine::kAdd, DType::kF32), f32({2}, {0, 0}));
  check_same(empty(Combine::kMul, DType::kF16), array(DType::kF16, {2}, {1, 1}));
  check_same(empty(Combine::kMax, DType::kF32), f32({2}, {-kInf, -kInf}));
  check_same(empty(Combine::kMax, DType::kI8), array<int>(DType::kI8, {2}, {-128, -128}));
  check_same(empty(Combine::kMax, DType::kU8), array<int>(DType::kU8, {2}, {0, 0}));
  check_same(empty(Combine::kAnd, DType::kU16), array<int>(DType::kU16, {2}, {65535, 65535}));
  check_same(empty(Combine::kAnd, DType::kBool), array<int>(DType::kBool, {2}, {1, 1}));
  check_same(empty(Combine::kXor, DType::kI32), ints({2}, {0, 0}));
  check_same(empty(Combine::kMul, DType::kC64), array<int>(DType::kC64, {2}, {1, 1}));
  CHECK(reduce(Combine::kAdd, Array::zeros(DType::kF32, {0, 3}), {1}).elements() == 0);
  Array bools = array<int>(DType::kBool, {2, 2}, {1, 0, 1, 1});
  check_same(reduce(Combine::kAnd, bools, {1}), array<int>(DType::kBool, {2}, {0, 1}));
  check_same(reduce(Combine::kXor, bools, {1}), array<int>(DType::kBool, {2}, {1, 0}));
}

TEST_CASE("reduce: floats") {
  check_same(reduce(Combine::kMax, f32({3}, {1, kNaN, 3}), {0}), f32({}, {kNaN}));
  check_same(reduce(Combine::kMax, f32({2}, {-0.0, 0}), {0}), f32({}, {0}));
  check_same(reduce(Combine::kAdd, f32({2}, {kInf, -kInf}), {0}), f32({}, {kNaN}));
  check_same(reduce(Combine::kAdd, f32({1}, {-0.0}), {0}), f32({}, {-0.0}));
  // f16 and bf16 accumulate in f32: 2048 + 1 + 1 would be lost one by one.
  check_same(reduce(Combine::kAdd, array(DType::kF16, {3}, {2048, 1, 1}), {0}), array(DType::kF16, {}, {2050}));
  check_same(reduce(Combine::kAdd, array(DType::kBF16, {3}, {256, 1, 1}), {0}), array(DType::kBF16, {}, {258}));
  check_same(reduce(Combine::kAdd, array(DType::kF16, {3}, {65504, 65504, -65504}), {0}),
             array(DType::kF16, {}, {65504}));
  check_same(reduce(Combine::kMul, array(DType::kF16, {3}, {1024, 1024, 0x1p-10}), {0}),
             array(DType::kF16, {}, {1024}));
  // f32 does not: 2^24 + 1 + 1 from left to right.
  check_same(reduce(Combine::kAdd, f32({3}, {0x1p24, 1, 1}), {0}), f32({}, {0x1p24}));
  // More than 8 elements fold as halves: 2^24 + 5 is a tie, one by one all ones would be lost.
  check_same(reduce(Combine::kAdd, f32({10}, {0x1p24, 0, 0, 0, 0, 1, 1, 1, 1, 1}), {0}), f32({}, {0x1p24 + 4}));
  using C = std::complex<double>;
  check_same(reduce(Combine::kMul, array<C>(DType::kC64, {2}, {{1, 2}, {3, -1}}), {0}),
             array<C>(DType::kC64, {}, {{5, 5}}));
  check_same(reduce(Combine::kAdd, array<C>(DType::kC128, {2}, {{1, 2}, {3, -1}}), {0}),
             array<C>(DType::kC128, {}, {{4, 1}}));
}

TEST_CASE("symbolic sizes: one program, many calls") {
  Program p;
  p.graph.dims.declare("N", {1, 100});
  NodeId x = p.graph.add_input("x", {DType::kI32, {sym("N")}});
  NodeId flipped = p.op(Op::kSlice, {x}, SliceAttributes{{{sym("N") - Dim(1), Dim(-1), -1}}});
  NodeId wide = p.expand(p.reshape(flipped, {sym("N"), Dim(1)}), {sym("N"), Dim(2)});
  p.output(p.reshape(wide, {Dim(2) * sym("N")}));
  for (int64_t n : {1, 3}) {
    p.arguments.inputs = {iota({n})};
    check_same(p.run().outputs[0], n == 1 ? ints({2}, {0, 0}) : ints({6}, {2, 2, 1, 1, 0, 0}));
  }
}

}  // namespace caten::testing
