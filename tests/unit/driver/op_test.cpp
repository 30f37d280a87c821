// Every op on every dtype and class of shape, compiled and compared with the reference: one program per dtype, so that
// the compiler runs once for all its ops.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <numeric>

#include "driver/session.hpp"
#include "generate/ops.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

/// Compares all outputs for one size of N; the worst difference of each row goes into `max_ulp`. The number of outputs.
int check_program(const generated::OpProgram& program, const generated::Runner& run, int64_t n, uint64_t seed,
                  std::map<std::string, double>& max_ulp) {
  generated::Case given = generated::op_case(program, n, seed);
  generated::Verdict verdict = generated::check(given, run);
  if (!verdict.ok())
    FAIL_CHECK(verdict.message, " (", generated::op_rows()[program.rows[verdict.first_wrong]], ")\n",
               generated::describe(generated::shrink(given, run)));
  for (size_t i = 0; i < verdict.max_ulp.size(); ++i) {
    double& worst = max_ulp[generated::op_rows()[program.rows[i]]];
    worst = std::max(worst, verdict.max_ulp[i]);
  }
  return static_cast<int>(program.rows.size());
}

std::vector<size_t> all_rows() {
  std::vector<size_t> out(generated::op_rows().size());
  std::iota(out.begin(), out.end(), size_t{0});
  return out;
}

void check_ops(const std::string& runtime) {
  Session session({.runtime = runtime, .store = test_store()});
  generated::Runner run = [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); };
  int cases = 0;
  std::string report;
  const char* tier = std::getenv("CATEN_TIER");
  bool quick = tier && std::string_view(tier) == "quick";
  for (DType dtype : all_dtypes()) {
    // One of each class while working; each dtype is a run of the compiler.
    if (quick && !contains(set_of(DType::kBool) | set_of(DType::kI8) | set_of(DType::kU64) | set_of(DType::kBF16) |
                               set_of(DType::kF32) | set_of(DType::kC64) | set_of(DType::kF8E4M3),
                           dtype))
      continue;
    std::map<std::string, double> max_ulp;
    const generated::OpProgram program = generated::op_program(dtype, all_rows());
    uint64_t seed = 7;
    for (int64_t n : {0, 1, 4}) cases += check_program(program, run, n, seed++, max_ulp);
    for (const auto& [op, worst] : max_ulp)
      if (worst > 0) report += fmt::format("{} {}: {:.2f} ulp\n", op, dtype_name(dtype), worst);
  }
  if (std::getenv("CATEN_REPORT")) MESSAGE(runtime, ": largest differences, all others 0:\n", report);
  MESSAGE(runtime, ": ", cases, " outputs compared");
}

}  // namespace

TEST_CASE("every op on every dtype and class of shape, compiled against the reference") {
  for (const std::string& runtime : compiling_runtimes()) check_ops(runtime);
}

}  // namespace caten
