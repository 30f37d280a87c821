#include "driver/measurement.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "driver/roof.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"

namespace caten {

TEST_CASE("a spread is a median between the smallest and the largest sample") {
  CHECK(spread_of({}).samples == 0);
  Spread odd = spread_of({3, 1, 2});
  CHECK(odd.median == 2);
  CHECK(odd.smallest == 1);
  CHECK(odd.largest == 3);
  CHECK(spread_of({4, 1, 2, 3}).median == 2.5);
}

TEST_CASE("generated arguments depend on names alone and keep their bounds") {
  Graph graph;
  graph.add_input("x", {DType::kF32, {Dim(100)}});
  graph.add_input("y", {DType::kF32, {Dim(100)}});
  graph.add_input("rows", {DType::kI64, {Dim(100)}});
  graph.add_input("b", {DType::kBF16, {Dim(5)}});
  graph.add_state("s", {DType::kF64, {}});
  Arguments once = generate_arguments(graph, {{"rows", 7}}).value(), again = generate_arguments(graph).value();
  REQUIRE(once.inputs.size() == 4);
  REQUIRE(once.states.size() == 1);
  CHECK(once.inputs[0].same_bytes(again.inputs[0]));
  CHECK_FALSE(once.inputs[0].same_bytes(once.inputs[1]));
  std::set<int64_t> rows;
  for (int64_t i = 0; i < 100; ++i) {
    CHECK(std::abs(once.inputs[0].as<float>()[i]) <= 1);
    rows.insert(once.inputs[2].as<int64_t>()[i]);
    CHECK(again.inputs[2].as<int64_t>()[i] == 0);
  }
  CHECK(*rows.begin() == 0);
  CHECK(*rows.rbegin() == 6);
  Arguments above = generate_arguments(graph, {}, {"z", "y"}).value();
  CHECK(above.inputs[0].same_bytes(once.inputs[0]));
  auto [least, most] = std::minmax_element(above.inputs[1].as<float>(), above.inputs[1].as<float>() + 100);
  CHECK(*least >= 0.5);
  CHECK(*least < 0.6);
  CHECK(*most > 1.4);
  CHECK(*most <= 1.5);
  graph.dims.declare("N");
  graph.add_input("open", {DType::kF32, {Dim::symbol("N")}});
  CHECK(generate_arguments(graph).error().code == Code::UnboundDim);
}

TEST_CASE("calls and compilations are measured as often as asked, and counted") {
  for (const std::string& runtime : compiling_runtimes()) {
    CAPTURE(runtime);
    Session session({.runtime = runtime});
    Graph graph;
    Build b(graph);
    NodeId x = graph.add_input("x", {DType::kF32, {Dim(1000)}});
    graph.outputs = {{"y", b.mul(x, x)}};
    Result<Arguments> arguments = generate_arguments(graph);
    REQUIRE(arguments);
    Result<RunMeasurement> run = measure_run(session, graph, *arguments, {.repeat = 4, .most_seconds = 100});
    REQUIRE(run);
    CHECK(run->fresh.samples == 4);
    CHECK(run->planned.samples == 4);
    CHECK(run->cold.samples == 4);
    CHECK(run->kernels == 1);
    CHECK(run->compiler_calls == 1);
    CHECK(run->arena_bytes == 0);
    CHECK(run->result_bytes >= 4000);
    CHECK(run->cost.bytes_read == 4000);
    CHECK(run->cost.flops == 1000);
    CHECK(run->first_call > 0);
    Result<CompileMeasurement> made = measure_compile(session, graph, {.repeat = 1});
    REQUIRE(made);
    CHECK(made->cold.samples == 1);
    CHECK(made->warm.samples == 1);
    CHECK(made->cold_calls == 1);
    CHECK(made->warm_calls == 0);
    CHECK(measure_call(session, {.repeat = 2}).value().samples == 2);
  }
}

TEST_CASE("samples beyond the first three are left out when time is up") {
  Session session({.runtime = compiling_runtimes().back()});
  Result<Spread> call = measure_call(session, {.repeat = 50, .most_seconds = 0});
  REQUIRE(call);
  CHECK(call->samples == 3);
}

TEST_CASE("the roof is the best figure of all threads") {
  std::vector<RoofFigure> figures{{"read", "memory", 1, 64, 10.0},
                                  {"copy", "memory", 2, 64, 20.0},
                                  {"read", "cache", 2, 64, 90.0},
                                  {"f32 multiply-adds", "avx512", 2, 0, 200.0},
                                  {"bf16 multiply-adds", "avx512-bf16", 2, 0, 400.0}};
  CHECK(roof_of(figures).bytes_per_second == 20);
  CHECK(roof_of(figures).flops_per_second == 200);
  CHECK(roof_of(figures).threads == 2);
  CHECK(roof_of(figures, true).flops_per_second == 400);
  std::vector<RoofFigure> others = figures;
  others[1].per_second = 30;
  others[3].per_second = 100;
  CHECK(roof_of(better_of(figures, others)).bytes_per_second == 30);
  CHECK(roof_of(better_of(figures, others)).flops_per_second == 200);
  figures.pop_back();
  CHECK(roof_of(figures, true).flops_per_second == 200);
}

TEST_CASE("roof figures are measured for one thread and for several") {
  std::vector<RoofFigure> figures = measure_roof_figures(2);
  std::set<std::pair<std::string, unsigned>> seen;
  for (const RoofFigure& figure : figures) {
    CHECK(figure.per_second > 1e8);
    seen.insert({figure.what, figure.threads});
  }
  for (unsigned threads : {1u, 2u})
    for (const char* what : {"read", "copy", "f32 multiply-adds"}) CHECK(seen.contains({what, threads}));
}

}  // namespace caten
