// Programs that use each op of the table, with inputs in f64, and what tests of derivatives do with them.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <random>

#include "autodiff/rules.hpp"
#include "autodiff/vjp.hpp"
#include "ir/evaluate.hpp"
#include "ir/verify.hpp"

namespace caten::derivatives {

constexpr DType kF = DType::kF64;

struct Case {
  std::string name;
  Op op;
  std::function<void(Build&, std::vector<Array>&)> make;  ///< adds inputs (with values) and outputs
  DimValues sizes{};
};

inline double* reals(Array& a) { return reinterpret_cast<double*>(a.mutable_data()); }
inline const double* reals(const Array& a) { return reinterpret_cast<const double*>(a.data()); }
inline int64_t real_count(const Array& a) { return a.elements() * (is_complex(a.dtype()) ? 2 : 1); }

inline Array copy_of(const Array& a) {
  Array out = Array::zeros(a.dtype(), a.shape());
  std::copy(a.data(), a.data() + a.bytes(), out.mutable_data());
  return out;
}

inline Array values(std::vector<int64_t> shape, std::vector<double> v, DType dtype = kF) {
  Array out = Array::zeros(dtype, std::move(shape));
  REQUIRE(real_count(out) == static_cast<int64_t>(v.size()));
  std::copy(v.begin(), v.end(), reals(out));
  return out;
}

inline NodeId input(Build& b, std::vector<Array>& arguments, Array value, Shape shape = {}) {
  if (shape.empty())
    for (int64_t size : value.shape()) shape.emplace_back(size);
  NodeId id = b.graph().add_input("x" + std::to_string(arguments.size()), {value.dtype(), shape});
  arguments.push_back(std::move(value));
  return id;
}

inline NodeId integers(Build& b, std::vector<Array>& arguments, std::vector<int64_t> shape, std::vector<int64_t> v) {
  Array out = Array::zeros(DType::kI64, std::move(shape));
  std::copy(v.begin(), v.end(), out.as_mutable<int64_t>());
  return input(b, arguments, out);
}

inline void output(Build& b, NodeId id) {
  b.graph().outputs.push_back({"y" + std::to_string(b.graph().outputs.size()), id});
}

inline NodeId number(Build& b, double v, Shape shape = {}) {
  return b.constant(Scalar::of_real(kF, v), std::move(shape));
}

inline Results run(const Graph& graph, const std::vector<Array>& inputs) {
  Arguments arguments;
  arguments.inputs = inputs;
  Result<Results> results = evaluate(graph, arguments);
  if (!results) FAIL(render(results.error(), SourceMap()));
  return *results;
}

/// Re(g·y), summed over all outputs: a complex cotangent stands for that form.
inline double pairing(const std::vector<Array>& g, const std::vector<Array>& y) {
  double sum = 0;
  size_t at = 0;
  for (const Array& value : y) {
    if (value.dtype() != kF && value.dtype() != DType::kC128) continue;
    const double *a = reals(g[at]), *c = reals(value);
    for (int64_t i = 0; i < real_count(value); ++i)
      sum += (is_complex(value.dtype()) && i % 2 == 1 ? -1 : 1) * a[i] * c[i];
    ++at;
  }
  return sum;
}

inline Graph differentiate(const Graph& graph) {
  Result<Graph> adjoint = vjp(graph);
  if (!adjoint) FAIL(render(adjoint.error(), SourceMap()));
  Status valid = verify(*adjoint);
  if (!valid) FAIL(render(valid.error(), SourceMap()));
  return *adjoint;
}

/// Compares vjp's graph with central differences of the pairing.
inline void check_gradient(const Graph& graph, std::vector<Array> inputs, double tolerance = 2e-6) {
  Graph adjoint = differentiate(graph);
  Results primal = run(graph, inputs);
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<Array> cotangents;
  for (const Array& y : primal.outputs) {
    if (y.dtype() != kF && y.dtype() != DType::kC128) continue;
    Array g = Array::zeros(y.dtype(), y.shape());
    for (int64_t i = 0; i < real_count(g); ++i) reals(g)[i] = uniform(random);
    cotangents.push_back(g);
  }
  std::vector<Array> all = inputs;
  all.insert(all.end(), cotangents.begin(), cotangents.end());
  Results found = run(adjoint, all);
  size_t which = 0;
  for (size_t k = 0; k < inputs.size(); ++k) {
    if (inputs[k].dtype() != kF && inputs[k].dtype() != DType::kC128) continue;
    const Array& gradient = found.outputs[which++];
    REQUIRE(gradient.same_type(inputs[k]));
    for (int64_t i = 0; i < real_count(inputs[k]); ++i) {
      const double h = 1e-5;
      double side[2];
      for (int s = 0; s < 2; ++s) {
        std::vector<Array> moved = inputs;
        moved[k] = copy_of(inputs[k]);
        reals(moved[k])[i] += s == 0 ? h : -h;
        side[s] = pairing(cotangents, run(graph, moved).outputs);
      }
      double expected = (side[0] - side[1]) / (2 * h);
      if (is_complex(gradient.dtype()) && i % 2 == 1) expected = -expected;
      double actual = reals(gradient)[i];
      CAPTURE(k);
      CAPTURE(i);
      CHECK_MESSAGE(std::abs(actual - expected) <= tolerance * (1 + std::abs(expected)), "found ", actual,
                    ", finite differences ", expected);
    }
  }
}

using Inputs = std::vector<Array>;

inline void unary(Build& b, Inputs& in, Op op) {
  output(b, b.op(op, {input(b, in, values({4}, {0.3, 1.7, 2.2, 0.9}))}));
}
inline void binary(Build& b, Inputs& in, Op op, DType dtype = kF) {
  std::vector<double> x{0.3, -1.7, 2.2, 0.9}, y{0.8, 0.6, -0.7, 1.3};
  std::vector<int64_t> shape{dtype == kF ? 4 : 2};
  output(b, b.op(op, {input(b, in, values(shape, x, dtype)), input(b, in, values(shape, y, dtype))}));
}

inline const Shape kM3{Dim::symbol("M"), Dim(3)};
inline std::vector<double> ramp(size_t n) {
  std::vector<double> out;
  for (size_t i = 0; i < n; ++i)
    out.push_back(0.2 + 0.37 * static_cast<double>(i * 7 % 11) - 0.11 * static_cast<double>(i % 3));
  return out;
}

inline void put_case(Build& b, Inputs& in, Combine mode, bool zeros = false) {
  std::vector<double> v = ramp(4 * 2);
  if (zeros) v[0] = v[3] = 0;
  NodeId x = input(b, in, values({3, 2}, {0.5, -0.4, 1.5, 2.5, 0.1, 0.7}));
  // A duplicate place and one that is out of range.
  output(b, b.put(x, 0, {integers(b, in, {4}, {1, 5, 1, 0})}, input(b, in, values({4, 2}, v)), mode));
}

inline NodeId loop(Build& b, LoopAttributes a, std::vector<NodeId> operands) {
  return b.op(Op::kLoop, std::move(operands), a);
}

/// h ← sin(w·h + x[i]), collecting h·h; w captured.
inline void scan(Build& b, Inputs& in, int how) {
  NodeId w = input(b, in, values({2}, {0.7, -0.4})), x = input(b, in, values({5, 2}, ramp(10)));
  NodeId start = input(b, in, values({2}, {0.1, 0.2}));
  NodeId h = b.graph().add_bound(0, 1, {kF, {Dim(2)}}), i = b.graph().add_bound(0, 0, {DType::kI64, {}});
  NodeId next = b.op(Op::kSin, {b.add(b.mul(w, h), b.take(x, 0, {i}))});
  LoopAttributes a{.level = 0, .count = Dim(5), .carries = 1, .collects = 1};
  std::vector<NodeId> operands{start, next};
  if (how == 1) {
    a.until = true;
    operands.push_back(b.lt(b.integer(1), i));
  }
  operands.push_back(b.mul(next, h));
  if (how == 2) {
    a.runtime_count = true;
    operands.insert(operands.begin(), integers(b, in, {}, {3}));
  }
  NodeId made = loop(b, a, operands);
  output(b, b.result(made, 0));
  output(b, b.result(made, 1));
  output(b, b.result(made, 2));
}

/// The inner loop multiplies by a captured value and by the outer carry.
inline void nested(Build& b, Inputs& in) {
  NodeId w = input(b, in, values({}, {0.8})), start = input(b, in, values({}, {1.1}));
  NodeId outer = b.graph().add_bound(0, 1, {kF, {}}), inner = b.graph().add_bound(1, 1, {kF, {}});
  NodeId step = b.add(b.mul(inner, w), b.op(Op::kSin, {outer}));
  NodeId made = loop(b, {.level = 1, .count = Dim(3), .carries = 1, .collects = 1}, {outer, step, b.mul(inner, outer)});
  NodeId collected = b.reduce(Combine::kAdd, b.result(made, 1), {0});
  NodeId next = b.add(b.mul(b.result(made, 0), number(b, 0.3)), b.mul(collected, number(b, 0.05)));
  NodeId all = loop(b, {.level = 0, .count = Dim(4), .carries = 1}, {start, next});
  output(b, b.result(all, 0));
}

inline const std::vector<Case>& cases() {
  static const std::vector<Case> list{
      {"const and index", Op::kConst,
       [](Build& b, Inputs& in) { output(b, b.mul(input(b, in, values({3}, ramp(3))), number(b, 3, {Dim(3)}))); }},
      {"index", Op::kIndex,
       [](Build& b, Inputs& in) {
         output(b, b.mul(input(b, in, values({3}, ramp(3))), b.cast(b.index(0, {Dim(3)}), kF)));
       }},
      {"exp2", Op::kExp2, [](Build& b, Inputs& in) { unary(b, in, Op::kExp2); }},
      {"log2", Op::kLog2, [](Build& b, Inputs& in) { unary(b, in, Op::kLog2); }},
      {"sin", Op::kSin, [](Build& b, Inputs& in) { unary(b, in, Op::kSin); }},
      {"sqrt", Op::kSqrt, [](Build& b, Inputs& in) { unary(b, in, Op::kSqrt); }},
      {"add", Op::kAdd, [](Build& b, Inputs& in) { binary(b, in, Op::kAdd); }},
      {"mul", Op::kMul, [](Build& b, Inputs& in) { binary(b, in, Op::kMul); }},
      {"div", Op::kDiv, [](Build& b, Inputs& in) { binary(b, in, Op::kDiv); }},
      {"mod", Op::kMod, [](Build& b, Inputs& in) { binary(b, in, Op::kMod); }},
      {"max", Op::kMax, [](Build& b, Inputs& in) { binary(b, in, Op::kMax); }},
      {"complex add", Op::kAdd, [](Build& b, Inputs& in) { binary(b, in, Op::kAdd, DType::kC128); }},
      {"complex mul", Op::kMul, [](Build& b, Inputs& in) { binary(b, in, Op::kMul, DType::kC128); }},
      {"complex div", Op::kDiv, [](Build& b, Inputs& in) { binary(b, in, Op::kDiv, DType::kC128); }},
      {"square", Op::kMul,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({3}, ramp(3)));
         output(b, b.mul(b.mul(x, x), x));
       }},
      {"lt and if", Op::kLt,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({4}, {-1, 2, -3, 4}));
         output(b, b.select(b.lt(x, b.zeros(b.type(x))), b.mul(x, x), b.op(Op::kSin, {x})));
       }},
      {"eq, and, xor", Op::kEq,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({4}, {-1, 2, -3, 4}));
         output(b, b.select(b.negate(b.both(b.eq(x, x), b.lt(x, b.zeros(b.type(x))))), b.mul(x, x), x));
       }},
      {"if", Op::kIf,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({2, 3}, ramp(6))), y = input(b, in, values({2, 3}, ramp(6)));
         output(b, b.select(b.eq(b.index(1, {Dim(2), Dim(3)}), b.integer(1, {Dim(2), Dim(3)})), b.mul(x, y), y));
       }},
      {"cast to integer and back", Op::kCast,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({3}, {1.5, 2.5, -3.5}));
         output(b, b.mul(b.cast(b.cast(x, DType::kI32), kF), x));
       }},
      {"cast to complex", Op::kCast,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({2}, {1.5, 2.5})), c = input(b, in, values({2}, ramp(4), DType::kC128));
         output(b, b.mul(b.cast(x, DType::kC128), c));
       }},
      {"bitcast from complex", Op::kBitcast,
       [](Build& b, Inputs& in) {
         NodeId parts = b.bitcast(input(b, in, values({2}, ramp(4), DType::kC128)), kF);
         output(b, b.mul(parts, parts));
       }},
      {"bitcast to complex", Op::kBitcast,
       [](Build& b, Inputs& in) {
         NodeId c = b.bitcast(input(b, in, values({3, 2}, ramp(6))), DType::kC128);
         output(b, b.mul(c, c));
       }},
      {"bitcast to the same dtype", Op::kBitcast,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({2}, ramp(2)));
         output(b, b.mul(b.bitcast(x, kF), x));
       }},
      {"reshape", Op::kReshape,
       [](Build& b, Inputs& in) {
         NodeId x = b.reshape(input(b, in, values({2, 3}, ramp(6))), {Dim(3), Dim(2)});
         output(b, b.mul(x, x));
       }},
      {"permute", Op::kPermute,
       [](Build& b, Inputs& in) {
         NodeId x = b.permute(input(b, in, values({2, 3, 1}, ramp(6))), {2, 0, 1});
         output(b, b.mul(x, x));
       }},
      {"expand", Op::kExpand,
       [](Build& b, Inputs& in) {
         NodeId x = b.expand(input(b, in, values({2, 1, 1}, ramp(2))), {Dim(2), Dim(3), Dim(1)});
         output(b, b.mul(x, b.cast(b.index(1, {Dim(2), Dim(3), Dim(1)}), kF)));
       }},
      {"slice with steps", Op::kSlice,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({5, 4}, ramp(20)));
         NodeId y = b.slice(x, {{Dim(4), Dim(-1), -2}, {Dim(1), Dim(4), 2}});
         output(b, b.mul(y, y));
       }},
      {"slice of symbolic sizes", Op::kSlice,
       [](Build& b, Inputs& in) {
         b.graph().dims.declare("M", {2, std::nullopt});
         NodeId x = input(b, in, values({4, 3}, ramp(12)), kM3);
         NodeId y = b.slice(x, {{kM3[0] - Dim(1), Dim(0), -1}, {Dim(0), Dim(2), 1}});
         output(b, b.mul(y, y));
       }},
      {"symbolic reshape, expand and reduce", Op::kReduce,
       [](Build& b, Inputs& in) {
         b.graph().dims.declare("M");
         NodeId x = b.reshape(input(b, in, values({2, 3}, ramp(6)), kM3), {kM3[0] * Dim(3)});
         output(b, b.reduce(Combine::kAdd, b.mul(x, b.op(Op::kSin, {x})), {0}));
       }},
      {"take", Op::kTake,
       [](Build& b, Inputs& in) {
         NodeId y = b.take(input(b, in, values({2, 4}, ramp(8))), 1, {integers(b, in, {3}, {2, 9, 2})});
         output(b, b.mul(y, y));
       }},
      {"take at points", Op::kTake,
       [](Build& b, Inputs& in) {
         NodeId x = input(b, in, values({2, 3, 2}, ramp(12)));
         NodeId y = b.take(x, 0, {integers(b, in, {3}, {0, 1, 1}), integers(b, in, {3}, {-1, 2, 2})});
         output(b, b.mul(y, y));
       }},
      {"put set", Op::kPut, [](Build& b, Inputs& in) { put_case(b, in, Combine::kSet); }},
      {"put add", Op::kPut, [](Build& b, Inputs& in) { put_case(b, in, Combine::kAdd); }},
      {"put mul", Op::kPut, [](Build& b, Inputs& in) { put_case(b, in, Combine::kMul); }},
      {"put mul with zeros", Op::kPut, [](Build& b, Inputs& in) { put_case(b, in, Combine::kMul, true); }},
      {"put max", Op::kPut, [](Build& b, Inputs& in) { put_case(b, in, Combine::kMax); }},
      {"copy", Op::kCopy,
       [](Build& b, Inputs& in) {
         output(b, b.op(Op::kCopy, {input(b, in, values({3}, ramp(3)))}, CopyAttributes{}));
       }},
      {"reduce add", Op::kReduce,
       [](Build& b, Inputs& in) {
         output(b, b.reduce(Combine::kAdd, input(b, in, values({2, 3, 2}, ramp(12))), {0, 2}));
       }},
      {"reduce mul", Op::kReduce,
       [](Build& b, Inputs& in) {
         output(b, b.reduce(Combine::kMul, input(b, in, values({2, 3, 2}, ramp(12))), {0, 2}));
       }},
      {"reduce mul with zeros", Op::kReduce,
       [](Build& b, Inputs& in) {
         output(b, b.reduce(Combine::kMul, input(b, in, values({3, 3}, {0, 2, 3, 0, 0, 4, 5, 6, 7})), {1}));
       }},
      {"complex reduce mul", Op::kReduce,
       [](Build& b, Inputs& in) {
         output(b, b.reduce(Combine::kMul, input(b, in, values({3}, ramp(6), DType::kC128)), {0}));
       }},
      {"reduce max", Op::kReduce,
       [](Build& b, Inputs& in) {
         output(b, b.reduce(Combine::kMax, input(b, in, values({2, 3}, ramp(6))), {1}));
       }},
      {"matmul", Op::kReduce,
       [](Build& b, Inputs& in) {
         NodeId x = b.spread(input(b, in, values({2, 3}, ramp(6))), {Dim(2), Dim(3), Dim(4)}, {0, 1});
         NodeId y = b.spread(input(b, in, values({3, 4}, ramp(12))), {Dim(2), Dim(3), Dim(4)}, {1, 2});
         output(b, b.reduce(Combine::kAdd, b.mul(x, y), {1}));
       }},
      {"loop", Op::kLoop, [](Build& b, Inputs& in) { scan(b, in, 0); }},
      {"loop until", Op::kLoop, [](Build& b, Inputs& in) { scan(b, in, 1); }},
      {"loop with a runtime count", Op::kLoop, [](Build& b, Inputs& in) { scan(b, in, 2); }},
      {"nested loops", Op::kLoop, [](Build& b, Inputs& in) { nested(b, in); }},
  };
  return list;
}

}  // namespace caten::derivatives
