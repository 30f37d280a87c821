// The cpu runtime: its processors, its compiler, and the loader of its objects. Where caten was built without LLVM
// there is nothing to test, and one case says so.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "ir/build.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

Result<Runtime> open(const std::string& cpu) {
  SourceMap sources;
  return find_runtime("cpu", default_runtime_search(), sources, cpu.empty() ? "" : "cpu=" + cpu);
}

bool built() { return open("").has_value(); }

constexpr const char* kDoubleKernel = R"(
__attribute__((visibility("default"))) void twice(void *const *buffers, const long *sizes, long begin, long end) {
  static const float table[] = {2.0f, 3.0f};
  float *const x = buffers[0];
  for (long i = begin; i < end; ++i) x[i] *= table[sizes[0] != 0];
})";

/// Runs the kernel `twice` of an artifact over four ones.
Result<float> run_twice(const std::shared_ptr<Device>& device, const std::string& artifact) {
  Result<std::shared_ptr<Executable>> loaded = Executable::load(device, artifact);
  if (!loaded) return tl::make_unexpected(loaded.error());
  Result<uint32_t> function = (*loaded)->find("twice");
  if (!function) return tl::make_unexpected(function.error());
  Result<Stream> stream = Stream::open(device);
  float values[4] = {1, 1, 1, 1};
  void* buffers[] = {values};
  int64_t sizes[] = {0};
  Status launched = stream->launch(**loaded, *function, buffers, sizes, 4, 1);
  if (!launched) return tl::make_unexpected(launched.error());
  return values[0] + values[3];
}

}  // namespace

TEST_CASE("without LLVM there is no cpu runtime, and programs run on c after a warning") {
  std::vector<std::string> said;
  Session session({.notice = [&](const Diagnostic& notice) { said.push_back(notice.message); },
                   .search = {.runtime_folders = default_runtime_search().runtime_folders, .driver_folders = {}},
                   .store = ArtifactStore("")});
  CHECK(session.runtime_name() == "c");
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("programs run on runtime `c`") == 0);
  CHECK(session.runtime_name() == "c");
  CHECK(said.size() == 1);
  if (!built()) MESSAGE("the cpu runtime is not built: its tests are skipped");
}

TEST_CASE("kernels for every processor that this one can stand for give what the reference gives") {
  if (!built()) return;
  for (const char* cpu : {"avx512", "avx2", "baseline"}) {
    Session session({.runtime = "cpu", .device = fmt::format("cpu={}", cpu), .store = test_store()});
    generated::Runner run = [&](const Graph& graph, const Arguments& arguments) {
      return session.run(graph, arguments);
    };
    Graph trial;
    Build b(trial);
    trial.outputs.push_back({"y", b.index(0, {Dim(3)})});
    if (Result<Session::Program> program = session.compile(trial); !program) {
      CHECK(program.error().code == Code::RuntimeUnavailable);
      MESSAGE(cpu, " is not here: ", program.error().found);
      continue;
    }
    for (uint64_t seed = 7000; seed < 7006; ++seed) {
      generated::Verdict verdict = generated::check(generated::generate(seed), run);
      CHECK_MESSAGE(verdict.ok(), cpu, ", seed ", seed, ": ", verdict.message);
    }
  }
}

TEST_CASE("kernels for AArch64 compile to objects of that machine, which are not loaded here") {
  Result<Runtime> runtime = open("aarch64");
  if (!runtime) return;
  Result<std::string> object = runtime->device->compile(kDoubleKernel);
  if (!object) FAIL(object.error().found);
  REQUIRE(object->size() > 64);
  CHECK(object->substr(0, 4) ==
        "\x7f"
        "ELF");
  uint16_t machine = 0;
  std::memcpy(&machine, object->data() + 18, sizeof machine);
  CHECK(machine == 183);
  Result<float> result = run_twice(runtime->device, *object);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Code::RuntimeUnavailable);
}

TEST_CASE("an unknown processor is refused with those that are known") {
  if (!built()) return;
  Result<Runtime> runtime = open("avx3");
  REQUIRE_FALSE(runtime.has_value());
  CHECK(runtime.error().code == Code::BadOptionValue);
  CHECK(runtime.error().found.find("native, avx512, avx2, baseline") != std::string::npos);
}

TEST_CASE("source that clang rejects, or that LLVM cannot emit, is reported with its text") {
  Result<Runtime> runtime = open("");
  if (!runtime) return;
  auto code = [&](const char* source) {
    Result<std::string> artifact = runtime->device->compile(source);
    REQUIRE_FALSE(artifact.has_value());
    CHECK(artifact.error().found.size() > 10);
    return artifact.error().code;
  };
  CHECK(code("int f(void) { return oops; }") == Code::RuntimeCompileFailed);
  CHECK(code("#include <stdio.h>") == Code::RuntimeCompileFailed);
#ifndef __SANITIZE_ADDRESS__
  // What LLVM calls a fatal error is none for the process, but it leaks.
  CHECK(code("void f(void) { __asm__(\"oops\"); }") == Code::DriverFailed);
#endif
  CHECK(runtime->device->compile(kDoubleKernel).has_value());
}

TEST_CASE("an object that is cut short or changed anywhere is refused or loaded, and never read beyond its end") {
  Result<Runtime> runtime = open("");
  if (!runtime) return;
  std::string object = runtime->device->compile(kDoubleKernel).value();
  CHECK(run_twice(runtime->device, object) == 4.0f);
  int refused = 0;
  for (size_t bytes = 0; bytes < object.size(); bytes += 3)
    refused += !Executable::load(runtime->device, std::string(object.data(), bytes)).has_value();
  CHECK(refused > 0);
  generated::Random random(5);
  for (int i = 0; i < 4000; ++i) {
    std::string damaged = object;
    for (int64_t k = 1 + random.below(3); k-- > 0;)
      damaged[static_cast<size_t>(random.below(static_cast<int64_t>(object.size())))] =
          static_cast<char>(random.below(256));
    Result<std::shared_ptr<Executable>> loaded = Executable::load(runtime->device, damaged);
    refused += !loaded.has_value();
  }
  CHECK(refused > 100);
  CHECK_FALSE(Executable::load(runtime->device, "").has_value());
}

TEST_CASE("an object that needs a function nobody has is refused by its name") {
  Result<Runtime> runtime = open("");
  if (!runtime) return;
  std::string object = runtime->device->compile("void g(void); void f(void) { g(); }").value();
  Result<std::shared_ptr<Executable>> loaded = Executable::load(runtime->device, object);
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().found.find("`g`") != std::string::npos);
}

TEST_CASE("what LLVM calls in the place of comparisons and conversions is there") {
  Result<Runtime> runtime = open("baseline");
  if (!runtime) return;
  std::string object = runtime->device
                           ->compile(
                               "float f(float x, float y) { return __builtin_fmaxf(__builtin_floorf(x), "
                               "__builtin_rintf(y)); } double g(double x) { return __builtin_trunc(x); }")
                           .value();
  CHECK(Executable::load(runtime->device, object).has_value());
}

TEST_CASE("a kernel is shared among threads, whatever the number of its iterations") {
  if (!built()) return;
  Session session({.runtime = "cpu", .store = test_store()});
  Graph graph;
  graph.dims.declare("N");
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim::symbol("N")}});
  graph.outputs.push_back({"y", b.add(b.op(Op::kExp2, {x}), x)});
  for (int64_t n : {0, 1, 2, 3, 100'000, 100'001}) {
    Array in = Array::zeros(DType::kF32, {n});
    for (int64_t i = 0; i < n; ++i) in.as_mutable<float>()[i] = static_cast<float>(i % 7);
    Result<Results> results = session.run(graph, {.inputs = {in}});
    REQUIRE(results.has_value());
    int64_t wrong = 0;
    for (int64_t i = 0; i < n; ++i)
      wrong += results->outputs[0].as<float>()[i] != static_cast<float>((1 << (i % 7)) + i % 7);
    CHECK(wrong == 0);
  }
}

TEST_CASE("what two programs have in common is compiled once, and a later process compiles nothing") {
  if (!built()) return;
  std::string pattern = (std::filesystem::temp_directory_path() / "caten-test-XXXXXX").string();
  std::string folder = mkdtemp(pattern.data());
  auto program = [](bool second) {
    Graph graph;
    Build b(graph);
    NodeId x = graph.add_input("x", {DType::kF32, {Dim(64)}});
    NodeId y = b.op(Op::kCopy, {b.op(Op::kSqrt, {x})}, CopyAttributes{});
    graph.outputs.push_back({"y", y});
    if (second) graph.outputs.push_back({"z", b.op(Op::kExp2, {y})});
    return graph;
  };
  Session session({.runtime = "cpu", .store = ArtifactStore(folder)});
  REQUIRE(session.compile(program(false)).has_value());
  CHECK(session.compiler_calls() == 1);
  REQUIRE(session.compile(program(true)).has_value());
  CHECK(session.compiler_calls() == 2);
  Session later({.runtime = "cpu", .store = ArtifactStore(folder)});
  REQUIRE(later.compile(program(true)).has_value());
  CHECK(later.compiler_calls() == 0);
  // For another processor these are other kernels.
  Session other({.runtime = "cpu", .device = "cpu=baseline", .store = ArtifactStore(folder)});
  REQUIRE(other.compile(program(true)).has_value());
  CHECK(other.compiler_calls() == 2);
  std::filesystem::remove_all(folder);
}

}  // namespace caten
