// Instantiation: what is given, and what is wrong with it.
#include "consensus/instance.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "golden.hpp"
#include "worlds.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

const std::string kCommit = "commit V[*] using satisfy(max_constraints_then_score)\n";

std::string spelled(const std::string& name, Parameter::Type type, const std::string& text) {
  GivenSources sources{.array = [](const std::string& path) -> Result<Array> {
                         if (path == "mask.npy") return integers(DType::kBool, {2, 2}, {1, 0, 0, 1});
                         if (path == "table.npy") return integers(DType::kI64, {1, 3}, {0, -1, 1});
                         return integers(DType::kI32, {2}, {5, 6});
                       },
                       .model = [](const std::string&) -> Result<ModelGiven> { return ModelGiven{}; }};
  Result<GivenValue> value = parse_given(name, type, text, sources);
  if (!value) return code_name(value.error().code);
  if (const auto* integer = std::get_if<int64_t>(&*value)) return fmt::format("int {}", *integer);
  if (const auto* real = std::get_if<double>(&*value)) return fmt::format("real {}", *real);
  if (const auto* array = std::get_if<Array>(&*value)) return describe(*array);
  if (const auto* ids = std::get_if<PaletteGiven>(&*value)) return fmt::format("ids {}", fmt::join(ids->ids, " "));
  if (const auto* size = std::get_if<VocabularyGiven>(&*value)) return fmt::format("vocabulary {}", size->size);
  if (const auto* automaton = std::get_if<AutomatonGiven>(&*value))
    return fmt::format("states {} letters {}", automaton->states, automaton->letters);
  if (const auto* region = std::get_if<RegionGiven>(&*value))
    return fmt::format("boxes {} mask {}", region->boxes.size(), region->mask.has_value());
  return "model";
}

}  // namespace

TEST_CASE("what is given, as a person writes it") {
  using Type = Parameter::Type;
  CHECK(spelled("H", Type::kInt, "64") == "int 64");
  CHECK(spelled("H", Type::kInt, "-3") == "int -3");
  CHECK(spelled("beta", Type::kScalar, "0.44") == "real 0.44");
  CHECK(spelled("beta", Type::kScalar, "2") == "real 2");
  CHECK(spelled("source", Type::kTensor, "@file.npy") == "i32[2]");
  CHECK(spelled("sky", Type::kRegion, "box(0..3,*)") == "boxes 1 mask false");
  CHECK(spelled("sky", Type::kRegion, "box(0,1)+box(2..3,*)") == "boxes 2 mask false");
  CHECK(spelled("sky", Type::kRegion, "@mask.npy") == "boxes 0 mask true");
  CHECK(spelled("blue", Type::kPalette, "ids(1,2,7)") == "ids 1 2 7");
  CHECK(spelled("blue", Type::kPalette, "ids(1..3,7)") == "ids 1 2 3 7");
  CHECK(spelled("blue", Type::kPalette, "@ids.npy") == "ids 5 6");
  CHECK(spelled("BPE", Type::kVocabulary, "256") == "vocabulary 256");
  CHECK(spelled("json", Type::kAutomaton, "@table.npy") == "states 1 letters 2");
  CHECK(spelled("Net", Type::kModel, "gelu") == "model");
  for (const char* wrong : {"", "1.5", "x", "1 ", "99999999999999999999"})
    CHECK(spelled("H", Type::kInt, wrong) == "E1021");
  for (const char* wrong : {"", "box", "box()", "box(1..)", "box(a)", "box(1)+", "boxes(1)", "ids(1)"})
    CHECK(spelled("sky", Type::kRegion, wrong) == "E1021");
  for (const char* wrong : {"", "ids", "ids(a)", "ids(*)", "ids(1..9999999)", "1"})
    CHECK(spelled("blue", Type::kPalette, wrong) == "E1021");
  CHECK(spelled("json", Type::kAutomaton, "@file.npy") == "E1021");
  CHECK(spelled("beta", Type::kScalar, "@file.npy") == "E1021");
}

TEST_CASE("defaults may use the parameters before them") {
  auto world = world_of(
      "param H : Int = 4\nparam W : Int = H * 2 + 1\nparam b : Scalar[f32] = 1.0 / H\nvalue V : Scalar[f64] shape "
      "Grid(H, W) clock Lamport init b");
  CHECK(world->instance().values[0].sizes == std::vector<int64_t>{4, 9});
  CHECK(reals_of(*world, "V")[0] == 0.25);
}

TEST_CASE("edges: cells in a fixed order, under borders and conditions") {
  auto world = world_of(
      "value V : Token[X, 4] shape Grid(3, 4) clock Lamport init 0\n"
      "visible V[y,x] <- V[y+dy,x+dx] when (dy,dx) in N4 border wrap\n"
      "visible V[y,x] <- V[y/2,0..x-1]\nvisible V[y,x] <- V[y+1,x] when x % 2 = 0 border pad(3)\n");
  const std::vector<EdgeInstance>& edges = world->instance().edges;
  auto sources = [&](size_t edge, std::vector<int64_t> place) { return edges[edge].sources(place, nullptr); };
  CHECK(sources(0, {0, 0}) == std::vector<int64_t>{8, 3, 1, 4});
  CHECK(sources(1, {2, 2}) == std::vector<int64_t>{4, 5, kAbsent, kAbsent});
  CHECK(sources(1, {0, 0}) == std::vector<int64_t>(4, kAbsent));
  CHECK(sources(2, {1, 2}) == std::vector<int64_t>{10});
  CHECK(sources(2, {1, 1}) == std::vector<int64_t>{kAbsent});
  CHECK(sources(2, {2, 2}) == std::vector<int64_t>{kPadded});
  CHECK(edges[0].positions() == 4);
}

TEST_CASE("edges to what a tensor or a value names") {
  Given given;
  given.parameters["idx"] = integers(DType::kI32, {3}, {2, 0, 9});
  given.data["P"] = integers(DType::kI64, {3}, {1, 2, -1});
  auto world = world_of(
      "param idx : Tensor[i32](3)\nvalue V : Scalar[i64] shape Seq(3) clock Lamport init 5\nvalue P : Scalar[i64] "
      "shape Seq(3) clock Lamport\n"
      "visible V[i] <- V[idx[i]]\nvisible V[i] <- V[P[i]]\n"
      "rule R: on V[i] emit proposal V[i] := where(committed(V[idx[i]]), 10, 20) + where(committed(V[P[i]]), 1, 2)\n"
      "commit V[*] using satisfy(max_constraints_then_score) isolation snapshot",
      given);
  run_steps(*world, 1);
  CHECK(cells_of(*world, "V") == std::vector<int64_t>{11, 11, 22});
}

TEST_CASE("the cells of constraint instances") {
  Given given;
  given.parameters["Corner"] = RegionGiven{.mask = {}, .boxes = {{{0, 0}, {1, {}}}}};
  auto world = world_of(
      "param Corner : Region\nvalue V : Token[X, 9] shape Grid(2, 3) clock Lamport\n"
      "constraint A: forbid change(V[1,*]) priority 1\nconstraint B: require all_different(V[y,*]) priority 3\n"
      "constraint C: on V[y,x] require V[y,x] < V[y,x+1] priority 2\nconstraint D: forbid change(V[region(Corner)]) "
      "priority 2\n",
      given);
  const std::vector<ConstraintInstance>& all = world->instance().constraints;
  auto cells = [&](size_t c) {
    std::string out;
    for (const ConstraintCells& each : all[c].instances) {
      for (const auto& [value, cell] : all[c].cells_of(each)) out += std::to_string(cell);
      out += ' ';
    }
    return out;
  };
  CHECK(cells(0) == "3 4 5 ");
  CHECK(cells(1) == "012 345 ");
  CHECK(cells(2) == "01 12 2 34 45 5 ");
  CHECK(cells(3) == "1 2 ");
  CHECK(world->instance().priorities == std::vector<int64_t>{3, 2, 1});
  CHECK(all[3].level == 1);
}

TEST_CASE("what is missing, of another type or out of range is an error with its place") {
  std::string out;
  auto refuse = [&](const std::string& text, Given given = {}) { out += refusal_of(text, std::move(given)) + "\n"; };
  refuse("param H : Int\nvalue V : Token[X, 4] shape Seq(H) clock Lamport");
  Given wrong;
  wrong.parameters["H"] = 2.5;
  wrong.parameters["G"] = int64_t{3};
  refuse("param H : Int\nvalue V : Token[X, 4] shape Seq(H) clock Lamport", wrong);
  refuse("param H : Int = 1.5\nvalue V : Token[X, 4] shape Seq(H) clock Lamport");
  refuse("value V : Token[X, 4] shape Seq(0) clock Lamport");
  refuse("value V : Token[X, 4] shape Grid(100000, 100000) clock Lamport");
  refuse("value V : Event shape Seq(4) clock Lamport");
  refuse("value V : Scalar[c64] shape Seq(4) clock Lamport");
  Given data;
  data.data["V"] = integers(DType::kI64, {2}, {1, 5});
  refuse("value V : Token[X, 4] shape Seq(2) clock Lamport", data);
  data.data["V"] = integers(DType::kI64, {3}, {1, 2, 3});
  data.data["W"] = integers(DType::kI64, {3}, {1, 2, 3});
  refuse("value V : Token[X, 4] shape Seq(2) clock Lamport", data);
  refuse("value V : Token[X, 4] shape Seq(2) clock Lamport init 7");
  refuse("value V : Token[X, 4] shape Seq(2) clock Lamport\nrule R: on V[i] emit proposal V[i] := 1");
  refuse("value V : Token[X, 4] shape Seq(2) clock Lamport\ncommit V[*] using satisfy(max_constraints_then_score)\n" +
         kCommit);
  std::string seen =
      "value V : Token[X, 4] shape Grid(4, 3) clock Lamport\nvisible V[y,x] <- V[y+a,x+b] when (a,b) in N4\nvisible "
      "V[y,x] <- V[y,*]\n" +
      kCommit;
  refuse(seen + "rule R: on V[y,x] read {neighbors in N4} emit proposal V[y,x] := neighbors + 1 + ids() * 0 + V[y,*]");
  refuse(seen + "rule R: on V[y,x] read {row = V[y,*]} emit proposal V[y,x] := 1\nscore row");
  refuse(seen + "rule R: on V[y,x] read {row = V[y,*]} emit proposal V[y,x] := categorical(row)");
  refuse(seen + "rule R: on V[y,x] read {row = V[y,*]} emit proposal V[y,x] := tally(row + 1)");
  refuse(seen + "constraint C: on V[y,x] require uniform() < 0.5 priority 1");
  Given region;
  region.parameters["sky"] = RegionGiven{.mask = {}, .boxes = {{{0, 9}, {0, 1}}}};
  region.parameters["blue"] = PaletteGiven{{4}};
  region.parameters["none"] = PaletteGiven{};
  refuse(
      "value V : Token[X, 4] shape Grid(4, 4) clock Lamport\nconstraint C: forbid change(V[region(\"sky\")]) priority "
      "1\n"
      "constraint D: require V[*] in Palette(\"blue\") priority 1\nconstraint E: require V[*] in Palette(\"none\") "
      "priority 1",
      region);
  check_golden("consensus/instance.txt", out);
}
