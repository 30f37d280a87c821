// Tangents against adjoints, and the regions that derivatives read.
#include "autodiff/jvp.hpp"
#include "cases.hpp"

using namespace caten;
using namespace caten::derivatives;

namespace {

Graph push(const Graph& graph) {
  Result<Graph> tangents = jvp(graph);
  if (!tangents) FAIL(render(tangents.error(), SourceMap()));
  Status valid = verify(*tangents);
  if (!valid) FAIL(render(valid.error(), SourceMap()));
  return *tangents;
}

bool smooth(const Array& array) { return array.dtype() == kF || array.dtype() == DType::kC128; }

std::vector<Array> drawn_like(const std::vector<Array>& like, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<Array> out;
  for (const Array& x : like) {
    if (!smooth(x)) continue;
    Array g = Array::zeros(x.dtype(), x.shape());
    for (int64_t i = 0; i < real_count(g); ++i) reals(g)[i] = uniform(random);
    out.push_back(g);
  }
  return out;
}

std::vector<Array> joined(std::vector<Array> a, const std::vector<Array>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// <g, J v> = <Jᵀ g, v>.
void check_transposed(const Graph& graph, const std::vector<Array>& inputs, double tolerance = 1e-11) {
  std::mt19937 random(5);
  std::vector<Array> g = drawn_like(run(graph, inputs).outputs, random), v = drawn_like(inputs, random);
  double forwards = pairing(g, run(push(graph), joined(inputs, v)).outputs);
  double backwards = pairing(run(differentiate(graph), joined(inputs, g)).outputs, v);
  CHECK_MESSAGE(std::abs(forwards - backwards) <= tolerance * (1 + std::abs(forwards)), "<g, J v> is ", forwards,
                ", <JT g, v> is ", backwards);
}

RegionAttributes named(const std::string& name) {
  RegionAttributes region;
  region.name = name;
  return region;
}

}  // namespace

TEST_CASE("tangents are the transposes of adjoints") {
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    Graph graph;
    Build b(graph);
    Inputs inputs;
    c.make(b, inputs);
    check_transposed(graph, inputs);
  }
}

TEST_CASE("tangents of adjoints are the transposes of adjoints of adjoints") {
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    Graph graph;
    Build b(graph);
    Inputs inputs;
    c.make(b, inputs);
    std::mt19937 random(6);
    std::vector<Array> g = drawn_like(run(graph, inputs).outputs, random);
    check_transposed(differentiate(graph), joined(inputs, g), 1e-10);
  }
}

TEST_CASE("a cotangent that is zero by chance has a derivative") {
  // y = (if (x < 5) (x·x − 1) 0), loss = y·y / 2: at x = 1 the residual is zero, the second derivative is (2x)² + 2y
  // = 4.
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {kF, {}});
  NodeId y = b.select(b.lt(x, number(b, 5)), b.add(b.mul(x, x), number(b, -1)), number(b, 0));
  graph.outputs.push_back({"loss", b.mul(number(b, 0.5), b.mul(y, y))});
  Graph gradient = differentiate(graph);
  std::vector<Array> at{values({}, {1}), values({}, {1})};
  Result<Graph> second = vjp(gradient, {.outputs = {"d_x"}, .wrt = {"x"}});
  REQUIRE(second);
  CHECK(reals(run(*second, joined(at, {values({}, {1})})).outputs[0])[0] == doctest::Approx(4));
  Result<Graph> forwards = jvp(gradient, {.wrt = {"x"}});
  REQUIRE(forwards);
  CHECK(reals(run(*forwards, joined(at, {values({}, {1})})).outputs[0])[0] == doctest::Approx(4));
}

TEST_CASE("nothing flows through stop-gradient") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {kF, {Dim(2)}});
  graph.outputs.push_back({"y", b.mul(x, graph.make_region(named("stop-gradient"), b.mul(x, x), {x}))});
  std::vector<Array> at{values({2}, {2, 3}), values({2}, {1, 1})};
  CHECK(reals(run(differentiate(graph), at).outputs[0])[1] == 9);
  CHECK(reals(run(push(graph), at).outputs[0])[1] == 9);
  Graph stopped;
  Build s(stopped);
  NodeId z = stopped.add_input("z", {kF, {Dim(2)}});
  stopped.outputs.push_back({"y", stopped.make_region(named("stop-gradient"), z, {z})});
  Result<Graph> none = vjp(stopped, {.wrt = {"z"}});
  REQUIRE(!none);
  CHECK(none.error().message == "the result depends on `z` only through `stop-gradient`, which has no derivative");
  CHECK(vjp(stopped, {.wrt = {"z"}, .zeros = true}));
}

TEST_CASE("a checkpoint computes again what it does not keep") {
  for (bool again : {false, true}) {
    CAPTURE(again);
    Graph graph;
    Build b(graph);
    Inputs inputs;
    NodeId x = input(b, inputs, values({3}, ramp(3))), w = input(b, inputs, values({3}, ramp(3)));
    NodeId h = x;
    for (int layer = 0; layer < 3; ++layer) {
      NodeId y = b.op(Op::kSin, {b.mul(b.op(Op::kSin, {b.mul(h, w)}), h)});
      h = again ? graph.make_region(named("checkpoint"), y, {h, w}) : y;
    }
    output(b, h);
    check_gradient(graph, inputs);
    check_transposed(graph, inputs);
    Graph adjoint = differentiate(graph);
    int copies = 0;
    for (NodeId id : adjoint.reachable()) copies += adjoint[id].is(Op::kCopy) ? 1 : 0;
    CHECK(copies == (again ? 3 : 0));
  }
}

TEST_CASE("checkpoints inside checkpoints, and around loops") {
  Graph graph;
  Build b(graph);
  Inputs inputs;
  NodeId x = input(b, inputs, values({3}, {0.4, 0.7, -0.6}));
  NodeId start = b.mul(x, x);
  NodeId inner = graph.make_region(named("checkpoint"), b.op(Op::kSin, {b.mul(start, start)}), {start});
  NodeId c = graph.add_bound(0, 1, {kF, {Dim(3)}});
  NodeId made = loop(b, {.level = 0, .count = Dim(3), .carries = 1}, {inner, b.op(Op::kSin, {b.mul(c, start)})});
  output(b, graph.make_region(named("checkpoint"), b.mul(b.result(made, 0), inner), {start}));
  check_gradient(graph, inputs);
  check_transposed(graph, inputs);
}

TEST_CASE("a gradient of its own replaces that of the body") {
  Graph graph;
  Build b(graph);
  Inputs inputs;
  NodeId x = input(b, inputs, values({3}, ramp(3)));
  NodeId y = b.mul(x, x);
  // Said to be 3·g·x, which is wrong on purpose.
  NodeId g = graph.add_bound(0, 1, {kF, {Dim(3)}});
  NodeId given = b.mul(number(b, 3, {Dim(3)}), b.mul(g, x));
  NodeId zeros = b.zeros({kF, {Dim(3)}});
  NodeId made = loop(b, {.level = 0, .count = Dim(1), .carries = 2}, {zeros, zeros, g, given});
  output(b, graph.make_region(named("custom-gradient"), y, {x, b.result(made, 1)}));
  std::vector<Array> at = joined(inputs, {values({3}, {1, 1, 2})});
  for (const Graph& derivative : {differentiate(graph), push(graph)}) {
    Array found = run(derivative, at).outputs[0];
    CHECK(reals(found)[0] == doctest::Approx(3 * ramp(3)[0]));
    CHECK(reals(found)[2] == doctest::Approx(6 * ramp(3)[2]));
  }
  check_transposed(graph, inputs);
}

TEST_CASE("paths without a derivative are said by the op at which they end") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {kF, {Dim(2)}}), w = graph.add_input("w", {kF, {Dim(2)}});
  graph.outputs.push_back({"y", b.mul(w, b.cast(b.lt(x, b.zeros({kF, {Dim(2)}})), kF))});
  Result<Graph> none = vjp(graph, {.wrt = {"x"}});
  REQUIRE(!none);
  CHECK(none.error().message == "the result depends on `x` only through `lt`, which has no derivative");
  CHECK(!jvp(graph, {.wrt = {"x"}}));
  graph.add_input("unused", {kF, {}});
  Result<Graph> unused = vjp(graph, {.wrt = {"unused"}});
  REQUIRE(!unused);
  CHECK(unused.error().message == "the result does not depend on `unused`");
  CHECK(vjp(graph, {.wrt = {"w"}}));
}
