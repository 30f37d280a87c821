#include "driver/session.hpp"

#include <doctest/doctest.h>

#include "test_store.hpp"

namespace caten {
namespace {

Array floats(std::vector<int64_t> shape, std::vector<float> values) {
  Array array = Array::zeros(DType::kF32, std::move(shape));
  std::copy(values.begin(), values.end(), array.as_mutable<float>());
  return array;
}

/// y = (a + b) * a over f32[N].
Graph chain() {
  Graph graph;
  graph.dims.declare("N");
  ValueType type{DType::kF32, {Dim::symbol("N")}};
  NodeId a = graph.add_input("a", type), b = graph.add_input("b", type);
  NodeId sum = graph.make(Op::kAdd, {a, b}).value();
  graph.outputs.push_back({"y", graph.make(Op::kMul, {sum, a}).value()});
  return graph;
}

}  // namespace

TEST_CASE("an element-wise program runs for any size, and is compiled once") {
  Session session({.store = test_store()});
  Graph graph = chain();
  for (int64_t n : {3, 1, 0}) {
    std::vector<float> a, b, y;
    for (int64_t i = 0; i < n; ++i) {
      a.push_back(static_cast<float>(i) + 0.5f);
      b.push_back(static_cast<float>(i) * 2);
      y.push_back((a.back() + b.back()) * a.back());
    }
    Result<Results> results = session.run(graph, {.inputs = {floats({n}, a), floats({n}, b)}});
    if (!results) FAIL(render(results.error(), session.sources()));
    CHECK(results->outputs[0].same_bytes(floats({n}, y)));
  }
  CHECK(session.programs_compiled() == 1);
}

}  // namespace caten
