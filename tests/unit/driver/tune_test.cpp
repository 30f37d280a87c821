// Tuning: schedules that are measured compute what the usual one does, what was found is kept and used by later
// sessions, and what is kept is refused if it is no tuning. How fast anything is depends on the machine, and is no
// test.
#include "driver/tune.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "driver/measurement.hpp"
#include "driver/session.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"

namespace caten {
namespace {

/// y = softmax of the rows of x · w, z = the sums of its columns.
Graph program() {
  Graph graph;
  graph.name = "rows";
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(24), Dim(40)}});
  NodeId w = graph.add_input("w", {DType::kF32, {Dim(64), Dim(40)}});
  Shape whole{Dim(24), Dim(64), Dim(40)};
  NodeId p = b.reduce(Combine::kAdd, b.mul(b.spread(x, whole, {0, 2}), b.spread(w, whole, {1, 2})), {2});
  NodeId e = b.op(Op::kExp2, {p});
  NodeId y = b.div(e, b.spread(b.reduce(Combine::kAdd, e, {1}), {Dim(24), Dim(64)}, {0}));
  graph.outputs = {{"y", y}, {"z", b.reduce(Combine::kAdd, p, {0})}};
  return graph;
}

/// A folder of this test alone, gone with it.
struct Folder {
  std::string path = (std::filesystem::temp_directory_path() / "caten-tune-XXXXXX").string();
  Folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
};

bool near(const Array& a, const Array& b) {
  if (a.elements() != b.elements()) return false;
  for (int64_t i = 0; i < a.elements(); ++i) {
    double x = a.as<float>()[i], y = b.as<float>()[i];
    if (!(std::abs(x - y) <= 1e-4 * (1 + std::abs(y)))) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a tuning is read as it was printed") {
  Tuning tuning{.off = {"row-blocks", "library"}, .limits = {{"streamed-bytes", 0}}};
  tuning.kernels[0] = {.tile = {{4, 64}}, .vectorise = 16};
  tuning.kernels[17] = {.unroll = 4, .parallel = 0, .order = {1, 0}};
  std::string text = print_tuning(tuning);
  CHECK(text ==
        "(tuning (off library row-blocks) (limit streamed-bytes 0) (kernel 0 (tile 4 64) (vectorise 16)) "
        "(kernel 17 (unroll 4) (parallel nil) (order 1 0)))");
  CHECK(parse_tuning(text) == tuning);
  CHECK(parse_tuning("(tuning)") == Tuning{});
  for (const ScheduleHint& hint : tunable_hints()) {
    Tuning one{.kernels = {{3, hint}}};
    CHECK(parse_tuning(print_tuning(one)) == one);
  }
}

TEST_CASE("what is no tuning is refused") {
  for (const char* text : {"",
                           "(",
                           "tuning",
                           "(tunings)",
                           "(tuning off)",
                           "(tuning (off 3))",
                           "(tuning (off fast-math))",
                           "(tuning ())",
                           "(tuning (limit streamed-bytes))",
                           "(tuning (limit streamed-bytes -1))",
                           "(tuning (limit rows 3))",
                           "(tuning (limit streamed-bytes 18446744073709551615))",
                           "(tuning (kernel))",
                           "(tuning (kernel 1))",
                           "(tuning (kernel -1 (unroll 2)))",
                           "(tuning (kernel 4294967296 (unroll 2)))",
                           "(tuning (kernel 1 (unroll 99)))",
                           "(tuning (kernel 1 unroll))",
                           "(tuning (kernel 1 (implementation 0)))",
                           "(tuning (on library))"})
    CHECK_MESSAGE(!parse_tuning(text), text);
}

TEST_CASE("every schedule that is measured computes the same") {
  SourceMap sources;
  Result<Runtime> runtime = find_runtime(compiling_runtimes().back(), default_runtime_search(), sources);
  REQUIRE(runtime.has_value());
  Graph graph = program();
  Result<Arguments> arguments = generate_arguments(graph);
  REQUIRE(arguments.has_value());
  Executables executables;
  std::vector<Tuning> tried;
  std::vector<std::shared_ptr<const CompiledProgram>> programs;
  CompileTuned compiled = [&](const Tuning& tuning) {
    auto made = compile(graph, *runtime, ArtifactStore(""), &executables, {.scheduling = with_tuning({}, tuning)});
    REQUIRE(made.has_value());
    tried.push_back(tuning);
    programs.push_back(*made);
    return made;
  };
  size_t told = 0;
  Result<TuneResult> found = tune(compiled, *arguments, {.seconds = 60, .progress = [&](const auto&) { ++told; }});
  REQUIRE(found.has_value());
  CHECK(found->complete);
  CHECK(found->measured > 3);
  CHECK(told >= found->measured);
  if (!found->tuning.empty()) CHECK(found->tuned < found->usual);
  CHECK(std::find(tried.begin(), tried.end(), found->tuning) != tried.end());
  Result<Results> usual = execute(*programs[0], *arguments);
  REQUIRE(usual.has_value());
  for (size_t i = 1; i < programs.size(); ++i) {
    Result<Results> results = execute(*programs[i], *arguments);
    REQUIRE(results.has_value());
    for (size_t k = 0; k < 2; ++k) CHECK_MESSAGE(near(results->outputs[k], usual->outputs[k]), print_tuning(tried[i]));
  }
}

TEST_CASE("tuning ends when its time is over, or somebody interrupts it") {
  SourceMap sources;
  Result<Runtime> runtime = find_runtime(compiling_runtimes().back(), default_runtime_search(), sources);
  REQUIRE(runtime.has_value());
  Graph graph = program();
  Result<Arguments> arguments = generate_arguments(graph);
  CompileTuned compiled = [&](const Tuning& tuning) {
    return compile(graph, *runtime, ArtifactStore(""), nullptr, {.scheduling = with_tuning({}, tuning)});
  };
  Result<TuneResult> found = tune(compiled, *arguments, {.seconds = 1e-9});
  REQUIRE(found.has_value());
  CHECK(!found->complete);
  CHECK(found->measured == 0);
  CHECK(found->tuning.empty());
  std::atomic<bool> stop{true};
  found = tune(compiled, *arguments, {.interrupt = &stop});
  REQUIRE(!found.has_value());
  CHECK(found.error().code == Code::Interrupted);
}

TEST_CASE("what was tuned once is used by every later session, and not tuned again") {
  Folder folder;
  Graph graph = program();
  Result<Arguments> arguments = generate_arguments(graph);
  REQUIRE(arguments.has_value());
  std::vector<std::string> notes;
  SessionOptions options{.runtime = compiling_runtimes().back(),
                         .notice = [&](const Diagnostic& note) { notes.push_back(note.message); },
                         .store = ArtifactStore(folder.path),
                         .tune = 0.3};
  Result<Results> first = Session(options).run(graph, *arguments);
  REQUIRE(first.has_value());
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].starts_with("tuned `rows`: "));

  // What somebody else has found out stands in the store as well as what was measured here.
  Session session(options);
  Result<Graph> simpler = session.rewritten(graph);
  REQUIRE(simpler.has_value());
  SourceMap sources;
  Result<Runtime> runtime = find_runtime(compiling_runtimes().back(), default_runtime_search(), sources);
  std::string key = tuning_key(*simpler, options.scheduling, *runtime);
  REQUIRE(load_tuning(options.store, key).has_value());
  Tuning tuning{.off = {"grouping", "fusion"}};
  tuning.kernels[0] = {.vectorise = 8};
  CHECK(save_tuning(options.store, key, tuning, "by hand").empty());
  Result<std::string> text = session.schedule_text(graph);
  REQUIRE(text.has_value());
  CHECK(text->find("tuning asks for (vectorise 8)\n  kernel 0: (vectorise 8) applies") != std::string::npos);
  Result<Results> again = session.run(graph, *arguments);
  REQUIRE(again.has_value());
  CHECK(notes.size() == 1);
  for (size_t k = 0; k < 2; ++k) CHECK(near(again->outputs[k], first->outputs[k]));
  options.tune.reset();
  Session later(options);
  Result<Session::Program> compiled = later.compile(graph);
  REQUIRE(compiled.has_value());
  CHECK((*compiled)->schedule.kernels.size() > 3);  // without grouping and fusion
  CHECK(later.compiler_calls() == 0);
}

}  // namespace caten
