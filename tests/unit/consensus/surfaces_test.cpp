// The programs of tests/data/consensus in the text form and in LCI: equal, and fixed points. tests/unit/lisp has them
// in Lisp.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "consensus/print.hpp"
#include "golden.hpp"
#include "reading.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

std::vector<std::string> program_names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/data/consensus")))
    if (entry.path().extension() == ".lmpm") out.push_back(entry.path().stem().string());
  std::sort(out.begin(), out.end());
  return out;
}

Program read_program(const std::string& name) {
  Reading reading = read_as_text(read_source_file("tests/data/consensus/" + name + ".lmpm"), name + ".lmpm");
  CAPTURE(reading.messages);
  REQUIRE(reading.names.has_value());
  return *reading.program;
}

}  // namespace

TEST_CASE("the text form and LCI of each program are equal") {
  std::vector<std::string> names = program_names();
  REQUIRE(names.size() >= 12);
  for (const std::string& name : names) {
    CAPTURE(name);
    Program program = read_program(name);
    Reading lci = read_as_lci(read_source_file("tests/data/consensus/" + name + ".lci"), name + ".lci");
    CAPTURE(lci.messages);
    REQUIRE(lci.names.has_value());
    CHECK(*lci.program == program);
    CHECK(print_lci(program) == read_source_file("tests/data/consensus/" + name + ".lci"));
    check_golden("consensus/" + name + ".lmpm", print_text(program));
    CHECK(*read_as_text(print_text(program)).program == program);
    CHECK(*read_as_lci(print_lci(*read_as_text(print_text(program)).program)).program == program);
  }
}

TEST_CASE("the programs have every clause") {
  std::string all;
  for (const std::string& name : program_names()) all += print_text(read_program(name));
  for (const char* clause : {"Token[",
                             "Latent[",
                             "Scalar[",
                             ": Event",
                             ": Rule",
                             "Seq(",
                             "Grid3D(",
                             "Grid(",
                             "Graph(",
                             "Set()",
                             "partition axis",
                             " init ",
                             " when ",
                             " in N4",
                             " in N8",
                             " in {(",
                             "optional",
                             "border wrap",
                             "border pad(",
                             "[*]",
                             "..",
                             "region(",
                             "source[i]",
                             "/8",
                             "%",
                             "?",
                             "...",
                             "score ",
                             "forbid change(",
                             "forbid read_future(",
                             "all_different(",
                             "in Palette(",
                             " accepts ",
                             "weight ",
                             " hard",
                             "priority -1",
                             "atomic proposal",
                             "isolation snapshot",
                             "budget ",
                             "colour auto",
                             "on_unsat least",
                             "on_unsat fail",
                             "on_unsat restart(",
                             "on_unsat backtrack(",
                             ": Int",
                             ": Model",
                             ": Region",
                             ": Palette",
                             ": Automaton",
                             ": Tensor[",
                             " = ",
                             " and ",
                             " or ",
                             "not ",
                             "SampleTiles(",
                             "program "}) {
    CAPTURE(clause);
    CHECK(all.find(clause) != std::string::npos);
  }
}

TEST_CASE("line ends and comments mean nothing") {
  auto replaced = [](std::string text, const std::string& end) {
    for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += end.size()) text.replace(at, 1, end);
    return text;
  };
  for (const std::string& name : program_names()) {
    CAPTURE(name);
    Program program = read_program(name);
    std::string text = print_text(program);
    for (const char* end : {" ", "\r\n", "\t//\n\n", " // 注释 \"|\n", "\f\n"}) {
      Reading reading = read_as_text("\xEF\xBB\xBF" + replaced(text, end) + "// no line end");
      CAPTURE(reading.messages);
      REQUIRE(reading.program.has_value());
      CHECK(*reading.program == program);
    }
  }
}

TEST_CASE("the seed's program is told from others by each of its clauses") {
  std::string seed = read_source_file("tests/data/consensus/seed.lmpm");
  Program program = read_program("seed");
  CHECK(program.all<Value>().size() == 5);
  CHECK(program.all<Visible>().size() == 4);
  CHECK(program.all<Rule>().size() == 2);
  CHECK(program.all<Constraint>().size() == 3);
  CHECK(program.all<Commit>().size() == 1);
  for (const auto& change : std::vector<std::pair<std::string, std::string>>{
           {"BPE", "BPF"},
           {"Seq(N)", "Seq(M)"},
           {": Event", ": Rule"},
           {"x+dx", "x-dx"},
           {"in N8\nvis", "in N4\nvis"},
           {"t>0", "t>=0"},
           {"Txt[*]  ", "Txt[t]"},
           {"W/8", "W/4"},
           {"Coarse?", "Coarse"},
           {"prev,", "neighbors,"},
           {"Score(...)", "Score()"},
           {"x1..x2", "x1..x3"},
           {"100", "101"},
           {"sky", "sea"},
           {"blue", "green"},
           {"red-black", "raster"},
           {"epoch=e", "phase=e"},
           {"satisfy(max_constraints_then_score)", "satisfy(max_constraints_then_score) hard"}}) {
    const std::string &from = change.first, &to = change.second;
    CAPTURE(from);
    std::string other = seed;
    other.replace(other.find(from), from.size(), to);
    Reading reading = read_as_text(other);
    CHECK_FALSE((reading.program && *reading.program == program));
  }
}
