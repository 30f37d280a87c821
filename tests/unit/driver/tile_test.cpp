// Products of matrices at the edges of tiles, against the reference.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "driver/session.hpp"
#include "generate.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

/// x · wᵀ + bias (or x · w), over leading axes that both have.
Graph product(DType dtype, const Dim& batch, const Dim& rows, const Dim& columns, const Dim& depth, bool transposed) {
  Graph graph;
  for (const char* name : {"B", "M", "N", "K"}) graph.dims.declare(name);
  Build b(graph);
  Shape whole{batch, rows, columns, depth};
  NodeId x = graph.add_input("x", {dtype, {batch, rows, depth}});
  NodeId w = graph.add_input("w", {dtype, transposed ? Shape{batch, columns, depth} : Shape{batch, depth, columns}});
  if (!transposed) w = b.permute(w, {0, 2, 1});
  NodeId y = b.reduce(Combine::kAdd, b.mul(b.spread(x, whole, {0, 1, 3}), b.spread(w, whole, {0, 2, 3})), {3});
  NodeId bias = graph.add_input("bias", {dtype, {columns}});
  graph.outputs.push_back({"y", b.add(y, b.spread(bias, {batch, rows, columns}, {2}))});
  return graph;
}

}  // namespace

TEST_CASE("products of matrices are right at the edges of tiles, with the weights either way round") {
  struct Sizes {
    int64_t batch, rows, columns, depth;
  };
  const std::vector<Sizes> all{{1, 1, 1, 1},   {1, 1, 9, 40},   {2, 2, 4, 32},  {1, 3, 5, 33},
                               {1, 5, 35, 16}, {2, 7, 64, 100}, {1, 4, 0, 5},   {0, 3, 3, 3},
                               {1, 2, 3, 0},   {1, 2, 5, 1100}, {1, 9, 33, 64}, {1, 8, 32, 2048}};
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .store = test_store()});
    generated::Runner run = [&](const Graph& graph, const Arguments& arguments) {
      return session.run(graph, arguments);
    };
    generated::Random random(11);
    auto check = [&](Graph graph, const Sizes& s, const std::string& name) {
      generated::Case given{std::move(graph),
                            {.sizes = {{"B", s.batch}, {"M", s.rows}, {"N", s.columns}, {"K", s.depth}}}};
      for (const Graph::Input& input : given.graph.inputs) {
        const ValueType& type = given.graph.type(input.node);
        Array array = Array::zeros(type.dtype, concrete(type.shape, given.arguments.sizes));
        for (int64_t i = 0; i < array.elements(); ++i)
          Scalar::of_real(type.dtype, static_cast<double>(random.below(2001)) / 1000 - 1)
              .store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(type.dtype));
        given.arguments.inputs.push_back(std::move(array));
      }
      generated::Verdict verdict = generated::check(given, run);
      CHECK_MESSAGE(verdict.ok(), runtime, ", ", name, ": ", verdict.message);
    };
    for (bool transposed : {true, false})
      for (DType dtype : {DType::kF32, DType::kF64, DType::kBF16, DType::kI32}) {
        if (dtype != DType::kF32 && runtime == "c") continue;
        Dim b = Dim::symbol("B"), m = Dim::symbol("M"), n = Dim::symbol("N"), k = Dim::symbol("K");
        for (const Sizes& s : all) {
          std::string name =
              fmt::format("{} {} · {} {} {} {}", dtype_name(dtype), transposed, s.batch, s.rows, s.columns, s.depth);
          check(product(dtype, b, m, n, k, transposed), s, name);
          if (dtype == DType::kF32 && runtime != "c")
            check(product(dtype, s.batch, s.rows, s.columns, s.depth, transposed), s, name + ", constant");
        }
      }
  }
}

}  // namespace caten
