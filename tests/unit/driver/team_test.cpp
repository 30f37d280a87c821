// What devices compute with teams of threads: products in tiles, folds of rows and of all, softmax, what is put.
#include <doctest/doctest.h>

#include <cmath>

#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "ir/build.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

Array numbers(DType dtype, const std::vector<int64_t>& shape, int64_t from) {
  Array out = Array::zeros(dtype, shape);
  int64_t count = out.elements();
  for (int64_t i = 0; i < count; ++i) {
    int64_t mixed = (i + from) * 2654435761 % 1000;
    if (dtype == DType::kF32)
      out.as_mutable<float>()[i] = static_cast<float>(mixed) / 500 - 1;
    else
      out.as_mutable<int64_t>()[i] = mixed % 40 - 3;
  }
  return out;
}

/// A program that is made of inputs with elements.
struct Made {
  generated::Case given{};
  Build b{given.graph};

  NodeId input(DType dtype, const std::vector<int64_t>& shape) {
    size_t number = given.arguments.inputs.size();
    given.arguments.inputs.push_back(numbers(dtype, shape, static_cast<int64_t>(number)));
    return given.graph.add_input("x" + std::to_string(number), {dtype, Shape(shape.begin(), shape.end())});
  }
  void output(NodeId value) {
    given.graph.outputs.push_back({"y" + std::to_string(given.graph.outputs.size()), value});
  }

  /// [batch rows columns]: operands with the folded axis in front or behind.
  NodeId product(int64_t batch, int64_t rows, int64_t depth, int64_t columns, bool turned_x, bool turned_w) {
    auto shape = [&](bool turned, int64_t other) {
      return turned ? std::vector<int64_t>{batch, depth, other} : std::vector<int64_t>{batch, other, depth};
    };
    NodeId x = input(DType::kF32, shape(turned_x, rows)), w = input(DType::kF32, shape(!turned_w, columns));
    if (turned_x) x = b.permute(x, {0, 2, 1});
    if (!turned_w) w = b.permute(w, {0, 2, 1});
    Shape all{Dim(batch), Dim(rows), Dim(columns), Dim(depth)};
    return b.reduce(Combine::kAdd, b.mul(b.spread(x, all, {0, 1, 3}), b.spread(w, all, {0, 2, 3})), {3});
  }
};

void check(const Made& made) {
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .rewriting = {.verify_each = true}, .store = test_store()});
    generated::Verdict verdict = generated::check(
        made.given, [&](const Graph& graph, const Arguments& arguments) { return session.run(graph, arguments); });
    CHECK_MESSAGE(verdict.ok(), runtime, ": ", verdict.message);
  }
}

}  // namespace

TEST_CASE("generated programs for teams: products of all forms and sizes, with what comes before and behind") {
  Made made;
  for (int form = 0; form < 4; ++form) made.output(made.product(1, 70, 35, 130, (form & 1) != 0, (form & 2) != 0));
  made.output(made.product(3, 64, 16, 64, false, false));
  made.output(made.product(2, 17, 100, 16, false, true));
  NodeId y = made.product(1, 100, 33, 65, false, true);
  const Build& b = made.b;
  NodeId bias = made.input(DType::kF32, {65}), rows = made.input(DType::kF32, {100});
  NodeId moved = b.add(y, b.spread(bias, b.shape(y), {2}));
  made.output(b.max(b.mul(moved, b.spread(rows, b.shape(y), {1})), b.zeros(b.type(y))));
  made.output(b.reduce(Combine::kAdd, b.mul(y, y), {1}));
  check(made);
}

TEST_CASE("generated programs for teams: convolutions, and products of what is decoded, gathered and masked") {
  Made made;
  const Build& b = made.b;
  // x[n c h+i-1 w+j-1] · f[o c i j], zeros around.
  NodeId x = made.input(DType::kF32, {2, 18, 5, 20}), f = made.input(DType::kF32, {33, 18, 3, 3});
  auto window = [&](NodeId of, int axis, int64_t size) {
    Shape shape{Dim(size), Dim(3)};
    NodeId at = b.add(b.add(b.index(0, shape), b.index(1, shape)), b.integer(-1, shape));
    NodeId there = b.both(b.lt(b.integer(-1, shape), at), b.lt(at, b.integer(size, shape)));
    NodeId seen = b.take(of, axis, {b.min(b.max(at, b.integer(0, shape)), b.integer(size - 1, shape))});
    return b.select(b.spread(there, b.shape(seen), {axis, axis + 1}), seen, b.zeros(b.type(seen)));
  };
  NodeId windows = b.permute(window(window(x, 2, 5), 4, 20), {0, 2, 4, 1, 3, 5});
  Shape all{Dim(2), Dim(33), Dim(5), Dim(20), Dim(18), Dim(3), Dim(3)};
  made.output(b.reduce(Combine::kAdd, b.mul(b.spread(windows, all, {0, 2, 3, 4, 5, 6}), b.spread(f, all, {1, 4, 5, 6})),
                       {4, 5, 6}));
  // Weights of few bits with scales, rows that are looked up, and a product of which only a part is wanted.
  Shape product{Dim(40), Dim(70), Dim(48)};
  NodeId table = made.input(DType::kF32, {9, 48}), at = made.input(DType::kI64, {40});
  NodeId weights = made.input(DType::kI64, {70, 48}), scales = made.input(DType::kF32, {70});
  NodeId clamped = b.min(b.max(at, b.integer(0, b.shape(at))), b.integer(8, b.shape(at)));
  NodeId decoded = b.mul(b.cast(b.cast(weights, DType::kI8), DType::kF32), b.spread(scales, b.shape(weights), {0}));
  NodeId terms = b.mul(b.spread(b.take(table, 0, {clamped}), product, {0, 2}), b.spread(decoded, product, {1, 2}));
  made.output(b.reduce(Combine::kAdd, terms, {2}));
  NodeId seen = b.lt(b.index(1, product), b.index(0, product));
  made.output(b.reduce(Combine::kAdd, b.select(seen, terms, b.zeros(b.type(terms))), {2}));
  check(made);
}

TEST_CASE("generated programs for teams: folds of rows, columns and everything") {
  Made made;
  const Build& b = made.b;
  for (int64_t length : {1, 63, 64, 65, 300, 1000}) {
    NodeId x = made.input(DType::kF32, {5, length});
    for (Combine combine : {Combine::kAdd, Combine::kMax}) made.output(b.reduce(combine, x, {1}));
    NodeId mean = b.reduce(Combine::kAdd, x, {1}), off = b.add(x, b.spread(mean, b.shape(x), {0}));
    made.output(b.mul(off, b.spread(b.reduce(Combine::kMax, off, {1}), b.shape(x), {0})));
    made.output(b.reduce(Combine::kAdd, x, {0}));
    made.output(b.reduce(Combine::kAdd, b.mul(x, x), {0, 1}));
  }
  NodeId cube = made.input(DType::kF32, {6, 7, 90});
  made.output(b.reduce(Combine::kAdd, cube, {0, 2}));
  made.output(b.reduce(Combine::kMax, cube, {1, 2}));
  // Passes over a row of which each has another number of elements, and a fold within the second.
  NodeId long_rows = made.input(DType::kF32, {4, 34, 5}), squares = b.mul(long_rows, long_rows);
  NodeId both_ways = b.add(squares, b.slice(squares, {{0, 4, 1}, {0, 34, 1}, {4, -1, -1}}));
  made.output(b.reduce(Combine::kAdd, b.reduce(Combine::kMax, both_ways, {2}), {1}));
  NodeId z = made.input(DType::kI64, {3, 200});
  made.output(b.reduce(Combine::kAdd, z, {1}));
  made.output(b.reduce(Combine::kMul, b.cast(z, DType::kC64), {1}));
  check(made);
}

TEST_CASE("generated programs for teams: what is put at places that meet") {
  Made made;
  const Build& b = made.b;
  NodeId at = made.input(DType::kI64, {50}), x = made.input(DType::kF32, {30, 9}), v = made.input(DType::kF32, {50, 9});
  for (Combine mode : {Combine::kSet, Combine::kAdd, Combine::kMax}) made.output(b.put(x, 0, {at}, v, mode));
  NodeId turned = made.input(DType::kF32, {9, 30}), w = made.input(DType::kF32, {9, 50});
  made.output(b.put(turned, 1, {at}, w, Combine::kAdd));
  NodeId line = made.input(DType::kF32, {30}), u = made.input(DType::kF32, {50});
  made.output(b.put(line, 0, {at}, u, Combine::kAdd));
  check(made);
}

}  // namespace caten
