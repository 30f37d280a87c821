#include "schedule/equal_kernels.hpp"

#include <doctest/doctest.h>

#include "programs.hpp"

namespace caten {
namespace {

/// layer(k)(x) = xᵀ + factor(k) · sum(xᵀ) along rows, one after the other.
Graph layers(const std::vector<double>& factors, const std::vector<Combine>& folds) {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", programs::f32({Dim(512), Dim(512)}));
  for (size_t k = 0; k < factors.size(); ++k) {
    x = b.permute(x, {1, 0});
    NodeId sum = b.expand(b.reshape(b.reduce(folds[k], x, {1}), {Dim(512), Dim(1)}), {Dim(512), Dim(512)});
    x = b.op(Op::kAdd,
             {b.op(Op::kMul, {sum, b.constant(Scalar::of_real(DType::kF32, factors[k]), {Dim(512), Dim(512)})}), x});
  }
  graph.outputs.push_back({"y", x});
  return graph;
}

std::vector<uint32_t> firsts(const Graph& graph) {
  std::vector<uint32_t> out;
  for (const EqualKernel& kernel : equal_kernels(make_schedule(graph))) out.push_back(kernel.first);
  return out;
}

}  // namespace

TEST_CASE("kernels of equal layers are found, and what takes the place of their buffers") {
  Schedule schedule = make_schedule(layers({-0.5, -0.5, -0.5}, {Combine::kAdd, Combine::kAdd, Combine::kAdd}));
  std::vector<EqualKernel> kernels = equal_kernels(schedule);
  REQUIRE(kernels.size() == schedule.kernels.size());
  REQUIRE(kernels.size() == 3);
  for (uint32_t k = 0; k < 3; ++k) {
    CHECK(kernels[k].first == 0);
    if (k == 0) continue;
    const Kernel &a = schedule.kernels[0], &b = schedule.kernels[k];
    CHECK(kernels[k].buffers.at(a.leaves[0].location.buffer) == b.leaves[0].location.buffer);
    CHECK(kernels[k].buffers.at(a.parts.back().target->buffer) == b.parts.back().target->buffer);
  }
}

TEST_CASE("kernels that differ in a number, a sign of zero or a fold are not equal") {
  CHECK(firsts(layers({-0.5, -0.25}, {Combine::kAdd, Combine::kAdd})) == std::vector<uint32_t>{0, 1});
  CHECK(firsts(layers({0.0, -0.0}, {Combine::kAdd, Combine::kAdd})) == std::vector<uint32_t>{0, 1});
  CHECK(firsts(layers({-0.5, -0.5, -0.5}, {Combine::kAdd, Combine::kMax, Combine::kAdd})) ==
        std::vector<uint32_t>{0, 1, 0});
}

TEST_CASE("a kernel that reads one buffer twice is not one that reads two") {
  Graph graph;
  Build b(graph);
  auto input = [&](const char* name) { return graph.add_input(name, programs::f32({Dim(8), Dim(8)})); };
  NodeId x = input("x"), y = input("y"), z = input("z");
  auto product = [&](NodeId p, NodeId q) {
    return b.reduce(Combine::kAdd, b.op(Op::kMul, {b.op(Op::kSin, {p}), b.permute(q, {1, 0})}), {1});
  };
  graph.outputs.push_back({"one", product(x, x)});
  graph.outputs.push_back({"two", product(y, z)});
  CHECK(firsts(graph) == std::vector<uint32_t>{0, 1});
}

}  // namespace caten
