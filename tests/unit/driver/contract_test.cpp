// Products that kernels fuse with sums, where a region allows it.
#include <doctest/doctest.h>

#include "driver/session.hpp"
#include "ir/build.hpp"
#include "ir/evaluate.hpp"
#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

struct Sum {
  Graph graph;
  NodeId a, b, c, value;

  Sum() {
    ValueType type{DType::kF32, {Dim(40)}};
    a = graph.add_input("a", type);
    b = graph.add_input("b", type);
    c = graph.add_input("c", type);
    Build build(graph);
    value = build.add(build.mul(a, b), c);
  }
  NodeId region(const char* contract) {
    return graph.make_region({.name = "fma", .attributes = {{"contract", Datum::symbol(contract)}}}, value, {a, b, c});
  }
  /// Whether the sums of the rewritten program may be fused with their products.
  std::vector<bool> allowed() const {
    Result<Graph> flat = rewrite(graph);
    REQUIRE(flat.has_value());
    std::vector<bool> out;
    for (const Node& node : flat->nodes())
      if (node.is(Op::kAdd)) out.push_back(node.contract);
    return out;
  }
};

}  // namespace

TEST_CASE("sums of a region with :contract may be fused with products, unless an equal sum elsewhere may not") {
  Sum allowed;
  allowed.graph.outputs = {{"y", allowed.region("t")}};
  CHECK(allowed.allowed() == std::vector<bool>{true});
  Sum refused;
  refused.graph.outputs = {{"y", refused.region("nil")}};
  CHECK(refused.allowed() == std::vector<bool>{false});
  Sum plain;
  plain.graph.outputs = {{"y", plain.value}};
  CHECK(plain.allowed() == std::vector<bool>{false});
  // What the body reads and no argument of the region reaches is outside.
  Sum outside;
  outside.graph.outputs = {
      {"y", outside.graph.make_region({.name = "root", .attributes = {{"contract", Datum::symbol("t")}}},
                                      Build(outside.graph).op(Op::kSqrt, {outside.value}), {})}};
  CHECK(outside.allowed() == std::vector<bool>{false});
  // b · 1 is b after rewriting: both sums become one node.
  Sum both;
  Build b(both.graph);
  NodeId one = b.ones(b.type(both.a));
  NodeId other = b.add(b.mul(both.a, b.mul(both.b, one)), both.c);
  both.graph.outputs = {{"y", both.region("t")}, {"z", other}};
  CHECK(both.allowed() == std::vector<bool>{false});
}

TEST_CASE("kernels compute a product and a sum with one rounding where that is allowed, and only there") {
  for (bool contract : {true, false}) {
    Sum program;
    program.graph.outputs = {{"y", contract ? program.region("t") : program.value}};
    Session session({.store = ArtifactStore(""), .verify = true});  // each kernel too
    Result<std::string> source = session.kernel_text(program.graph);
    REQUIRE(source.has_value());
    CHECK((source->find("multiply_add(") != std::string::npos) == contract);
    Arguments arguments;
    for (double value : {1.1, 1.3, -1.43}) {
      Array array = Array::uninitialized(DType::kF32, {40});
      for (int64_t i = 0; i < 40; ++i)
        reinterpret_cast<float*>(array.mutable_data())[i] = static_cast<float>(value + 1e-3 * static_cast<double>(i));
      arguments.inputs.push_back(std::move(array));
    }
    ResultBounds bounds;
    Result<Results> expected = evaluate(program.graph, arguments, {.bounds = &bounds});
    Result<Results> found = session.run(program.graph, arguments);
    REQUIRE(expected.has_value());
    REQUIRE(found.has_value());
    Comparison same = compare(found->outputs[0], expected->outputs[0], bounds.outputs[0]);
    CHECK_MESSAGE(same.ok(), same.first_wrong);
    CHECK(same.ill_conditioned == 0);
  }
}

}  // namespace caten
