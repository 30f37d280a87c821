#include "schedule/counters.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "golden.hpp"
#include "programs.hpp"

namespace caten {
namespace {

using programs::build_attention;
using programs::f32;
using programs::sym;

/// The workloads of the benchmarks whose roof is the memory, and attention, by their smallest forms in ops.
std::vector<programs::Program> workloads() {
  auto rows = [](const Build& b, Combine combine, NodeId x) {
    return b.spread(b.reduce(combine, x, {1}), b.type(x).shape, {0});
  };
  auto real = [](const Build& b, double value, const Shape& shape) {
    return b.constant(Scalar::of_real(DType::kF32, value), shape);
  };
  /// Rows minus their mean, over the root of the mean of squares.
  auto normalized = [=](const Build& b, NodeId x, bool centred) {
    const Shape shape = b.type(x).shape;
    NodeId count = b.cast(b.fill(b.size(shape[1]), shape), DType::kF32);
    if (centred) x = b.add(x, b.mul(real(b, -1, shape), b.div(rows(b, Combine::kAdd, x), count)));
    NodeId square = b.div(rows(b, Combine::kAdd, b.mul(x, x)), count);
    return b.div(x, b.op(Op::kSqrt, {b.add(square, real(b, 1e-5, shape))}));
  };
  Shape matrix{sym("M"), sym("N")};
  return {
      {"W1 chain of six ops",
       [=](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32({sym("N")})), y = g.add_input("y", f32({sym("N")}));
         NodeId t = b.op(Op::kExp2, {b.add(b.mul(x, y), x)});
         g.outputs.push_back({"z", b.op(Op::kSqrt, {b.max(t, b.mul(t, y))})});
       }},
      {"W2 softmax",
       [=](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32(matrix));
         NodeId minus = b.mul(rows(b, Combine::kMax, x), real(b, -1, matrix));
         NodeId e = b.op(Op::kExp2, {b.add(x, minus)});
         g.outputs.push_back({"y", b.div(e, rows(b, Combine::kAdd, e))});
       }},
      {"W3 layernorm and gelu",
       [=](Graph& g, const Build& b) {
         NodeId x = normalized(b, g.add_input("x", f32(matrix)), true);
         x = b.add(b.mul(x, b.spread(g.add_input("weight", f32({sym("N")})), matrix, {1})),
                   b.spread(g.add_input("bias", f32({sym("N")})), matrix, {1}));
         NodeId gate = b.op(Op::kExp2, {b.mul(x, real(b, -2.45546, matrix))});
         g.outputs.push_back({"y", b.div(x, b.add(gate, real(b, 1, matrix)))});
       }},
      {"W3 rms norm",
       [=](Graph& g, const Build& b) {
         g.outputs.push_back({"y", normalized(b, g.add_input("x", f32(matrix)), false)});
       }},
      {"W4 sum over axis 0",
       [=](Graph& g, const Build& b) {
         g.outputs.push_back({"y", b.reduce(Combine::kAdd, g.add_input("x", f32(matrix)), {0})});
       }},
      {"W4 maximum over axis 1",
       [=](Graph& g, const Build& b) {
         g.outputs.push_back({"y", b.reduce(Combine::kMax, g.add_input("x", f32(matrix)), {1})});
       }},
      {"W4 sum of all",
       [=](Graph& g, const Build& b) {
         g.outputs.push_back({"y", b.reduce(Combine::kAdd, g.add_input("x", f32(matrix)), {0, 1})});
       }},
      {"W5 transpose",
       [=](Graph& g, const Build& b) {
         g.outputs.push_back({"y", b.permute(g.add_input("x", f32(matrix)), {1, 0})});
       }},
      {"W5 gather of rows",
       [=](Graph& g, const Build& b) {
         NodeId x = g.add_input("x", f32(matrix)), at = g.add_input("at", {DType::kI64, {sym("K")}});
         g.outputs.push_back({"y", b.take(x, 0, {at})});
       }},
      {"W9 attention",
       [=](Graph& g, const Build& b) {
         build_attention(g, b, {{sym("T")}, 1, sym("N"), sym("N"), Dim(64), Dim(64)});
       }},
      {"W9 attention, causal",
       [=](Graph& g, const Build& b) {
         build_attention(g, b, {{sym("T")}, 1, sym("N"), sym("N"), Dim(64), Dim(64), true});
       }},
      {"W9 attention, four heads to a key",
       [=](Graph& g, const Build& b) {
         build_attention(g, b, {{sym("T"), Dim(4)}, 1, sym("N"), sym("N"), Dim(64), Dim(64), true});
       }},
      {"W10 attention, decode",
       [=](Graph& g, const Build& b) {
         build_attention(g, b, {{sym("T")}, 1, Dim(1), sym("N"), Dim(64), Dim(64)});
       }},
  };
}

}  // namespace

TEST_CASE("what the workloads of the benchmarks cost, at three sizes") {
  std::string text;
  for (const programs::Program& program : workloads()) {
    Schedule schedule = make_schedule(programs::make(program));
    for (int64_t n : {1024, 4096, 16384}) {
      Result<Counters> counters = count_costs(schedule, {{"M", 4096}, {"N", n}, {"K", 2048}, {"T", 8}});
      REQUIRE(counters.has_value());
      text += fmt::format("{}, N = {}: {} kernels, {} launches, {} bytes read, {} written, arena {}\n", program.name, n,
                          schedule.kernels.size(), counters->launches, counters->bytes_read, counters->bytes_written,
                          counters->arena_bytes);
    }
  }
  check_golden("counters/workloads.txt", text);
}

TEST_CASE("attention over 16k keys has no value of queries times keys") {
  for (const programs::Program& program : workloads()) {
    if (program.name.substr(0, 3) != "W9 ") continue;
    Result<Counters> counters =
        count_costs(make_schedule(programs::make(program)), {{"M", 1}, {"N", 16384}, {"K", 1}, {"T", 8}});
    REQUIRE(counters.has_value());
    CHECK(counters->arena_bytes < size_t{16384} * 16384 / 100);
  }
}

TEST_CASE("what a dozen programs cost: launches, bytes moved, arena") {
  DimValues sizes{{"M", 4096}, {"N", 1024}, {"K", 512}, {"T", 16}};
  std::string text;
  for (const programs::Program& program : programs::all()) {
    Result<Counters> counters = count_costs(make_schedule(programs::make(program)), sizes);
    REQUIRE(counters.has_value());
    text += fmt::format("{}: {} launches, {} copies, {} bytes read, {} written, arena {}\n", program.name,
                        counters->launches, counters->copies, counters->bytes_read, counters->bytes_written,
                        counters->arena_bytes);
  }
  check_golden("counters/programs.txt", text);
}

TEST_CASE("a chain and a softmax read their input once, write their result once, and need no arena") {
  for (const programs::Program& program : programs::all()) {
    if (program.name != "chain" && program.name != "softmax") continue;
    Result<Counters> counters =
        count_costs(make_schedule(programs::make(program)), {{"M", 8}, {"N", 64}, {"K", 1}, {"T", 1}});
    REQUIRE(counters.has_value());
    CHECK(counters->launches == 1);
    CHECK(counters->arena_bytes == 0);
    CHECK(counters->bytes_read == (program.name == "chain" ? 2 * 64 * 4 : 8 * 64 * 4));
    CHECK(counters->bytes_written == (program.name == "chain" ? 64 * 4 : 8 * 64 * 4));
  }
}

}  // namespace caten
