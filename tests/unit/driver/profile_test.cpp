#include "driver/profile.hpp"

#include <doctest/doctest.h>

#include <algorithm>

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
  CHECK(rows[0].kind == "fold");
  CHECK(rows[0].composite() == "square");
  CHECK(profile.calls() == 2);
  CHECK(profile.call_seconds() > profile.seconds());
}

TEST_CASE("a profile sums kernels by what they do and the composite that they are of, and leaves out a warm-up") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(6), Dim(4)}});
  graph.set_origin({{0, 1, 2}, "block/linear/norm"});
  NodeId squared = b.mul(x, x);
  graph.set_origin({{0, 3, 4}, "block/turn"});
  NodeId turned = b.permute(x, {1, 0});
  graph.set_origin({{0, 5, 6}, "norm"});
  NodeId after = b.mul(turned, turned);
  graph.outputs = {{"a", squared}, {"b", turned}, {"c", after}};
  Profile profile;
  SessionOptions options{.runtime = compiling_runtimes().back(), .store = test_store(), .observer = &profile};
  options.scheduling.off = {"fusion", "grouping"};
  Session session(options);
  profile.pause(true);
  REQUIRE(session.run(graph, {.inputs = {Array::zeros(DType::kF32, {6, 4})}}));
  CHECK(profile.launches() == 0);
  CHECK(profile.calls() == 0);
  profile.pause(false);
  REQUIRE(session.run(graph, {.inputs = {Array::zeros(DType::kF32, {6, 4})}}));
  std::vector<Profile::Group> groups = profile.groups();
  std::sort(groups.begin(), groups.end(), [](const auto& one, const auto& other) { return one.kind < other.kind; });
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].kind == "copy");
  CHECK(groups[0].composite == "turn");
  CHECK(groups[0].sum.calls == 1);
  CHECK(groups[1].kind == "element-wise");
  CHECK(groups[1].composite == "norm");
  CHECK(groups[1].sum.calls == 2);
  CHECK(groups[1].sum.cost.flops == 48);
  double seconds = groups[0].sum.seconds + groups[1].sum.seconds;
  CHECK(seconds == doctest::Approx(profile.seconds()));
}

TEST_CASE("a kernel of several composites is of the one around them") {
  auto of = [](std::vector<std::string> paths) {
    Profile::Row row;
    for (std::string& path : paths) row.origins.push_back({{}, std::move(path)});
    return row.composite();
  };
  CHECK(of({}).empty());
  CHECK(of({""}).empty());
  CHECK(of({"a/b/c"}) == "c");
  CHECK(of({"a/norm/mean", "a/norm"}) == "norm");
  CHECK(of({"a/norm/mean", "a/norm/sum"}) == "norm");
  CHECK(of({"a/norm", "a/normal"}) == "a");
  CHECK(of({"a/norm", "b"}) == "norm");
}

TEST_CASE("the roof is measured") {
  Roof roof = measure_roof(1);
  CHECK(roof.bytes_per_second > 1e8);
  CHECK(roof.flops_per_second > 1e8);
  CHECK(roof.threads == 1);
}

}  // namespace caten
