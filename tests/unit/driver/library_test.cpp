// Sums that a library computes: right whatever their sizes, layouts and blocks, and loops where it cannot.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>

#include "../schedule/programs.hpp"
#include "driver/session.hpp"
#include "ir/build.hpp"
#include "library_runs.hpp"

namespace caten {

TEST_CASE("products are the library's whatever the order of axes, with one element, none, and empty sums") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  generated::Random random(6);
  for (int64_t m : {0, 1, 2, 17})
    for (int64_t k : {0, 1, 2, 33})
      for (bool turned : {false, true}) {
        generated::Case given;
        Build b(given.graph);
        Shape space{3, m, k, 20};
        NodeId x = given.graph.add_input("x", {DType::kF32, {m, 3, k}});
        NodeId w = given.graph.add_input("w", {DType::kF32, turned ? Shape{20, k} : Shape{k, 20}});
        NodeId left = b.spread(b.permute(x, {1, 0, 2}), space, {0, 1, 2});
        NodeId right = b.spread(turned ? b.permute(w, {1, 0}) : w, space, {2, 3});
        NodeId sum = b.reduce(Combine::kAdd, b.mul(left, right), {2});
        given.graph.outputs.push_back({"y", turned ? b.permute(sum, {1, 0, 2}) : sum});
        generated::add_floats(given, random);
        generated::Verdict verdict = runs.check(given);
        CHECK_MESSAGE(verdict.ok(), m, " ", k, " ", turned, ": ", verdict.message);
        if (m > 1 && k > 1) CHECK(runs.calls == 1);
      }
}

TEST_CASE("without its library a runtime computes products by loops, and says why") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {64, 64}});
  graph.outputs.push_back(
      {"y", b.reduce(Combine::kAdd, b.mul(b.spread(x, {64, 64, 64}, {0, 1}), b.spread(x, {64, 64, 64}, {1, 2})), {1})});
  ScheduleOptions options;
  options.library = {.contraction = set_of(DType::kF32), .open = [] {
                       return Result<std::string>(tl::make_unexpected(Diagnostic{.message = "it is not here"}));
                     }};
  Schedule schedule = make_schedule(graph, options);
  CHECK(!schedule.kernels[0].by_library);
  CHECK(print_schedule(schedule).find("no library computes products: it is not here") != std::string::npos);
  options.library.open = [] { return Result<std::string>("algebra 1.0"); };
  CHECK(print_schedule(make_schedule(graph, options)).find("a contraction of algebra 1.0") != std::string::npos);
  options.off.insert("library");
  CHECK(print_schedule(make_schedule(graph, options)).find("algebra") == std::string::npos);
}

TEST_CASE("products of bf16 are the library's, and lose nothing of what is small") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  struct Sizes {
    int64_t batch, rows, columns, depth;
  };
  for (const Sizes& s :
       std::vector<Sizes>{{1, 1, 1, 1}, {1, 33, 17, 40}, {3, 16, 64, 100}, {2, 5, 9, 0}, {1, 200, 130, 64}})
    for (bool turned : {false, true})
      for (double scale : {1.0, 0x1p-40, 0x1p-52, 0x1p-66, 0x1p-128}) {
        Graph graph;
        Build b(graph);
        Shape whole{s.batch, s.rows, s.depth, s.columns};
        NodeId x = graph.add_input("x", {DType::kBF16, {s.batch, s.rows, s.depth}});
        Shape shape = turned ? Shape{s.batch, s.columns, s.depth} : Shape{s.batch, s.depth, s.columns};
        NodeId w = graph.add_input("w", {DType::kBF16, shape});
        if (turned) w = b.permute(w, {0, 2, 1});
        NodeId product = b.mul(b.spread(b.cast(x, DType::kF32), whole, {0, 1, 2}),
                               b.spread(b.cast(w, DType::kF32), whole, {0, 2, 3}));
        graph.outputs.push_back({"y", b.reduce(Combine::kAdd, product, {2})});
        generated::Case given{std::move(graph), {}};
        generated::Random random(31);
        for (const Graph::Input& input : given.graph.inputs) {
          Array array = Array::zeros(DType::kBF16, concrete(given.graph.type(input.node).shape, {}));
          for (int64_t i = 0; i < array.elements(); ++i)
            Scalar::of_real(DType::kBF16, (static_cast<double>(random.below(2001)) / 1000 - 1) * scale)
                .store(array.mutable_data() + static_cast<size_t>(i) * 2);
          given.arguments.inputs.push_back(std::move(array));
        }
        generated::Verdict verdict = runs.check(given);
        CHECK_MESSAGE(verdict.ok(), s.rows, " ", s.columns, " ", s.depth, " ", turned, " ", scale, ": ",
                      verdict.message);
        if (s.rows > 1 && s.depth > 0) CHECK(runs.calls == 1);
      }
}

TEST_CASE("what no row of a block sees is left out, and still makes NaN of what is multiplied with it") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  using programs::Attention;
  using programs::sym;
  ScheduleOptions options{.limits = {.worth_bytes = 0, .block_bytes = 4096, .least_rows = 3},
                          .library_limits = kEverySize};
  std::vector<Attention> kinds{{{Dim(2)}, 1, sym("M"), sym("M"), Dim(5), Dim(33), true, false, true},
                               {{Dim(2)}, 1, sym("M"), sym("M"), Dim(70), Dim(4), true, true, true},
                               {{Dim(3), Dim(2)}, 1, sym("M"), sym("M"), Dim(8), Dim(70), true, false, true}};
  for (size_t kind = 0; kind < kinds.size(); ++kind)
    for (int64_t rows : {1, 2, 3, 31, 64, 100})
      for (double last : {0.5, inf, -inf, nan}) {
        Graph graph;
        graph.dims.declare("M");
        build_attention(graph, Build(graph), kinds[kind]);
        generated::Random random(21);
        generated::Case given{std::move(graph), {.sizes = {{"M", rows}}}};
        generated::add_floats(given, random);
        // A value that only the last position sees.
        Array& values = given.arguments.inputs[2];
        Scalar::of_real(DType::kF32, last).store(values.mutable_data() + values.bytes() - 4);
        generated::Verdict verdict = runs.check(given, options);
        CHECK_MESSAGE(verdict.ok(), kind, " ", rows, " ", last, ": ", verdict.message);
        CHECK(runs.seeing == 3);
      }
}

TEST_CASE("columns are left out only where what they hold is nothing by definition") {
  LibraryRuns runs;
  if (!runs.possible()) return;
  using programs::Attention;
  using programs::sym;
  ScheduleOptions options{.limits = {.worth_bytes = 0, .block_bytes = 4096, .least_rows = 3},
                          .library_limits = kEverySize};
  auto seeing = [&](const Attention& what, const ScheduleOptions& with) {
    Graph graph;
    for (const char* name : {"M", "N"}) graph.dims.declare(name);
    build_attention(graph, Build(graph), what);
    generated::Random random(22);
    generated::Case given{std::move(graph), {.sizes = {{"M", 40}, {"N", 30}}}};
    generated::add_floats(given, random);
    generated::Verdict verdict = runs.check(given, with);
    CHECK_MESSAGE(verdict.ok(), verdict.message);
    return runs.seeing;
  };
  Attention causal{{Dim(2)}, 1, sym("M"), sym("M"), Dim(5), Dim(9), true, false, true};
  CHECK(seeing(causal, options) == 3);
  Attention other = causal;
  other.zeros = false;  // the exponential of -inf is 0 as well, which nobody proves
  CHECK(seeing(other, options) == 0);
  other = causal;
  other.causal = false;  // the largest score may be one that is not seen
  CHECK(seeing(other, options) == 0);
  other = causal;
  other.keys = sym("N");  // which key is a position's own is not known
  CHECK(seeing(other, options) == 0);
  options.off = {"seen-columns"};
  CHECK(seeing(causal, options) == 0);
}

}  // namespace caten
