// A dozen small programs that show what the schedule and the kernels of a program look like; the golden texts of
// schedules and kernels are made from them.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "ir/build.hpp"

namespace caten::programs {

struct Program {
  std::string name;
  std::function<void(Graph&, const Build&)> build;
};

inline Dim sym(const char* name) { return Dim::symbol(name); }
inline ValueType f32(Shape shape) { return {DType::kF32, std::move(shape)}; }

inline NodeId add_loop(const Build& b, LoopAttributes attributes, const std::vector<NodeId>& operands) {
  return b.op(Op::kLoop, operands, std::move(attributes));
}

struct Attention {
  Shape heads{};  ///< of the queries; keys and values have the first `shared` of these axes
  size_t shared = 0;
  Dim queries{}, keys{}, depth{}, width{};
  bool causal = false;  ///< query i sees keys 0 … i
  bool mask = false;    ///< an input [queries keys] that is added to the scores
  bool zeros = false;   ///< what is not seen is 0 by definition
};

/// softmax(q · kᵀ) · v with the scores as a value of their own; 0 where nothing is visible.
inline void build_attention(Graph& g, const Build& b, const Attention& a) {
  auto with = [](Shape shape, std::initializer_list<Dim> last) {
    shape.insert(shape.end(), last);
    return shape;
  };
  Shape few(a.heads.begin(), a.heads.begin() + static_cast<std::ptrdiff_t>(a.shared));
  NodeId q = g.add_input("q", f32(with(a.heads, {a.queries, a.depth})));
  NodeId k = g.add_input("k", f32(with(few, {a.keys, a.depth})));
  NodeId v = g.add_input("v", f32(with(few, {a.keys, a.width})));
  int h = static_cast<int>(a.heads.size());
  auto axes = [](int first, std::initializer_list<int> last) {
    std::vector<int> out;
    for (int i = 0; i < first; ++i) out.push_back(i);
    out.insert(out.end(), last);
    return out;
  };
  Shape products = with(a.heads, {a.queries, a.keys, a.depth}), scores = with(a.heads, {a.queries, a.keys});
  NodeId left = b.spread(q, products, axes(h, {h, h + 2}));
  NodeId right = b.spread(k, products, axes(static_cast<int>(a.shared), {h + 1, h + 2}));
  NodeId s = b.reduce(Combine::kAdd, b.mul(left, right), {h + 2});
  if (a.mask) s = b.add(s, b.spread(g.add_input("mask", f32({a.queries, a.keys})), scores, {h, h + 1}));
  NodeId hidden = b.lt(b.index(h, scores), b.index(h + 1, scores)), zero = b.zeros(f32(scores));
  if (a.causal) {
    NodeId none = b.constant(Scalar::of_real(DType::kF32, -std::numeric_limits<double>::infinity()), scores);
    s = b.select(hidden, none, s);
  }
  NodeId top = b.spread(b.reduce(Combine::kMax, s, {h + 1}), scores, axes(h, {h}));
  NodeId e = b.op(Op::kExp2, {b.add(s, b.mul(top, b.constant(Scalar::of_real(DType::kF32, -1), scores)))});
  if (a.zeros) e = b.select(hidden, zero, e);
  NodeId sum = b.spread(b.reduce(Combine::kAdd, e, {h + 1}), scores, axes(h, {h}));
  NodeId p = b.select(b.is_zero(sum), zero, b.div(e, sum));
  if (a.zeros) p = b.select(hidden, zero, p);
  Shape sums = with(a.heads, {a.queries, a.keys, a.width});
  NodeId values = b.spread(v, sums, axes(static_cast<int>(a.shared), {h + 1, h + 2}));
  g.outputs.push_back({"y", b.reduce(Combine::kAdd, b.mul(b.spread(p, sums, axes(h, {h, h + 1})), values), {h + 1})});
}

inline const std::vector<Program>& all() {
  static const std::vector<Program> programs = {
      {"chain",
       [](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32({sym("N")})), y = g.add_input("y", f32({sym("N")}));
         NodeId sum = b.add(x, y);
         g.outputs.push_back({"z", b.mul(b.op(Op::kExp2, {sum}), sum)});
       }},
      {"softmax",
       [](Graph& g, const Build& b) {
         Shape shape{sym("M"), sym("N")};
         NodeId x = g.add_input("x", f32(shape));
         NodeId top = b.spread(b.reduce(Combine::kMax, x, {1}), shape, {0});
         NodeId minus = b.constant(Scalar::of_real(DType::kF32, -1), shape);
         NodeId e = b.op(Op::kExp2, {b.add(x, b.mul(top, minus))});
         NodeId sum = b.spread(b.reduce(Combine::kAdd, e, {1}), shape, {0});
         g.outputs.push_back({"y", b.div(e, sum)});
       }},
      {"matmul",
       [](Graph& g, const Build& b) {
         Dim m = sym("M"), k = sym("K"), n = sym("N");
         NodeId x = g.add_input("x", f32({m, k})), w = g.add_input("w", {DType::kF16, {k, n}});
         NodeId positive = b.max(x, b.zeros(b.type(x)));
         NodeId left = b.spread(positive, {m, n, k}, {0, 2});
         NodeId right = b.spread(b.cast(b.permute(w, {1, 0}), DType::kF32), {m, n, k}, {1, 2});
         g.outputs.push_back({"y", b.reduce(Combine::kAdd, b.mul(left, right), {2})});
       }},
      {"attention",
       [](Graph& g, const Build& b) {
         build_attention(g, b, {{sym("T")}, 1, sym("M"), sym("N"), Dim(8), Dim(8), true});
       }},
      {"transpose",
       [](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32({sym("M"), sym("N")}));
         NodeId turned = b.permute(x, {1, 0});
         g.outputs.push_back({"flat", b.reshape(turned, {sym("M") * sym("N")})});
         g.outputs.push_back({"same", x});
       }},
      {"pad",
       [](Graph& g, const Build& b) {
         Dim n = sym("N"), wide = n + Dim(2);
         NodeId x = g.add_input("x", f32({n}));
         NodeId at = b.add(b.index(0, {wide}), b.integer(-1, {wide}));
         NodeId inside = b.both(b.lt(b.integer(-1, {wide}), at), b.lt(at, b.fill(b.size(n), {wide})));
         g.outputs.push_back({"y", b.select(inside, b.take(x, 0, {at}), b.zeros(f32({wide})))});
       }},
      {"windows",
       [](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32({Dim(10)}));
         Shape shape{Dim(8), Dim(3)};
         NodeId window = b.take(x, 0, {b.add(b.index(0, shape), b.index(1, shape))});
         g.outputs.push_back({"y", b.reduce(Combine::kMax, window, {1})});
       }},
      {"reversed",  // twice, around a reshape: the dividends of the indices may be negative
       [](Graph& g, const Build& b) {
         Dim m = sym("M");
         NodeId x = g.add_input("x", f32({m, Dim(2)}));
         NodeId pairs = b.slice(x, {{Dim(0), m, 1}, {Dim(1), Dim(-1), -1}});
         NodeId all = b.reshape(pairs, {m * Dim(2)});
         g.outputs.push_back({"y", b.slice(all, {{m * Dim(2) - Dim(1), Dim(-1), -1}})});
         NodeId triples = b.slice(g.add_input("z", f32({m, Dim(3)})), {{Dim(0), m, 1}, {Dim(2), Dim(-1), -1}});
         NodeId nine = b.reshape(triples, {m * Dim(3)});
         g.outputs.push_back({"w", b.slice(nine, {{m * Dim(3) - Dim(1), Dim(-1), -1}})});
       }},
      {"clipped",  // the smaller of two, which the ops write as a negative larger one
       [](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32({sym("N")}));
         auto number = [&](double value) { return b.constant(Scalar::of_real(DType::kF32, value), b.type(x).shape); };
         NodeId low = b.max(x, number(-1));
         NodeId high = b.mul(b.max(b.mul(low, number(-1)), number(-2)), number(-1));
         g.outputs.push_back({"y", high});
         g.outputs.push_back({"z", b.mul(b.max(b.mul(number(-1), x), b.zeros(b.type(x))), number(-1))});
       }},
      {"nan_bits",  // a literal's NaN has the bits that the evaluator gives it
       [](Graph& g, const Build& b) {
         NodeId nan = b.constant(Scalar::of_real(DType::kF32, std::numeric_limits<double>::quiet_NaN()), {Dim(2)});
         g.outputs.push_back({"y", b.bitcast(nan, DType::kU32)});
         g.outputs.push_back(
             {"z", b.bitcast(b.constant(Scalar::of_real(DType::kF64, std::nan("")), {Dim(2)}), DType::kU64)});
       }},
      {"cache",
       [](Graph& g, const Build& b) {
         NodeId cache = g.add_state("cache", f32({sym("T"), Dim(4)}));
         NodeId at = g.add_input("at", {DType::kI64, {Dim(1)}}), row = g.add_input("row", f32({Dim(1), Dim(4)}));
         NodeId next = b.put(cache, 0, {at}, row, Combine::kSet);
         g.states[0].next = next;
         g.outputs.push_back({"sum", b.reduce(Combine::kAdd, next, {0})});
       }},
      {"swap_states",
       [](Graph& g, const Build& b) {
         NodeId u = g.add_state("u", f32({Dim(3), Dim(3)})), v = g.add_state("v", f32({Dim(3), Dim(3)}));
         g.states[0].next = b.permute(u, {1, 0});
         g.states[1].next = b.add(v, u);
       }},
      {"cumsum",
       [](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32({sym("T"), sym("N")}));
         NodeId heavy = b.op(Op::kSin, {x});
         NodeId counter = g.add_bound(0, 0, {DType::kI64, {}});
         NodeId sum = g.add_bound(0, 1, f32({sym("N")}));
         NodeId next = b.add(sum, b.take(heavy, 0, {counter}));
         LoopAttributes a{.level = 0, .count = sym("T"), .carries = 1, .collects = 1};
         NodeId loop = add_loop(b, a, {b.zeros(f32({sym("N")})), next, next});
         g.outputs.push_back({"y", b.result(loop, 1)});
       }},
      {"nested",
       [](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32({})), limit = g.add_input("limit", f32({}));
         NodeId inner_carry = g.add_bound(1, 1, f32({}));
         NodeId grown = b.mul(inner_carry, b.constant(Scalar::of_real(DType::kF32, 1.5)));
         LoopAttributes inner{.level = 1, .count = Dim(10), .carries = 1, .until = true};
         NodeId outer_carry = g.add_bound(0, 1, f32({}));
         NodeId loop = add_loop(b, inner, {outer_carry, grown, b.lt(limit, grown)});
         LoopAttributes outer{.level = 0, .count = Dim(3), .carries = 1};
         NodeId whole = add_loop(b, outer, {x, b.add(b.result(loop, 0), b.cast(b.result(loop, 1), DType::kF32))});
         g.outputs.push_back({"y", b.result(whole, 0)});
       }},
      {"half_sum",
       [](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", {DType::kBF16, {sym("N")}});
         g.outputs.push_back({"y", b.reduce(Combine::kAdd, b.mul(x, x), {0})});
       }},
      {"complex",
       [](Graph& g, const Build& b) {
         NodeId z = g.add_input("z", {DType::kC64, {sym("N")}}), w = g.add_input("w", f32({sym("N"), Dim(2)}));
         NodeId product = b.mul(z, b.bitcast(w, DType::kC64));
         g.outputs.push_back({"parts", b.bitcast(product, DType::kF32)});
       }},
  };
  return programs;
}

/// All the sizes that the programs use, declared.
inline Graph make(const Program& program) {
  Graph graph;
  graph.name = program.name;
  for (const char* name : {"M", "N", "K", "T"}) graph.dims.declare(name);
  program.build(graph, Build(graph));
  return graph;
}

}  // namespace caten::programs
