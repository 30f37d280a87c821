// User optimizers: matching, guards, fixed points, messages, and the differential test that rejects unsound rules.
#include "rewrite/optimizer.hpp"

#include <doctest/doctest.h>

#include "ir/build.hpp"
#include "ir/print.hpp"
#include "ir/verify.hpp"

using namespace caten;

namespace {

Result<Optimizer> parse(const std::string& text) {
  SourceMap sources;
  return parse_optimizer(read_one(sources, sources.add("test", text)).value());
}

Optimizer rule(const std::string& text) {
  Result<Optimizer> out = parse(text);
  if (!out) FAIL(render(out.error(), SourceMap()));
  return *out;
}

RuleReport report(const std::string& text) { return test_rule(rule(text)).value(); }

}  // namespace

TEST_CASE("a rule is applied bottom-up until it no longer applies") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(3)}});
  NodeId one = b.ones(b.type(x));
  graph.outputs.push_back({"y", b.mul(b.mul(b.mul(x, one), one), x)});
  std::vector<std::string> lines;
  OptimizeOptions options;
  options.trace = [&](const std::string& line) { lines.push_back(line); };
  Result<Graph> out = optimize(graph, {rule("(mul-one (* ?x 1) ?x)")}, options);
  REQUIRE(out);
  CHECK(verify(*out));
  CHECK(lines.size() == 2);
  CHECK(lines[0].starts_with("mul-one: "));
  CHECK((*out)[out->outputs[0].value].operands == std::vector<NodeId>{out->inputs[0].node, out->inputs[0].node});
  options.off = {"mul-one"};
  CHECK(optimize(graph, {rule("(mul-one (* ?x 1) ?x)")}, options)->size() > out->size());
}

TEST_CASE("repeated variables, segments, attributes and guards") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(3), Dim(4)}}),
         y = graph.add_input("y", {DType::kF32, {Dim(3), Dim(4)}});
  NodeId same = b.max(x, x), different = b.max(x, y), sum = b.reduce(Combine::kAdd, x, {0, 1});
  CHECK(match(graph, rule("(r (max ?a ?a) ?a)").pattern, same));
  CHECK(!match(graph, rule("(r (max ?a ?a) ?a)").pattern, different));
  CHECK(match(graph, rule("(r (reduce add ?x ??axes) ?x)").pattern, sum)->segments.at("??axes").size() == 2);
  CHECK(!match(graph, rule("(r (reduce add ?x 1) ?x)").pattern, sum));
  auto holds = [&](const std::string& guard) {
    Optimizer r = rule("(r (max ?a ?b) ?a :when " + guard + ")");
    return guard_holds(graph, *r.when, *match(graph, r.pattern, different), {}) == true;
  };
  CHECK(holds("(dtype-in ?a bf16 f32)"));
  CHECK(!holds("(dtype-in ?a f64)"));
  CHECK(holds("(and (>= (* (dim ?a 0) (dim ?a -1)) 12) (= (rank ?a) 2) (not (constant ?b)))"));
  CHECK(!holds("(or (< (dim ?a 0) 3) (> 2 3))"));
  CHECK(!holds("(< (dim ?a 5) 3)"));
}

TEST_CASE("segments take as few operands as the rest of the pattern allows") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(3), Dim(4), Dim(5), Dim(6)}});
  NodeId sum = b.reduce(Combine::kAdd, x, {0, 1, 3});
  auto segment = [&](const std::string& text, const char* name) {
    std::optional<Match> found = match(graph, rule(text).pattern, sum);
    return found ? static_cast<int>(found->segments.at(name).size()) : -1;
  };
  CHECK(segment("(r (reduce add ?x ??some 3) ?x)", "??some") == 2);
  CHECK(segment("(r (reduce add ?x ??some 1 ??rest) ?x)", "??rest") == 1);
  CHECK(segment("(r (reduce add ?x ??some ??rest) ?x)", "??some") == 0);
  CHECK(segment("(r (reduce add ?x ??same ??same 3) ?x)", "??same") == -1);
  CHECK(segment("(r (reduce add ?x ??some 2) ?x)", "??some") == -1);
}

TEST_CASE("guards on layout and cost") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {Dim(3), Dim(4)}}), t = b.permute(x, {1, 0});
  NodeId wide = b.add(t, b.mul(t, t));
  auto holds = [&](NodeId id, const std::string& text) {
    Optimizer r = rule(text);
    std::optional<Match> found = match(graph, r.pattern, id);
    if (!found) return false;
    found->replacement = found->variables.at("?a").node;
    return guard_holds(graph, *r.when, *found, {}) == true;
  };
  CHECK(holds(wide, "(r (add ?a ?b) ?a :when (transposed ?a))"));
  CHECK(!holds(wide, "(r (add ?a ?b) ?a :when (contiguous ?a))"));
  CHECK(holds(b.add(x, x), "(r (add ?a ?b) ?a :when (contiguous ?a))"));
  CHECK(holds(wide, "(r (add ?a ?b) ?a :when (and (= (elements ?a) 12) (= (bytes ?a) 48)))"));
  CHECK(holds(wide, "(r (add ?a ?b) ?a :when (cheaper))"));
  // One sum of products instead of two.
  Graph two;
  Build c(two);
  NodeId p = two.add_input("p", {DType::kI32, {Dim(8)}}), q = two.add_input("q", {DType::kI32, {Dim(8)}});
  two.outputs.push_back({"y", c.add(c.mul(p, q), c.mul(p, q))});
  std::vector<std::string> lines;
  OptimizeOptions options;
  options.trace = [&](const std::string& line) { lines.push_back(line); };
  REQUIRE(optimize(two, {rule("(twice (add ?a ?a) (mul ?a 2) :when (cheaper))")}, options));
  CHECK(lines.empty());  // as many elements
  REQUIRE(optimize(two, {rule("(twice (add (mul ?a ?b) (mul ?a ?b)) (mul ?a ?b) :when (cheaper))")}, options));
  CHECK(lines.size() == 1);
}

TEST_CASE("a circle of rules is stopped and named") {
  Graph graph;
  Build b(graph);
  NodeId x = graph.add_input("x", {DType::kF32, {}}), y = graph.add_input("y", {DType::kF32, {}});
  graph.outputs.push_back({"y", b.add(x, y)});
  Result<Graph> out = optimize(graph, {rule("(turn (+ ?a ?b) (+ ?b ?a))")}, {.step_limit = 50});
  REQUIRE(!out);
  CHECK(out.error().code == Code::BadOptimizer);
  CHECK(out.error().message.find("turn") != std::string::npos);
}

TEST_CASE("malformed optimizers are rejected with a place and a suggestion") {
  for (auto [text, remedy] : {std::pair{"(r (mul ?x 1) ?y)", "?x"},
                              {"(r ?x ?x)", "match an op"},
                              {"(r (mul ?x 1) ?x :when (dtype-inn ?x f32))", "dtype-in"},
                              {"(r (mul ?x 1) ?x :whenn (constant ?x))", "when"},
                              {"(r (mul ?x 1) ?x :when (dtype-in ?x f31))", "f32"},
                              {"(r (mul ?x 1) ?x :inputs ((?x f32 3) (?z f32)))", "?x"},
                              {"(r (mul ?x ?y) ?x :inputs ((?x f32 3)))", "give its type"},
                              {"(r (mul ?x 1) ?x :inputs ((?x f32 -3)))", "small size"},
                              {"(r (mul ?x 1) ?x :when (elementss ?x))", "elements"},
                              {"(r (mul ?x 1))", "write name"}}) {
    CAPTURE(text);
    Result<Optimizer> out = parse(text);
    REQUIRE(!out);
    CHECK(out.error().code == Code::BadOptimizer);
    CHECK(out.error().span.known());
    CHECK_MESSAGE(out.error().remedy.find(remedy) != std::string::npos, out.error().remedy);
  }
}

TEST_CASE("sound rules pass the differential test") {
  for (const char* text : {"(mul-one (* ?x 1) ?x)", "(add-commutes (+ ?a (mul ?b ?b)) (+ (mul ?b ?b) ?a))",
                           "(int-zero (+ ?x 0) ?x :when (dtype-in ?x i8 i32 u64))", "(or-self (and ?x ?x) ?x)",
                           "(twice (permute (permute ?x 1 0) 1 0) ?x)", "(same (if ?c ?a ?a) ?a)"}) {
    CAPTURE(text);
    RuleReport r = report(text);
    CHECK_MESSAGE(r.sound, r.counter_example);
    CHECK(r.tried > 0);
  }
}

TEST_CASE("rules are tested where they apply") {
  for (auto [text, sound] :
       {std::pair{"(large (mul ?x 1) ?x :when (>= (elements ?x) 1000))", true},
        {"(large (mul ?x 2) ?x :when (>= (elements ?x) 1000))", false},
        {"(axis (reduce max (reduce max ?x ?k) 0) (reduce max ?x 0 1) :when (= (rank ?x) 2))", true},
        {"(axes (reduce max ?x ??k) (reduce add ?x ??k))", false},
        {"(given (mul ?x 1) ?x :when (= (elements ?x) 35) :inputs ((?x f64 5 7)))", true},
        {"(given (mul ?x 2) ?x :when (= (elements ?x) 35) :inputs ((?x f64 5 7)))", false}}) {
    CAPTURE(text);
    RuleReport r = report(text);
    CHECK(r.sound == sound);
    CHECK(r.tried > 0);
  }
  CHECK(report("(never (mul ?x 1) ?x :when (= (elements ?x) 1234567))").tried == 0);
}

TEST_CASE("unsound rules are rejected with a small counter-example") {
  for (auto [text, part] : {std::pair{"(add-zero (+ ?x 0) ?x)", "f16[] (-0.0)"},
                            {"(mul-zero (* ?x 0) 0)", "pattern"},
                            {"(self-div (/ ?x ?x) 1)", "pattern"},
                            {"(assoc (+ (+ ?a ?b) ?c) (+ ?a (+ ?b ?c)))", "pattern"},
                            {"(lt-not (lt ?a ?b) (xor (lt ?b ?a) true))", "pattern"}}) {
    CAPTURE(text);
    RuleReport r = report(text);
    CHECK(!r.sound);
    CHECK_MESSAGE(r.counter_example.find(part) != std::string::npos, r.counter_example);
  }
}
