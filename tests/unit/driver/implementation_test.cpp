// Ops files: what is malformed, what fits which call, and that a kernel by hand is compared with its composite.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "driver/implementation_file.hpp"
#include "driver/session.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

const char* const kDoubleFile =
    "[composite]\nname = \"double\"\ninputs = [\"x f32[M N]\"]\noutputs = [\"y f32[M N]\"]\ndocumentation = \"By "
    "hand.\"\n"
    "[when]\nruntime = [\"c\", \"cpu\"]\nsizes = [\"N >= 2\", \"N % 2 = 0\"]\n"
    "[implementation]\nshared = \"M\"\ncode = '''for (int64_t i = begin * N; i < end * N; ++i) y[i] = x[i] + x[i];'''\n"
    "[test]\nrequirements = [{M = 3, N = 4}]\n";

Result<Implementation> read(const std::string& text) {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "caten_implementation_test.toml";
  std::ofstream(path) << text;
  SourceMap sources;
  Result<Implementation> out = read_implementation(path.string(), sources);
  std::filesystem::remove(path);
  return out;
}

std::string changed(const std::string& from, const std::string& to) {
  std::string text = kDoubleFile;
  size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

Graph call(int64_t rows, int64_t columns) {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(rows), Dim(columns)}});
  NodeId y = graph.make_region({.name = "double", .attributes = {}}, b.add(x, x), {x});
  graph.outputs.push_back({"y", b.op(Op::kSqrt, {y})});
  return graph;
}

}  // namespace

TEST_CASE("ops files: every field is checked") {
  CHECK(read(kDoubleFile).has_value());
  const std::vector<std::pair<const char*, const char*>> changes{
      {"[when]", "[wen]"},
      {"name = \"double\"", "name = 3"},
      {"documentation = \"By hand.\"\n", ""},
      {"x f32[M N]", "x f32"},
      {"x f32[M N]", "x f33[M N]"},
      {"x f32[M N]", "begin f32[M N]"},
      {"x f32[M N]", "x f32[M -1]"},
      {"x f32[M N]", "M f32[M N]"},
      {"\"y f32[M N]\"", "\"y f32[M N]\", \"z f32[M N]\""},
      {"outputs = [\"y f32[M N]\"]", "outputs = []"},
      {"runtime = [\"c\", \"cpu\"]", "runtime = [1]"},
      {"N >= 2", "K >= 2"},
      {"N >= 2", "N > 2"},
      {"N % 2 = 0", "N % 0 = 0"},
      {"shared = \"M\"", "shared = \"K\""},
      {"shared = \"M\"", "schedule = \"(tile 4 4)\""},
      {"shared = \"M\"", "call = \"cblas\""},
      {"code = '''for (int64_t i = begin * N; i < end * N; ++i) y[i] = x[i] + x[i];'''", "schedule = \"(tile 4)\""},
      {"code = '''for (int64_t i = begin * N; i < end * N; ++i) y[i] = x[i] + x[i];'''", ""},
      {"{M = 3, N = 4}", "{M = 3}"},
      {"{M = 3, N = 4}", "{M = 3, N = -4}"},
      {"requirements = [{M = 3, N = 4}]", ""},
      {"[test]", "[test"},
      {"y[i]", "y[i]\xff"}};
  for (const auto& [from, to] : changes) {
    Result<Implementation> found = read(changed(from, to));
    REQUIRE_MESSAGE(!found.has_value(), from, " → ", to);
    CHECK(found.error().code == Code::BadOpsFile);
    CHECK(found.error().span.known());
  }
  SourceMap sources;
  CHECK(read_implementation("/nowhere/at/all.toml", sources).error().code == Code::CannotRead);
  CHECK(read(std::string(size_t{2} << 20, '#')).error().code == Code::TooLarge);
}

TEST_CASE("an implementation fits types and sizes, and takes a kernel of its own") {
  auto made = std::make_shared<const Implementation>(*read(kDoubleFile));
  auto reason = [&](const ValueType& x) { return fit(*made, {x}, x).reason; };
  CHECK(reason({DType::kF32, {Dim(3), Dim(4)}}) == "");
  CHECK(reason({DType::kF64, {Dim(3), Dim(4)}}) == "x is f64[3 4], not f32[M N]");
  CHECK(reason({DType::kF32, {Dim(4)}}) == "x is f32[4], not f32[M N]");
  CHECK(reason({DType::kF32, {Dim(3), Dim(5)}}) == "N is 5, and N % 2 = 0 is asked for");
  CHECK(reason({DType::kF32, {Dim(3), Dim::symbol("K")}}) ==
        "whether N >= 2 is known when a program is called, not when it is compiled");
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .store = test_store()});
    CHECK(session.check_implementation(made, call(3, 4)).has_value());
    std::string before = *session.kernel_text(call(5, 6));
    session.add_implementation(made);
    CHECK(session.kernel_text(call(5, 6))->find("y[i] = x[i] + x[i];") != std::string::npos);
    CHECK(*session.kernel_text(call(5, 7)) == before);  // the generated kernel, which is one for all sizes
    CHECK(session.schedule_text(call(5, 7))->find("is not used: N is 7") != std::string::npos);
    Graph program = call(5, 6);
    Arguments arguments;
    arguments.inputs.push_back(Array::zeros(DType::kF32, {5, 6}));
    for (int i = 0; i < 30; ++i) arguments.inputs[0].as_mutable<float>()[i] = static_cast<float>(i);
    Result<Results> results = session.run(program, arguments);
    REQUIRE(results.has_value());
    CHECK(results->outputs[0].as<float>()[8] == 4.0F);
  }
}

TEST_CASE("a wrong implementation is refused with the element") {
  auto wrong = std::make_shared<const Implementation>(*read(changed("x[i] + x[i]", "x[i] + 1")));
  Session session({.runtime = compiling_runtimes().back(), .store = test_store()});
  Status same = session.check_implementation(wrong, call(3, 4));
  REQUIRE(!same.has_value());
  CHECK(same.error().code == Code::WrongImplementation);
  CHECK(same.error().found.find("[0 0]: found") == 0);
  std::string text =
      changed("shared = \"M\"\ncode = '''for (int64_t i = begin * N; i < end * N; ++i) y[i] = x[i] + x[i];'''",
              "schedule = \"(tile 4 4)\"");
  auto idle = std::make_shared<const Implementation>(*read(text));
  CHECK(session.check_implementation(idle, call(3, 4)).error().message.find("cannot be used in its own test") !=
        std::string::npos);
  CHECK(session.check_implementation(wrong, call(3, 5)).error().found.find("N is 5") != std::string::npos);
}

}  // namespace caten
