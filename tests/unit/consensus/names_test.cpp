// What names mean, by the seed's program and by small ones.
#include <doctest/doctest.h>

#include "consensus/words.hpp"
#include "golden.hpp"
#include "reading.hpp"

using namespace caten;
using namespace caten::consensus;

namespace {

std::vector<std::string> free_names(const Names& names) {
  std::vector<std::string> out;
  for (const FreeName& each : names.free)
    out.push_back(fmt::format("{} {}", find_meaning(kParameterTypes, each.type)->lci, each.name.text));
  return out;
}

const std::string kGrid = "value V : Token[A, 4] shape Grid(8, 8) clock Lamport\n";

Names resolved(const std::string& text, const ResolveOptions& options = {}) {
  Reading reading = read_as_text(text, "world.lmpm", options);
  CAPTURE(reading.messages);
  REQUIRE(reading.names.has_value());
  return *reading.names;
}

}  // namespace

TEST_CASE("the names of the seed's program, verbatim") {
  Names names = resolved(read_source_file("tests/data/consensus/seed.lmpm"));
  CHECK(free_names(names) == std::vector<std::string>{"vocabulary BPE", "int N", "vocabulary VQ", "int T", "int W",
                                                      "int H", "model Model", "model ModelScore", "int x1", "int x2",
                                                      "int y1", "int y2", "region sky", "palette blue-ish", "int e"});
  REQUIRE(names.rules.size() == 2);
  // Edges: the neighbours, the frame before, the caption, the coarse level, in the order of the text.
  CHECK(names.rules[0].edges == std::vector<std::vector<size_t>>{{0}, {1}, {2}, {3}});
  CHECK(names.rules[0].reads ==
        std::map<std::string, size_t>{{"coarse", 3}, {"neighbors", 0}, {"prev", 1}, {"txt", 2}});
  CHECK(names.rules[1].edges.empty());
}

TEST_CASE("a program that declares parameters has no free names") {
  CHECK(free_names(resolved("value V : Event shape Seq(N) clock Lamport")) == std::vector<std::string>{"int N"});
  CHECK(free_names(resolved("param N : Int\nvalue V : Event shape Seq(N) clock Lamport")).empty());
  CHECK_FALSE(read_as_text("param M : Int\nvalue V : Event shape Seq(N) clock Lamport").names.has_value());
  CHECK_FALSE(read_as_text("param N : Model\nvalue V : Event shape Seq(N) clock Lamport").names.has_value());
}

TEST_CASE("functions are built in, composites or models") {
  ResolveOptions options{.composite = [](const std::string& name) { return name == "layer_norm" ? "layer-norm" : ""; },
                         .composite_names = [] { return std::vector<std::string>{"layer-norm"}; }};
  std::string rule = "rule R: on V[y,x] emit proposal V[y,x] := abs(layer_norm(Net(y), Net(x)))";
  Names names = resolved(kGrid + rule, options);
  CHECK(names.composites == std::vector<std::string>{"layer-norm"});
  CHECK(free_names(names) == std::vector<std::string>{"model Net"});
  CHECK(free_names(resolved(kGrid + rule)) == std::vector<std::string>{"model layer_norm", "model Net"});
  Reading wrong = read_as_text("param Net : Model\n" + kGrid + "rule R: on V[y,x] emit proposal V[y,x] := layer_nom(1)",
                               "w", options);
  CHECK(wrong.messages.find("there is no function `layer_nom`") != std::string::npos);
}

TEST_CASE("reads stand for the edges that show what they name") {
  std::string edges = kGrid +
                      "visible V[a,b] <- V[a+i,b+j] when (i,j) in N4\n"
                      "visible V[t,u] <- V[t-1,u] when t > 0\n"
                      "visible V[p,q] <- V[p,*]\n";
  auto edge = [&](const std::string& read) {
    return resolved(edges + "rule R: on V[y,x] read {" + read + "} emit proposal V[y,x] := 1").rules[0].edges[0];
  };
  CHECK(edge("neighbors in N4") == std::vector<size_t>{0});
  CHECK(edge("neighbours") == std::vector<size_t>{0});
  CHECK(edge("around in {(0,1), (1,0), (0,-1), (-1,0)}") == std::vector<size_t>{0});
  CHECK(edge("prev") == std::vector<size_t>{1});
  CHECK(edge("previous_row?") == std::vector<size_t>{1});
  CHECK(edge("row = V[y,*]") == std::vector<size_t>{2});
  // One cell of a row, and one neighbour that is in the row too.
  CHECK(edge("first = V[y,0]") == std::vector<size_t>{2});
  CHECK(edge("right = V[y,x+1]") == std::vector<size_t>{0, 2});
  CHECK(edge("up = V[y-1,x]") == std::vector<size_t>{0, 1});
  for (const char* wrong : {"far = V[y+2,x]", "neighbors in N8", "V", "later = V[y+1,*]", "V[x,*]"}) {
    CAPTURE(wrong);
    CHECK_FALSE(
        read_as_text(edges + "rule R: on V[y,x] read {" + wrong + "} emit proposal V[y,x] := 1").names.has_value());
  }
}

TEST_CASE("a parameter is meant where a read has nearly its name") {
  std::string text = kGrid +
                     "param prev : Scalar[f32]\nvisible V[a,b] <- V[a-1,b]\n"
                     "rule R: on V[y,x] read {prev_frame} emit proposal V[y,x] := ";
  CHECK(resolved(text + "prev").rules[0].reads.empty());
  CHECK(resolved(text + "Prev").rules[0].reads == std::map<std::string, size_t>{{"Prev", 0}});
  for (const char* wrong : {"param prev : Int\nrule R: on V[y,x] read {prev} emit proposal V[y,x] := 1",
                            "rule R: on V[prev,x] read {prev} emit proposal V[prev,x] := 1", "param exp : Model"}) {
    CAPTURE(wrong);
    std::string messages = read_as_text(kGrid + "visible V[a,b] <- V[a-1,b]\n" + wrong).messages;
    CHECK(messages.find("E0104") != std::string::npos);
    CHECK(messages.find("error[", messages.find("error[") + 1) == std::string::npos);
  }
}

TEST_CASE("references in rules need visible edges; in constraints they do not") {
  std::string edge = kGrid + "visible V[a,b] <- V[a-1,b]\n";
  auto fine = [&](const std::string& rest) { return read_as_text(edge + rest).names.has_value(); };
  CHECK(fine("rule R: on V[y,x] emit proposal V[y,x] := V[y-1,x] + 1"));
  CHECK_FALSE(fine("rule R: on V[y,x] emit proposal V[y,x] := V[x-1,y]"));
  CHECK_FALSE(fine("rule R: on V[y,x] emit proposal V[y,x] := V[y,x]"));
  CHECK(fine("constraint C: on V[y,x] require V[y,x] < V[y+1,x] priority 1"));
  CHECK_FALSE(fine("constraint C: on V[y,x] require V[z,x] = 1 priority 1"));
  CHECK(fine("constraint C: on V[i,i] require V[i,0] = 1 priority 1"));
  CHECK(fine("commit V[y,*] using satisfy(max_constraints_then_score) budget y + 1"));
  CHECK_FALSE(fine("commit V[*] using satisfy(max_constraints_then_score) budget y"));
}
