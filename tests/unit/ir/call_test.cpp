#include "ir/call.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "golden.hpp"

namespace caten {
namespace {

ValueType f32(Shape shape) { return {DType::kF32, std::move(shape)}; }
Dim sym(const char* name) { return Dim::symbol(name); }

Arguments inputs(std::vector<std::vector<int64_t>> shapes, DimValues sizes = {}) {
  Arguments arguments{.sizes = std::move(sizes)};
  for (auto& shape : shapes) arguments.inputs.push_back(Array::zeros(DType::kF32, shape));
  return arguments;
}

/// a f32[M 2N], b f32[N], with M 1…8.
Graph two_inputs() {
  Graph graph;
  graph.dims.declare("M", {1, 8});
  graph.dims.declare("N");
  graph.add_input("a", f32({sym("M"), Dim(2) * sym("N")}));
  graph.add_input("b", f32({sym("N")}));
  return graph;
}

std::string error(const Graph& graph, const Arguments& arguments) {
  Result<DimValues> sizes = bind_sizes(graph, arguments);
  REQUIRE_FALSE(sizes.has_value());
  return render(sizes.error(), SourceMap());
}

}  // namespace

TEST_CASE("bind_sizes reads bare symbols from shapes") {
  Result<DimValues> sizes = bind_sizes(two_inputs(), inputs({{3, 8}, {4}}));
  REQUIRE(sizes.has_value());
  CHECK(*sizes == DimValues{{"M", 3}, {"N", 4}});
}

TEST_CASE("bind_sizes solves for an unknown with a coefficient, in any order of inputs") {
  Graph graph;
  graph.dims.declare("K");
  graph.dims.declare("N");
  graph.add_input("a", f32({sym("K") * sym("N") + Dim(1)}));
  graph.add_input("b", f32({Dim(2) * sym("N") - Dim(3)}));
  Result<DimValues> sizes = bind_sizes(graph, inputs({{31}, {7}}));
  REQUIRE(sizes.has_value());
  CHECK(*sizes == DimValues{{"K", 6}, {"N", 5}});
}

TEST_CASE("bind_sizes gives solved sizes their value and checks them") {
  Graph graph;
  for (const char* name : {"M", "N", "K"}) graph.dims.declare(name);
  graph.dims.equate(sym("K"), Dim(2) * sym("M"), "given");
  graph.dims.equate(sym("N"), sym("K"), "add");
  graph.add_input("a", f32({sym("M"), sym("N")}));
  Result<DimValues> sizes = bind_sizes(graph, inputs({{3, 6}}));
  REQUIRE(sizes.has_value());
  CHECK(*sizes == DimValues{{"K", 6}, {"M", 3}, {"N", 6}});
  sizes = bind_sizes(graph, inputs({{3, 6}}, {{"K", 6}}));
  CHECK(sizes.has_value());
  CHECK_FALSE(bind_sizes(graph, inputs({{3, 5}})).has_value());
}

TEST_CASE("bind_sizes takes given sizes, fixed bounds and equal guards; unused sizes may stay open") {
  Graph graph;
  graph.dims.declare("M");
  graph.dims.declare("T", {4, 4});
  graph.dims.declare("U");
  graph.dims.declare("A");
  graph.dims.declare("B");
  graph.dims.equate(Dim(2) * sym("A"), Dim(3) * sym("B"), "given");
  REQUIRE(graph.dims.guards().size() == 1);
  graph.add_input("a", f32({sym("A")}));
  Result<DimValues> sizes = bind_sizes(graph, inputs({{6}}, {{"M", 9}}));
  REQUIRE(sizes.has_value());
  CHECK(*sizes == DimValues{{"A", 6}, {"B", 4}, {"M", 9}, {"T", 4}});
}

TEST_CASE("concrete evaluates each axis") {
  CHECK(concrete({sym("M"), Dim(2) * sym("M") + Dim(1), floor_div(sym("M"), Dim(2)), Dim(7)}, {{"M", 5}}) ==
        std::vector<int64_t>{5, 11, 2, 7});
}

TEST_CASE("bind_sizes: every error") {
  std::string out;
  auto add = [&](const char* title, const Graph& graph, const Arguments& arguments) {
    out += fmt::format("; {}\n{}\n", title, error(graph, arguments));
  };
  Graph graph = two_inputs();
  add("missing input", graph, inputs({{3, 8}}));
  add("too many inputs", graph, inputs({{3, 8}, {4}, {1}}));
  add("rank", graph, inputs({{3, 8}, {4, 1}}));
  Arguments wrong = inputs({{3, 8}, {4}});
  wrong.inputs[1] = Array::zeros(DType::kI32, {4});
  add("dtype", graph, wrong);
  add("two inputs disagree", graph, inputs({{3, 8}, {5}}));
  add("no integer", graph, inputs({{3, 7}, {3}}));
  add("above the bounds", graph, inputs({{9, 8}, {4}}));
  add("below the bounds", graph, inputs({{0, 8}, {4}}));
  add("unknown size", graph, inputs({{3, 8}, {4}}, {{"n", 4}}));
  add("given size disagrees", graph, inputs({{3, 8}, {4}}, {{"N", 5}}));

  Graph odd;
  odd.dims.declare("N");
  odd.add_input("a", f32({Dim(2) * sym("N")}));
  add("an odd size for 2N", odd, inputs({{7}}));

  Graph derived;
  for (const char* name : {"M", "N"}) derived.dims.declare(name);
  derived.dims.equate(sym("N"), Dim(2) * sym("M"), "given");
  derived.add_input("a", f32({sym("M"), sym("N")}));
  add("derived sizes disagree", derived, inputs({{3, 5}}));

  Graph constant;
  constant.add_input("a", f32({Dim(4)}));
  add("a literal size", constant, inputs({{5}}));

  Graph unbound;
  unbound.dims.declare("N");
  unbound.outputs.push_back(
      {"out", *unbound.make(Op::kConst, {}, ConstAttributes{Scalar::one(DType::kF32)}, f32({sym("N")}))});
  add("nothing decides it", unbound, inputs({}));

  Graph guarded;
  guarded.dims.declare("N");
  guarded.dims.declare("M");
  guarded.add_input("a", f32({sym("N"), sym("M")}));
  guarded.dims.require_le(sym("N"), sym("M"), "`slice` (0 N 1) of axis 0, size M");
  add("a guard", guarded, inputs({{5, 4}}));

  Graph state;
  state.add_state("W", f32({Dim(2)}));
  add("missing state", state, {});
  check_golden("ir/bind_sizes.txt", out);
}

}  // namespace caten
