// The passes: what they make simpler, what they must leave alone, and that no subset of them changes a value.
#include <doctest/doctest.h>

#include <cmath>

#include "ir/evaluate.hpp"
#include "ir/print.hpp"
#include "rewrite/rewrite.hpp"

using namespace caten;

namespace {

struct Program {
  Graph graph;
  Build b{graph};
  Arguments arguments;

  NodeId input(DType dtype, std::vector<double> values) {
    Array array = Array::zeros(dtype, {static_cast<int64_t>(values.size())});
    for (size_t i = 0; i < values.size(); ++i)
      Scalar::of_real(dtype, values[i]).store(array.mutable_data() + i * dtype_size(dtype));
    arguments.inputs.push_back(array);
    return graph.add_input("x" + std::to_string(graph.inputs.size()), {dtype, {Dim(array.elements())}});
  }
  void output(NodeId id) { graph.outputs.push_back({"y" + std::to_string(graph.outputs.size()), id}); }
};

Graph run(const Program& p, RewriteOptions options = {}) {
  Result<Graph> out = rewrite(p.graph, options);
  if (!out) FAIL(render(out.error(), SourceMap()));
  Result<Results> before = evaluate(p.graph, p.arguments), after = evaluate(*out, p.arguments);
  REQUIRE(before);
  REQUIRE(after);
  for (size_t i = 0; i < before->outputs.size(); ++i) {
    Comparison same = compare(after->outputs[i], before->outputs[i]);
    CHECK_MESSAGE(same.ok(), same.first_wrong);
  }
  return *out;
}

size_t ops(const Graph& graph) {
  size_t count = 0;
  for (NodeId id : graph.reachable()) count += graph[id].kind == NodeKind::kOp;
  return count;
}

const std::vector<double> kEdges{-0.0, 0.0, 1.5, INFINITY, -INFINITY, NAN};

/// A value for each rule: pairs of what is written and whether it becomes the input itself.
void sample(Program& p) {
  NodeId x = p.input(DType::kF32, kEdges), n = p.input(DType::kI32, {0, 1, -5, 7, 2147483647, -2147483648.0});
  const Build& b = p.b;
  ValueType type = b.type(x), whole = b.type(n);
  p.output(b.mul(x, b.ones(type)));
  p.output(b.div(x, b.ones(type)));
  p.output(b.max(x, x));
  p.output(b.add(x, b.constant(Scalar::of_real(DType::kF32, -0.0), type.shape)));
  p.output(b.add(b.zeros(whole), n));
  p.output(b.op(Op::kXor, {b.op(Op::kXor, {n, b.ones(whole)}), b.ones(whole)}));
  p.output(b.select(b.eq(b.ones(type), b.ones(type)), x, b.zeros(type)));
  p.output(
      b.op(Op::kReshape, {b.op(Op::kReshape, {x}, {}, {DType::kF32, {Dim(2), Dim(3)}})}, {}, {DType::kF32, {Dim(6)}}));
  p.output(b.slice(x, {{Dim(0), Dim(6), 1}}));
}

}  // namespace

TEST_CASE("identities that hold are used") {
  Program p;
  sample(p);
  Graph out = run(p);
  CHECK(ops(out) == 0);
}

TEST_CASE("identities that do not hold are not used") {
  Program p;
  NodeId x = p.input(DType::kF32, kEdges);
  ValueType type = p.b.type(x);
  p.output(p.b.add(x, p.b.zeros(type)));
  p.output(p.b.mul(x, p.b.zeros(type)));
  p.output(p.b.eq(x, x));
  Graph out = run(p);
  CHECK(ops(out) == 4);
}

TEST_CASE("any subset of passes and rules gives the same values; each is switched off by name") {
  std::vector<std::string> names;
  for (const Pass& pass : all_passes())
    if (pass.optional) names.emplace_back(pass.name);
  for (const Rule& rule : all_rules()) names.emplace_back(rule.name);
  for (const std::string& name : names) {
    Program p;
    sample(p);
    std::vector<std::string> lines;
    RewriteOptions options{.off = {name}};
    options.trace = [&](const std::string& line) { lines.push_back(line); };
    run(p, options);
    for (const std::string& line : lines) CHECK(!line.starts_with(name + ":"));
  }
}

TEST_CASE("constants are folded with the evaluator's values") {
  Program p;
  NodeId x = p.input(DType::kF32, {1, 2});
  NodeId two = p.b.constant(Scalar::of_real(DType::kF32, 2), {});
  p.output(p.b.mul(x, p.b.fill(p.b.op(Op::kSqrt, {p.b.op(Op::kExp2, {two})}), {Dim(2)})));
  Graph out = run(p);
  CHECK(ops(out) == 2);
  CHECK(print(out).find("2.0") != std::string::npos);
}

TEST_CASE("sums of equal integers are folded, and wrap; where their number is not known, they are coordinates") {
  Program p;
  auto add = [&](DType dtype, int64_t value, const Shape& shape, std::vector<int> axes) {
    p.output(p.b.reduce(Combine::kAdd, p.b.constant(Scalar::of_integer(dtype, value), shape), std::move(axes)));
  };
  add(DType::kI64, 3, {Dim(4), Dim(5)}, {0, 1});
  add(DType::kU8, 100, {Dim(4), Dim(2)}, {0});
  add(DType::kI8, -1, {Dim(0)}, {0});
  auto sums = [](const Graph& graph) {
    size_t count = 0;
    for (NodeId id : graph.reachable()) count += graph[id].is(Op::kReduce);
    return count;
  };
  CHECK(sums(run(p)) == 0);
  Program open;
  open.graph.dims.declare("N");
  open.graph.add_input("x", {DType::kF32, {Dim::symbol("N")}});
  open.arguments.inputs.push_back(Array::zeros(DType::kF32, {5}));
  Dim n = Dim::symbol("N");
  open.output(open.b.reduce(Combine::kAdd, open.b.integer(1, {n}), {0}));
  open.output(open.b.reduce(Combine::kAdd, open.b.integer(INT64_MAX, {n, Dim(3), n}), {0, 2}));
  CHECK(sums(run(open)) == 0);
  Scalar one = Scalar::of_integer(DType::kU8, 1);
  open.output(open.b.reduce(Combine::kAdd, open.b.constant(one, {n}), {0}));
  CHECK(sums(run(open)) == 1);
}

TEST_CASE("regions become their bodies") {
  Program p;
  NodeId x = p.input(DType::kF32, {1, 2});
  NodeId body = p.b.op(Op::kSin, {x});
  p.output(p.graph.make_region({.name = "sine", .attributes = {}}, body, {x}));
  Graph out = run(p);
  CHECK(out[out.outputs[0].value].is(Op::kSin));
}

TEST_CASE("dead collects and carries of loops go") {
  Program p;
  NodeId x = p.input(DType::kF32, {1, 2});
  ValueType type = p.b.type(x);
  NodeId a = p.graph.add_bound(0, 1, type), c = p.graph.add_bound(0, 2, type);
  LoopAttributes loop{.level = 0, .count = Dim(3), .carries = 2, .collects = 2};
  // Carry c and both collects feed nothing that is read.
  NodeId made = p.b.op(
      Op::kLoop, {x, p.b.op(Op::kSqrt, {x}), p.b.add(a, x), p.b.op(Op::kSin, {p.b.add(c, a)}), c, p.b.mul(a, a)}, loop);
  p.output(p.b.result(made, 0));
  p.output(p.b.result(made, 4));
  Graph out = run(p);
  size_t sines = 0;
  for (NodeId id : out.reachable()) sines += out[id].is(Op::kSin) || out[id].is(Op::kSqrt) || out[id].is(Op::kMul);
  CHECK(sines == 0);
  // The second collect alone is read: its place moves.
  Program q;
  NodeId y = q.input(DType::kF32, {1, 2});
  NodeId d = q.graph.add_bound(0, 1, type);
  NodeId both = q.b.op(Op::kLoop, {y, q.b.add(d, y), d, q.b.mul(d, d)},
                       LoopAttributes{.level = 0, .count = Dim(3), .carries = 1, .collects = 2});
  q.output(q.b.result(both, 2));
  Graph kept = run(q);
  for (NodeId id : kept.reachable())
    if (kept[id].is(Op::kLoop)) CHECK(kept[id].get<LoopAttributes>().collects == 1);
}
