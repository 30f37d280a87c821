#include "ir/dim.hpp"

#include "builder.hpp"

namespace caten::testing {
namespace {

Dim parsed(const char* text) {
  Result<Dim> dim = Dim::parse(read_datum(text));
  REQUIRE(dim.has_value());
  return *dim;
}

}  // namespace

TEST_CASE("equal expressions have one form") {
  Dim m = sym("M"), n = sym("N");
  CHECK(m + m == Dim(2) * m);
  CHECK(m + n == n + m);
  CHECK(m * n == n * m);
  CHECK((m + Dim(1)) * (m - Dim(1)) == m * m - Dim(1));
  CHECK((m - m).is(0));
  CHECK((m * Dim(0)).is(0));
  CHECK(m != n);
  CHECK(Dim(2) * m != m);
  Dim same = m + n - n, twice = Dim(2) * m;
  REQUIRE(same.as_symbol());
  CHECK(*same.as_symbol() == "M");
  CHECK(!twice.as_symbol());
  CHECK((m + n).hash() == (n + m).hash());
}

TEST_CASE("division and remainder") {
  Dim m = sym("M"), n = sym("N");
  CHECK(floor_div(Dim(-7), Dim(2)).is(-4));
  CHECK(floor_mod(Dim(-7), Dim(2)).is(1));
  CHECK(floor_mod(Dim(7), Dim(-2)).is(-1));
  CHECK(floor_div(Dim(7), Dim(0)).is(0));
  CHECK(floor_mod(Dim(7), Dim(0)).is(0));
  CHECK(floor_div(Dim(4) * m + Dim(6), Dim(2)) == Dim(2) * m + Dim(3));
  CHECK(floor_div(Dim(4) * m + Dim(7), Dim(4)) == m + Dim(1));
  CHECK(floor_mod(Dim(4) * m + Dim(7), Dim(4)).is(3));
  CHECK(floor_div(m, Dim(1)) == m);
  CHECK(floor_mod(m, Dim(1)).is(0));
  CHECK(floor_div(m + n, Dim(2)) != floor_div(m, Dim(2)) + floor_div(n, Dim(2)));
  CHECK(floor_div(m, m).evaluate({{"M", 0}}) == 0);
  CHECK(floor_div(m, m).evaluate({{"M", 5}}) == 1);
  CHECK(ceil_div(m, Dim(4)).evaluate({{"M", 9}}) == 3);
  CHECK(ceil_div(m, Dim(4)).evaluate({{"M", 8}}) == 2);
  // (a mod b) + b · (a div b) = a
  for (int64_t a : {-9, -8, -1, 0, 1, 8, 9})
    for (int64_t b : {-4, -1, 1, 4}) CHECK((floor_mod(Dim(a), Dim(b)) + Dim(b) * floor_div(Dim(a), Dim(b))).is(a));
}

TEST_CASE("canonical forms agree with plain arithmetic") {
  Dim m = sym("M"), n = sym("N");
  Dim e = floor_div(Dim(6) * m + Dim(4) * n + Dim(5), Dim(4)) + floor_mod(Dim(3) * m - n, Dim(5)) +
          dim_max(m, n) * dim_min(m + Dim(2), Dim(3) * n);
  auto floor_of = [](int64_t a, int64_t b) { return a / b - (a % b < 0); };
  for (int64_t x = 0; x < 12; ++x)
    for (int64_t y = 0; y < 12; ++y) {
      int64_t rest = 3 * x - y;
      int64_t expected =
          floor_of(6 * x + 4 * y + 5, 4) + rest - 5 * floor_of(rest, 5) + std::max(x, y) * std::min(x + 2, 3 * y);
      CHECK(e.evaluate({{"M", x}, {"N", y}}) == expected);
    }
}

TEST_CASE("constant factors, and what adds or multiplies nothing") {
  Dim m = Dim::symbol("M"), n = Dim::symbol("N");
  Dim sum = m * n + floor_div(m, n) + m + Dim(5);
  CHECK(sum * Dim(3) == sum + sum + sum);
  CHECK(Dim(-2) * sum == Dim(0) - sum - sum);
  CHECK(sum * Dim(1) == sum);
  CHECK(sum * Dim(0) == Dim(0));
  CHECK(sum + Dim(0) == sum);
  CHECK(Dim(0) + sum == sum);
  CHECK((m * Dim(INT64_MAX) * Dim(2)).overflowed());
  CHECK((m * Dim(INT64_MIN) * Dim(-1)).overflowed());
  CHECK((Dim::overflow() * Dim(0)).overflowed());
  CHECK((Dim::overflow() + Dim(0)).overflowed());
  CHECK(m.substitute({{"M", n * Dim(2)}}) == n + n);
  CHECK(m.substitute({{"N", Dim(2)}}) == m);
}

TEST_CASE("max and min") {
  Dim m = sym("M"), n = sym("N");
  CHECK(dim_max(m, n) == dim_max(n, m));
  CHECK(dim_max(m, m + Dim(3)) == m + Dim(3));
  CHECK(dim_min(m, m + Dim(3)) == m);
  CHECK(dim_max(Dim(4), Dim(9)).is(9));
  CHECK(dim_min(m, n).evaluate({{"M", 4}, {"N", 9}}) == 4);
}

TEST_CASE("what leaves 64 bits overflows and stays so") {
  Dim m = sym("M");
  Dim big(INT64_MAX);
  CHECK((big + Dim(1)).overflowed());
  CHECK((big * Dim(2)).overflowed());
  CHECK((big * m + big * m).overflowed());
  CHECK((big * m * Dim(2)).overflowed());
  CHECK(floor_div(Dim(INT64_MIN), Dim(-1)).overflowed());
  Dim bad = big + Dim(1);
  for (const Dim& dim : {bad + m, bad - bad, bad * Dim(0), floor_div(bad, Dim(2)), floor_div(m, bad), floor_mod(bad, m),
                         dim_max(bad, m), dim_min(m, bad), m.substitute({{"M", bad}})})
    CHECK(dim.overflowed());
  CHECK_FALSE(bad.is_constant());
  CHECK(bad.evaluate({}) == std::nullopt);
  CHECK((m * m).evaluate({{"M", int64_t{1} << 40}}) == std::nullopt);
  CHECK(bad == Dim::overflow());
  CHECK(bad != m);
}

TEST_CASE("untrusted expressions cannot grow without bound") {
  Dim sum(1);
  for (int i = 0; i < 40; ++i) sum = sum + sym(("S" + std::to_string(i)).c_str());
  Dim product = sum;
  for (int i = 0; i < 12; ++i) product = product * product;
  CHECK(product.overflowed());
  Dim power = sym("M");
  for (int i = 0; i < 10; ++i) power = power * power;
  CHECK(power.overflowed());
  // An expression that uses its operand twice at each of 60 levels has 2^60 leaves when written out.
  Dim nested = sym("M");
  for (int i = 0; i < 60; ++i) nested = dim_max(floor_div(nested, Dim(2)), floor_mod(nested, Dim(3)));
  CHECK(nested.overflowed());
  // Deep nesting is bounded too: whatever recurses on an expression has stack enough.
  Dim deep = sym("M");
  for (int i = 0; i < 200; ++i) deep = floor_div(deep + Dim(1), Dim(2));
  CHECK(deep.overflowed());
}

TEST_CASE("evaluation needs every symbol") {
  Dim e = sym("M") + Dim(2) * sym("N");
  CHECK(e.evaluate({{"M", 1}}) == std::nullopt);
  CHECK(e.evaluate({{"M", 1}, {"N", 3}}) == 7);
  std::set<std::string> names;
  floor_div(e, sym("K")).collect_symbols(names);
  CHECK(names == std::set<std::string>{"K", "M", "N"});
  CHECK(e.substitute({{"N", sym("M")}}) == Dim(3) * sym("M"));
}

TEST_CASE("text forms read back") {
  Dim m = sym("M"), n = sym("N");
  for (const Dim& dim : {Dim(7), Dim(-3), m, Dim(2) * m + Dim(1), m * m * n - n - Dim(4), floor_div(m + n, Dim(2)),
                         Dim(3) * floor_mod(m, n), dim_max(m, dim_min(n, Dim(5)))})
    CHECK(parsed(dim.print().c_str()) == dim);
  CHECK((Dim(1) + m + m).print() == "(+ (* 2 M) 1)");
  CHECK((Dim(2) * m + Dim(1)).describe() == "2M + 1");
  CHECK((m - Dim(1)).describe() == "M - 1");
  CHECK((Dim(0) - m).describe() == "-M");
  CHECK((m * n).describe() == "M·N");
  CHECK(floor_div(m + Dim(1), Dim(2)).describe() == "⌊(M + 1)/2⌋");
  CHECK(parsed("(- M)") == -m);
  CHECK(parsed("(- M N)") == m - n);
  CHECK(parsed("(* 2 M N)") == Dim(2) * m * n);
  CHECK(parsed("(max M N 3)") == dim_max(dim_max(m, n), Dim(3)));
  for (const char* bad : {"()", "(+)", "(pow M 2)", "(div M)", "1.5", "\"M\"", "(+ M 1.5)", "9223372036854775808"}) {
    INFO(bad);
    CHECK_FALSE(Dim::parse(read_datum(bad)).has_value());
  }
}

TEST_CASE("shapes") {
  CHECK(element_count({Dim(2), sym("M"), Dim(3)}) == Dim(6) * sym("M"));
  CHECK(element_count({}).is(1));
  CHECK(describe(Shape{sym("M"), Dim(2) * sym("N"), Dim(3)}) == "[M 2N 3]");
}

}  // namespace caten::testing
