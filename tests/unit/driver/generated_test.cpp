#include <doctest/doctest.h>

#include <complex>
#include <cstdlib>

#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"
#include "separate_memory.hpp"
#include "test_store.hpp"

namespace caten {

namespace {

void check_generated(const std::string& runtime, uint64_t seed, uint64_t cases) {
  // Each seed has kernels of its own; there is nothing to find on disk.
  Session session({.runtime = runtime, .store = ArtifactStore("")});
  Session unwritten({.runtime = runtime, .rewrite = false, .store = ArtifactStore("")});
  Session* chosen = &session;
  generated::Runner run = [&](const Graph& graph, const Arguments& arguments) { return chosen->run(graph, arguments); };
  int64_t passed = 0, ill = 0;
  for (uint64_t i = 0; i < cases; ++i) {
    generated::Options options;
    chosen = i % 3 == 2 ? &unwritten : &session;
    if (i % 2 == 1) options = {.steps = 16, .outputs = 8, .rows = true};
    generated::Case program = generated::generate(seed * 1000 + i, options);
    generated::Verdict verdict = generated::check(program, run);
    passed += verdict.passed;
    ill += verdict.ill_conditioned;
    if (verdict.ok()) continue;
    generated::Case smaller = generated::shrink(program, run);
    FAIL_CHECK(runtime, ", seed ", seed * 1000 + i, ": ", verdict.message,
               "\nshrunk: ", generated::check(smaller, run).message, "\n", generated::describe(smaller));
    break;
  }
  MESSAGE(runtime, ": ", passed, " elements equal, ", ill, " ill-conditioned");
}

}  // namespace

TEST_CASE("a device with memory of its own gives the same: arguments are copied in, results out") {
  Session session({.store = test_store()});
  Result<SeparateMemory> separate = SeparateMemory::open(session.sources());
  REQUIRE(separate.has_value());
  generated::Runner run = [&](const Graph& graph, const Arguments& arguments) -> Result<Results> {
    Result<std::shared_ptr<const CompiledProgram>> program = compile(graph, separate->runtime, session.options().store);
    if (!program) return tl::make_unexpected(program.error());
    return execute(**program, arguments);
  };
  for (uint64_t seed = 70; seed < 74; ++seed) {
    generated::Verdict verdict = generated::check(generated::generate(seed), run);
    CHECK_MESSAGE(verdict.ok(), "seed ", seed, ": ", verdict.message);
  }
}

TEST_CASE("each product of complex numbers is rounded, whatever the compiler does with pairs of conversions") {
  generated::Case given;
  Build b(given.graph);
  NodeId x = given.graph.add_input("x", {DType::kC64, {Dim(64)}});
  NodeId square = b.mul(x, x);  // beyond the largest float
  given.graph.outputs.push_back({"y", b.mul(x, b.slice(square, {{Dim(63), Dim(-1), -1}}))});
  Array values = Array::zeros(DType::kC64, {64});
  auto* elements = values.as_mutable<std::complex<float>>();
  for (int i = 0; i < 64; ++i) elements[i] = i < 32 ? std::complex<float>(0, -3.125F) : std::complex<float>(0, 3e38F);
  given.arguments.inputs.push_back(values);
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .rewriting = {.verify_each = true}, .store = test_store()});
    generated::Verdict verdict = generated::check(
        given, [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); });
    CHECK_MESSAGE(verdict.ok(), runtime, ": ", verdict.message);
  }
}

TEST_CASE("a sum of integers taken as complex numbers reads only what there is") {
  generated::Case given;
  Build b(given.graph);
  given.graph.dims.declare("N");
  NodeId numbers = b.bitcast(b.index(0, {Dim::symbol("N")}), DType::kC64);
  NodeId before = b.add(b.index(0, {Dim(4)}), b.integer(-1, {Dim(4)}));
  given.graph.outputs.push_back({"y", b.reduce(Combine::kAdd, b.take(numbers, 0, {before}), {0})});
  given.arguments.sizes = {{"N", 64}};
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .rewriting = {.verify_each = true}, .store = test_store()});
    generated::Verdict verdict = generated::check(
        given, [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); });
    CHECK_MESSAGE(verdict.ok(), runtime, ": ", verdict.message);
  }
}

TEST_CASE("complex numbers whose bits are taken as another number are right in each lane") {
  generated::Case given;
  Build b(given.graph);
  NodeId x = given.graph.add_input("x", {DType::kC64, {Dim(5), Dim(3)}});
  NodeId d = given.graph.add_input("d", {DType::kF64, {Dim(5), Dim(3)}});
  NodeId y = b.bitcast(x, DType::kF64), z = b.bitcast(d, DType::kC64);
  given.graph.outputs.push_back({"y", b.mul(y, y)});
  given.graph.outputs.push_back({"z", b.add(z, z)});
  Array complex = Array::zeros(DType::kC64, {5, 3}), real = Array::zeros(DType::kF64, {5, 3});
  for (int i = 0; i < 15; ++i) {
    complex.as_mutable<std::complex<float>>()[i] = std::complex<float>(static_cast<float>(i), 2.5F);
    real.as_mutable<double>()[i] = 1.0 / (i + 3);
  }
  given.arguments.inputs = {complex, real};
  for (const std::string& runtime : compiling_runtimes())
    for (int level : {0, 2}) {
      SessionOptions options{.runtime = runtime, .store = test_store()};
      set_optimization(options, level);
      Session session(std::move(options));
      generated::Verdict verdict = generated::check(
          given, [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); });
      CHECK_MESSAGE(verdict.ok(), runtime, " -O", level, ": ", verdict.message);
    }
}

TEST_CASE("a program of symbolic sizes is compiled once for a hundred of them") {
  generated::Case given;
  Build b(given.graph);
  Dim m = Dim::symbol("M"), k = Dim::symbol("K"), n = Dim::symbol("N");
  for (const char* name : {"M", "K", "N"}) given.graph.dims.declare(name);
  NodeId x = given.graph.add_input("x", {DType::kF32, {m, k}}), w = given.graph.add_input("w", {DType::kF32, {k, n}});
  NodeId product = b.reduce(Combine::kAdd, b.mul(b.spread(x, {m, k, n}, {0, 1}), b.spread(w, {m, k, n}, {1, 2})), {1});
  NodeId largest = b.reduce(Combine::kMax, product, {1});
  given.graph.outputs.push_back({"y", b.mul(product, b.spread(largest, {m, n}, {0}))});
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .store = ArtifactStore("")});
    size_t compiled = 0;
    for (int64_t i = 0; i < 100; ++i) {
      int64_t rows = i % 7 * 5 + 1, inner = i * 3 % 71, columns = i % 11 * 9 + 1;
      auto ramp = [&](std::vector<int64_t> shape, float step) {
        Array out = Array::zeros(DType::kF32, shape);
        for (int64_t e = 0; e < out.elements(); ++e)
          out.as_mutable<float>()[e] = static_cast<float>((e * 7 + i) % 13 - 6) * step;
        return out;
      };
      given.arguments.inputs = {ramp({rows, inner}, 0.25F), ramp({inner, columns}, 0.5F)};
      generated::Verdict verdict = generated::check(
          given, [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); });
      CHECK_MESSAGE(verdict.ok(), runtime, ", ", rows, " x ", inner, " x ", columns, ": ", verdict.message);
      if (i == 0) compiled = session.compiler_calls();
    }
    CHECK(compiled > 0);
    CHECK(session.compiler_calls() == compiled);
    CHECK(session.programs_compiled() == 1);
  }
}

TEST_CASE("generated programs give what the reference gives") {
  const char* given = std::getenv("CATEN_SEED");
  const char* wanted = std::getenv("CATEN_CASES");
  uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1;
  const char* tier = std::getenv("CATEN_TIER");
  uint64_t usual = tier && std::string_view(tier) == "full" ? 100 : 8;
  uint64_t cases = wanted ? std::strtoull(wanted, nullptr, 10) : usual;
  // Starting the compiler of c takes as long as compiling several programs for cpu.
  for (const std::string& runtime : compiling_runtimes())
    check_generated(runtime, seed, runtime == "c" && !wanted && compiling_runtimes().size() > 1 ? cases / 4 : cases);
}

}  // namespace caten
