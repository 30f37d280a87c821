#include "codegen/render.hpp"

#include <doctest/doctest.h>

#include "../schedule/programs.hpp"
#include "codegen/lower.hpp"
#include "golden.hpp"
#include "runtime/runtime.hpp"
#include "sexp/datum.hpp"

namespace caten {
namespace {

/// The dialect of a runtime of the repository, with those that it extends.
Dialect dialect_of(const std::string& runtime) {
  SourceMap sources;
  RuntimeSearch folders{.runtime_folders = {source_path("runtimes")}};
  Result<RuntimeFile> file = read_runtime(runtime, folders, sources);
  if (!file) FAIL(render(file.error(), sources));
  Result<Dialect> dialect = read_dialect(file->dialect);
  if (!dialect) FAIL(render(dialect.error(), sources));
  return *dialect;
}

RenderedProgram render_graph(const Graph& graph, const RenderOptions& options = {}, const std::string& runtime = "c") {
  Schedule schedule = make_schedule(graph);
  std::vector<LoopNest> nests;
  Dialect dialect = dialect_of(runtime);
  for (const Kernel& kernel : schedule.kernels) nests.push_back(lower(schedule, kernel, dialect.team));
  return render(nests, dialect, options);
}

/// x · w of these sizes.
Graph product(int64_t rows, int64_t depth, int64_t columns) {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", programs::f32({Dim(rows), Dim(depth)}));
  NodeId w = graph.add_input("w", programs::f32({Dim(depth), Dim(columns)}));
  Shape all{Dim(rows), Dim(depth), Dim(columns)};
  NodeId products = b.mul(b.spread(x, all, {0, 1}), b.spread(w, all, {1, 2}));
  graph.outputs.push_back({"y", b.reduce(Combine::kAdd, products, {1})});
  return graph;
}

/// Rows of x by their sum, through many operations.
Graph scaled_rows(int64_t rows, int64_t columns) {
  Graph graph;
  Build b(graph);
  Shape all{Dim(rows), Dim(columns)};
  NodeId x = graph.add_input("x", programs::f32(all));
  NodeId y = b.mul(x, b.spread(b.reduce(Combine::kAdd, x, {1}), all, {0}));
  for (int i = 0; i < 30; ++i) y = b.op(Op::kSqrt, {b.mul(y, x)});
  graph.outputs.push_back({"y", y});
  return graph;
}

/// The product of rows of w, in blocks that have scales, and x.
Graph scaled_blocks(int64_t rows, int64_t blocks, int64_t elements) {
  Graph graph;
  Build b(graph);
  Shape all{Dim(rows), Dim(blocks), Dim(elements)};
  NodeId w = graph.add_input("w", {DType::kI8, all});
  NodeId scales = graph.add_input("d", programs::f32({Dim(rows), Dim(blocks)}));
  NodeId x = graph.add_input("x", programs::f32({Dim(blocks), Dim(elements)}));
  NodeId products = b.mul(b.cast(w, DType::kF32), b.spread(x, all, {1, 2}));
  graph.outputs.push_back({"y", b.reduce(Combine::kAdd, b.mul(products, b.spread(scales, all, {0, 1})), {1, 2})});
  return graph;
}

Diagnostic dialect_error(const std::string& text) {
  SourceMap sources;
  Result<Datum> form = read_one(sources, sources.add("test", text));
  REQUIRE(form.has_value());
  Result<Dialect> dialect = read_dialect(*form);
  REQUIRE_FALSE(dialect.has_value());
  return dialect.error();
}

}  // namespace

TEST_CASE("kernels of a dozen programs as C") {
  for (const programs::Program& program : programs::all())
    check_golden("codegen/" + program.name + ".c", render_graph(programs::make(program)).source);
}

TEST_CASE("kernels as OpenCL C, whose arguments are parameters") {
  for (const programs::Program& program : programs::all())
    if (program.name == "complex" || program.name == "half_sum" || program.name == "softmax")
      check_golden("codegen/" + program.name + ".cl", render_graph(programs::make(program), {}, "opencl").source);
}

TEST_CASE("devices have a team of threads for a row that is folded, and for a tile of a product") {
  for (const programs::Program& program : programs::all())
    if (program.name == "matmul" || program.name == "softmax")
      check_golden("codegen/" + program.name + ".cu", render_graph(programs::make(program), {}, "cuda").source);
  RenderedProgram text = render_graph(product(64, 160, 128), {.open_sizes = true}, "cuda");
  CHECK(text.kernels[0].team == 256);
  CHECK(text.source == render_graph(product(128, 32, 320), {.open_sizes = true}, "cuda").source);
  CHECK(render_graph(product(64, 160, 96)).kernels[0].team == 0);
}

TEST_CASE("the text does not depend on names, and equal kernels are one function") {
  auto program = [](const char* size, const char* input) {
    Graph graph;
    graph.dims.declare(size);
    Build b(graph);
    NodeId x = graph.add_input(input, programs::f32({Dim::symbol(size)}));
    for (int i = 0; i < 3; ++i) x = b.op(Op::kCopy, {b.op(Op::kSqrt, {x})}, CopyAttributes{});
    graph.outputs.push_back({"y", x});
    return render_graph(graph);
  };
  RenderedProgram one = program("N", "x"), other = program("*/ weird", "\"");
  CHECK(one.source == other.source);
  REQUIRE(one.kernels.size() == 3);
  CHECK(one.kernels[0].function == one.kernels[2].function);
  CHECK(one.units == std::vector<std::string>{one.source});
}

TEST_CASE("with open sizes programs of other sizes have the same text") {
  RenderOptions open{.open_sizes = true};
  RenderedProgram one = render_graph(product(64, 160, 96), open);
  check_golden("codegen/open-product.c", one.source);
  CHECK(one.kernels[0].sizes.size() > 3);
  // Sizes that are equal here are not elsewhere.
  for (auto [rows, depth, columns] : {std::tuple{128, 32, 320}, {64, 64, 64}, {1024, 1000, 512}})
    CHECK(render_graph(product(rows, depth, columns), open).source == one.source);
  // Whether tiles divide them does show, and small ones are part of the text.
  CHECK(render_graph(product(64, 160, 101), open).source != one.source);
  CHECK(render_graph(product(64, 3, 96), open).source != one.source);
  CHECK(render_graph(product(128, 160, 96)).source != render_graph(product(64, 160, 96)).source);
}

TEST_CASE("how many are left for the last block of an axis is no part of the text") {
  auto text = [](int64_t rows, int64_t columns) {
    return render_graph(product(rows, 100, columns), {.open_sizes = true}).source;
  };
  CHECK(text(37, 101) == text(127, 67));
  CHECK(text(64, 64) == text(40, 96));
  CHECK(text(37, 101) != text(64, 96));
}

TEST_CASE("rows of much work are loops over vectors where whole vectors fill them") {
  auto text = [](int64_t rows, int64_t columns) {
    return render_graph(scaled_rows(rows, columns), {.open_sizes = true}).source;
  };
  check_golden("codegen/open-rows.c", text(100, 1024));
  CHECK(text(100, 1024) == text(3000, 640));
  CHECK(text(100, 1024) != text(100, 1023));
  CHECK(text(100, 1023) == text(100, 777));
}

TEST_CASE("sums of blocks have an accumulator for each element of a block") {
  auto text = [](int64_t blocks, int64_t elements) {
    return render_graph(scaled_blocks(100, blocks, elements), {.open_sizes = true}).source;
  };
  check_golden("codegen/open-blocks.c", text(40, 16));
  CHECK(text(40, 16) == text(70, 16));
  for (int64_t elements : {8, 32})
    CHECK(text(40, elements).find("float a0[" + std::to_string(elements)) != std::string::npos);
  for (int64_t elements : {4, 12, 24}) CHECK(text(40, elements).find("float a0 ") != std::string::npos);
}

TEST_CASE("products of rows with bytes use what they widen for more rows") {
  auto accumulators = [](DType dtype) {
    Graph graph;
    Build b(graph);
    Shape all{Dim(60), Dim(36), Dim(640)};
    NodeId x = graph.add_input("x", programs::f32({Dim(60), Dim(640)}));
    NodeId w = b.cast(graph.add_input("w", {dtype, {Dim(36), Dim(640)}}), DType::kF32);
    graph.outputs.push_back(
        {"y", b.reduce(Combine::kAdd, b.mul(b.spread(x, all, {0, 2}), b.spread(w, all, {1, 2})), {2})});
    std::string text = render_graph(graph).source;
    size_t found = 0;
    while (text.find("float a" + std::to_string(found) + "[16]") != std::string::npos) ++found;
    return found;
  };
  CHECK(accumulators(DType::kI8) >= 12);
  CHECK(accumulators(DType::kI8) % 12 == 0);
  CHECK(accumulators(DType::kF16) % 8 == 0);
}

TEST_CASE("only what a kernel uses is emitted") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", programs::f32({Dim(4)}));
  graph.outputs.push_back({"y", b.add(x, x)});
  std::string source = render_graph(graph).source;
  CHECK(source.find("sinf") == std::string::npos);
  CHECK(source.find("caten_") == std::string::npos);
}

TEST_CASE("malformed dialects are refused with the place") {
  CHECK(dialect_error("(:dialect (:types (f33 \"float\")))").remedy == "did you mean `f32`?");
  CHECK(dialect_error("(:dialect (:type))").remedy == "did you mean `types`?");
  CHECK(dialect_error("(:dialect (:op ad (f32) \"x\"))").remedy == "did you mean `add`?");
  CHECK(dialect_error("(:dialect (:cast 3))").code == Code::BadRuntimeFile);
  CHECK(dialect_error("(:dialect (:prelude (a)))").span.known());
  CHECK(dialect_error("(:dialect (:team (:thread 8)))").remedy == "did you mean `threads`?");
  CHECK(dialect_error("(:dialect (:team (:threads 8)))").expected == "a number from 16 to 1024");
  CHECK(dialect_error("(:dialect (:team (:threads 64)))").message == "a team that lacks a part");
  const std::string rest = "(:range \"r\") (:member \"m\") (:memory \"s\") (:barrier \"b\")))";
  CHECK(dialect_error("(:dialect (:team (:threads 48) " + rest).message == "a team whose threads are no power of two");
  CHECK(dialect_error("(:dialect 7)").code == Code::BadRuntimeFile);
}

}  // namespace caten
