#include <doctest/doctest.h>

#include <cstdlib>

#include "driver/session.hpp"
#include "generate.hpp"

namespace caten {

TEST_CASE("generated programs give what the reference gives") {
  const char* given = std::getenv("CATEN_SEED");
  const char* wanted = std::getenv("CATEN_CASES");
  uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1;
  uint64_t cases = wanted ? std::strtoull(wanted, nullptr, 10) : 8;
  Session session;
  generated::Runner run = [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); };
  int64_t passed = 0, ill = 0;
  for (uint64_t i = 0; i < cases; ++i) {
    generated::Case program = generated::generate(seed * 1000 + i);
    generated::Verdict verdict = generated::check(program, run);
    passed += verdict.passed;
    ill += verdict.ill_conditioned;
    if (verdict.ok()) continue;
    generated::Case smaller = generated::shrink(program, run);
    FAIL_CHECK("seed ", seed * 1000 + i, ": ", verdict.message, "\nshrunk: ", generated::check(smaller, run).message,
               "\n", generated::describe(smaller));
    break;
  }
  MESSAGE(passed, " elements equal, ", ill, " ill-conditioned");
}

}  // namespace caten
