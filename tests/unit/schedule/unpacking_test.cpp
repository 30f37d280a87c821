#include "schedule/unpacking.hpp"

#include <doctest/doctest.h>

#include "ir/build.hpp"

namespace caten {
namespace {

struct Weights {
  Graph graph;
  NodeId bytes{}, numbers{};
};

/// The lowest bits of bytes, and 1.
Weights low_bits(int64_t rows, DType dtype = DType::kU8) {
  Weights out;
  Build b(out.graph);
  Shape shape{Dim(rows), Dim(1024)};
  out.bytes = out.graph.add_input("q", {dtype, shape});
  NodeId low = b.op(Op::kAnd, {out.bytes, b.ones({dtype, shape})});
  out.numbers = b.add(b.cast(low, DType::kF32), b.ones({DType::kF32, shape}));
  return out;
}

TEST_CASE("large values of single bytes are taken apart where they are read") {
  Weights weights = low_bits(4096);
  CHECK(unpacks_much(weights.graph, weights.numbers));
  CHECK(!unpacks_much(weights.graph, weights.bytes));
  SUBCASE("through views") {
    Build b(weights.graph);
    CHECK(unpacks_much(weights.graph, b.op(Op::kPermute, {weights.numbers}, PermuteAttributes{{1, 0}})));
  }
  SUBCASE("but not with another value beside it") {
    Build b(weights.graph);
    CHECK(!unpacks_much(weights.graph, b.mul(weights.numbers, b.op(Op::kSqrt, {weights.numbers}))));
  }
  SUBCASE("and not after many operations") {
    Build b(weights.graph);
    NodeId value = weights.numbers;
    for (int i = 0; i < 8; ++i) value = b.op(Op::kSqrt, {value});
    CHECK(!unpacks_much(weights.graph, value));
  }
}

TEST_CASE("small or wide values are computed once") {
  Weights small = low_bits(64), wide = low_bits(4096, DType::kI32);
  CHECK(!unpacks_much(small.graph, small.numbers));
  CHECK(!unpacks_much(wide.graph, wide.numbers));
}

}  // namespace
}  // namespace caten
