#include "ir/verify.hpp"

#include "builder.hpp"
#include "golden.hpp"

namespace caten::testing {
namespace {

const ValueType kVector{DType::kF32, {Dim(3)}};
const ValueType kCount{DType::kI64, {}};

struct Case {
  const char* title;
  Graph graph;
  Stage stage = Stage::kChecked;
};

NodeId raw(Graph& graph, Op op, std::vector<NodeId> operands, ValueType type, Attributes attributes = {}) {
  return graph.add({.kind = NodeKind::kOp,
                    .op = op,
                    .type = std::move(type),
                    .operands = std::move(operands),
                    .attributes = std::move(attributes)});
}

RegionAttributes named(const char* name) { return {.name = name, .attributes = {}, .result = 0}; }

std::vector<Case> broken_graphs() {
  std::vector<Case> cases;
  auto add = [&](const char* title, auto&& build, Stage stage = Stage::kChecked) {
    Program p;
    p.graph.dims.declare("N", {1, 100});
    p.graph.dims.declare("M");
    NodeId x = p.graph.add_input("x", kVector);
    NodeId y = p.graph.add_input("y", {DType::kF32, {sym("N")}});
    build(p, x, y);
    cases.push_back({title, std::move(p.graph), stage});
  };
  add("foreign attributes",
      [](Program& p, NodeId x, NodeId) { p.output(raw(p.graph, Op::kReduce, {x}, kCount, PermuteAttributes{{0}})); });
  add("wrong shape", [](Program& p, NodeId x, NodeId) {
    p.output(raw(p.graph, Op::kAdd, {x, x}, {DType::kF32, {Dim(4)}}));
  });
  add("wrong dtype", [](Program& p, NodeId x, NodeId) { p.output(raw(p.graph, Op::kLt, {x, x}, kVector)); });
  add("no such op on the dtype", [](Program& p, NodeId x, NodeId) {
    p.output(raw(p.graph, Op::kAnd, {x, x}, kVector));
  });
  add("wrong arity", [](Program& p, NodeId x, NodeId) { p.output(raw(p.graph, Op::kAdd, {x}, kVector)); });
  add("an equation nobody made", [](Program& p, NodeId x, NodeId y) {
    p.output(raw(p.graph, Op::kAdd, {x, y}, kVector));
  });
  add("a guard nobody made", [](Program& p, NodeId, NodeId y) {
    p.output(raw(p.graph, Op::kSlice, {y}, {DType::kF32, {Dim(2)}}, SliceAttributes{{{Dim(0), Dim(2), 1}}}));
  });
  add("an undeclared size", [](Program& p, NodeId, NodeId) {
    p.output(raw(p.graph, Op::kConst, {}, {DType::kF32, {sym("Q")}}, ConstAttributes{Scalar::one(DType::kF32)}));
  });
  add("a size left unresolved", [](Program& p, NodeId, NodeId y) {
    p.graph.dims.equate(sym("M"), sym("N"), "test");
    NodeId m = p.graph.add_input("m", {DType::kF32, {sym("M")}});
    p.output(raw(p.graph, Op::kAdd, {m, y}, {DType::kF32, {sym("M")}}));
  });
  add("a loop variable in an output", [](Program& p, NodeId, NodeId) { p.output(p.counter(0)); });
  add("wrong free levels", [](Program& p, NodeId x, NodeId) {
    Node node{.kind = NodeKind::kOp, .op = Op::kSqrt, .type = kVector, .operands = {x}, .free_levels = 2};
    p.output(p.graph.add(std::move(node)));
  });
  add("a carry of another type", [](Program& p, NodeId x, NodeId) {
    NodeId carry = p.carry(0, 0, {DType::kF32, {Dim(4)}});
    NodeId slice = raw(p.graph, Op::kSlice, {carry}, kVector, SliceAttributes{{{Dim(0), Dim(3), 1}}});
    p.output(p.result(raw(p.graph, Op::kLoop, {x, slice}, kVector, LoopAttributes{.count = Dim(2), .carries = 1}), 0));
  });
  add("a carry that is not there", [](Program& p, NodeId x, NodeId) {
    NodeId carry = p.carry(0, 1, kVector);
    p.output(p.result(raw(p.graph, Op::kLoop, {x, carry}, kVector, LoopAttributes{.count = Dim(2), .carries = 1}), 0));
  });
  add("loop operands", [](Program& p, NodeId x, NodeId) {
    p.output(raw(p.graph, Op::kLoop, {x}, kVector, LoopAttributes{.count = Dim(2), .carries = 1}));
  });
  add("a result of no loop", [](Program& p, NodeId x, NodeId) {
    p.output(
        p.graph.add({.kind = NodeKind::kResult, .type = kVector, .operands = {x}, .attributes = ResultAttributes{0}}));
  });
  add("a result that is not there", [](Program& p, NodeId x, NodeId) {
    NodeId loop = raw(p.graph, Op::kLoop, {x, x}, kVector, LoopAttributes{.count = Dim(2), .carries = 1});
    p.output(p.graph.add(
        {.kind = NodeKind::kResult, .type = kCount, .operands = {loop}, .attributes = ResultAttributes{2}}));
  });
  add("a region of another type", [](Program& p, NodeId x, NodeId) {
    p.output(p.graph.add({.kind = NodeKind::kRegion, .type = kCount, .operands = {x}, .attributes = named("softmax")}));
  });
  add(
      "a region where none may be",
      [](Program& p, NodeId x, NodeId) { p.output(p.graph.make_region(named("softmax"), x, {})); }, Stage::kFlat);
  add("names used twice", [](Program& p, NodeId, NodeId) { p.graph.add_state("x", kVector); });
  add("output names used twice", [](Program& p, NodeId x, NodeId y) { p.graph.outputs = {{"z", x}, {"z", y}}; });
  add("an input nobody declared", [](Program& p, NodeId x, NodeId) {
    p.graph.inputs.erase(p.graph.inputs.begin());
    p.output(x);
  });
  add("a state's next value", [](Program& p, NodeId, NodeId y) {
    p.graph.add_state("s", kVector);
    p.graph.states[0].next = y;
  });
  add("an output without a node", [](Program& p, NodeId, NodeId) { p.graph.outputs = {{"z", NodeId{}}}; });
  add("origins", [](Program& p, NodeId x, NodeId) {
    Node node{.kind = NodeKind::kOp, .op = Op::kSqrt, .type = kVector, .operands = {x}, .origins = {3}};
    p.output(p.graph.add(std::move(node)));
  });
  return cases;
}

}  // namespace

TEST_CASE("verify names every broken invariant") {
  std::string out;
  for (const Case& c : broken_graphs()) {
    Status status = verify(c.graph, c.stage);
    INFO(c.title);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == Code::VerifyFailed);
    out += "; " + std::string(c.title) + "\n" + render(status.error(), SourceMap()) + "\n";
  }
  check_golden("ir/verify.txt", out);
}

TEST_CASE("verify accepts what Graph::make builds, at each stage") {
  Program p;
  p.graph.dims.declare("N", {1, 100});
  p.graph.dims.declare("M");
  NodeId x = p.graph.add_input("x", {DType::kF32, {sym("N")}});
  NodeId y = p.graph.add_input("y", {DType::kF32, {sym("M")}});
  NodeId sum = p.op(Op::kAdd, {x, y});                                            // M = N
  NodeId head = p.op(Op::kSlice, {sum}, SliceAttributes{{{Dim(0), Dim(2), 1}}});  // guard: 2 ≤ N
  NodeId region = p.graph.make_region(named("head"), head, {sum});
  NodeId a = p.carry(0, 0, {DType::kF32, {Dim(2)}});
  NodeId inner_carry = p.carry(1, 0, {DType::kF32, {Dim(2)}});
  NodeId inner = p.loop({.level = 1, .count = Dim(2), .inits = {a}, .nexts = {p.op(Op::kAdd, {inner_carry, a})}});
  NodeId loop =
      p.loop({.level = 0, .count = sym("N"), .inits = {region}, .nexts = {p.result(inner, 0)}, .collects = {a}});
  p.output(p.result(loop, 0));
  p.output(p.result(loop, 1));
  p.output(p.result(loop, 2));
  CHECK(verify(p.graph, Stage::kBuilt).has_value());
  CHECK_FALSE(verify(p.graph, Stage::kChecked).has_value());  // x and y still say N and M
  Graph resolved = resolve_dims(p.graph);
  Status status = verify(resolved, Stage::kChecked);
  if (!status) FAIL(render(status.error(), SourceMap()));
  CHECK_FALSE(verify(resolved, Stage::kFlat).has_value());
}

TEST_CASE("verify accepts an inner loop that hides the outer variables") {
  Program p;
  NodeId a = p.carry(0, 0, kCount);
  NodeId added = p.op(Op::kAdd, {a, p.counter(0)});
  NodeId inner = p.loop({.level = 0, .count = Dim(3), .inits = {added}, .nexts = {added}});
  NodeId outer = p.loop({.level = 0, .count = Dim(2), .inits = {p.integer(1)}, .nexts = {p.result(inner, 0)}});
  p.output(p.result(outer, 0));
  Status status = verify(p.graph);
  if (!status) FAIL(render(status.error(), SourceMap()));
  CHECK(verify(p.graph, Stage::kFlat).has_value());
}

}  // namespace caten::testing
