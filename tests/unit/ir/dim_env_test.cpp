#include "ir/dim_env.hpp"

#include "builder.hpp"

namespace caten::testing {
namespace {

using Outcome = DimEnv::Outcome;

DimEnv with(std::initializer_list<const char*> names) {
  DimEnv dims;
  for (const char* name : names) dims.declare(name);
  return dims;
}

}  // namespace

TEST_CASE("declaring: once, sizes are 0 or more") {
  DimEnv dims;
  CHECK(dims.declare("M", {-5, 10}));
  CHECK_FALSE(dims.declare("M"));
  CHECK(*dims.symbols()[0].bounds.lo == 0);
  CHECK(dims.declared("M"));
  CHECK_FALSE(dims.declared("N"));
  CHECK(dims.names() == std::vector<std::string>{"M"});
}

TEST_CASE("the seed's sample: N = K = 2M") {
  DimEnv dims = with({"M", "N", "K"});
  CHECK(dims.equate(sym("K"), Dim(2) * sym("M"), "where") == Outcome::kDerived);
  CHECK(dims.equate(sym("N"), sym("K"), "returned as [M K]") == Outcome::kDerived);
  CHECK(dims.resolve(sym("N")) == Dim(2) * sym("M"));
  CHECK(dims.resolve(sym("K")) == Dim(2) * sym("M"));
  CHECK(dims.derived() == std::vector<std::string>{"N = K = 2M"});
  CHECK(dims.equate(sym("N"), Dim(2) * sym("M"), "again") == Outcome::kEqual);
  CHECK(dims.proves_equal(sym("N") + sym("K"), Dim(4) * sym("M")));
  CHECK(dims.guards().empty());
}

TEST_CASE("the symbol declared last is replaced; earlier solutions follow") {
  DimEnv dims = with({"A", "B", "C"});
  dims.equate(sym("C"), sym("B") + Dim(1), "");
  dims.equate(sym("A"), sym("B"), "");
  CHECK(dims.resolve(sym("B")) == sym("A"));
  CHECK(dims.resolve(sym("C")) == sym("A") + Dim(1));
}

TEST_CASE("contradictions") {
  DimEnv dims = with({"M", "N"});
  CHECK(dims.equate(Dim(3), Dim(4), "") == Outcome::kContradiction);
  CHECK(dims.equate(sym("M"), sym("M") + Dim(1), "") == Outcome::kContradiction);
  CHECK(dims.equate(Dim(2) * sym("M"), Dim(7), "odd") == Outcome::kContradiction);
  CHECK(dims.equate(Dim(4) * sym("M"), Dim(6) * sym("N") + Dim(3), "gcd") == Outcome::kContradiction);
  CHECK(dims.equate(sym("M") + sym("N") + Dim(1), Dim(0), "negative") == Outcome::kContradiction);
  CHECK(dims.equate(Dim::overflow(), sym("M"), "") == Outcome::kContradiction);
  CHECK(dims.solution().empty());
  DimEnv bounded;
  bounded.declare("M", {1, 8});
  bounded.declare("N", {10, 20});
  CHECK(bounded.equate(sym("M"), sym("N"), "bounds") == Outcome::kContradiction);
  CHECK(bounded.equate(sym("M"), Dim(9), "bounds") == Outcome::kContradiction);
  CHECK(bounded.equate(sym("M"), Dim(8), "bounds") == Outcome::kDerived);
}

TEST_CASE("common divisors are divided out") {
  DimEnv dims = with({"M", "N"});
  CHECK(dims.equate(Dim(6) * sym("N"), Dim(12) * sym("M") + Dim(6), "") == Outcome::kDerived);
  CHECK(dims.resolve(sym("N")) == Dim(2) * sym("M") + Dim(1));
}

TEST_CASE("what cannot be solved becomes a guard, once") {
  DimEnv dims = with({"A", "B"});
  CHECK(dims.equate(Dim(2) * sym("A"), Dim(3) * sym("B"), "x") == Outcome::kGuarded);
  CHECK(dims.equate(Dim(2) * sym("A"), Dim(3) * sym("B"), "y") == Outcome::kGuarded);
  CHECK(dims.guards().size() == 1);
  CHECK(dims.equate(sym("A") * sym("B"), Dim(12), "product") == Outcome::kGuarded);
  CHECK(dims.equate(sym("A"), floor_div(sym("A"), Dim(2)) + Dim(3), "both sides") == Outcome::kGuarded);
  CHECK(dims.guards().size() == 3);
  dims.equate(sym("B"), Dim(4), "");  // guards follow the solution
  CHECK(dims.guards()[0].right.is(12));
}

TEST_CASE("a reason is made only for what does not hold by itself") {
  DimEnv dims = with({"M", "N"});
  int made = 0;
  auto reason = [&] { return "reason " + std::to_string(++made); };
  CHECK(dims.equate(sym("M") * Dim(2), sym("M") + sym("M"), reason) == Outcome::kEqual);
  CHECK(dims.require_le(Dim(0), sym("M"), reason) == Outcome::kEqual);
  CHECK(made == 0);
  CHECK(dims.require_le(sym("M"), Dim(7), reason) == Outcome::kGuarded);
  CHECK(dims.equate(sym("M") * sym("N"), Dim(6), reason) == Outcome::kGuarded);
  REQUIRE(dims.guards().size() == 2);
  CHECK(dims.guards()[0].reason == "reason 1");
  CHECK(dims.guards()[1].reason == "reason 2");
  CHECK(dims.equate(Dim::overflow(), Dim::overflow(), reason) == Outcome::kContradiction);
  CHECK(dims.require_le(Dim(0), Dim::overflow(), reason) == Outcome::kContradiction);
}

TEST_CASE("bounds pass to the symbol that stays, or become guards") {
  DimEnv dims;
  dims.declare("M");
  dims.declare("N", {4, 8});
  dims.equate(sym("N"), sym("M"), "");
  CHECK(*dims.symbols()[0].bounds.lo == 4);
  CHECK(*dims.symbols()[0].bounds.hi == 8);
  DimEnv scaled;
  scaled.declare("M");
  scaled.declare("N", {4, 8});
  scaled.equate(sym("N"), Dim(2) * sym("M"), "");
  REQUIRE(scaled.guards().size() == 2);
  CHECK(scaled.guards()[0].right == Dim(2) * sym("M"));
  CHECK(scaled.guards()[0].left.is(4));
}

TEST_CASE("ranges and proofs") {
  DimEnv dims;
  dims.declare("M", {1, 8});
  dims.declare("N", {2, std::nullopt});
  auto range = [&](const Dim& dim) { return dims.range(dim); };
  CHECK(*range(Dim(2) * sym("M") + Dim(1)).lo == 3);
  CHECK(*range(Dim(2) * sym("M") + Dim(1)).hi == 17);
  CHECK(*range(sym("M") - sym("N")).hi == 6);
  CHECK_FALSE(range(sym("M") - sym("N")).lo.has_value());
  CHECK(*range(floor_div(sym("M"), Dim(3))).hi == 2);
  CHECK(*range(floor_mod(sym("N"), Dim(3))).hi == 2);
  CHECK(*range(dim_max(sym("M"), sym("N"))).lo == 2);
  CHECK(*range(dim_min(sym("M"), sym("N"))).hi == 8);
  CHECK(*range(sym("M") * sym("M")).hi == 64);
  CHECK(dims.proves_le(sym("M"), Dim(8)));
  CHECK(dims.proves_le(Dim(1), sym("N")));
  CHECK_FALSE(dims.proves_le(sym("N"), Dim(100)));
  CHECK(dims.proves_le(dim_min(sym("M"), sym("N")), sym("M")));
  CHECK(dims.proves_le(sym("M"), dim_max(sym("M"), sym("N"))));
  CHECK(dims.require_le(sym("M"), Dim(8), "") == Outcome::kEqual);
  CHECK(dims.require_le(Dim(9), sym("M"), "") == Outcome::kContradiction);
  CHECK(dims.require_le(sym("N"), sym("M"), "slice") == Outcome::kGuarded);
  CHECK(dims.guards().size() == 1);
  CHECK(dims.require_le(Dim::overflow(), sym("M"), "") == Outcome::kContradiction);
}

TEST_CASE("a range never misses a value") {
  DimEnv dims;
  dims.declare("M", {0, 6});
  dims.declare("N", {0, 6});
  Dim m = sym("M"), n = sym("N");
  std::vector<Dim> all{m - n,
                       m * n - Dim(3),
                       floor_div(m - n, Dim(2)),
                       floor_mod(m - n, Dim(4)),
                       floor_mod(m, n),
                       floor_div(m, n),
                       floor_div(m - Dim(3), n),
                       floor_mod(Dim(-2), m),
                       dim_max(m - n, n - m),
                       (m - n) * (n - Dim(2)),
                       floor_mod(m, n - Dim(3)),
                       floor_mod(m - n, n + Dim(1))};
  for (const Dim& dim : all) {
    INFO(dim.describe());
    Interval range = dims.range(dim);
    for (int64_t x = 0; x <= 6; ++x)
      for (int64_t y = 0; y <= 6; ++y) {
        int64_t value = *dim.evaluate({{"M", x}, {"N", y}});
        CHECK((!range.lo || *range.lo <= value));
        CHECK((!range.hi || value <= *range.hi));
      }
  }
}

TEST_CASE("substitution chains stay bounded") {
  // X(k+1) = max(⌊X(k)/2⌋, X(k) mod 3): written out, the last has 2^60 leaves.
  DimEnv dims;
  for (int k = 0; k <= 60; ++k) dims.declare("X" + std::to_string(k));
  bool refused = false;
  for (int k = 0; k < 60 && !refused; ++k) {
    Dim x = sym(("X" + std::to_string(k)).c_str()), next = sym(("X" + std::to_string(k + 1)).c_str());
    refused = dims.equate(next, dim_max(floor_div(x, Dim(2)), floor_mod(x, Dim(3))), "") == Outcome::kContradiction;
  }
  CHECK(refused);
}

}  // namespace caten::testing
