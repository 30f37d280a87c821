// Products of matrices and transposed values at the edges of tiles, and maxima along rows, against the reference.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>

#include "driver/session.hpp"
#include "generate/generate.hpp"
#include "ir/build.hpp"
#include "ir/evaluate.hpp"
#include "runtimes.hpp"
#include "test_store.hpp"

namespace caten {
namespace {

/// x · wᵀ + bias (or x · w), over leading axes that both have.
Graph product(DType dtype, const Dim& batch, const Dim& rows, const Dim& columns, const Dim& depth, bool transposed) {
  Graph graph;
  for (const char* name : {"B", "M", "N", "K"}) graph.dims.declare(name);
  Build b(graph);
  Shape whole{batch, rows, columns, depth};
  NodeId x = graph.add_input("x", {dtype, {batch, rows, depth}});
  NodeId w = graph.add_input("w", {dtype, transposed ? Shape{batch, columns, depth} : Shape{batch, depth, columns}});
  if (!transposed) w = b.permute(w, {0, 2, 1});
  NodeId y = b.reduce(Combine::kAdd, b.mul(b.spread(x, whole, {0, 1, 3}), b.spread(w, whole, {0, 2, 3})), {3});
  NodeId bias = graph.add_input("bias", {dtype, {columns}});
  graph.outputs.push_back({"y", b.add(y, b.spread(bias, {batch, rows, columns}, {2}))});
  return graph;
}

}  // namespace

TEST_CASE("products of matrices are right at the edges of tiles, with the weights either way round") {
  struct Sizes {
    int64_t batch, rows, columns, depth;
  };
  const std::vector<Sizes> all{{1, 1, 1, 1},   {1, 1, 9, 40},   {2, 2, 4, 32},  {1, 3, 5, 33},
                               {1, 5, 35, 16}, {2, 7, 64, 100}, {1, 4, 0, 5},   {0, 3, 3, 3},
                               {1, 2, 3, 0},   {1, 2, 5, 1100}, {1, 9, 33, 64}, {1, 8, 32, 2048}};
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .store = test_store()});
    generated::Runner run = [&](const Graph& graph, const Arguments& arguments) {
      return session.run(graph, arguments);
    };
    generated::Random random(11);
    auto check = [&](Graph graph, const Sizes& s, const std::string& name) {
      generated::Case given{std::move(graph),
                            {.sizes = {{"B", s.batch}, {"M", s.rows}, {"N", s.columns}, {"K", s.depth}}}};
      for (const Graph::Input& input : given.graph.inputs) {
        const ValueType& type = given.graph.type(input.node);
        Array array = Array::zeros(type.dtype, concrete(type.shape, given.arguments.sizes));
        for (int64_t i = 0; i < array.elements(); ++i)
          Scalar::of_real(type.dtype, static_cast<double>(random.below(2001)) / 1000 - 1)
              .store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(type.dtype));
        given.arguments.inputs.push_back(std::move(array));
      }
      generated::Verdict verdict = generated::check(given, run);
      CHECK_MESSAGE(verdict.ok(), runtime, ", ", name, ": ", verdict.message);
    };
    for (bool transposed : {true, false})
      for (DType dtype : {DType::kF32, DType::kF64, DType::kBF16, DType::kI32}) {
        if (dtype != DType::kF32 && runtime == "c") continue;
        Dim b = Dim::symbol("B"), m = Dim::symbol("M"), n = Dim::symbol("N"), k = Dim::symbol("K");
        for (const Sizes& s : all) {
          std::string name =
              fmt::format("{} {} · {} {} {} {}", dtype_name(dtype), transposed, s.batch, s.rows, s.columns, s.depth);
          check(product(dtype, b, m, n, k, transposed), s, name);
          if (dtype == DType::kF32 && runtime != "c")
            check(product(dtype, s.batch, s.rows, s.columns, s.depth, transposed), s, name + ", constant");
        }
      }
  }
}

TEST_CASE("what is read along one axis and written along another is right at the edges of tiles") {
  // y = x · w[i, j] + v[j, i], v alone, or v where i is even, over [B, M, N].
  auto program = [](DType dtype, int kind, const Dim& batch, const Dim& rows, const Dim& columns) {
    Graph graph;
    for (const char* name : {"B", "M", "N"}) graph.dims.declare(name);
    Build b(graph);
    Shape shape{batch, rows, columns};
    NodeId v = b.permute(graph.add_input("v", {dtype, {batch, columns, rows}}), {0, 2, 1});
    NodeId u = b.permute(graph.add_input("u", {dtype, {columns, rows}}), {1, 0});
    NodeId w = graph.add_input("w", {dtype, shape});
    NodeId y = v;
    if (kind == 1) y = b.add(b.mul(w, b.spread(u, shape, {1, 2})), v);
    if (kind == 2) y = b.select(b.is_zero(b.op(Op::kMod, {b.index(1, shape), b.integer(2, shape)})), b.add(v, w), w);
    graph.outputs.push_back({"y", y});
    return graph;
  };
  struct Sizes {
    int64_t batch, rows, columns;
  };
  const std::vector<Sizes> all{{1, 1, 1},   {2, 16, 17},  {1, 17, 64},  {1, 64, 64},  {3, 65, 63}, {1, 0, 20},
                               {0, 20, 20}, {2, 130, 40}, {1, 40, 200}, {1, 33, 530}, {2, 16, 512}};
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .store = test_store()});
    Session streaming({.runtime = runtime, .scheduling = {.streamed_bytes = 1}, .store = test_store()});
    generated::Runner run = [&](const Graph& graph, const Arguments& arguments) {
      return session.run(graph, arguments);
    };
    generated::Runner stream = [&](const Graph& graph, const Arguments& arguments) {
      return streaming.run(graph, arguments);
    };
    generated::Random random(12);
    for (DType dtype : {DType::kF32, DType::kF64, DType::kI8, DType::kBF16, DType::kC64, DType::kC128})
      for (int kind = 0; kind < 3; ++kind)
        for (const Sizes& s : all) {
          if (dtype != DType::kF32 && runtime == "c") continue;
          for (bool open : {true, false}) {
            if (!open && runtime == "c") continue;
            Graph graph = open ? program(dtype, kind, Dim::symbol("B"), Dim::symbol("M"), Dim::symbol("N"))
                               : program(dtype, kind, s.batch, s.rows, s.columns);
            generated::Case given{std::move(graph), {.sizes = {{"B", s.batch}, {"M", s.rows}, {"N", s.columns}}}};
            for (const Graph::Input& input : given.graph.inputs) {
              const ValueType& type = given.graph.type(input.node);
              Array array = Array::zeros(dtype, concrete(type.shape, given.arguments.sizes));
              for (int64_t i = 0; i < array.elements(); ++i)
                Scalar::of_real(dtype, static_cast<double>(random.below(101)) - 50)
                    .store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(dtype));
              given.arguments.inputs.push_back(std::move(array));
            }
            generated::Verdict verdict = generated::check(given, run);
            CHECK_MESSAGE(verdict.ok(), runtime, " ", dtype_name(dtype), " ", kind, " ", s.rows, " ", s.columns, ": ",
                          verdict.message);
            if (open) continue;
            verdict = generated::check(given, stream);
            CHECK_MESSAGE(verdict.ok(), "streamed ", runtime, " ", dtype_name(dtype), " ", kind, " ", s.rows, " ",
                          s.columns, ": ", verdict.message);
          }
        }
  }
}

TEST_CASE("results that are written past the caches are whole, wherever they begin and however long they are") {
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .scheduling = {.streamed_bytes = 1}, .store = test_store()});
    for (DType dtype : {DType::kF32, DType::kU8, DType::kC128})
      for (int64_t rows : {1, 3})
        for (int64_t columns : {1, 15, 255, 256, 1000, 4097, 9000}) {
          Graph graph;
          Build b(graph);
          Shape shape{rows, columns};
          NodeId x = graph.add_input("x", {dtype, shape});
          NodeId y = b.add(x, x);
          graph.outputs.push_back({"y", y});
          graph.outputs.push_back({"z", b.eq(x, y)});
          Array array = Array::zeros(dtype, {rows, columns});
          for (int64_t i = 0; i < rows * columns; ++i)
            Scalar::of_real(dtype, static_cast<double>(i % 120))
                .store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(dtype));
          Result<Results> found = session.run(graph, {.inputs = {array}});
          Result<Results> expected = evaluate(graph, {.inputs = {array}});
          REQUIRE((found && expected));
          CAPTURE(runtime);
          CAPTURE(columns);
          for (size_t k = 0; k < 2; ++k) CHECK(found->outputs[k].same_bytes(expected->outputs[k]));
        }
  }
}

TEST_CASE("what waits for the sum of its row does so in memory of the kernel, if the result goes past the caches") {
  for (DType dtype : {DType::kF32, DType::kF64})
    for (int64_t columns : {1, 15, 90, 1000, 4096, 4097, 9000}) {
      Graph graph;
      Build b(graph);
      Shape shape{3, 2, columns};
      NodeId x = graph.add_input("x", {dtype, shape});
      NodeId e = b.op(Op::kSin, {b.op(Op::kExp2, {x})});
      NodeId sum = b.reduce(Combine::kAdd, e, {1, 2});
      graph.outputs.push_back({"y", b.add(e, b.spread(sum, shape, {0}))});
      ScheduleOptions options{.streamed_bytes = 1};
      std::string text = print_schedule(make_schedule(graph, options));
      int64_t room = (int64_t{32} << 10) / static_cast<int64_t>(dtype_size(dtype));
      bool fits = 2 * columns <= room;
      CAPTURE(columns);
      CAPTURE(text);
      CHECK((text.find("own row :=") != std::string::npos) == fits);
      CHECK((text.find("past the caches") != std::string::npos) == fits);
      options.off = {"streaming"};
      CHECK(print_schedule(make_schedule(graph, options)).find("own row") == std::string::npos);
      generated::Case given{graph, {}};
      Array array = Array::zeros(dtype, {3, 2, columns});
      for (int64_t i = 0; i < array.elements(); ++i)
        Scalar::of_real(dtype, static_cast<double>(i % 7) / 8)
            .store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(dtype));
      given.arguments.inputs.push_back(std::move(array));
      for (const std::string& runtime : compiling_runtimes()) {
        Session session({.runtime = runtime, .scheduling = {.streamed_bytes = 1}, .store = test_store()});
        generated::Verdict verdict = generated::check(
            given, [&](const Graph& program, const Arguments& arguments) { return session.run(program, arguments); });
        CHECK_MESSAGE(verdict.ok(), runtime, " ", columns, ": ", verdict.message);
      }
    }
}

TEST_CASE("folds of a few elements, of one and of none are right, with products and what follows them") {
  struct Fold {
    Shape shape;
    std::vector<int> axes;
  };
  const std::vector<Fold> all{{{5, 37, 3}, {2}},
                              {{5, 3, 37}, {1}},
                              {{3, 3, 2, 19}, {0, 1}},
                              {{7, 1, 5}, {1}},
                              {{4, 32}, {1}},
                              {{4, 33}, {1}},
                              {{6, 0}, {1}},
                              {{9, 2, 2, 2}, {1, 3}},
                              {
                                  {40, 4},
                                  {},
                              },
                              {{1, 21, 1}, {0, 2}},
                              {{3}, {0}}};
  generated::Random random(31);
  for (const std::string& runtime : compiling_runtimes()) {
    Session session({.runtime = runtime, .store = test_store()});
    generated::Runner run = [&](const Graph& graph, const Arguments& arguments) {
      return session.run(graph, arguments);
    };
    using Kind = std::pair<DType, Combine>;
    for (auto [dtype, combine] :
         {Kind{DType::kF32, Combine::kAdd}, Kind{DType::kF32, Combine::kMax}, Kind{DType::kF64, Combine::kMul},
          Kind{DType::kI16, Combine::kAdd}, Kind{DType::kBF16, Combine::kAdd}, Kind{DType::kC64, Combine::kMul}}) {
      generated::Case given{};
      Build b(given.graph);
      for (const Fold& fold : all) {
        std::string name = std::to_string(given.graph.inputs.size());
        NodeId x = given.graph.add_input("x" + name, {dtype, fold.shape});
        NodeId y = b.mul(x, given.graph.add_input("y" + name, {dtype, fold.shape}));
        NodeId folded = b.reduce(combine, y, fold.axes);
        given.graph.outputs.push_back({"folded" + name, folded});
        given.graph.outputs.push_back({"same" + name, b.eq(folded, folded)});
      }
      for (const Graph::Input& input : given.graph.inputs)
        given.arguments.inputs.push_back(
            generated::random_array(random, dtype, concrete(given.graph.type(input.node).shape, {})));
      generated::Verdict verdict = generated::check(given, run);
      CHECK_MESSAGE(verdict.ok(), runtime, ", ", dtype_name(dtype), ": ", verdict.message);
    }
  }
}

TEST_CASE("a sum of many transposed values has small tiles of each") {
  for (DType dtype : {DType::kF32, DType::kC128}) {
    Graph graph;
    Build b(graph);
    Arguments arguments;
    NodeId sum;
    for (int k = 0; k < 40; ++k) {
      NodeId x = b.permute(graph.add_input("x" + std::to_string(k), {dtype, {Dim(20), Dim(30)}}), {1, 0});
      sum = sum.valid() ? b.add(sum, x) : x;
      Array array = Array::zeros(dtype, {20, 30});
      for (int64_t i = 0; i < array.elements(); ++i)
        Scalar::of_real(dtype, static_cast<double>((i * 7 + k) % 50))
            .store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(dtype));
      arguments.inputs.push_back(std::move(array));
    }
    graph.outputs.push_back({"y", sum});
    Result<Results> expected = evaluate(graph, arguments);
    REQUIRE(expected.has_value());
    for (const std::string& runtime : compiling_runtimes()) {
      Session session({.runtime = runtime, .store = test_store()});
      Result<Results> found = session.run(graph, arguments);
      REQUIRE(found.has_value());
      CHECK(found->outputs[0].same_bytes(expected->outputs[0]));
    }
  }
}

TEST_CASE("maxima along rows order all floats: zeros by their signs, NaN above everything") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  struct Row {
    double most, one;  ///< all elements, and the one in the middle
  };
  const std::vector<Row> rows{{-0.0, -0.0}, {-0.0, 0.0},  {-1, -0.0},    {-inf, -inf}, {-inf, -3},      {-2, 5},
                              {-4, -3.5},   {7, inf},     {inf, nan},    {-inf, -nan}, {nan, nan},      {-nan, -nan},
                              {1e-40, -1},  {-1e-40, -2}, {0.0, -1e-40}, {-5, -1e-40}, {-1.5e38, -1e38}};
  for (const std::string& runtime : compiling_runtimes())
    for (DType dtype : {DType::kF32, DType::kF64})
      for (int64_t length : {1, 33, 64, 100}) {
        Graph graph;
        Build b(graph);
        auto count = static_cast<int64_t>(rows.size());
        NodeId x = graph.add_input("x", {dtype, {Dim(count), Dim(length)}});
        NodeId largest = b.reduce(Combine::kMax, x, {1});
        graph.outputs.push_back({"y", b.bitcast(largest, dtype == DType::kF32 ? DType::kI32 : DType::kI64)});
        graph.outputs.push_back({"nan", b.eq(largest, largest)});
        Array array = Array::zeros(dtype, {count, length});
        for (int64_t i = 0; i < count * length; ++i) {
          const Row& row = rows[static_cast<size_t>(i / length)];
          Scalar::of_real(dtype, i % length == length / 2 ? row.one : row.most)
              .store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(dtype));
        }
        Session session({.runtime = runtime, .store = test_store()});
        Result<Results> found = session.run(graph, {.inputs = {array}});
        Result<Results> expected = evaluate(graph, {.inputs = {array}});
        REQUIRE((found && expected));
        for (int64_t k = 0; k < count; ++k) {
          auto at = [&](const Result<Results>& of, size_t output) {
            const Array& values = of->outputs[output];
            return Scalar::load(values.dtype(), values.data() + static_cast<size_t>(k) * dtype_size(values.dtype()))
                .as_integer();
          };
          CAPTURE(runtime);
          CAPTURE(length);
          CAPTURE(k);
          CHECK(at(found, 1) == at(expected, 1));
          if (at(expected, 1)) CHECK(at(found, 0) == at(expected, 0));  // NaNs may be any
        }
      }
}

}  // namespace caten
