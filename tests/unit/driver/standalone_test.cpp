// Programs as C texts of their own, compiled, loaded and called, give what the reference gives.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "golden.hpp"
#include "ir/build.hpp"

namespace caten {
namespace {

/// A loaded shared library with one program.
class Library {
 public:
  Library(const std::string& bytes, const std::string& function) {
    std::string path =
        (std::filesystem::temp_directory_path() / ("caten-standalone-" + std::to_string(getpid()) + ".so")).string();
    std::ofstream(path, std::ios::binary) << bytes;
    handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    std::filesystem::remove(path);
    REQUIRE_MESSAGE(handle_, dlerror());
    call = reinterpret_cast<decltype(call)>(dlsym(handle_, (function + "_call").c_str()));
    workspace = reinterpret_cast<decltype(workspace)>(dlsym(handle_, (function + "_workspace").c_str()));
  }
  ~Library() { dlclose(handle_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  int (*call)(const int64_t*, void* const*, void*) = nullptr;
  int64_t (*workspace)(const int64_t*) = nullptr;

 private:
  void* handle_;
};

/// Runs a program as its text says, compiled by the system's C compiler.
Result<Results> run_alone(Session& writer, Session& compiler, const Graph& graph, const Arguments& arguments) {
  Result<DimValues> values = bind_sizes(graph, arguments);
  if (!values) return tl::make_unexpected(values.error());
  Result<StandaloneProgram> program = writer.standalone(graph);
  if (!program) return tl::make_unexpected(program.error());
  Result<std::string> bytes = compiler.artifact(program->source);
  if (!bytes) return tl::make_unexpected(bytes.error());
  Library library(*bytes, program->function);
  // Sizes that the rewritten program leaves open are those that the given one does, in the same order.
  std::vector<int64_t> sizes;
  for (const DimEnv::Symbol& symbol : graph.dims.symbols())
    if (!graph.dims.solution().contains(symbol.name)) sizes.push_back(values->at(symbol.name));
  std::vector<void*> pointers;
  for (const Array& array : arguments.inputs) pointers.push_back(const_cast<std::byte*>(array.data()));
  for (const Array& array : arguments.states) pointers.push_back(const_cast<std::byte*>(array.data()));
  Results out;
  for (const Graph::Output& output : graph.outputs) {
    const ValueType& type = graph.type(output.value);
    out.outputs.push_back(Array::zeros(type.dtype, concrete(graph.dims.resolve(type.shape), *values)));
    pointers.push_back(out.outputs.back().mutable_data());
  }
  for (const Graph::State& state : graph.states) {
    const ValueType& type = graph.type(state.node);
    out.states.push_back(Array::zeros(type.dtype, concrete(graph.dims.resolve(type.shape), *values)));
    pointers.push_back(out.states.back().mutable_data());
  }
  int64_t bytes_needed = library.workspace(sizes.data());
  CHECK(bytes_needed >= 0);
  CHECK(library.call(sizes.data(), pointers.data(), nullptr) == 0);
  return out;
}

}  // namespace

TEST_CASE("generated programs that stand alone give what the reference gives") {
  const char* tier = std::getenv("CATEN_TIER");
  uint64_t cases = tier && std::string_view(tier) == "quick" ? 4 : 24;
  const char* given = std::getenv("CATEN_SEED");
  uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1;
  Session compiler({.runtime = "c", .store = ArtifactStore("")});
  for (const char* runtime : {"c", "cpu"}) {
    Session writer({.runtime = runtime, .store = ArtifactStore("")});
    generated::Runner run = [&](const Graph& graph, const Arguments& arguments) {
      return run_alone(writer, compiler, graph, arguments);
    };
    for (uint64_t i = 0; i < cases; ++i) {
      generated::Case program = generated::generate(seed * 500 + i, {.steps = static_cast<int>(12 + i % 3 * 10)});
      generated::Verdict verdict = generated::check(program, run);
      if (verdict.ok()) continue;
      generated::Case smaller = generated::shrink(program, run);
      FAIL_CHECK(runtime, ", seed ", seed * 500 + i, ": ", verdict.message,
                 "\nshrunk: ", generated::check(smaller, run).message, "\n", generated::describe(smaller));
      break;
    }
  }
}

TEST_CASE("the text and header of a program that stands alone") {
  Session session({.runtime = "c", .store = ArtifactStore("")});
  Graph graph;
  graph.name = "scale-rows";
  graph.dims.declare("N", {1, 1000});
  Build b(graph);
  Dim n = Dim::symbol("N");
  NodeId x = graph.add_input("x", {DType::kF32, {n, Dim(4)}}),
         weights = graph.add_input("double", {DType::kF32, {Dim(4)}});
  NodeId total = graph.add_state("total", {DType::kF32, {}});
  NodeId scaled = b.mul(b.op(Op::kExp2, {x}), b.spread(weights, {n, Dim(4)}, {1}));
  NodeId sums = b.reduce(Combine::kAdd, scaled, {1});
  NodeId all = b.reduce(Combine::kAdd, sums, {0});
  NodeId carry = graph.add_bound(0, 1, {DType::kF32, {}});
  NodeId loop = b.op(Op::kLoop, {all, b.mul(carry, carry)}, LoopAttributes{.level = 0, .count = Dim(3), .carries = 1});
  graph.outputs = {{"y", sums}, {"z", b.result(loop, 0)}};
  graph.states[0].next = b.add(all, total);
  Result<StandaloneProgram> program = session.standalone(graph);
  REQUIRE_MESSAGE(program.has_value(), program.error().message);
  check_golden("standalone/scale-rows.h", program->header);
  check_golden("standalone/scale-rows.c", program->source);
}

TEST_CASE("sizes that do not fit a program that stands alone are refused") {
  Session session({.runtime = "c", .store = ArtifactStore("")});
  Graph graph;
  graph.name = "sizes";
  graph.dims.declare("N", {2, 10});
  NodeId x = graph.add_input("x", {DType::kF32, {Dim::symbol("N")}});
  Build b(graph);
  graph.outputs = {{"y", b.add(b.op(Op::kCopy, {b.mul(x, x)}, CopyAttributes{}), x)}};
  Result<StandaloneProgram> program = session.standalone(graph);
  REQUIRE(program.has_value());
  Result<std::string> bytes = session.artifact(program->source);
  REQUIRE(bytes.has_value());
  Library library(*bytes, program->function);
  for (int64_t n : {int64_t{-1}, int64_t{1}, int64_t{11}, INT64_MAX}) {
    CHECK(library.workspace(&n) == -1);
    CHECK(library.call(&n, nullptr, nullptr) == 1);
  }
  int64_t most = 10;
  CHECK(library.workspace(&most) > 0);
}

}  // namespace caten
