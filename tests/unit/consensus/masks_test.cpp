// Constant masks, palettes as masks, and constraints that contradict each other.
#include "consensus/analysis/masks.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "instances.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

constexpr const char* kOpenGrid =
    "value V : Token[A, 4] shape Grid(3, 4) clock Lamport\n"
    "rule R: on V[y,x] emit proposal V[y,x] := 0\ncommit V[*] using satisfy(max_constraints_then_score)\n";

Given palettes(std::vector<std::pair<std::string, std::vector<int64_t>>> ids, std::vector<int64_t> data = {}) {
  Given out;
  for (auto& [name, each] : ids) out.parameters[name] = PaletteGiven{each};
  if (!data.empty()) out.data["V"] = integers(DType::kU8, {3, 4}, data);
  return out;
}

/// The messages of a program on that grid.
std::vector<Diagnostic> errors(const std::string& constraints, Given given = {}, const std::string& grid = kOpenGrid) {
  InstanceOf world(grid + constraints, std::move(given));
  Diagnostics diagnostics;
  check_regions(*world, diagnostics);
  if (!diagnostics.failed()) check_contradictions(*world, *initial_state(*world, 0), diagnostics);
  return diagnostics.list();
}

/// The message of the one error; "" if there is none.
std::string error(const std::string& constraints, Given given = {}, const std::string& grid = kOpenGrid) {
  std::vector<Diagnostic> all = errors(constraints, std::move(given), grid);
  CHECK(all.size() <= 1);
  return all.empty() ? "" : all[0].message;
}

constexpr int64_t kBot = 4;

}  // namespace

TEST_CASE("5.6: a hard lock is a mask of its cells, a palette one of ids; a soft lock is neither") {
  InstanceOf world(std::string(kOpenGrid) +
                       "constraint Lock: forbid change(V[0..1,2]) priority 9 hard\nconstraint Soft: forbid "
                       "change(V[2,*]) priority 9\n"
                       "constraint Blue: require V[y,0] in Palette(\"b\") priority 3\nconstraint Red: forbid V[0,*] in "
                       "Palette(\"r\") priority 3 hard\n",
                   palettes({{"b", {1, 3}}, {"r", {0}}}));
  StaticMasks masks = static_masks(*world);
  REQUIRE(masks.locks.size() == 1);
  CHECK(masks.locks[0].cells == std::vector<bool>{0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0});
  REQUIRE(masks.palettes.size() == 2);
  CHECK(masks.palettes[0].ids == std::vector<bool>{0, 1, 0, 1});
  CHECK(masks.palettes[0].cells == std::vector<bool>{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0});
  CHECK(masks.palettes[1].ids == std::vector<bool>{0, 1, 1, 1});
}

TEST_CASE("5.6: two palettes without a common id contradict each other where both are") {
  const std::string both =
      "constraint Sky: require V[0,*] in Palette(\"a\") priority 5 hard\nconstraint Sea: require V[y,1] in "
      "Palette(\"b\") priority 5 hard\n";
  std::vector<Diagnostic> found = errors(both, palettes({{"a", {0, 1}}, {"b", {2, 3}}}));
  REQUIRE(found.size() == 1);
  CHECK(found[0].code == ::caten::Code::Contradiction);
  CHECK(found[0].message == "`Sky` and `Sea` cannot hold together");
  CHECK(found[0].found == "no id is left to V[0,1]");
  CHECK(error(both, palettes({{"a", {0, 1}}, {"b", {1, 2}}})).empty());
  std::string soft = both;
  soft.replace(soft.rfind(" hard"), 5, "");
  CHECK(error(soft, palettes({{"a", {0, 1}}, {"b", {2, 3}}})).empty());
}

TEST_CASE("5.6: the set of an error is a smallest one") {
  const std::string three =
      "constraint One: require V[*] in Palette(\"a\") priority 5 hard\nconstraint Two: require V[*] in Palette(\"b\") "
      "priority 5 hard\n"
      "constraint Three: require V[*] in Palette(\"c\") priority 5 hard\n";
  CHECK(error(three, palettes({{"a", {0, 1}}, {"b", {0, 1, 2}}, {"c", {3}}})) ==
        "`Two` and `Three` cannot hold together");
  CHECK(error(three, palettes({{"a", {0, 1}}, {"b", {1, 2}}, {"c", {0, 2}}})) ==
        "`One` and `Two` and `Three` cannot hold together");
}

TEST_CASE("5.6: a lock contradicts a palette without the value that is locked") {
  const std::string lock =
      "constraint Lock: forbid change(V[0,*]) priority 9 hard\nconstraint Blue: require V[*] in Palette(\"b\") "
      "priority 5 hard\n";
  std::vector<int64_t> data(12, kBot);
  data[2] = 3;
  CHECK(error(lock, palettes({{"b", {1, 3}}}, data)).empty());
  CHECK(error(lock, palettes({{"b", {1, 2}}}, data)) == "`Blue` and `Lock` cannot hold together");
  data[2] = kBot;
  data[6] = 3;  // not locked
  CHECK(error(lock, palettes({{"b", {1, 2}}}, data)).empty());
}

TEST_CASE("5.6: all-different needs as many ids as cells, whatever palettes and locks leave") {
  CHECK(error("constraint Row: require all_different(V[y,*]) priority 5 hard\n").empty());
  CHECK(error("constraint All: require all_different(V[*]) priority 5 hard\n") == "`All` can never hold");
  CHECK(error("constraint All: require all_different(V[*]) priority 5\n").empty());
  const std::string palette =
      "constraint Row: require all_different(V[y,*]) priority 5 hard\nconstraint Few: require V[1,0..2] in "
      "Palette(\"b\") priority 5 hard\n";
  CHECK(error(palette, palettes({{"b", {0, 1, 2}}})).empty());
  CHECK(error(palette, palettes({{"b", {0, 1}}})) == "`Row` and `Few` cannot hold together");
  const std::string locks =
      "constraint Column: require all_different(V[*,x]) priority 5 hard\nconstraint Given: forbid change(V[*]) "
      "priority 5 hard\n";
  std::vector<int64_t> data(12, kBot);
  data[1] = data[9] = 2;
  CHECK(error(locks, palettes({}, data)) == "`Column` and `Given` cannot hold together");
  data[9] = 3;
  CHECK(error(locks, palettes({}, data)).empty());
}

TEST_CASE("5.6: a palette without ids can never hold") {
  CHECK(error("constraint All: forbid V[*] in Palette(\"b\") priority 5\n", palettes({{"b", {0, 1, 2, 3}}})) ==
        "`All` can never hold");
}

TEST_CASE("5.6: constraints outside of the grid, or about no cell") {
  for (const char* scope : {"V[3,*]", "V[0..3,*]", "V[y,4]", "V[-1,x]", "V[y,3..4]", "V[2..1,x]"}) {
    CAPTURE(scope);
    std::vector<Diagnostic> found = errors(std::string("constraint C: forbid change(") + scope + ") priority 5\n");
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == ::caten::Code::OutsideGrid);
  }
  for (const char* scope : {"V[2,*]", "V[0..2,3]", "V[*]", "V[y,x]"})
    CHECK(error(std::string("constraint C: forbid change(") + scope + ") priority 5\n").empty());
}
