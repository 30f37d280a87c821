#include "builder.hpp"

namespace caten::testing {
namespace {

const ValueType kScalar{DType::kI64, {}};

/// (loop 5 ((a 0)) (i) (next (add a i)) :collect a), with more asked for by the tests.
Program::Loop sum_of_counter(Program& p, int level, Dim count) {
  NodeId a = p.carry(level, 0, kScalar);
  return {.level = level, .count = count, .inits = {p.integer(0)}, .nexts = {p.op(Op::kAdd, {a, p.counter(level)})}};
}

}  // namespace

TEST_CASE("loop: carries, collected stacks and the count") {
  Program p;
  Program::Loop l = sum_of_counter(p, 0, Dim(5));
  l.collects = {p.carry(0, 0, kScalar), l.nexts[0]};
  NodeId loop = p.loop(l);
  for (uint32_t k = 0; k < 4; ++k) p.output(p.result(loop, k));
  Results r = p.run();
  check_same(r.outputs[0], i64({}, {10}));
  check_same(r.outputs[1], i64({5}, {0, 0, 1, 3, 6}));
  check_same(r.outputs[2], i64({5}, {0, 1, 3, 6, 10}));
  check_same(r.outputs[3], i64({}, {5}));
}

TEST_CASE("loop: :until counts its iteration; stacks are zero beyond the count") {
  Program p;
  Program::Loop l = sum_of_counter(p, 0, Dim(6));
  l.until = p.op(Op::kLt, {p.integer(2), l.nexts[0]});  // 3 > 2 after iteration 2
  l.collects = {p.op(Op::kAdd, {l.nexts[0], p.integer(100)})};
  NodeId loop = p.loop(l);
  for (uint32_t k = 0; k < 3; ++k) p.output(p.result(loop, k));
  Results r = p.run();
  check_same(r.outputs[0], i64({}, {3}));
  check_same(r.outputs[1], i64({6}, {100, 101, 103, 0, 0, 0}));
  check_same(r.outputs[2], i64({}, {3}));
}

TEST_CASE("loop: a runtime count is clamped to 0 and its bound") {
  for (auto [given, runs, sum] : {std::tuple{-3, 0, 0}, {0, 0, 0}, {2, 2, 1}, {4, 4, 6}, {9, 4, 6}}) {
    Program p;
    Program::Loop l = sum_of_counter(p, 0, Dim(4));
    l.runtime_count = p.input(i64({}, {given}));
    NodeId loop = p.loop(l);
    p.output(p.result(loop, 0));
    p.output(p.result(loop, 1));
    Results r = p.run();
    check_same(r.outputs[0], i64({}, {sum}));
    check_same(r.outputs[1], i64({}, {runs}));
  }
}

TEST_CASE("loop: no iterations, no carries") {
  Program p;
  NodeId loop = p.loop({.count = Dim(0), .collects = {p.counter(0)}});
  p.output(p.result(loop, 0));
  p.output(p.result(loop, 1));
  Results r = p.run();
  CHECK(r.outputs[0].shape() == std::vector<int64_t>{0});
  check_same(r.outputs[1], i64({}, {0}));
}

TEST_CASE("loop: nested, with captured counters") {
  // Σ_i Σ_j (10 i + j), and the table of 10 i + j
  Program p;
  NodeId i = p.counter(0), j = p.counter(1);
  NodeId term = p.op(Op::kAdd, {p.op(Op::kMul, {p.integer(10), i}), j});
  NodeId inner_sum = p.carry(1, 0, kScalar), outer_sum = p.carry(0, 0, kScalar);
  NodeId inner = p.loop({.level = 1,
                         .count = Dim(3),
                         .inits = {outer_sum},
                         .nexts = {p.op(Op::kAdd, {inner_sum, term})},
                         .collects = {term}});
  NodeId outer = p.loop({.level = 0,
                         .count = Dim(2),
                         .inits = {p.integer(0)},
                         .nexts = {p.result(inner, 0)},
                         .collects = {p.result(inner, 1)}});
  p.output(p.result(outer, 0));
  p.output(p.result(outer, 1));
  Results r = p.run();
  check_same(r.outputs[0], i64({}, {36}));
  check_same(r.outputs[1], i64({2, 3}, {0, 1, 2, 10, 11, 12}));
}

TEST_CASE("loop: a closed loop inside a body, hidden levels, invariants") {
  // The closed loop is the very node that the program also uses outside.
  Program p;
  NodeId closed = p.result(p.loop(sum_of_counter(p, 0, Dim(4))), 0);  // 6
  NodeId a = p.carry(0, 0, kScalar), i = p.counter(0);
  NodeId invariant = p.op(Op::kMul, {closed, p.input(i64({}, {7}))});
  NodeId next = p.op(Op::kAdd, {a, p.op(Op::kAdd, {invariant, i})});
  NodeId outer = p.loop({.level = 0, .count = Dim(3), .inits = {closed}, .nexts = {next}});
  p.output(p.result(outer, 0));
  p.output(closed);
  Results r = p.run();
  check_same(r.outputs[0], i64({}, {6 + 3 * 42 + 0 + 1 + 2}));
  check_same(r.outputs[1], i64({}, {6}));
}

TEST_CASE("loop: an inner loop of the same level hides the outer variables") {
  // Outer level 0: a ← result of an inner level-0 loop that starts from a and adds its own counter 0 + 1 + 2 …, then i.
  Program p;
  NodeId a = p.carry(0, 0, kScalar), i = p.counter(0);
  NodeId added = p.op(Op::kAdd, {a, i});  // means the inner variables inside, the outer ones outside
  NodeId inner = p.loop({.level = 0, .count = Dim(3), .inits = {added}, .nexts = {added}});
  NodeId outer = p.loop(
      {.level = 0, .count = Dim(2), .inits = {p.integer(100)}, .nexts = {p.op(Op::kAdd, {p.result(inner, 0), added})}});
  // i = 0: added = 100, inner 103, next 203. i = 1: added = 204, inner 207, next 411.
  check_same(p.value(p.result(outer, 0)), i64({}, {411}));
}

TEST_CASE("loop: arrays as carries; the old carry is seen by every next") {
  // Fibonacci pairs: (a, b) ← (b, a + b), element-wise.
  Program p;
  ValueType type{DType::kI32, {Dim(2)}};
  NodeId a = p.carry(0, 0, type), b = p.carry(0, 1, type);
  NodeId loop =
      p.loop({.count = Dim(10),
              .inits = {p.input(array<int>(DType::kI32, {2}, {0, 2})), p.input(array<int>(DType::kI32, {2}, {1, 1}))},
              .nexts = {b, p.op(Op::kAdd, {a, b})}});
  check_same(p.value(p.result(loop, 0)), array<int>(DType::kI32, {2}, {55, 123}));
}

TEST_CASE("a state's next value; unchanged states stay") {
  Program p;
  NodeId w = p.state(f32({2}, {1, 2}));
  p.state(f32({}, {5}));
  p.graph.states[0].next = p.op(Op::kAdd, {w, w});
  p.output(w);
  Results r = p.run();
  check_same(r.outputs[0], f32({2}, {1, 2}));
  check_same(r.states[0], f32({2}, {2, 4}));
  check_same(r.states[1], f32({}, {5}));
}

TEST_CASE("deep graphs need no stack, and values die after their last user") {
  Program p;
  NodeId x = p.input(Array::zeros(DType::kF32, {1000}));
  NodeId one = p.real(1, {Dim(1000)});
  NodeId y = x;
  for (int k = 0; k < 100'000; ++k) y = k % 2 ? p.reshape(y, {Dim(1000)}) : p.op(Op::kAdd, {y, one});
  p.output(y);
  // y, its successor and the ones, with an error bound of 8 bytes beside every element of 4.
  Results r = p.run({.memory_limit = 3 * 1000 * 12});
  CHECK(r.outputs[0].as<float>()[999] == 50'000);
}

TEST_CASE("limits: memory and interruption") {
  Program p;
  NodeId x = p.real(1, {Dim(1 << 20)});
  p.output(p.op(Op::kAdd, {x, p.op(Op::kMul, {x, x})}));
  Result<Results> r = evaluate(p.graph, p.arguments, {.memory_limit = 12 << 20});
  REQUIRE(r.has_value());
  r = evaluate(p.graph, p.arguments, {.memory_limit = (12 << 20) - 1});
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error().code == Code::OutOfMemory);
  CHECK(r.error().found == "12582912 bytes");
  std::atomic<bool> stop = true;
  r = evaluate(p.graph, p.arguments, {.interrupt = &stop});
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error().code == Code::Interrupted);
}

TEST_CASE("absurd sizes are an error, not an allocation") {
  Program p;
  p.graph.dims.declare("N");
  NodeId x = p.graph.add_input("n", {DType::kF32, {sym("N"), Dim(0)}});
  p.output(p.reduce(Combine::kAdd,
                    p.expand(p.reshape(p.reduce(Combine::kAdd, x, {1}), {sym("N"), Dim(1)}),
                             {sym("N"), Dim(1) * sym("N") * sym("N")}),
                    {0, 1}));
  p.arguments.inputs.push_back(Array::zeros(DType::kF32, {int64_t{1} << 40, 0}));
  Result<Results> r = evaluate(p.graph, p.arguments);
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error().code == Code::SizeOverflow);
}

}  // namespace caten::testing
