// Schedules that composites ask for: results stay right at the edges of tiles and vectors, kernels change where the
// clause applies, and what does not apply is reported.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "driver/hint_report.hpp"
#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"
#include "sexp/datum.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

std::vector<Datum> clauses(const std::string& text) {
  SourceMap sources;
  Result<Datum> list = read_one(sources, sources.add("schedule", "(" + text + ")"));
  REQUIRE(list.has_value());
  REQUIRE(parse_schedule(list->items).has_value());
  return list->items;
}

/// A composite f with this schedule, of one of several kinds.
Graph program(const std::string& kind, const std::string& schedule, const Dim& rows, const Dim& columns,
              const Dim& depth) {
  Graph graph;
  for (const char* name : {"M", "N", "K"}) graph.dims.declare(name);
  Build b(graph);
  constexpr DType kType = DType::kF32;
  std::vector<NodeId> arguments;
  auto input = [&](const char* name, Shape shape) {
    arguments.push_back(graph.add_input(name, {kType, std::move(shape)}));
    return arguments.back();
  };
  NodeId y;
  if (kind == "x·w" || kind == "x·wᵀ") {
    Shape whole{rows, columns, depth};
    NodeId x = input("x", {rows, depth});
    NodeId w = kind == "x·w" ? b.permute(input("w", {depth, columns}), {1, 0}) : input("w", {columns, depth});
    y = b.reduce(Combine::kAdd, b.mul(b.spread(x, whole, {0, 2}), b.spread(w, whole, {1, 2})), {2});
  } else if (kind == "rows") {
    y = b.reduce(Combine::kAdd, input("x", {rows, depth}), {1});
  } else if (kind == "columns") {
    y = b.reduce(Combine::kMax, input("x", {depth, columns}), {0});
  } else if (kind == "map") {
    NodeId x = input("x", {rows, columns});
    y = b.op(Op::kSqrt, {b.mul(b.permute(input("z", {columns, rows}), {1, 0}), x)});
  } else {
    NodeId x = input("x", {rows, depth});
    NodeId e = b.op(Op::kExp2, {x});
    y = b.div(e, b.spread(b.reduce(Combine::kAdd, e, {1}), {rows, depth}, {0}));
  }
  y = graph.make_region({.name = "f", .attributes = {}, .schedule = clauses(schedule)}, y, arguments);
  graph.outputs.push_back({"y", b.add(y, y)});
  return graph;
}

std::string kernels(Session& session, const Graph& graph) {
  Result<std::string> text = session.kernel_text(graph);
  REQUIRE(text.has_value());
  return *text;
}

}  // namespace

TEST_CASE("what a schedule asks for changes kernels and no result") {
  struct Row {
    const char *kind, *schedule;
  };
  const std::vector<Row> rows{{"x·w", "(tile 8 32)"},
                              {"x·w", "(tile 3 20)"},
                              {"x·w", "(tile 1 64) (vectorise 8)"},
                              {"x·w", "(unroll 4)"},
                              {"x·w", "(unroll 3) (tile 2 48) (parallel nil)"},
                              {"x·wᵀ", "(tile 4 2)"},
                              {"x·wᵀ", "(tile 1 1) (unroll 2)"},
                              {"x·wᵀ", "(vectorise 8) (unroll 5)"},
                              {"rows", "(vectorise 16)"},
                              {"rows", "(unroll 4)"},
                              {"rows", "(parallel nil)"},
                              {"columns", "(tile 1 48)"},
                              {"columns", "(parallel nil)"},
                              {"map", "(vectorise 8)"},
                              {"map", "(order 1 0)"},
                              {"map", "(order 1 0) (vectorise 16) (parallel 1)"},
                              {"map", "(parallel 2)"},
                              {"softmax", "(vectorise 8) (unroll 2)"}};
  const std::vector<std::array<int64_t, 3>> sizes{{1, 1, 1}, {8, 64, 128}, {13, 37, 150}, {3, 100, 9}, {5, 0, 7}};
  std::vector<Diagnostic> warnings;
  for (const std::string& runtime : compiling_runtimes()) {
    if (runtime == "c" && compiling_runtimes().size() > 1) continue;
    Session session({.runtime = runtime,
                     .notice = [&](const Diagnostic& warning) { warnings.push_back(warning); },
                     .store = test_store()});
    generated::Runner run = [&](const Graph& graph, const Arguments& arguments) {
      return session.run(graph, arguments);
    };
    generated::Random random(5);
    for (const Row& row : rows) {
      const Dim m = Dim::symbol("M"), n = Dim::symbol("N"), k = Dim::symbol("K");
      Graph open = program(row.kind, row.schedule, m, n, k);
      CAPTURE(row.kind);
      CAPTURE(row.schedule);
      CHECK(kernels(session, open) != kernels(session, program(row.kind, "", m, n, k)));
      for (const Diagnostic& warning : warnings) CHECK_MESSAGE(false, warning.message, ": ", warning.found);
      for (const std::array<int64_t, 3>& s : sizes)
        for (bool known : {false, true}) {
          if (known && s[0] != 13) continue;
          generated::Case given{known ? program(row.kind, row.schedule, Dim(s[0]), Dim(s[1]), Dim(s[2])) : open,
                                {.sizes = {{"M", s[0]}, {"N", s[1]}, {"K", s[2]}}}};
          for (const Graph::Input& input : given.graph.inputs) {
            Array array =
                Array::zeros(DType::kF32, concrete(given.graph.type(input.node).shape, given.arguments.sizes));
            for (int64_t i = 0; i < array.elements(); ++i)
              array.as_mutable<float>()[i] = static_cast<float>(random.below(2001)) / 1000 - 0.5F;
            given.arguments.inputs.push_back(std::move(array));
          }
          generated::Verdict verdict = generated::check(given, run);
          CHECK_MESSAGE(verdict.ok(), s[0], " ", s[1], " ", s[2], ": ", verdict.message);
          warnings.clear();  // small sizes have less than a tile or vector
        }
    }
  }
}

TEST_CASE("what does not apply is reported with the reason") {
  auto reason = [](const char* kind, const char* schedule, int64_t depth = 100) {
    Schedule made = make_schedule(program(kind, schedule, Dim(8), Dim(64), Dim(depth)));
    std::vector<Diagnostic> warnings = hint_warnings(made);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].code == Code::ScheduleNotApplied);
    CHECK(warnings[0].message.find(schedule) != std::string::npos);
    CHECK(hint_lines(made).find("does not apply: " + warnings[0].found) != std::string::npos);
    return warnings[0].found;
  };
  CHECK(reason("map", "(tile 4 4)") == "no fold of the kernel reads its operands again for other rows or columns");
  CHECK(reason("rows", "(tile 4 4)") == "no fold of the kernel reads its operands again for other rows or columns");
  CHECK(reason("columns", "(tile 4 4)") == "the fold reads nothing that several rows share: a tile has one row");
  CHECK(reason("x·wᵀ", "(tile 32 32)") == "the kernel holds a tile of at most 64 elements of the result");
  CHECK(reason("rows", "(vectorise 64)") == "the folded axis has 100 elements, fewer than two vectors");
  CHECK(reason("map", "(order 0)") == "the kernel has 2 outer loops");
  CHECK(reason("map", "(unroll 2)") == "the kernel has no fold in lanes");
  CHECK(reason("map", "(parallel 3)") == "the kernel has 2 outer loops");
  CHECK(reason("x·w", "(parallel 2)") == "the tiles of the result share one range, along all of its axes");
  CHECK(reason("softmax", "(order 0)") == "the loops of the kernel follow from its fold or its passes");
}

TEST_CASE("(fuse nil) keeps kernels apart") {
  auto count = [](const char* schedule) {
    return make_schedule(program("map", schedule, Dim(8), Dim(64), Dim(4))).kernels.size();
  };
  CHECK(count("") == 1);
  CHECK(count("(fuse t)") == 1);
  CHECK(count("(fuse nil)") == 2);
  Graph cheap;  // what costs next to nothing is not computed in its user either
  Build b(cheap);
  NodeId x = cheap.add_input("x", {DType::kF32, {Dim(8)}});
  NodeId twice =
      cheap.make_region({.name = "f", .attributes = {}, .schedule = clauses("(fuse nil)")}, b.add(x, x), {x});
  cheap.outputs.push_back({"y", b.add(twice, twice)});
  CHECK(make_schedule(cheap).kernels.size() == 2);
}

TEST_CASE("the inner of two schedules counts, and calls are reported together") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(8), Dim(64)}});
  NodeId inner = graph.make_region({.name = "inner", .attributes = {}, .schedule = clauses("(vectorise 4)")},
                                   b.op(Op::kSqrt, {x}), {x});
  NodeId outer =
      graph.make_region({.name = "outer", .attributes = {}, .schedule = clauses("(vectorise 8)")}, inner, {x});
  graph.outputs.push_back({"y", outer});
  Schedule made = make_schedule(graph);
  REQUIRE(made.kernels.size() == 1);
  CHECK(made.graph.hints[made.kernels[0].hint.value()].composite == "inner");
  std::vector<Diagnostic> warnings = hint_warnings(made);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].found == "what it computes is in a kernel that follows the schedule of `inner`");

  Graph twice;
  Build c(twice);
  for (const char* name : {"x", "y"}) {
    NodeId input = twice.add_input(name, {DType::kF32, {Dim(8), Dim(3)}});
    twice.outputs.push_back(
        {name, twice.make_region({.name = "f", .attributes = {}, .schedule = clauses("(vectorise 4)")},
                                 c.op(Op::kSqrt, {input}), {input})});
  }
  warnings = hint_warnings(make_schedule(twice));
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].notes == std::vector<std::string>{"in 2 calls of it"});
}

TEST_CASE("schedules survive rewriting and every level") {
  Graph graph = program("map", "(vectorise 8)", Dim(16), Dim(64), Dim(4));
  for (int level = 0; level <= 3; ++level) {
    SessionOptions options;
    set_optimization(options, level);
    Session session(options);
    Result<std::string> text = session.schedule_text(graph);
    REQUIRE(text.has_value());
    CHECK(text->find("(vectorise 8) applies") != std::string::npos);
  }
}

TEST_CASE("malformed schedules") {
  auto code = [](const std::string& text) {
    SourceMap sources;
    Result<Datum> list = read_one(sources, sources.add("schedule", "(" + text + ")"));
    Result<ScheduleHint> hint = parse_schedule(list->items);
    return hint ? Code{} : hint.error().code;
  };
  for (const char* text :
       {"(tile 4)", "(tile 0 4)", "(tile 4 4096)", "(vectorise 3)", "(vectorise 128)", "(unroll 1)", "(parallel -1)",
        "(order 0 0)", "(order 1)", "(order)", "(fuse maybe)", "(tlie 4 4)", "tile", "(unroll 2) (unroll 2)", "()"})
    CHECK_MESSAGE(code(text) == Code::BadSchedule, text);
  for (const char* text : {"", "(fuse nil)", "(parallel ())", "(order 2 0 1)", "(tile 32 1024)"})
    CHECK_MESSAGE(code(text) == Code{}, text);
}

}  // namespace caten
