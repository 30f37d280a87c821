// Every op's adjoint against central finite differences in f64.
#include "cases.hpp"

using namespace caten;
using namespace caten::derivatives;

TEST_CASE("adjoints equal finite differences") {
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    Graph graph;
    Build b(graph);
    Inputs inputs;
    c.make(b, inputs);
    check_gradient(graph, inputs);
  }
}

TEST_CASE("second derivatives: the adjoint of an adjoint") {
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    Graph graph;
    Build b(graph);
    Inputs inputs;
    c.make(b, inputs);
    Graph adjoint = differentiate(graph);
    std::mt19937 random(3);
    std::uniform_real_distribution<double> uniform(-1, 1);
    Results primal = run(graph, inputs);
    for (const Array& y : primal.outputs) {
      if (y.dtype() != kF && y.dtype() != DType::kC128) continue;
      Array g = Array::zeros(y.dtype(), y.shape());
      for (int64_t i = 0; i < real_count(g); ++i) reals(g)[i] = uniform(random);
      inputs.push_back(g);
    }
    check_gradient(adjoint, inputs, 2e-5);
  }
}

TEST_CASE("every op of the table has a case, or has no gradient and is used by one") {
  for (const OpInfo& row : all_ops()) {
    bool covered = std::any_of(cases().begin(), cases().end(), [&](const Case& c) { return c.op == row.op; });
    CHECK_MESSAGE((covered || autodiff::rule_kind(row.op) == autodiff::RuleKind::kNone), std::string(row.name));
  }
}

TEST_CASE("an untaken arm leaks neither NaN nor inf") {
  Graph graph;
  Build b(graph);
  Inputs inputs;
  NodeId x = input(b, inputs, values({3}, {-4, 0, 4}));
  NodeId safe = b.lt(b.zeros(b.type(x)), x);
  NodeId root = b.op(Op::kSqrt, {x});
  output(b, b.select(safe, b.div(number(b, 1, {Dim(3)}), root), x));
  Graph adjoint = differentiate(graph);
  inputs.push_back(values({3}, {1, 1, 1}));
  Results found = run(adjoint, inputs);
  CHECK(reals(found.outputs[0])[0] == 1);
  CHECK(reals(found.outputs[0])[1] == 1);
  CHECK(reals(found.outputs[0])[2] == doctest::Approx(-0.0625));
}

TEST_CASE("ties of max are shared") {
  Graph graph;
  Build b(graph);
  Inputs inputs;
  NodeId x = input(b, inputs, values({2, 2}, {1, 1, 3, 2}));
  output(b, b.reduce(Combine::kMax, x, {1}));
  Graph adjoint = differentiate(graph);
  inputs.push_back(values({2}, {1, 1}));
  Results found = run(adjoint, inputs);
  for (auto [i, expected] : {std::pair{0, 0.5}, {1, 0.5}, {2, 1.0}, {3, 0.0}})
    CHECK(reals(found.outputs[0])[i] == expected);
}

TEST_CASE("what cannot be differentiated is said by name") {
  Graph graph;
  Build b(graph);
  Inputs inputs;
  NodeId n = integers(b, inputs, {2}, {1, 2});
  output(b, b.cast(n, kF));
  Result<Graph> by_integer = vjp(graph, {.wrt = {"x0"}});
  REQUIRE(!by_integer);
  CHECK(by_integer.error().code == Code::UnsupportedDType);
  Result<Graph> by_nothing = vjp(graph, {.outputs = {"y"}});
  REQUIRE(!by_nothing);
  CHECK(by_nothing.error().code == Code::UnknownName);
}
