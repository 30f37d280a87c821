// read_future: what is proved, refuted with a witness, or left open.
#include "consensus/analysis/causality.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"
#include "reading.hpp"

using namespace caten;
using namespace caten::consensus;
using Verdict = Causality::Verdict;

namespace {

struct Answer {
  std::vector<Verdict> verdicts{};
  std::string witness{};
};

/// Of a program with these edges into V[t,x] and a constraint.
Answer ask(const std::string& edges, const Integers& given = {{"T", 4}, {"W", 5}}, const std::string& scope = "V[t,x]",
           const std::string& shape = "Grid(T, W)") {
  std::string text = "value V : Token[A, 4] shape " + shape +
                     " clock Lamport\nvalue U : Token[A, 4] shape Grid(T, 3) clock Lamport\n"
                     "value Other : Token[A, 4] shape Seq(N) clock Lamport\n" +
                     edges + "\nconstraint Topology: forbid read_future(" + scope + ") priority 9\n";
  Reading reading = read_as_text(text);
  CAPTURE(text);
  CAPTURE(reading.messages);
  REQUIRE(reading.names.has_value());
  Answer out;
  for (const Causality& each : check_causality(*reading.program, given)) {
    out.verdicts.push_back(each.verdict);
    out.witness += each.witness;
  }
  return out;
}

Verdict one(const std::string& edges, const Integers& given = {{"T", 4}, {"W", 5}},
            const std::string& scope = "V[t,x]") {
  Answer answer = ask("visible V[t,x] <- " + edges, given, scope);
  REQUIRE(answer.verdicts.size() == 1);
  return answer.verdicts[0];
}

}  // namespace

TEST_CASE("5.2: edges from the same time or before are proved, for all sizes") {
  for (const char* edge : {"V[t,x]", "V[t-1,x]", "V[t,x+dx] when (dx) in {(-1), (1)}", "V[t/2,x]", "V[t-t%4,x]",
                           "V[0,x]", "V[0..t,x]", "V[0..t-1,*]", "V[2*t-5,x] when t < 5", "V[t+1,x] when t < 0",
                           "U[t,0]", "V[t+dt,x] when (dt,dx) in {(-1,0), (0,1)}", "V[t+1,x] when t >= 2 and t <= 1",
                           "V[(3*t)/4,x]", "V[t-1,x] border pad(0)"}) {
    CAPTURE(edge);
    CHECK(one(edge, {}) == Verdict::kProved);
    CHECK(one(edge) == Verdict::kProved);
  }
}

TEST_CASE("5.2: edges from a later time are refuted once all sizes are given, and open before") {
  for (const char* edge : {"V[t+1,x]", "V[*]", "V[*,x]", "V[0..t+1,x]", "V[t+dt,x] when (dt,dx) in {(-1,0), (1,0)}",
                           "U[t+1,0]", "V[2*t,x]", "V[t+1,x] when t != 2", "V[3,x]", "V[t+1,x] when x = 2 or t = 7"}) {
    CAPTURE(edge);
    CHECK(one(edge, {}) == Verdict::kOpen);
    CHECK(one(edge) == Verdict::kRefuted);
  }
  CHECK(one("V[t+1,x]", {{"T", 1}, {"W", 5}}) == Verdict::kProved);  // there is no later time
}

TEST_CASE("5.2: the border decides what a time outside of the grid means") {
  CHECK(one("V[t-1,x] border clip") == Verdict::kProved);
  CHECK(one("V[t-1,x] border wrap") == Verdict::kRefuted);
  CHECK(one("V[t-1,x] when t > 0 border wrap") == Verdict::kProved);
  CHECK(one("V[t-1,x] border wrap", {}) == Verdict::kGuarded);
}

TEST_CASE("5.2: what depends on data is to be guarded") {
  CHECK(one("V[Other[t],x]") == Verdict::kGuarded);
  CHECK(one("V[region(r)]") == Verdict::kGuarded);
  CHECK(one("V[t,Other[x]]") == Verdict::kProved);
  CHECK(one("V[t-1,region(r)]") == Verdict::kProved);
}

TEST_CASE("5.2: only the cells of the scope are asked about, and only values with the same time") {
  Integers given{{"T", 4}, {"W", 5}};
  CHECK(one("V[t+1,x] when x = 2", given, "V[t,0..1]") == Verdict::kProved);
  CHECK(one("V[t+1,x] when x = 2", given, "V[t,0..2]") == Verdict::kRefuted);
  CHECK(one("V[t+1,x]", given, "V[3,x]") == Verdict::kProved);
  CHECK(one("V[t+1,x]", given, "V[2,x]") == Verdict::kRefuted);
  CHECK(one("V[t+1,x] when t != x", given, "V[x,x]") == Verdict::kProved);
  CHECK(one("V[t+1,x]", given, "V[t,region(r)]") == Verdict::kGuarded);
  CHECK(ask("visible V[t,x] <- Other[*]").verdicts.empty());
}

TEST_CASE("5.2: a witness names the cell, and what it reads at which time") {
  CHECK(ask("visible V[t,x] <- V[t+1,x+1] when x > 1").witness == "V[0,2] reads V at t 1");
}

TEST_CASE("5.2: the seed's edges are proved whatever its sizes are") {
  Reading reading = read_as_text(read_source_file("tests/data/consensus/seed.lmpm"));
  std::vector<Causality> answers = check_causality(*reading.program, {});
  REQUIRE(answers.size() == 3);  // not Txt, which has no time
  for (const Causality& each : answers) CHECK(each.verdict == Verdict::kProved);
}
