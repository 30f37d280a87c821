// Converted programs are programs: kernels compute what the evaluator makes of them.
#include <doctest/doctest.h>

#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "runtimes.hpp"

namespace caten {

TEST_CASE("generated programs in bf16 and f16 give what the reference gives") {
  for (const std::string& runtime : compiling_runtimes()) {
    if (runtime == "c" && compiling_runtimes().size() > 1) continue;  // its kernels are the same text
    Session session({.runtime = runtime, .store = ArtifactStore("")});
    generated::Runner run = [&](const Graph& graph, const Arguments& arguments) {
      return session.run(graph, arguments);
    };
    for (uint64_t seed = 400; seed < 404; ++seed) {
      generated::Options options{.steps = 20, .outputs = 8, .rows = seed % 2 == 1};
      generated::Case program = generated::generate(seed, options);
      const char* dtype = seed % 4 < 2 ? "bf16" : "f16";
      session.set_precision(parse_precision(dtype, seed % 2 == 0 ? "default" : "none").value());
      generated::Case converted{session.converted(program.graph), program.arguments};
      generated::Verdict verdict = generated::check(converted, run);
      CHECK_MESSAGE(verdict.ok(), "seed ", seed, " in ", dtype, ": ", verdict.message);
    }
  }
}

}  // namespace caten
