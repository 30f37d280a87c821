#include "conformance/isolated.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

namespace caten::conformance {
namespace {

std::vector<Outcome> outcomes(size_t cases, const std::function<std::string(size_t)>& compute) {
  std::vector<Outcome> out;
  bool whole = run_isolated({.cases = cases,
                             .start = [&] { return compute; },
                             .finished = [&](size_t, Outcome outcome) { return out.push_back(outcome), true; },
                             .limit = std::chrono::milliseconds(1000)});
  CHECK(whole);
  return out;
}

}  // namespace

TEST_CASE("a case that ends its process is an outcome, and the next ones are computed") {
  std::vector<Outcome> found = outcomes(7, [](size_t i) -> std::string {
    if (i == 1) std::raise(SIGKILL);
    if (i == 3) ::_exit(3);
    if (i == 5) std::this_thread::sleep_for(std::chrono::seconds(30));
    return std::string(i * 100000, 'x');  // more than a pipe holds
  });
  REQUIRE(found.size() == 7);
  CHECK(found[0].fault == "");
  CHECK(found[1].fault == "signal 9 (Killed)");
  CHECK(found[2].text.size() == 200000);
  CHECK(found[3].fault == "the process left with code 3");
  CHECK(found[4].text.size() == 400000);
  CHECK(found[5].fault == "no end within 1 s");
  CHECK(found[6].text.size() == 600000);
}

TEST_CASE("work stops where it is interrupted, and where the caller has seen enough") {
  bool interrupted = false;
  size_t seen = 0;
  IsolatedWork work{.cases = 5,
                    .start = [] { return [](size_t) { return std::string(); }; },
                    .finished = [&](size_t, const Outcome&) { return interrupted = ++seen == 2, true; },
                    .interrupted = [&] { return interrupted; }};
  CHECK_FALSE(run_isolated(work));
  CHECK(seen == 2);
  work.interrupted = {};
  work.finished = [&](size_t, const Outcome&) { return false; };
  CHECK_FALSE(run_isolated(work));
}

}  // namespace caten::conformance
