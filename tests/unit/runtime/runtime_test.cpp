#include "runtime/runtime.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "golden.hpp"
#include "ir/build.hpp"

namespace caten {
namespace {

std::string error_of(const std::string& text) {
  SourceMap sources;
  Result<RuntimeFile> file = read_runtime(sources, sources.add("test.lisp", text));
  REQUIRE_FALSE(file.has_value());
  return render(file.error(), sources);
}

}  // namespace

TEST_CASE("malformed runtime files") {
  std::string text;
  for (const char* file : {
           "(defruntime",
           "(define x)",
           "(defruntime x (:driver 3) (:dialect))",
           "(defruntime x (:drivr \"c\"))",
           "(defruntime x (:dialect))",
           "(defruntime x (:driver \"c\"))",
           "(defruntime x (:driver \"c\") (:dialect) (:unsupported (sine f32)))",
           "(defruntime x (:driver \"c\") (:dialect) (:unsupported (sin f33)))",
           "(defruntime x (:driver \"c\") (:dialect) (:unsupported sin))",
           "(defruntime x driver)",
           "(defruntime x (:driver \"c\") (:dialect) (:include mathematics))",
       })
    text += error_of(file) + "\n";
  check_golden("runtime/malformed.txt", text);
}

TEST_CASE("a dialect begins with the runtime that is extended, then come included files, then its own clauses") {
  std::string folder = (std::filesystem::temp_directory_path() / "caten-test-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()));
  auto write = [&](const char* name, const char* text) { std::ofstream(folder + "/" + name) << text; };
  write("base.lisp", "(defruntime base (:driver \"c\") (:dialect (:header \"base\")))");
  write("one.lisp", "(defdialect one (:cast \"one\") (:abs \"one\"))");
  write("two.lisp", "(defdialect two (:part \"two\"))");
  write("mine.lisp",
        "(defruntime mine (:driver \"c\") (:extends base) (:include \"one.lisp\" \"two.lisp\") (:dialect (:size "
        "\"own\")))");
  write("none.lisp", "(defruntime none (:driver \"c\") (:include \"three.lisp\") (:dialect))");
  write("wrong.lisp", "(defruntime wrong (:driver \"c\") (:include \"base.lisp\") (:dialect))");
  auto read = [&](const char* name) {
    SourceMap sources;
    return read_runtime(folder + "/" + name, {}, sources);
  };
  Result<RuntimeFile> mine = read("mine.lisp");
  REQUIRE(mine.has_value());
  CHECK(print(mine->dialect) ==
        R"((:dialect (:header "base") (:cast "one") (:abs "one") (:part "two") (:size "own")))");
  CHECK(read("none.lisp").error().message == "an included file that cannot be read");
  CHECK(read("wrong.lisp").error().message == "an included file that holds no dialect");
  std::filesystem::remove_all(folder);
}

TEST_CASE("runtimes are small: files of at most 200 lines, drivers of at most 600, and 900 for cuda") {
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_path("runtimes"))) {
    const std::filesystem::path& path = entry.path();
    if (!entry.is_regular_file()) continue;
    std::ifstream stream(path);
    size_t lines = 0, longest = 0;
    for (std::string line; std::getline(stream, line); ++lines) longest = std::max(longest, line.size());
    INFO(path.string());
    CHECK(lines <= (path.extension() == ".lisp" ? 200u : path.filename() == "cuda.cpp" ? 900u : 600u));
    CHECK(longest <= 180);
    ++files;
  }
  CHECK(files > 5);
}

TEST_CASE("the c runtime is found by its name, and opens") {
  SourceMap sources;
  RuntimeSearch search = default_runtime_search();
  std::vector<std::string> names = runtime_names(search);
  CHECK(std::find(names.begin(), names.end(), "c") != names.end());
  Result<Runtime> runtime = find_runtime("c", search, sources);
  if (!runtime) FAIL(render(runtime.error(), sources));
  CHECK(runtime->device->host_memory());
  CHECK(runtime->file.name == "c");
}

TEST_CASE("an unknown runtime says what was searched") {
  SourceMap sources;
  Result<Runtime> runtime = find_runtime("cc", {.runtime_folders = {source_path("runtimes")}}, sources);
  REQUIRE_FALSE(runtime.has_value());
  CHECK(runtime.error().code == Code::UnknownRuntime);
  CHECK(runtime.error().notes.size() == 1);
}

TEST_CASE("a runtime without its driver says what was searched") {
  SourceMap sources;
  Result<Runtime> runtime =
      find_runtime("c", {.runtime_folders = {source_path("runtimes")}, .driver_folders = {"/nowhere"}}, sources);
  REQUIRE_FALSE(runtime.has_value());
  CHECK(runtime.error().code == Code::RuntimeUnavailable);
  CHECK(runtime.error().notes.back() == "searched: /nowhere/c.so");
}

TEST_CASE("a driver without a compiler says what was searched") {
  SourceMap sources;
  std::string path = std::getenv("PATH");
  const char* compiler = std::getenv("CC");
  std::string before = compiler ? compiler : "";
  setenv("PATH", "/nowhere", 1);
  setenv("CC", "no-such-compiler", 1);
  Result<Runtime> runtime = find_runtime("c", default_runtime_search(), sources);
  setenv("PATH", path.c_str(), 1);
  if (compiler)
    setenv("CC", before.c_str(), 1);
  else
    unsetenv("CC");
  REQUIRE_FALSE(runtime.has_value());
  CHECK(runtime.error().code == Code::RuntimeUnavailable);
  CHECK(runtime.error().found.find("no-such-compiler, cc, gcc, clang") != std::string::npos);
}

TEST_CASE("a driver of another kind is refused") {
  Result<std::shared_ptr<Driver>> driver = Driver::load("libm.so.6");
  REQUIRE_FALSE(driver.has_value());
  CHECK(driver.error().code == Code::RuntimeUnavailable);
  CHECK(Driver::load("/nowhere/x.so").error().code == Code::RuntimeUnavailable);
}

TEST_CASE("source that does not compile is reported with the compiler's text, without temporary paths") {
  SourceMap sources;
  Result<Runtime> runtime = find_runtime("c", default_runtime_search(), sources);
  REQUIRE(runtime.has_value());
  Result<std::string> artifact = runtime->device->compile("int f(void) { return oops; }");
  REQUIRE_FALSE(artifact.has_value());
  CHECK(artifact.error().code == Code::RuntimeCompileFailed);
  CHECK(artifact.error().notes[0].find("oops") != std::string::npos);
  CHECK(artifact.error().notes[0].find("/caten-") == std::string::npos);
}

TEST_CASE("where the compiler breaks down it is asked again with less optimisation") {
  std::string folder = (std::filesystem::temp_directory_path() / "caten-test-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()));
  std::string script = folder + "/cc";
  std::ofstream(script) << "#!/bin/sh\ncase \"$*\" in *-O1*) exec cc \"$@\";; esac\n"
                           "echo 'cc1: internal compiler error: in somewhere'\nexit 1\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  setenv("CATEN_CC", script.c_str(), 1);
  SourceMap sources;
  Result<Runtime> runtime = find_runtime("c", default_runtime_search(), sources);
  unsetenv("CATEN_CC");
  REQUIRE(runtime.has_value());
  CHECK(runtime->device->compile("void kernel_0(void *const *b, const long *n) {}\n").has_value());
  Result<std::string> wrong = runtime->device->compile("void kernel_0(");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().code == Code::RuntimeCompileFailed);
  std::filesystem::remove_all(folder);
}

TEST_CASE("all that a runtime declares unsupported is reported at once") {
  SourceMap sources;
  uint32_t source =
      sources.add("test.lisp", "(defruntime x (:driver \"c\") (:dialect) (:unsupported (sin f32 f64) (put)))");
  Result<RuntimeFile> file = read_runtime(sources, source);
  REQUIRE(file.has_value());
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(3)}}), i = graph.add_input("i", {DType::kI64, {Dim(3)}});
  NodeId y = b.op(Op::kSin, {x});
  graph.outputs.push_back({"y", b.put(x, 0, {i}, y, Combine::kSet)});
  Status status = check_supported(graph, *file);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::UnsupportedByRuntime);
  CHECK(status.error().found == "sin of f32, put of f32, put of i64");
}

}  // namespace caten
