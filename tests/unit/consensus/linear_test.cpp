// Feasibility of linear inequalities over integers against all points of a box.
#include "consensus/analysis/linear.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace caten::consensus;

namespace {

bool holds(const LinearForm& form, const std::vector<int64_t>& point) {
  int64_t sum = form.constant;
  for (size_t i = 0; i < form.coefficients.size(); ++i) sum += form.coefficients[i] * point[i];
  return sum >= 0;
}

bool holds(const LinearSystem& system, const std::vector<int64_t>& point) {
  for (const LinearForm& each : system.nonnegative)
    if (!holds(each, point)) return false;
  return true;
}

/// -side ≤ x ≤ side for every variable.
LinearSystem box(size_t variables, int64_t side) {
  LinearSystem out{.variables = variables, .nonnegative = {}};
  for (size_t i = 0; i < variables; ++i) {
    LinearForm low = variable(i), high;
    low.constant = side;
    high.coefficients.assign(i + 1, 0);
    high.coefficients[i] = -1;
    high.constant = side;
    out.nonnegative.push_back(low);
    out.nonnegative.push_back(high);
  }
  return out;
}

}  // namespace

TEST_CASE("a system is infeasible only if no point of its box satisfies it, and points satisfy it") {
  constexpr int64_t kSide = 4;
  std::mt19937 random(7);
  size_t none = 0, points = 0, unknown = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    LinearSystem system = box(3, kSide);
    for (size_t count = 1 + random() % 5; count > 0; --count) {
      LinearForm form;
      for (int i = 0; i < 3; ++i) form.coefficients.push_back(static_cast<int64_t>(random() % 7) - 3);
      form.constant = static_cast<int64_t>(random() % 15) - 9;
      system.nonnegative.push_back(form);
    }
    bool any = false;
    for (int64_t x = -kSide; x <= kSide; ++x)
      for (int64_t y = -kSide; y <= kSide; ++y)
        for (int64_t z = -kSide; z <= kSide; ++z) any = any || holds(system, {x, y, z});
    LinearOutcome outcome = solve(system);
    CAPTURE(trial);
    if (outcome.kind == LinearOutcome::Kind::kNone) CHECK_FALSE(any);
    if (outcome.kind == LinearOutcome::Kind::kPoint) CHECK(holds(system, outcome.point));
    (outcome.kind == LinearOutcome::Kind::kNone    ? none
     : outcome.kind == LinearOutcome::Kind::kPoint ? points
                                                   : unknown) += 1;
  }
  CHECK(none > 300);
  CHECK(points > 300);
  CHECK(unknown == 0);
}

TEST_CASE("integers are told from fractions, and large numbers are not decided") {
  // 2x = 1
  LinearSystem half{.variables = 1, .nonnegative = {{{2}, -1}, {{-2}, 1}}};
  CHECK(solve(half).kind == LinearOutcome::Kind::kNone);
  // x ≥ 5
  LinearSystem above{.variables = 1, .nonnegative = {{{1}, -5}}};
  CHECK(solve(above).point == std::vector<int64_t>{5});
  int64_t large = int64_t{1} << 61;
  LinearSystem beyond{.variables = 2, .nonnegative = {{{large, 3}, 1}, {{-large, 5}, 1}, {{7, -large}, -2}}};
  CHECK(solve(beyond).kind == LinearOutcome::Kind::kUnknown);
}
