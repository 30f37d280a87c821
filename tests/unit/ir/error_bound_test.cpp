#include "ir/error_bound.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "builder.hpp"

namespace caten::testing {
namespace {

/// A value whose elements are x, each with a bound of some ulps: x plus the sine of 0, which 4 ulps of the least number
/// make inexact, times a factor. Exact otherwise.
NodeId inexact(Program& p, NodeId x, double error) {
  Shape shape = p.graph.type(x).shape;
  // sin(1) is known within 4 · 2^-24; sin(1) - sin(1) is 0 ± 8 ulps, scaled to the error wanted.
  NodeId s = p.op(Op::kSin, {p.real(1, shape)});
  NodeId zero = p.op(Op::kAdd, {s, p.real(-0.8414709848078965, shape)});
  return p.op(Op::kAdd, {x, p.op(Op::kMul, {zero, p.real(error * 0x1p22, shape)})});
}

double bound_of(Program& p, NodeId id, size_t element = 0) {
  p.value(id);
  return p.bounds.outputs[0] ? (*p.bounds.outputs[0])[element] : 0;
}

Array random_array(std::mt19937& random, DType dtype, std::vector<int64_t> shape, double scale = 1) {
  std::normal_distribution<double> normal(0, scale);
  Array out = Array::zeros(dtype, std::move(shape));
  for (int64_t i = 0; i < out.elements(); ++i)
    Scalar::of_real(dtype, normal(random)).store(out.mutable_data() + static_cast<size_t>(i) * dtype_size(dtype));
  return out;
}

/// The values and bounds of one program, and the values of the same program built otherwise.
template <class Build>
Comparison compare_variants(const std::vector<Array>& inputs, Build&& build) {
  Program reference, variant;
  std::vector<NodeId> first, second;
  for (const Array& input : inputs) {
    first.push_back(reference.input(input));
    second.push_back(variant.input(input));
  }
  Array expected = reference.value(build(reference, first, false));
  Array found = variant.value(build(variant, second, true));
  return compare(found, expected, reference.bounds.outputs[0]);
}

/// The sum over the last axis; the variant adds from the other end.
NodeId sum(Program& p, NodeId x, bool reversed) {
  const Shape& shape = p.graph.type(x).shape;
  int last = static_cast<int>(shape.size()) - 1;
  if (reversed) {
    std::vector<SliceRange> ranges;
    for (const Dim& size : shape) ranges.push_back({Dim(0), size, 1});
    ranges.back() = {shape.back() - Dim(1), Dim(-1), -1};
    x = p.op(Op::kSlice, {x}, SliceAttributes{ranges});
  }
  return p.reduce(Combine::kAdd, x, {last});
}

}  // namespace

TEST_CASE("exact programs have no bounds") {
  Program p;
  NodeId x = p.input(f32({3}, {0.1, -0.0, kInf})), y = p.input(f32({3}, {3, 0.7, 1e30}));
  std::vector<NodeId> exact{p.op(Op::kAdd, {x, y}),
                            p.op(Op::kMul, {x, y}),
                            p.op(Op::kDiv, {x, y}),
                            p.op(Op::kMod, {x, y}),
                            p.op(Op::kSqrt, {x}),
                            p.op(Op::kMax, {x, y}),
                            p.op(Op::kLt, {x, y}),
                            p.cast(x, DType::kI8),
                            p.cast(x, DType::kF16),
                            p.reduce(Combine::kMax, x, {0}),
                            p.op(Op::kIf, {p.op(Op::kLt, {x, y}), x, y}),
                            p.op(Op::kPut, {x, y, p.input(i64({3}, {2, 0, 1}))}, AccessAttributes{0, Combine::kAdd})};
  for (NodeId id : exact) {
    INFO(op_name(p.graph[id].op));
    p.value(id);
    CHECK(p.bounds.outputs[0] == nullptr);
  }
}

TEST_CASE("sums on a common grid are exact in any order") {
  Program p;
  NodeId counts = p.input(f32({5}, {3, 7, 1000, 12, 0.5}));
  CHECK(bound_of(p, p.reduce(Combine::kAdd, counts, {0})) == 0);
  // A product that was exact may be fused without consequence; one that was rounded may not.
  NodeId exact = p.op(Op::kMul, {counts, counts});
  CHECK(bound_of(p, p.reduce(Combine::kAdd, exact, {0})) == 0);
  NodeId thirds = p.input(f32({5}, {0.1f, 0.2f, 0.3f, 0.4f, 0.5f}));
  CHECK(bound_of(p, p.reduce(Combine::kAdd, p.op(Op::kMul, {thirds, thirds}), {0})) > 0);
  CHECK(bound_of(p, p.reduce(Combine::kMul, counts, {0})) == 0);
  // Only the sign of a zero is open.
  NodeId zeros = p.input(f32({2}, {-0.0, -0.0}));
  p.value(p.reduce(Combine::kAdd, zeros, {0}));
  CHECK(compare(f32({}, {0}), f32({}, {-0.0}), p.bounds.outputs[0]).ok());
  CHECK_FALSE(compare(f32({}, {0x1p-149}), f32({}, {-0.0}), p.bounds.outputs[0]).ok());
}

TEST_CASE("stated ulps of the transcendental ops") {
  Program p;
  NodeId x = p.input(f32({3}, {0.5, 1, 3}));
  p.value(p.op(Op::kExp2, {x}));
  const std::vector<double>& bounds = *p.bounds.outputs[0];
  CHECK(bounds[0] == 4 * 0x1p-23);
  CHECK(bounds[1] == 4 * 0x1p-22);
  CHECK(bounds[2] == 4 * 0x1p-20);
  // Overflow that an implementation within its ulps might miss.
  CHECK(bound_of(p, p.op(Op::kExp2, {p.real(128)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kExp2, {p.real(200)})) == 0);
}

TEST_CASE("an inexact operand: intervals, poles and jumps") {
  Program p;
  auto value = [&](double x, double error = 0.01) { return inexact(p, p.real(x), error); };
  NodeId one = p.real(1);
  double e = bound_of(p, value(1));
  CHECK(e > 0.005);
  CHECK(e < 0.2);
  CHECK(bound_of(p, p.op(Op::kAdd, {value(1), one})) == doctest::Approx(e).epsilon(1e-3));
  CHECK(bound_of(p, p.op(Op::kMul, {value(1), p.real(3)})) == doctest::Approx(3 * e).epsilon(1e-3));
  CHECK(bound_of(p, p.op(Op::kDiv, {one, value(2)})) == doctest::Approx(1 / (2 - e) - 0.5).epsilon(1e-2));
  CHECK(bound_of(p, p.op(Op::kDiv, {one, value(0)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kLog2, {value(0.001)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kSqrt, {value(0.001)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kSqrt, {value(4)})) == doctest::Approx(e / 4).epsilon(2e-2));
  CHECK(bound_of(p, p.op(Op::kSin, {value(1.5707964)})) <= e + 1e-5);
  CHECK(bound_of(p, p.op(Op::kMod, {value(5.5), p.real(2)})) == doctest::Approx(e).epsilon(1e-3));
  CHECK(bound_of(p, p.op(Op::kMod, {value(6), p.real(2)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kMax, {value(1), p.real(5)})) == 0);
  CHECK(bound_of(p, p.op(Op::kMax, {value(1), one})) == doctest::Approx(e));
}

TEST_CASE("an inexact operand of an infinite or undefined result") {
  Program p;
  auto value = [&](double x) { return inexact(p, p.real(x), 0.01); };
  CHECK(bound_of(p, p.op(Op::kExp2, {value(200)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kMul, {value(2), p.real(kInf)})) == 0);
  CHECK(bound_of(p, p.op(Op::kMul, {value(0), p.real(kInf)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kSqrt, {value(-4)})) == 0);
  CHECK(bound_of(p, p.op(Op::kLog2, {value(-4)})) == 0);
  CHECK(bound_of(p, p.op(Op::kAdd, {value(1), p.real(kNaN)})) == 0);
}

TEST_CASE("decisions inside a bound are ill-conditioned, and so is what hangs on them") {
  Program p;
  auto value = [&](double x) { return inexact(p, p.real(x), 0.01); };
  NodeId near = p.op(Op::kLt, {value(1), p.real(1)}), far = p.op(Op::kLt, {value(1), p.real(5)});
  CHECK(bound_of(p, near) == kInf);
  CHECK(bound_of(p, far) == 0);
  CHECK(bound_of(p, p.op(Op::kEq, {value(1), p.real(1)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kEq, {value(1), p.real(2)})) == 0);
  CHECK(bound_of(p, p.op(Op::kXor, {near, far})) == kInf);
  CHECK(bound_of(p, p.op(Op::kAnd, {near, p.constant(Scalar::of_bool(false))})) == 0);
  CHECK(bound_of(p, p.op(Op::kIf, {near, p.real(2), p.real(5)})) == 3);
  CHECK(bound_of(p, p.op(Op::kIf, {near, p.real(5), p.real(5)})) == 0);
  CHECK(bound_of(p, p.op(Op::kIf, {near, p.integer(5), p.integer(6)})) == kInf);
  CHECK(bound_of(p, p.op(Op::kIf, {far, p.integer(5), p.integer(6)})) == 0);
  CHECK(bound_of(p, p.cast(value(2.5), DType::kI32)) == 0);
  CHECK(bound_of(p, p.cast(value(3), DType::kI32)) == kInf);
  CHECK(bound_of(p, p.cast(value(0), DType::kBool)) == kInf);
  CHECK(bound_of(p, p.cast(value(7), DType::kBool)) == 0);
  CHECK(bound_of(p, p.cast(p.cast(value(3), DType::kI64), DType::kF32)) == kInf);
  NodeId x = p.input(f32({3}, {1, 2, 3}));
  NodeId index = p.reshape(p.cast(value(1), DType::kI64), {Dim(1)});
  CHECK(bound_of(p, p.op(Op::kTake, {x, index}, AccessAttributes{0})) == kInf);
  CHECK(bound_of(p, p.op(Op::kPut, {x, p.reshape(value(1), {Dim(1)}), index}, AccessAttributes{0}), 2) == kInf);
  CHECK(bound_of(p, p.op(Op::kBitcast, {value(1)}, {}, {DType::kI32, {}})) == kInf);
}

TEST_CASE("views and scatters carry bounds with their elements") {
  Program p;
  NodeId x = p.input(f32({3}, {1, 2, 3}));
  NodeId mixed =
      p.op(Op::kPut, {x, inexact(p, p.real(9, {Dim(1)}), 0.01), p.input(i64({1}, {1}))}, AccessAttributes{0});
  double e = bound_of(p, mixed, 1);
  CHECK(e > 0);
  CHECK(bound_of(p, mixed, 0) == 0);
  CHECK(bound_of(p, p.op(Op::kSlice, {mixed}, SliceAttributes{{{Dim(2), Dim(0), -1}}}), 1) == e);
  CHECK(bound_of(p, p.expand(p.reshape(mixed, {Dim(3), Dim(1)}), {Dim(3), Dim(2)}), 3) == e);
  CHECK(bound_of(p, p.op(Op::kTake, {mixed, p.input(i64({2}, {0, 1}))}, AccessAttributes{0}), 1) == e);
  CHECK(bound_of(p, p.reduce(Combine::kMax, mixed, {0})) == doctest::Approx(e));
}

TEST_CASE("loops carry bounds; an uncertain number of iterations makes all results ill-conditioned") {
  Program p;
  ValueType type{DType::kF32, {}};
  NodeId a = p.carry(0, 0, type);
  NodeId start = inexact(p, p.real(1), 0.01);
  double e = bound_of(p, start);
  NodeId next = p.op(Op::kAdd, {a, a});
  NodeId loop = p.loop({.count = Dim(3), .inits = {start}, .nexts = {next}, .collects = {next}});
  CHECK(bound_of(p, p.result(loop, 0)) == doctest::Approx(8 * e));
  CHECK(bound_of(p, p.result(loop, 1), 1) == doctest::Approx(4 * e));
  CHECK(bound_of(p, p.result(loop, 2)) == 0);
  NodeId unsure =
      p.loop({.count = Dim(3), .inits = {start}, .nexts = {next}, .until = p.op(Op::kLt, {p.real(4), next})});
  CHECK(bound_of(p, p.result(unsure, 0)) == kInf);
  CHECK(bound_of(p, p.result(unsure, 1)) == kInf);
  NodeId counted = p.loop({.count = Dim(3),
                           .runtime_count = p.cast(inexact(p, p.real(2), 0.01), DType::kI64),
                           .inits = {start},
                           .nexts = {next}});
  CHECK(bound_of(p, p.result(counted, 1)) == kInf);
}

TEST_CASE("sums in another order stay within the bound, whatever follows") {
  std::mt19937 random(20);
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32, DType::kF64})
    for (int64_t n : {2, 9, 100, 1000}) {
      INFO(dtype_name(dtype), " ", n);
      std::vector<Array> inputs{random_array(random, dtype, {20, n}), random_array(random, dtype, {20, n}, 3)};
      auto constant = [&](Program& p, double value) { return p.constant(Scalar::of_real(dtype, value), {Dim(20)}); };
      auto check = [&](const char* what, auto&& build, int most_ill = 0) {
        INFO(what);
        Comparison c = compare_variants(inputs, build);
        CHECK_MESSAGE(c.wrong == 0, c.first_wrong);
        CHECK(c.ill_conditioned <= most_ill);
      };
      using Ids = const std::vector<NodeId>&;
      check("sum", [&](Program& p, Ids x, bool v) { return sum(p, x[0], v); });
      check("product", [&](Program& p, Ids x, bool v) { return sum(p, p.op(Op::kMul, {x[0], x[1]}), v); });
      check("sum · constant", [&](Program& p, Ids x, bool v) {
        return p.op(Op::kMul, {sum(p, x[0], v), constant(p, 0.3)});
      });
      check("sum · sum", [&](Program& p, Ids x, bool v) { return p.op(Op::kMul, {sum(p, x[0], v), sum(p, x[1], v)}); });
      check("sum / (10 + sum²)", [&](Program& p, Ids x, bool v) {
        NodeId s = sum(p, x[1], v);
        return p.op(Op::kDiv, {sum(p, x[0], v), p.op(Op::kAdd, {constant(p, 10), p.op(Op::kMul, {s, s})})});
      });
      check("sin", [&](Program& p, Ids x, bool v) { return p.op(Op::kSin, {sum(p, x[0], v)}); });
      check("exp2(sum / 64)", [&](Program& p, Ids x, bool v) {
        return p.op(Op::kExp2, {p.op(Op::kMul, {sum(p, x[0], v), constant(p, 0x1p-6)})});
      });
      check("max", [&](Program& p, Ids x, bool v) { return p.op(Op::kMax, {sum(p, x[0], v), sum(p, x[1], v)}); });
      check("sqrt(1 + Σ x²)", [&](Program& p, Ids x, bool v) {
        return p.op(Op::kSqrt, {p.op(Op::kAdd, {constant(p, 1), sum(p, p.op(Op::kMul, {x[0], x[0]}), v)})});
      });
      check("cast to bf16", [&](Program& p, Ids x, bool v) { return p.cast(sum(p, x[0], v), DType::kBF16); });
      check(
          "lt",
          [&](Program& p, Ids x, bool v) {
            return p.op(Op::kLt, {sum(p, x[0], v), sum(p, x[1], v)});
          },
          4);
      check(
          "mod",
          [&](Program& p, Ids x, bool v) {
            return p.op(Op::kMod, {sum(p, x[0], v), constant(p, 1.5)});
          },
          20);
    }
}

TEST_CASE("products fused with their sum stay within the bound") {
  std::mt19937 random(21);
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32})
    for (int64_t n : {1, 5, 300}) {
      INFO(dtype_name(dtype), " ", n);
      Comparison c = compare_variants({random_array(random, dtype, {50, n}), random_array(random, dtype, {50, n})},
                                      [&](Program& p, const std::vector<NodeId>& x, bool variant) {
                                        if (!variant) return sum(p, p.op(Op::kMul, {x[0], x[1]}), false);
                                        // Exact products, summed in f64, rounded once.
                                        NodeId a = p.cast(x[0], DType::kF64), b = p.cast(x[1], DType::kF64);
                                        return p.cast(sum(p, p.op(Op::kMul, {a, b}), false), dtype);
                                      });
      CHECK_MESSAGE(c.wrong == 0, c.first_wrong);
      CHECK(c.ill_conditioned == 0);
    }
}

TEST_CASE("complex products in f32 stay within the bound") {
  std::mt19937 random(22);
  std::vector<Array> inputs{random_array(random, DType::kF32, {200, 2}), random_array(random, DType::kF32, {200, 2})};
  Comparison comparison = compare_variants(inputs, [&](Program& p, const std::vector<NodeId>& x, bool variant) {
    if (!variant) {
      auto complex = [&](NodeId id) { return p.op(Op::kBitcast, {id}, {}, {DType::kC64, {}}); };
      return p.op(Op::kBitcast, {p.op(Op::kMul, {complex(x[0]), complex(x[1])})}, {}, {DType::kF32, {}});
    }
    auto part = [&](NodeId id, int64_t k) {
      return p.op(Op::kSlice, {id}, SliceAttributes{{{Dim(0), Dim(200), 1}, {Dim(k), Dim(k + 1), 1}}});
    };
    auto mul = [&](NodeId a, NodeId b) { return p.op(Op::kMul, {a, b}); };
    NodeId a = part(x[0], 0), b = part(x[0], 1), c = part(x[1], 0), d = part(x[1], 1);
    NodeId minus = p.real(-1, {Dim(200), Dim(1)});
    NodeId re = p.op(Op::kAdd, {mul(a, c), mul(minus, mul(b, d))}), im = p.op(Op::kAdd, {mul(a, d), mul(b, c)});
    NodeId first = p.expand(re, {Dim(200), Dim(2)}), second = p.expand(im, {Dim(200), Dim(2)});
    NodeId k = p.op(Op::kIndex, {}, IndexAttributes{1}, {DType::kI64, {Dim(200), Dim(2)}});
    return p.op(Op::kIf,
                {p.op(Op::kEq, {k, p.constant(Scalar::zero(DType::kI64), {Dim(200), Dim(2)})}), first, second});
  });
  CHECK_MESSAGE(comparison.wrong == 0, comparison.first_wrong);
  CHECK(comparison.ill_conditioned == 0);
}

TEST_CASE("sums that overflow in some order are ill-conditioned, infinite operands are not") {
  Program p;
  CHECK(bound_of(p, p.reduce(Combine::kAdd, p.input(f32({3}, {3e38, 3e38, -3e38})), {0})) == kInf);
  CHECK(bound_of(p, p.reduce(Combine::kAdd, p.input(f32({3}, {kInf, 0.1f, -7})), {0})) == 0);
  CHECK(bound_of(p, p.reduce(Combine::kAdd, p.input(f32({3}, {kInf, 0.1f, -kInf})), {0})) == 0);
  CHECK(bound_of(p, p.reduce(Combine::kAdd, p.input(f32({3}, {kNaN, 0.1f, 3e38})), {0})) == 0);
  CHECK(bound_of(p, p.reduce(Combine::kMul, p.input(f32({3}, {1e30, 1e30, 1e-30})), {0})) == kInf);
  CHECK(bound_of(p, p.reduce(Combine::kMul, p.input(f32({3}, {1.1f, 1.3f, 1e-30})), {0})) < 1e-35);
  CHECK(bound_of(p, p.reduce(Combine::kMul, p.input(f32({3}, {1.1f, 1.3f, 0})), {0})) == 0);
  // A sum of zeros has no certain sign, and neither has what is made of it.
  NodeId zeros = p.reduce(Combine::kAdd, p.input(f32({2}, {-0.0, -0.0})), {0});
  CHECK(bound_of(p, zeros) > 0);
  CHECK(bound_of(p, p.op(Op::kAdd, {zeros, zeros})) > 0);
  // Fused with the sum, the first product is a number; what is exactly infinite is so in any case.
  auto products = [&](std::initializer_list<double> x, std::initializer_list<double> y) {
    return p.reduce(Combine::kAdd, p.op(Op::kMul, {p.input(f32({2}, x)), p.input(f32({2}, y))}), {0});
  };
  CHECK(bound_of(p, products({2e19f, 1}, {3e19f, -kInf})) == kInf);
  CHECK(bound_of(p, products({2, 1}, {4, -kInf})) == 0);
  // The product is +inf · 0 in one order and a number in another; so is every sum that it is a term of.
  NodeId uncertain = p.reduce(Combine::kMul, p.input(f32({2, 3}, {1e30, 1e30, 0, 1e30, 1e30, 0})), {1});
  CHECK(bound_of(p, uncertain) == kInf);
  CHECK(bound_of(p, p.reduce(Combine::kAdd, uncertain, {0})) == kInf);
}

TEST_CASE("a comparison with what may be infinite, NaN or finite is uncertain, whatever the reference has") {
  // Products overflow where they are rounded: +inf - inf here, and +inf where they are fused with the sum.
  Program p;
  NodeId x = p.input(f32({2, 2}, {3e38f, 3e38f, 3e38f, 1})), y = p.input(f32({2, 2}, {4, -4, 4, 1}));
  NodeId sum = p.reduce(Combine::kAdd, p.op(Op::kMul, {x, y}), {1});
  CHECK(bound_of(p, sum) == kInf);
  CHECK(bound_of(p, p.op(Op::kEq, {sum, sum})) == kInf);
  CHECK(bound_of(p, p.op(Op::kLt, {sum, p.input(f32({2}, {0, 0}))})) == kInf);
  // A certain infinity is compared.
  NodeId infinite = p.input(f32({2}, {INFINITY, -INFINITY}));
  CHECK(bound_of(p, p.op(Op::kLt, {infinite, p.input(f32({2}, {0, 0}))})) == 0);
}

TEST_CASE(":contract lets a product fuse with a sum in its region") {
  Program p;
  NodeId a = p.input(f32({}, {1.1f})), b = p.input(f32({}, {1.3f})), c = p.input(f32({}, {-1.43f}));
  NodeId sum_of_product = p.op(Op::kAdd, {p.op(Op::kMul, {a, b}), c});
  CHECK(bound_of(p, sum_of_product) == 0);
  NodeId region = p.graph.make_region({.name = "fma", .attributes = {{"contract", Datum::symbol("t")}}, .result = 0},
                                      sum_of_product, {a, b, c});
  Array apart = p.value(region);
  Array fused = f32({}, {std::fma(1.1f, 1.3f, -1.43f)});
  CHECK(compare(fused, apart, p.bounds.outputs[0]).ok());
  CHECK(bound_of(p, region) > 0);
  // A product that overflows where it is rounded need not where it is fused.
  NodeId x = p.input(f32({}, {3e38f})), y = p.input(f32({}, {1.5f})), z = p.input(f32({}, {-3e38f}));
  NodeId large = p.op(Op::kAdd, {p.op(Op::kMul, {x, y}), z});
  region = p.graph.make_region({.name = "fma", .attributes = {{"contract", Datum::symbol("t")}}, .result = 0}, large,
                               {x, y, z});
  CHECK(bound_of(p, region) == kInf);
}

TEST_CASE("compare counts, measures and points at the first wrong element") {
  Array reference = f32({2, 2}, {1, 2, kNaN, -0.0});
  CHECK(compare(reference, reference).passed == 4);
  Comparison c = compare(f32({2, 2}, {1, 2 + 0x1p-22, kNaN, 0}), reference);
  CHECK(c.passed == 2);
  CHECK(c.wrong == 2);
  CHECK(c.max_ulp == 1);
  CHECK(c.first_wrong == "[0 1]: found 2.0000002, reference 2.0");
  auto bounds = std::make_shared<const std::vector<double>>(std::vector<double>{0, 0x1p-22, kInf, 0x1p-149});
  c = compare(f32({2, 2}, {1, 2 + 0x1p-22, 5, 0}), reference, bounds);
  CHECK(c.passed == 3);
  CHECK(c.ill_conditioned == 1);
  CHECK(c.wrong == 0);
  c = compare(f32({2, 2}, {1, 2 + 0x1p-21, 5, 0}), reference, bounds);
  CHECK(c.first_wrong == "[0 1]: found 2.0000005, reference 2.0 ± 2.38e-07");
  CHECK(c.max_ulp == 2);
  CHECK(compare(f32({2}, {1, 2}), f32({1, 2}, {1, 2})).first_wrong == "found f32[2], reference f32[1 2]");
  CHECK_FALSE(compare(f32({0}, {}), i64({0}, {})).ok());
  CHECK(compare(f32({1}, {kInf}), f32({1}, {0x1.fffffep127})).max_ulp == 1);
  CHECK(compare(i64({2}, {1, 2}), i64({2}, {1, 3})).wrong == 1);
}

TEST_CASE("ulp: normal, subnormal and infinite numbers") {
  CHECK(ulp(float_format(DType::kF32), 1) == 0x1p-23);
  CHECK(ulp(float_format(DType::kF32), -1.99) == 0x1p-23);
  CHECK(ulp(float_format(DType::kF32), 0) == 0x1p-149);
  CHECK(ulp(float_format(DType::kF32), kInf) == 0x1p104);
  CHECK(ulp(float_format(DType::kF16), 0x1p-20) == 0x1p-24);
  CHECK(ulp(float_format(DType::kBF16), 2) == 0x1p-6);
  CHECK(ulp(float_format(DType::kF64), 1) == 0x1p-52);
  CHECK(ulp(float_format(DType::kF8E4M3), 1) == 0.125);
  CHECK(ulp(float_format(DType::kF8E5M2), 1) == 0.25);
}

}  // namespace caten::testing
