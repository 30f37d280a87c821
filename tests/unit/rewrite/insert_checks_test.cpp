// Programs with --check: which faults arise, at which site, and which do not because nothing demands them.
#include "rewrite/passes/insert_checks.hpp"

#include <doctest/doctest.h>

#include "ir/build.hpp"
#include "ir/evaluate.hpp"
#include "ir/verify.hpp"

using namespace caten;

namespace {

struct CheckedCase {
  Graph graph;
  Build b{graph};
  Arguments arguments;

  NodeId input(std::vector<int64_t> shape, std::vector<int64_t> values) {
    Array array = Array::zeros(DType::kI64, shape);
    std::copy(values.begin(), values.end(), array.as_mutable<int64_t>());
    arguments.inputs.push_back(array);
    return graph.add_input("x" + std::to_string(graph.inputs.size()), {DType::kI64, Shape(shape.begin(), shape.end())});
  }
  void output(NodeId id) { graph.outputs.push_back({"y" + std::to_string(graph.outputs.size()), id}); }
  NodeId whole(NodeId x, int64_t start, int64_t stop) { return b.slice(x, {{Dim(start), Dim(stop), 1}}); }

  /// The code of the site, none if there was no fault. The program's own results must not change.
  std::optional<Code> fault() {
    checked = insert_checks(graph);
    Status valid = verify(checked.graph);
    if (!valid) FAIL(render(valid.error(), SourceMap()));
    Result<Results> plain = evaluate(graph, arguments), found = evaluate(checked.graph, arguments);
    REQUIRE(plain);
    REQUIRE(found);
    REQUIRE(found->outputs.size() == plain->outputs.size() + 1);
    for (size_t i = 0; i < plain->outputs.size(); ++i) CHECK(found->outputs[i].same_bytes(plain->outputs[i]));
    number = *found->outputs.back().as<int64_t>();
    if (number == 0) return std::nullopt;
    return describe_fault(checked, number).code;
  }
  CheckedProgram checked;
  int64_t number = 0;
};

const std::optional<Code> kNone, kIndex = Code::IndexOutOfRange, kDivision = Code::DivisionByZero;

}  // namespace

TEST_CASE("division by zero: only demanded elements count") {
  for (auto [from, to, expected] : {std::tuple{0, 3, kDivision}, {0, 1, kNone}, {1, 2, kDivision}, {2, 3, kNone}}) {
    CheckedCase p;
    NodeId quotient = p.b.div(p.input({3}, {1, 2, 3}), p.input({3}, {1, 0, 2}));
    p.output(p.whole(quotient, from, to));
    CHECK(p.fault() == expected);
  }
}

TEST_CASE("an untaken side cannot fail") {
  for (auto [guarded, expected] : {std::pair{true, kNone}, {false, kDivision}}) {
    CheckedCase p;
    NodeId x = p.input({3}, {1, 2, 3}), y = p.input({3}, {1, 0, 2});
    NodeId zero = p.b.is_zero(y);
    NodeId quotient = p.b.op(Op::kMod, {x, y});
    p.output(guarded ? p.b.select(zero, x, quotient) : p.b.select(zero, quotient, x));
    CHECK(p.fault() == expected);
  }
}

TEST_CASE("take: out of range, behind views and reductions") {
  for (auto [index, expected] : {std::pair{2, kNone}, {3, kIndex}, {-1, kIndex}}) {
    CheckedCase p;
    NodeId x = p.input({3, 2}, {1, 2, 3, 4, 5, 6});
    NodeId rows = p.b.take(x, 0, {p.input({2}, {0, index})});
    p.output(p.b.reduce(Combine::kAdd, p.b.permute(rows, {1, 0}), {0, 1}));
    CHECK(p.fault() == expected);
  }
}

TEST_CASE("put: a dropped write is a fault of the whole result; set replaces faults") {
  for (auto [index, demanded, expected] : {std::tuple{0, 0, kNone}, {4, 1, kIndex}, {1, 0, kDivision}, {1, 1, kNone}}) {
    CheckedCase p;
    NodeId x = p.b.div(p.input({2}, {1, 2}), p.input({2}, {0, 2}));  // element 0 is faulty
    p.output(p.whole(p.b.put(x, 0, {p.input({1}, {index})}, p.input({1}, {9}), Combine::kSet), demanded, demanded + 1));
    CHECK(p.fault() == expected);
  }
}

TEST_CASE("the first site of several is reported") {
  CheckedCase p;
  NodeId x = p.input({1}, {1}), zero = p.input({1}, {0});
  NodeId first = p.b.div(x, zero);
  NodeId second = p.b.take(first, 0, {p.input({1}, {7})});
  p.output(p.b.op(Op::kMod, {second, zero}));
  CHECK(p.fault() == kDivision);
  CHECK(p.number == 1);
}

TEST_CASE("loops carry faults, counts and :until can fail") {
  for (auto [steps, expected] : {std::pair{3, kNone}, {4, kDivision}}) {
    CheckedCase p;
    NodeId start = p.input({}, {100}), divisors = p.input({4}, {1, 2, 3, 0});
    NodeId a = p.graph.add_bound(0, 1, {DType::kI64, {}}), i = p.graph.add_bound(0, 0, {DType::kI64, {}});
    NodeId next = p.b.div(a, p.b.take(divisors, 0, {i}));
    LoopAttributes loop{.level = 0, .count = Dim(4), .runtime_count = true, .carries = 1, .collects = 1};
    NodeId made = p.b.op(Op::kLoop, {p.input({}, {steps}), start, next, next}, loop);
    p.output(p.b.result(made, 0));
    CHECK(p.fault() == expected);
    p.graph.outputs[0].value = p.whole(p.b.result(made, 1), 0, 3);
    CHECK(p.fault() == kNone);
  }
  CheckedCase p;
  NodeId a = p.graph.add_bound(0, 1, {DType::kI64, {}});
  LoopAttributes loop{.level = 0, .count = Dim(4), .runtime_count = true, .carries = 1};
  p.output(p.b.result(p.b.op(Op::kLoop, {p.input({}, {5}), p.b.integer(1), p.b.add(a, a)}, loop), 0));
  CHECK(p.fault() == kIndex);

  CheckedCase q;
  NodeId i = q.graph.add_bound(0, 0, {DType::kI64, {}});
  LoopAttributes until{.level = 0, .count = Dim(4), .carries = 1, .until = true};
  NodeId stop = q.b.eq(q.b.take(q.input({2}, {0, 0}), 0, {i}), q.b.integer(1));
  q.output(q.b.result(q.b.op(Op::kLoop, {q.b.integer(1), q.b.add(a, q.b.integer(1)), stop}, until), 0));
  CHECK(q.fault() == kIndex);
}

TEST_CASE("nested loops and two loops of one level") {
  for (auto [divisor, expected] : {std::pair{3, kNone}, {0, kDivision}}) {
    CheckedCase p;
    NodeId d = p.input({}, {divisor});
    ValueType scalar{DType::kI64, {}};
    NodeId outer = p.graph.add_bound(0, 1, scalar), inner = p.graph.add_bound(1, 1, scalar);
    NodeId in =
        p.b.op(Op::kLoop, {outer, p.b.div(inner, d)}, LoopAttributes{.level = 1, .count = Dim(2), .carries = 1});
    NodeId out = p.b.op(Op::kLoop, {p.b.integer(81), p.b.result(in, 0)},
                        LoopAttributes{.level = 0, .count = Dim(2), .carries = 1});
    NodeId faulty = p.b.result(out, 0);
    // The same body from another start, faulty or not.
    LoopAttributes plain{.level = 0, .count = Dim(2), .carries = 1};
    NodeId body = p.b.add(outer, p.b.integer(1));
    NodeId clean = p.b.result(p.b.op(Op::kLoop, {p.b.integer(1), body}, plain), 0);
    NodeId spoiled = p.b.result(p.b.op(Op::kLoop, {faulty, body}, plain), 0);
    p.output(clean);
    CHECK(p.fault() == kNone);
    p.output(spoiled);
    CHECK(p.fault() == expected);
  }
}

TEST_CASE("states count as results") {
  CheckedCase p;
  p.arguments.states.push_back(Array::zeros(DType::kI64, {2}));
  NodeId s = p.graph.add_state("s", {DType::kI64, {Dim(2)}});
  p.graph.states[0].next = p.b.div(p.b.integer(1, {Dim(2)}), s);
  p.output(s);
  CHECK(p.fault() == kDivision);
}

TEST_CASE("programs without sites, and accesses that cannot fail, get no fault values") {
  CheckedCase p;
  NodeId x = p.input({3, 2}, {1, 2, 3, 4, 5, 6});
  NodeId turned = p.b.take(x, 0, {p.b.slice(p.b.index(0, {Dim(3)}), {{Dim(2), Dim(-1), -1}})});
  p.output(p.b.div(turned, p.b.integer(2, {Dim(3), Dim(2)})));
  CHECK(p.fault() == kNone);
  const Graph& checked = p.checked.graph;
  CHECK(checked[checked.outputs.back().value].is(Op::kConst));
}

TEST_CASE("messages name the form and its place") {
  CheckedCase p;
  NodeId x = p.input({3}, {1, 2, 3}), i = p.input({1}, {9});
  p.graph.set_origin({SourceSpan{0, 4, 9}, "gather"});
  p.output(p.b.take(x, 0, {i}));
  CHECK(p.fault() == kIndex);
  Diagnostic message = describe_fault(p.checked, p.number);
  CHECK(message.span == SourceSpan{0, 4, 9});
  CHECK(message.message.find("take") != std::string::npos);
  CHECK(message.expected == "0 ≤ index < 3 along axis 0");
  CHECK(message.notes == std::vector<std::string>{"in composite gather"});
}
