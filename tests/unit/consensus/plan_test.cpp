// Layouts of edges, and plans as golden text.
#include <doctest/doctest.h>

#include "consensus/analysis/analysis.hpp"
#include "consensus/analysis/layouts.hpp"
#include "golden.hpp"
#include "instances.hpp"
#include "reading.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

/// Layout and collective of an edge into V[t,x], where V is cut along an axis, or not.
std::string layout(const std::string& edge, const std::string& cut = "", const std::string& source_cut = "") {
  Reading reading =
      read_as_text("value V : Token[A, 4] shape Grid(8, 16) clock Lamport " + cut +
                   "\nvalue U : Token[A, 4] shape Grid(8, 4) clock Lamport " + source_cut +
                   "\nvalue I : Scalar[i32] shape Seq(16) clock Lamport\nvisible V[t,x] <- " + edge + "\n");
  CAPTURE(edge);
  CAPTURE(reading.messages);
  REQUIRE(reading.program.has_value());
  Layout found = layout_of(*reading.program, *reading.program->all<Visible>()[0]);
  return std::string(name_of(found.hint)) + ": " + found.collective;
}

}  // namespace

TEST_CASE("each edge has one layout, and the collective of its partition") {
  CHECK(layout("V[t+dt,x+dx] when (dt,dx) in N4") == "stencil: halo send/recv");
  CHECK(layout("V[t+dt,x+dx] when (dt,dx) in N4", "partition axis 1") ==
        "stencil: halo send/recv along axis 1: 1 before, 1 behind");
  CHECK(layout("V[t,x+dx] when (dx) in {(-2), (-1)}", "partition axis 1") ==
        "stencil: halo send/recv along axis 1: 2 before, 0 behind");
  CHECK(layout("V[t,x+dx] when (dx) in {(-2), (-1)}", "partition axis 0") == "stencil: none");
  CHECK(layout("V[t,x]") == "view: none");
  CHECK(layout("V[t-1,x]") == "shift: none, point to point if axis 0 is cut");
  CHECK(layout("V[t-1,x]", "partition axis 0") == "shift: point to point");
  CHECK(layout("V[t-1,x]", "partition axis 1") == "shift: none");
  CHECK(layout("V[*]") == "dense: broadcast");
  CHECK(layout("V[*,*]", "partition axis 1") == "dense: all-gather (ring)");
  CHECK(layout("U[t,*]") == "dense: all-gather (ring)");
  CHECK(layout("V[0..t-1,x]") == "causal: all-gather of the prefix (ring)");
  CHECK(layout("V[2..5,x]") == "dense: all-gather (ring)");
  CHECK(layout("U[t,x/4]") == "expand: none if cuts align, else scatter-gather");
  CHECK(layout("U[t,x/4]", "partition axis 1", "partition axis 1") == "expand: none");
  CHECK(layout("U[t,x/4]", "partition axis 1") == "expand: scatter-gather");
  CHECK(layout("V[t,I[x]]") == "csr: scatter-gather");
  CHECK(layout("V[t,region(r)]") == "csr: scatter-gather");
  CHECK(layout("V[t,2*x]") == "view: scatter-gather");
  CHECK(layout("V[x,t]") == "view: scatter-gather");
}

TEST_CASE("plans are golden text") {
  for (const char* name : {"bank", "belief", "ising", "life", "margolus", "seed", "tile-map", "walk", "weather"}) {
    Reading reading = read_as_text(read_source_file(std::string("tests/data/consensus/") + name + ".lmpm"));
    REQUIRE(reading.program.has_value());
    check_golden(std::string("consensus/plans/") + name + ".txt", plan_text(*reading.program));
  }
}

TEST_CASE("a plan names what no graph judges") {
  Given given;
  given.parameters["Spread"] = AutomatonGiven{.states = 1, .letters = 2, .next = {0, 0}, .accepting = {true}};
  InstanceOf world(
      "param Spread : Automaton\nvalue V : Token[X, 2] shape Seq(3) clock Lamport\n"
      "rule R: on V[i] emit proposal V[i] := 1\nconstraint C: require V[*] accepts Spread priority 5 hard\n"
      "commit V[*] using satisfy(max_constraints_then_score)\n",
      given);
  std::string plan = plan_text(*world, analyse(*world));
  CHECK(plan.find("constraint C: judged in memory, proposal by proposal: an automaton is asked\n") !=
        std::string::npos);
}

TEST_CASE("with everything given a plan also has races, colourings and masks") {
  std::string seed = read_source_file("tests/data/consensus/seed.lmpm");
  seed.replace(seed.find("score)") + 6, 0, " colour auto");
  seed.replace(seed.find("priority 100"), 12, "priority 100 hard");
  InstanceOf world(seed, given_of_seed());
  check_golden("consensus/plans/seed-given.txt", plan_text(*world, analyse(*world)));
  InstanceOf ising(read_source_file("tests/data/consensus/ising.lmpm"));
  check_golden("consensus/plans/ising-given.txt", plan_text(*ising, analyse(*ising)));
}
