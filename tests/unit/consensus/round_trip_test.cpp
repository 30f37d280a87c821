// Reading what was printed gives the same program: generated programs, in both forms and from one to the other.
#include <doctest/doctest.h>

#include <cstdlib>

#include "consensus/affine.hpp"
#include "consensus/print.hpp"
#include "generator.hpp"
#include "reading.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

uint64_t first_round_trip_seed() {
  const char* text = std::getenv("CATEN_SEED");
  return text ? std::strtoull(text, nullptr, 10) * 1000 : 0;
}

}  // namespace

TEST_CASE("generated programs: LCI and text are fixed points and say the same") {
  size_t declarations = 0;
  std::vector<size_t> kinds(std::variant_size_v<Declaration>);
  for (uint64_t seed = first_round_trip_seed(), end = seed + 600; seed < end; ++seed) {
    CAPTURE(seed);
    Program program = random_program(seed);
    for (const Declaration& each : program.declarations) ++kinds[each.index()], ++declarations;
    std::string lci = print_lci(program), text = print_text(program);
    CAPTURE(lci);
    CAPTURE(text);
    Reading from_lci = read_as_lci(lci), from_text = read_as_text(text);
    CAPTURE(from_lci.messages);
    CAPTURE(from_text.messages);
    REQUIRE(from_lci.program.has_value());
    REQUIRE(from_text.program.has_value());
    CHECK(*from_lci.program == program);
    CHECK(*from_text.program == program);
    CHECK(print_lci(*from_text.program) == lci);
    CHECK(print_text(*from_lci.program) == text);
  }
  CHECK(declarations > 1500);
  for (size_t count : kinds) CHECK(count > 150);
}

TEST_CASE("generated programs that differ are not equal") {
  size_t equal = 0;
  for (uint64_t seed = 0; seed < 200; ++seed)
    equal += random_program(seed) == random_program(seed + 1) &&
             print_lci(random_program(seed)) != print_lci(random_program(seed + 1));
  CHECK(equal == 0);
}

TEST_CASE("index expressions: equal sums print equally") {
  auto printed = [](const std::string& text) {
    Reading reading = read_as_text("visible V[t,x] <- V[t," + text + "]");
    REQUIRE(reading.program.has_value());
    return text_of(std::get<Visible>(reading.program->declarations[0]).source.subscripts[1]);
  };
  CHECK(printed("x+1-1") == "x");
  CHECK(printed("x - x") == "0");
  CHECK(printed("2*(x+3)-x") == "x+6");
  CHECK(printed("-(x-t)") == "-x+t");
  CHECK(printed("x/8") == "x/8");
  CHECK(printed("x/8/2") == "(x/8)/2");
  CHECK(printed("2*(x/8)") == "2*(x/8)");
  CHECK(printed("2*x/8") == "(2*x)/8");
  CHECK(printed("-(x/8)%3") == "(-(x/8))%3");
  CHECK(printed("x%3+x%3") == "2*(x%3)");
  CHECK(printed("0..x-1") == "0..x-1");
}

TEST_CASE("index expressions: floors and names stay what they were under substitution") {
  Affine x = name_term(Name{"x", {}});
  std::optional<Affine> shifted = add(x, constant(3), 1);
  REQUIRE(shifted.has_value());
  auto twice = substitute(*shifted, [&](const Name&) { return add(constant(0), name_term(Name{"y", {}}), 2); });
  REQUIRE(twice.has_value());
  CHECK(text_of(*twice) == "2*y+3");
  CHECK(same(*add(x, *twice, 1), *add(*twice, x, 1)));
  CHECK_FALSE(same(x, *shifted));
  CHECK_FALSE(add(constant(INT64_MAX), constant(1), 1).has_value());
  CHECK_FALSE(add(constant(0), constant(INT64_MIN + 1), 2).has_value());
}
