#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "driver/stepper.hpp"
#include "training/batches.hpp"
#include "training/loop.hpp"

namespace caten {
namespace {

Array floats(std::vector<int64_t> shape, std::vector<float> values) {
  Array array = Array::zeros(DType::kF32, std::move(shape));
  std::copy(values.begin(), values.end(), array.as_mutable<float>());
  return array;
}

Array counted(int64_t rows, int64_t columns) {
  std::vector<float> values(static_cast<size_t>(rows * columns));
  std::iota(values.begin(), values.end(), 0.0F);
  return floats({rows, columns}, std::move(values));
}

/// state w: f32[2]; input x: f32[2]; w' = w + x if the sum of log2(w·x) is finite, else w; the output is that sum.
Graph steps() {
  Graph graph;
  ValueType type{DType::kF32, {Dim(2)}};
  NodeId w = graph.add_state("w", type), x = graph.add_input("x", type);
  NodeId logs = graph.make(Op::kLog2, {graph.make(Op::kMul, {w, x}).value()}).value();
  NodeId loss = graph.make(Op::kReduce, {logs}, ReduceAttributes{Combine::kAdd, {0}}).value();
  graph.outputs.push_back({"loss", loss});
  NodeId zero =
      graph
          .make(
              Op::kMul,
              {loss, graph.make(Op::kConst, {}, ConstAttributes{Scalar::zero(DType::kF32)}, {DType::kF32, {}}).value()})
          .value();
  NodeId fine = graph.make(Op::kEq, {zero, zero}).value();
  auto wide = [&](NodeId id) {
    NodeId one = graph.make(Op::kReshape, {id}, {}, {graph.type(id).dtype, {Dim(1)}}).value();
    return graph.make(Op::kExpand, {one}, {}, {graph.type(id).dtype, {Dim(2)}}).value();
  };
  NodeId moved = graph.make(Op::kAdd, {w, x}).value();
  graph.states[0].next = graph.make(Op::kIf, {wide(fine), moved, w}).value();
  return graph;
}

}  // namespace

TEST_CASE("an epoch's order is a permutation that follows from seed and epoch") {
  std::vector<int64_t> order = training::epoch_order(100, 7, 3);
  CHECK(order == training::epoch_order(100, 7, 3));
  CHECK(order != training::epoch_order(100, 7, 4));
  CHECK(order != training::epoch_order(100, 8, 3));
  std::sort(order.begin(), order.end());
  for (int64_t k = 0; k < 100; ++k) CHECK(order[static_cast<size_t>(k)] == k);
  CHECK(training::epoch_order(0, 1, 1).empty());
  CHECK(training::epoch_order(1, 1, 1) == std::vector<int64_t>{0});
}

TEST_CASE("batches do not depend on which were asked for before") {
  for (int64_t columns : {2, 40000}) {  // small ones are gathered when they are asked for, large ones ahead
    CAPTURE(columns);
    Result<training::Batches> a =
        training::Batches::make({counted(11, columns), counted(11, 1)}, {.size = 4, .seed = 5});
    Result<training::Batches> b =
        training::Batches::make({counted(11, columns), counted(11, 1)}, {.size = 4, .seed = 5});
    REQUIRE(a);
    REQUIRE(b);
    CHECK(a->per_epoch() == 2);
    std::vector<std::vector<Array>> all;
    for (int64_t step = 0; step < 6; ++step) all.push_back(a->batch(step));
    for (int64_t step : {5, 2, 3, 0, 0}) {
      std::vector<Array> again = b->batch(step);
      for (size_t k = 0; k < 2; ++k) CHECK(again[k].same_bytes(all[static_cast<size_t>(step)][k]));
    }
    for (const std::vector<Array>& batch : all)
      for (int64_t row = 0; row < 4; ++row)
        CHECK(batch[0].as<float>()[row * columns] == batch[1].as<float>()[row] * static_cast<float>(columns));
  }
}

TEST_CASE("data that does not fit") {
  auto code = [](std::vector<Array> arrays, int64_t size) {
    Result<training::Batches> made = training::Batches::make(std::move(arrays), {.size = size});
    return made ? Code{} : made.error().code;
  };
  CHECK(code({}, 1) == Code::WrongTrainingData);
  CHECK(code({Array::zeros(DType::kF32, {})}, 1) == Code::WrongTrainingData);
  CHECK(code({counted(3, 1), counted(4, 1)}, 1) == Code::WrongTrainingData);
  CHECK(code({counted(3, 1)}, 4) == Code::WrongTrainingData);
  CHECK(code({counted(3, 1)}, 0) == Code::WrongTrainingData);
}

TEST_CASE("a stepper keeps its states where they lie") {
  for (const char* runtime : {"c", "reference"}) {
    CAPTURE(runtime);
    Session session({.runtime = runtime});
    Result<Stepper> stepper = Stepper::make(session, steps(), {floats({2}, {1, 2})}, {});
    REQUIRE(stepper);
    CHECK(stepper->inputs() == 1);
    for (int k = 0; k < 3; ++k) REQUIRE(stepper->step({floats({2}, {1, 2})}));
    CHECK((*stepper->states())[0].same_bytes(floats({2}, {4, 8})));
    CHECK(stepper->step({}).error().code == Code::MissingInput);
    CHECK(stepper->step({floats({3}, {1, 2, 3})}).error().code == Code::InputMismatch);
    CHECK((*stepper->states())[0].same_bytes(floats({2}, {4, 8})));
    CHECK(stepper->set_states({floats({1}, {1})}).error().code == Code::InputMismatch);
    CHECK(stepper->set_states({}).error().code == Code::MissingInput);
    session.interrupt();
    CHECK(stepper->step({floats({2}, {1, 2})}).error().code == Code::Interrupted);
    session.resume();
    CHECK(stepper->step({floats({2}, {1, 2})}));
  }
}

TEST_CASE("a loop of steps ends where a loss is not finite, and says which op made it so") {
  Session session({.runtime = "c"});
  Result<Stepper> stepper = Stepper::make(session, steps(), {floats({2}, {1, 2})}, {});
  REQUIRE(stepper);
  Result<training::Batches> batches =
      training::Batches::make({floats({3, 2}, {1, 2, 1, 1, -1, 1})}, {.size = 1, .shuffle = false});
  REQUIRE(batches);
  // A batch of one row has another shape than the step takes.
  CHECK(training::run_steps(*stepper, *batches, {.count = 1}).error().code == Code::InputMismatch);
  Diagnostic problem = training::describe_not_finite(*stepper, {floats({2}, {-1, 1})}, 7, std::nanf(""));
  CHECK(problem.code == Code::NotFinite);
  CHECK(problem.message == "the loss of step 7 is nan");
  CHECK(problem.found == "`log2` makes it of finite values");
  CHECK(training::describe_not_finite(*stepper, {floats({2}, {INFINITY, 1})}, 7, INFINITY).found ==
        "input 0 has values that are not finite");
  REQUIRE(stepper->step({floats({2}, {-1, 1})}));
  CHECK((*stepper->states())[0].same_bytes(floats({2}, {1, 2})));
}

}  // namespace caten
