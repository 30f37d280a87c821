#include "driver/profile.hpp"

#include <doctest/doctest.h>

#include "driver/session.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {

TEST_CASE("a profile counts calls, bytes and operations, and knows the places that a kernel comes from") {
  Graph graph;
  Build b(graph);
  Dim n = Dim::symbol("N");
  graph.dims.declare("N");
  NodeId x = graph.add_input("x", {DType::kF32, {n}});
  graph.set_origin({{0, 3, 7}, "square"});
  NodeId y = b.mul(x, x);
  graph.outputs = {{"y", y}, {"s", b.reduce(Combine::kAdd, y, {0})}};
  Profile profile;
  Session session({.runtime = compiling_runtimes().back(), .store = test_store(), .observer = &profile});
  for (int64_t size : {100, 50}) REQUIRE(session.run(graph, {.inputs = {Array::zeros(DType::kF32, {size})}}));
  std::vector<Profile::Row> rows = profile.rows();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].calls == 2);
  CHECK(rows[0].cost.bytes_read == 150 * 4);
  CHECK(rows[0].cost.bytes_written == 150 * 4 + 2 * 4);
  CHECK(rows[0].cost.flops == 2 * 150);
  CHECK(rows[0].seconds > 0);
  REQUIRE(rows[0].origins.size() == 1);
  CHECK(rows[0].origins[0].composite_path == "square");
  CHECK(profile.events().size() == 2);
  CHECK(profile.on_host());
}

TEST_CASE("the roof is measured") {
  Roof roof = measure_roof(1);
  CHECK(roof.bytes_per_second > 1e8);
  CHECK(roof.flops_per_second > 1e8);
  CHECK(roof.threads == 1);
}

}  // namespace caten
