// Every optimisation level and every subset of passes computes the same: generated programs at each level and with
// each optional pass switched off, compared with the reference within its error bounds.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>

#include "driver/session.hpp"
#include "driver/tune.hpp"
#include "generate/generate.hpp"
#include "runtimes.hpp"

namespace caten {
namespace {

struct Variant {
  std::string name;  ///< as on the command line
  SessionOptions options{};
};

constexpr BlockLimits kSmallBlocks{.worth_bytes = 0, .block_bytes = 256, .least_rows = 2};
constexpr size_t kAlways = 6;

/// -O0 to -O3 and calls of the library wherever they may be, `kAlways` of them; then -fno-PASS for each optional pass
/// and row blocks wherever they may be.
std::vector<Variant> variants() {
  std::vector<Variant> out;
  for (int level = 0; level <= 3; ++level) {
    out.push_back({"-O" + std::to_string(level)});
    set_optimization(out.back().options, level);
  }
  for (bool blocks : {false, true}) {
    out.push_back({std::string("library for all products") + (blocks ? " in small row blocks" : "")});
    out.back().options.scheduling.library_limits = {.least_side = 1, .least_products = 0};
    if (blocks) out.back().options.scheduling.limits = kSmallBlocks;
  }
  std::set<std::string> names;
  for (const SchedulePass& pass : schedule_passes()) names.emplace(pass.name);
  for (const Pass& pass : all_passes())
    if (pass.optional) names.emplace(pass.name);
  for (const std::string& name : names) {
    out.push_back({"-fno-" + name});
    out.back().options.rewriting.off = out.back().options.scheduling.off = {name};
    out.back().options.rewriting.verify_each = true;
  }
  // Programs this small have no long sums,
  out.push_back({"short sums in parts"});
  out.back().options.scheduling.sum_limits = {16, 4, 2, 1024, 2, 64};
  // no large results,
  out.push_back({"all results past the caches"});
  out.back().options.scheduling.streamed_bytes = 1;
  // no row blocks of their own,
  out.push_back({"small row blocks"});
  out.back().options.scheduling.limits = kSmallBlocks;
  // and no tunings.
  for (uint32_t shift : {0U, 7U, 13U}) {
    out.push_back({"kernels tuned by " + std::to_string(shift)});
    const std::vector<ScheduleHint> hints = tunable_hints();
    for (uint32_t k = 0; k < 64; ++k) out.back().options.scheduling.tuned[k] = hints[(k + shift) % hints.size()];
  }
  return out;
}

/// Compiles for one runtime in every variant; what kernels the variants of a case have in common is compiled once.
class Runs {
 public:
  Runs() {
    Result<Runtime> found = find_runtime(compiling_runtimes().back(), default_runtime_search(), sources_);
    REQUIRE(found.has_value());
    runtime_ = std::move(*found);
  }

  generated::Runner with(const Variant& variant) {
    return [this, &variant](const Graph& graph, const Arguments& arguments) -> Result<Results> {
      const SessionOptions& options = variant.options;
      Result<Graph> simpler = options.rewrite ? rewrite(graph, options.rewriting) : Result<Graph>(graph);
      if (!simpler) return tl::make_unexpected(simpler.error());
      auto program = compile(std::move(*simpler), runtime_, ArtifactStore(""), &executables_,
                             {.scheduling = options.scheduling, .verify_schedule = true});
      if (!program) return tl::make_unexpected(program.error());
      programs_.push_back(*program);
      for (const RenderedKernel& kernel : (*program)->rendered.kernels) calls_ += kernel.call ? 1 : 0;
      return execute(**program, arguments);
    };
  }
  void forget() { programs_.clear(); }
  size_t compiled() const { return executables_.compiled(); }
  size_t library_calls() const { return calls_; }

 private:
  SourceMap sources_;
  Runtime runtime_;
  Executables executables_;
  size_t calls_ = 0;
  std::vector<std::shared_ptr<const CompiledProgram>> programs_;
};

generated::Options sizes_of(uint64_t number) {
  if (number % 8 == 0) return {};
  if (number % 4 == 3) return {.steps = 10, .outputs = 4, .products = true};
  if (number % 4 == 1) return {.steps = 16, .outputs = 8, .rows = true};
  return {.steps = 12, .outputs = 4};
}

}  // namespace

TEST_CASE("values in the memory of others: written when the last part of the pass has read them") {
  std::vector<Variant> all = variants();
  Runs runs;
  for (uint64_t number : {202125, 202825}) {
    generated::Case program = generated::generate(number, sizes_of(1));
    for (const Variant& variant : all) {
      if (variant.name != "-O2" && variant.name != "-fno-fusion") continue;
      generated::Verdict verdict = generated::check(program, runs.with(variant));
      CHECK_MESSAGE(verdict.ok(), number, " with ", variant.name, ": ", verdict.message);
    }
  }
}

TEST_CASE("kernels wait for each other in no circle, also where a root reads one of a larger number") {
  generated::Case program = generated::generate(4100101201, sizes_of(1201));
  Runs runs;
  for (const Variant& variant : variants()) {
    if (variant.name != "-O2") continue;
    generated::Verdict verdict = generated::check(program, runs.with(variant));
    CHECK_MESSAGE(verdict.ok(), verdict.message);
  }
}

TEST_CASE("generated programs give the same at every level and without any optional pass") {
  const char* given = std::getenv("CATEN_SEED");
  const char* wanted = std::getenv("CATEN_LEVEL_CASES");
  const char* first = std::getenv("CATEN_FIRST");    // to see one case again
  const char* limit = std::getenv("CATEN_SECONDS");  // give up, with what was done by then
  uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1;
  uint64_t cases = wanted ? std::strtoull(wanted, nullptr, 10) : 6;
  std::vector<Variant> all = variants();
  Runs runs;
  auto begin = std::chrono::steady_clock::now();
  uint64_t begin_at = first ? std::strtoull(first, nullptr, 10) : 0, done = begin_at, failed = 0;
  cases += begin_at;
  int64_t passed = 0, ill = 0, ran = 0;
  for (; done < cases && failed < 20; ++done) {
    if (limit && std::chrono::steady_clock::now() - begin > std::chrono::seconds(std::atoi(limit))) break;
    uint64_t number = seed * 100000 + done;
    generated::Case program = generated::generate(number, sizes_of(done));
    // One pass is switched off: another one for each case.
    for (size_t v = 0; v < all.size(); ++v) {
      if (v >= kAlways && v != kAlways + done % (all.size() - kAlways)) continue;
      generated::Runner run = runs.with(all[v]);
      generated::Verdict verdict = generated::check(program, run);
      passed += verdict.passed;
      ill += verdict.ill_conditioned;
      ++ran;
      if (verdict.ok()) continue;
      ++failed;
      generated::Case smaller = generated::shrink(program, run);
      FAIL_CHECK("program ", number, " (CATEN_SEED=", seed, " CATEN_FIRST=", done, " CATEN_LEVEL_CASES=1) with ",
                 all[v].name, ": ", verdict.message, "\nshrunk: ", generated::check(smaller, run).message, "\n",
                 generated::describe(smaller));
      break;
    }
    runs.forget();
  }
  MESSAGE((done - begin_at), " programs, ", ran, " runs, ", runs.compiled(), " texts compiled, ", runs.library_calls(),
          " kernels by a library: ", passed, " elements equal, ", ill, " ill-conditioned, ", failed, " programs wrong");
}

}  // namespace caten
