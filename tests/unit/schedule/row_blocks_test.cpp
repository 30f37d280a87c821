#include "schedule/row_blocks.hpp"

#include <doctest/doctest.h>

#include "programs.hpp"
#include "schedule/counters.hpp"
#include "schedule/memory.hpp"

namespace caten {
namespace {

using programs::Attention;
using programs::f32;
using programs::sym;

Graph attention(const Attention& what) {
  Graph graph;
  for (const char* name : {"B", "H", "M", "N", "D"}) graph.dims.declare(name);
  build_attention(graph, Build(graph), what);
  return graph;
}

const RowBlocksCommand* blocks_of(const Schedule& schedule) {
  for (const Command& command : schedule.commands)
    if (const auto* blocks = std::get_if<RowBlocksCommand>(&command.what)) return blocks;
  return nullptr;
}

std::vector<int64_t> counts(const Schedule& schedule, const DimValues& sizes) {
  DimValues all = with_row_blocks(schedule, sizes);
  std::vector<int64_t> out;
  for (const BlockAxis& axis : blocks_of(schedule)->axes) out.push_back(*axis.count.evaluate(all));
  return out;
}

Attention heads(Dim queries, Dim keys) { return {{sym("B"), sym("H")}, 2, queries, keys, sym("D"), sym("D")}; }

size_t arena(const Schedule& schedule, const DimValues& sizes) {
  Result<MemoryPlan> plan = plan_memory(schedule, compute_lifetimes(schedule), sizes);
  REQUIRE(plan.has_value());
  return plan->arena_bytes;
}

}  // namespace

TEST_CASE("attention is one command of row blocks: batch, heads and queries are its rows, scores and weights scratch") {
  std::vector<Attention> all{heads(sym("M"), sym("N")), heads(sym("M"), sym("N")), heads(sym("M"), sym("N"))};
  all[1].causal = true;
  all[2].mask = true;
  for (const Attention& each : all) {
    Schedule schedule = make_schedule(attention(each));
    const RowBlocksCommand* blocks = blocks_of(schedule);
    REQUIRE(blocks != nullptr);
    CHECK(schedule.commands.size() == 1);
    CHECK(blocks->kernels.size() == 3);
    CHECK(blocks->axes.size() == 3);
    CHECK(blocks->scratch.size() == 2);
    DimValues sizes{{"B", 1}, {"H", 8}, {"M", 16384}, {"N", 16384}, {"D", 64}};
    CHECK(arena(schedule, sizes) == 32 * 16384 * 4);
    CHECK(arena(make_schedule(attention(each), {.off = {"row-blocks"}}), sizes) == size_t{8} * 16384 * 16384 * 4);
  }
}

TEST_CASE("heads that share keys are rows as well") {
  Schedule schedule =
      make_schedule(attention({{sym("B"), Dim(2), Dim(4)}, 2, sym("M"), sym("N"), sym("D"), sym("D"), true}));
  const RowBlocksCommand* blocks = blocks_of(schedule);
  REQUIRE(blocks != nullptr);
  CHECK(blocks->kernels.size() == 3);
  CHECK(blocks->axes.size() == 4);
}

TEST_CASE("a block has whole axes from the last one on, and all rows where they are small") {
  Schedule schedule = make_schedule(attention(heads(sym("M"), sym("N"))));
  // Decode: one query each. All scores fit; or some heads of one element of the batch; or a few batch elements.
  CHECK(counts(schedule, {{"B", 4}, {"H", 32}, {"M", 1}, {"N", 4096}, {"D", 64}}) == std::vector<int64_t>{4, 32, 1});
  CHECK(counts(schedule, {{"B", 4}, {"H", 200}, {"M", 1}, {"N", 4096}, {"D", 64}}) == std::vector<int64_t>{1, 128, 1});
  CHECK(counts(schedule, {{"B", 1000}, {"H", 3}, {"M", 1}, {"N", 4096}, {"D", 64}}) == std::vector<int64_t>{32, 3, 1});
  CHECK(counts(schedule, {{"B", 2}, {"H", 8}, {"M", 1000}, {"N", 1000}, {"D", 64}}) == std::vector<int64_t>{1, 1, 512});
  CHECK(counts(schedule, {{"B", 2}, {"H", 8}, {"M", 1000}, {"N", 0}, {"D", 64}}) == std::vector<int64_t>{2, 8, 1000});
  CHECK(counts(schedule, {{"B", 0}, {"H", 8}, {"M", 16}, {"N", 9}, {"D", 64}}) == std::vector<int64_t>{1, 8, 16});
}

TEST_CASE("values of known sizes that all caches together hold stay as they are") {
  Attention small{{Dim(2)}, 1, Dim(64), Dim(64), Dim(16), Dim(16)};
  CHECK(blocks_of(make_schedule(attention(small))) == nullptr);
  CHECK(blocks_of(make_schedule(attention(small), {.limits = {.worth_bytes = 0}})) != nullptr);
  small.queries = Dim(4096);
  small.keys = Dim(4096);
  CHECK(blocks_of(make_schedule(attention(small))) != nullptr);
}

TEST_CASE("what is read at other rows, or outside, has all its rows") {
  // y = softmax-like rows of x, then a product that reads them across rows.
  Graph graph;
  graph.dims.declare("N");
  Build b(graph);
  Shape square{sym("N"), sym("N")}, cube{sym("N"), sym("N"), sym("N")};
  NodeId x = graph.add_input("x", f32(square));
  NodeId first = b.reduce(Combine::kAdd, b.mul(b.spread(x, cube, {0, 2}), b.spread(x, cube, {1, 2})), {2});
  NodeId second = b.reduce(Combine::kAdd, b.mul(b.spread(first, cube, {1, 2}), b.spread(x, cube, {0, 1})), {1});
  graph.outputs.push_back({"y", second});
  CHECK(blocks_of(make_schedule(graph)) == nullptr);

  // Read row by row, and delivered too: there is nothing to save.
  Graph kept;
  kept.dims.declare("N");
  Build k(kept);
  x = kept.add_input("x", f32(square));
  first = k.reduce(Combine::kAdd, k.mul(k.spread(x, cube, {0, 2}), k.spread(x, cube, {1, 2})), {2});
  second = k.reduce(Combine::kAdd, k.mul(k.spread(first, cube, {0, 1}), k.spread(x, cube, {1, 2})), {1});
  kept.outputs = {{"y", second}};
  CHECK(blocks_of(make_schedule(kept)) != nullptr);
  kept.outputs = {{"y", second}, {"first", first}};
  CHECK(blocks_of(make_schedule(kept)) == nullptr);
}

TEST_CASE("commands between the kernels of row blocks run before or after them") {
  // Values are computed after the weights in the order of nodes, and something reads the result.
  Graph graph;
  for (const char* name : {"M", "N"}) graph.dims.declare(name);
  Build b(graph);
  Shape scores{sym("M"), sym("N")}, cube{sym("M"), sym("N"), Dim(8)};
  NodeId q = graph.add_input("q", f32({sym("M"), Dim(8)})), k = graph.add_input("k", f32({sym("N"), Dim(8)}));
  NodeId s = b.reduce(Combine::kAdd, b.mul(b.spread(q, cube, {0, 2}), b.spread(k, cube, {1, 2})), {2});
  Shape wide{sym("N"), Dim(8), Dim(8)};
  NodeId w = graph.add_input("w", f32({Dim(8), Dim(8)}));
  NodeId v = b.reduce(Combine::kAdd, b.mul(b.spread(k, wide, {0, 2}), b.spread(w, wide, {1, 2})), {2});
  NodeId y = b.reduce(Combine::kAdd, b.mul(b.spread(s, cube, {0, 1}), b.spread(v, cube, {1, 2})), {1});
  NodeId after = b.reduce(Combine::kAdd, y, {0});
  graph.outputs = {{"y", y}, {"after", after}};
  Schedule schedule = make_schedule(graph);
  REQUIRE(schedule.commands.size() == 3);
  CHECK(std::holds_alternative<LaunchCommand>(schedule.commands[0].what));
  CHECK(std::holds_alternative<RowBlocksCommand>(schedule.commands[1].what));
  CHECK(std::holds_alternative<LaunchCommand>(schedule.commands[2].what));
}

}  // namespace caten
