// Programs in bf16 and f16: what is rounded, what is not, and how far results are from those in f32.
#include "rewrite/passes/convert_precision.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "ir/build.hpp"
#include "ir/evaluate.hpp"
#include "ir/print.hpp"
#include "ir/verify.hpp"

using namespace caten;

namespace {

struct ConvertedCase {
  Graph graph;
  Build b{graph};
  Arguments arguments;

  NodeId input(std::vector<int64_t> shape, std::vector<float> values) {
    Array array = Array::zeros(DType::kF32, shape);
    std::copy(values.begin(), values.end(), array.as_mutable<float>());
    arguments.inputs.push_back(array);
    return graph.add_input("x" + std::to_string(graph.inputs.size()), {DType::kF32, Shape(shape.begin(), shape.end())});
  }
  NodeId input(std::vector<float> values) { return input({static_cast<int64_t>(values.size())}, values); }
  void output(NodeId id) { graph.outputs.push_back({"y" + std::to_string(graph.outputs.size()), id}); }
  NodeId region(const std::string& name, NodeId body, std::vector<NodeId> of) {
    return graph.make_region({.name = name, .attributes = {}}, body, std::move(of));
  }

  Graph converted(std::string_view dtype, std::string_view keep = "default") const {
    Graph out = convert_precision(graph, *parse_precision(dtype, keep).value());
    Status valid = verify(out);
    if (!valid) FAIL(render(valid.error(), SourceMap()));
    REQUIRE(out.outputs.size() == graph.outputs.size());
    for (size_t i = 0; i < out.outputs.size(); ++i)
      CHECK(out.type(out.outputs[i].value) == graph.type(graph.outputs[i].value));
    return out;
  }
  /// The first output, as floats.
  std::vector<float> run(std::string_view dtype, std::string_view keep = "default") const {
    Result<Results> results = evaluate(converted(dtype, keep), arguments);
    REQUIRE(results);
    const float* first = results->outputs[0].as<float>();
    return {first, first + results->outputs[0].elements()};
  }
};

float rounded(DType dtype, double value) { return static_cast<float>(round_to(dtype, value)); }
float bf16(double value) { return rounded(DType::kBF16, value); }

size_t count(const Graph& graph, Op op, DType dtype) {
  size_t found = 0;
  for (NodeId id : graph.reachable()) found += graph[id].is(op) && graph.type(id).dtype == dtype;
  return found;
}

const std::vector<float> kX{1.0F, 0.3F, -2.7F, 1000.5F}, kY{0.1F, 7.7F, 3.3F, -0.001F};

}  // namespace

TEST_CASE("an op rounds its operands and its result") {
  ConvertedCase p;
  NodeId x = p.input(kX), y = p.input(kY);
  p.output(p.b.add(p.b.mul(x, y), y));
  for (auto [name, dtype] : {std::pair{"bf16", DType::kBF16}, {"f16", DType::kF16}}) {
    std::vector<float> found = p.run(name);
    for (size_t i = 0; i < kX.size(); ++i) {
      double product = rounded(dtype, double(rounded(dtype, kX[i])) * rounded(dtype, kY[i]));
      CHECK(found[i] == rounded(dtype, product + rounded(dtype, kY[i])));
    }
  }
}

TEST_CASE("what moves and compares values rounds none") {
  ConvertedCase p;
  NodeId x = p.input(kX), y = p.input(kY);
  p.output(p.b.select(p.b.lt(x, y), p.b.max(x, y), x));
  CHECK(p.run("bf16") == std::vector<float>{1.0F, 7.7F, 3.3F, 1000.5F});
  p.graph.outputs[0].value = p.b.permute(p.b.reshape(x, {Dim(2), Dim(2)}), {1, 0});
  CHECK(p.run("bf16") == std::vector<float>{1.0F, -2.7F, 0.3F, 1000.5F});
}

TEST_CASE("sums are accumulated in f32, products too that they read") {
  ConvertedCase p;
  std::vector<float> many(300, 1.01F);
  NodeId x = p.input(many), y = p.input(many);
  NodeId dot = p.b.reduce(Combine::kAdd, p.b.mul(x, y), {0});
  p.output(dot);
  double square = double(bf16(1.01)) * bf16(1.01);
  CHECK(p.run("bf16")[0] == doctest::Approx(300 * square).epsilon(1e-6));
  // Not kept, the sum is rounded once.
  CHECK(p.run("bf16", "none")[0] == bf16(300 * square));
  // A sum of what is there in f32 rounds nothing.
  p.graph.outputs[0].value = p.b.reduce(Combine::kAdd, x, {0});
  CHECK(p.run("bf16")[0] == doctest::Approx(300 * 1.01).epsilon(1e-6));
}

TEST_CASE("composites: kept, computed in f32 between rounded ends, or op by op") {
  auto result = [](const char* name, const char* keep) {
    ConvertedCase p;
    NodeId x = p.input(kX);
    NodeId body = p.b.mul(p.b.mul(x, x), x);
    p.output(p.region(name, body, {x}));
    return p.run("bf16", keep)[1];
  };
  double x = 0.3F, r = bf16(x);
  CHECK(result("softmax", "default") == float(float(x * x) * x));
  CHECK(result("gelu", "default") == bf16(float(float(r * r) * r)));
  CHECK(result("gelu", "default,gelu") == float(float(x * x) * x));
  CHECK(result("gelu", "activations") == float(float(x * x) * x));
  CHECK(result("mine", "default") == bf16(double(bf16(r * r)) * r));
  CHECK(result("mine", "mine") == float(float(x * x) * x));
}

TEST_CASE("composites inside of one that computes in f32 round nothing") {
  ConvertedCase p;
  NodeId x = p.input(kX);
  NodeId square = p.region("abs", p.b.mul(x, x), {x});
  p.output(p.region("gelu", p.b.mul(square, x), {x}));
  double r = bf16(0.3F);
  CHECK(p.run("bf16")[1] == bf16(double(float(r * r)) * r));
}

TEST_CASE("a kept composite reads what others computed, and keeps only its own") {
  ConvertedCase p;
  NodeId x = p.input(kX), y = p.input(kY);
  NodeId square = p.b.mul(y, y);  // captured
  NodeId body = p.b.mul(p.b.mul(x, x), square);
  p.output(p.region("softmax", body, {x}));
  double x1 = kX[1], captured = bf16(double(bf16(kY[1])) * bf16(kY[1]));
  CHECK(p.run("bf16")[1] == float(double(float(x1 * x1)) * captured));
}

TEST_CASE("one node in a kept composite and outside is computed in both ways") {
  ConvertedCase p;
  NodeId x = p.input(kX);
  NodeId square = p.b.mul(x, x);
  p.output(p.region("softmax", square, {x}));
  p.output(square);
  Graph out = p.converted("bf16");
  CHECK(count(out, Op::kMul, DType::kF32) == 1);
  CHECK(count(out, Op::kMul, DType::kBF16) == 1);
}

TEST_CASE("what no input reaches is computed in f32") {
  ConvertedCase p;
  NodeId x = p.input(kX);
  NodeId place = p.b.cast(p.b.index(0, {Dim(4)}), DType::kF32);
  NodeId third = p.b.mul(place, p.b.constant(Scalar::of_real(DType::kF32, 1.0 / 3), {Dim(4)}));
  p.output(p.b.add(x, third));
  Graph out = p.converted("bf16");
  CHECK(count(out, Op::kMul, DType::kF32) == 1);
  CHECK(p.run("bf16")[1] == bf16(double(bf16(kX[1])) + bf16(1.0F / 3.0F)));
}

TEST_CASE("loops are kept, or carry rounded values") {
  ConvertedCase p;
  NodeId x = p.input(kX);
  NodeId carry = p.graph.add_bound(0, 1, {DType::kF32, {Dim(4)}});
  NodeId next = p.b.add(carry, p.b.mul(x, x));
  LoopAttributes loop{.level = 0, .count = Dim(3), .carries = 1, .collects = 1};
  NodeId made = p.b.op(Op::kLoop, {x, next, carry}, loop);
  p.output(p.b.result(made, 0));
  p.output(p.b.result(made, 1));
  // The square is computed before the loop, outside of what is kept.
  double square = bf16(double(bf16(0.3F)) * bf16(0.3F));
  CHECK(p.run("bf16")[1] == doctest::Approx(0.3F + 3 * square).epsilon(1e-6));
  double sum = bf16(0.3F);
  for (int i = 0; i < 3; ++i) sum = bf16(sum + square);
  CHECK(p.run("bf16", "none")[1] == float(sum));
  Graph out = p.converted("bf16", "none");
  CHECK(count(out, Op::kAdd, DType::kF32) == 0);
}

TEST_CASE("two loops of one level may share the nodes of their bodies") {
  ConvertedCase p;
  NodeId x = p.input(kX);
  NodeId carry = p.graph.add_bound(0, 1, {DType::kF32, {Dim(4)}});
  NodeId next = p.b.mul(carry, carry);
  LoopAttributes once{.level = 0, .count = Dim(1), .carries = 1}, twice{.level = 0, .count = Dim(2), .carries = 1};
  NodeId first = p.b.result(p.b.op(Op::kLoop, {x, next}, once), 0);
  NodeId second = p.b.result(p.b.op(Op::kLoop, {x, next}, twice), 0);
  p.output(p.region("softmax", first, {x}));
  p.output(second);
  Graph out = p.converted("bf16", "softmax");
  CHECK(count(out, Op::kMul, DType::kF32) == 1);
  CHECK(count(out, Op::kMul, DType::kBF16) == 1);
}

TEST_CASE("bits, integers, f64 and complex numbers stay as they are") {
  ConvertedCase p;
  NodeId x = p.input(kX);
  p.output(p.b.bitcast(x, DType::kI32));
  p.output(p.b.mul(p.b.cast(x, DType::kF64), p.b.cast(x, DType::kF64)));
  p.output(p.b.bitcast(p.b.reshape(x, {Dim(2), Dim(2)}), DType::kC64));
  Graph out = p.converted("f16");
  CHECK(count(out, Op::kCast, DType::kF16) == 0);
  Result<Results> before = evaluate(p.graph, p.arguments), after = evaluate(out, p.arguments);
  REQUIRE(before);
  REQUIRE(after);
  for (size_t i = 0; i < 3; ++i) CHECK(after->outputs[i].same_bytes(before->outputs[i]));
}

TEST_CASE("states keep their dtype") {
  ConvertedCase p;
  NodeId x = p.input(kX), w = p.graph.add_state("w", {DType::kF32, {Dim(4)}});
  p.graph.states[0].next = p.b.add(w, p.b.mul(w, x));
  p.output(w);
  Graph out = p.converted("bf16");
  CHECK(out.type(out.states[0].next).dtype == DType::kF32);
  CHECK(count(out, Op::kAdd, DType::kBF16) == 1);
}

TEST_CASE("a product of matrices is within the bound that two rounded operands give") {
  ConvertedCase p;
  const int64_t n = 24, k = 40;
  std::vector<float> a, b;
  for (int64_t i = 0; i < n * k; ++i) {
    a.push_back(std::sin(float(i) * 1.7F));
    b.push_back(std::cos(float(i) * 0.9F) * 3);
  }
  NodeId x = p.input({n, k}, a), y = p.input({n, k}, b);  // x · yᵀ
  NodeId rows = p.b.expand(p.b.reshape(x, {Dim(n), Dim(1), Dim(k)}), {Dim(n), Dim(n), Dim(k)});
  NodeId columns = p.b.expand(p.b.reshape(y, {Dim(1), Dim(n), Dim(k)}), {Dim(n), Dim(n), Dim(k)});
  p.output(p.b.reduce(Combine::kAdd, p.b.mul(rows, columns), {2}));
  for (auto [name, unit] : {std::pair{"bf16", 0x1p-8}, {"f16", 0x1p-11}}) {
    std::vector<float> found = p.run(name);
    double worst = 0;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double exact = 0, size = 0;
        for (int64_t l = 0; l < k; ++l) {
          double term = double(a[size_t(i * k + l)]) * b[size_t(j * k + l)];
          exact += term;
          size += std::abs(term);
        }
        worst = std::max(worst, std::abs(found[size_t(i * n + j)] - exact) / (size * (2 * unit + unit * unit + 1e-5)));
      }
    CHECK(worst <= 1);
    CHECK(worst > 0.01);  // it was converted
  }
}

TEST_CASE("dtypes and names to keep") {
  CHECK(!parse_precision("f32", "none").value());
  CHECK(parse_precision("bf16", "none").value()->keep.empty());
  CHECK(parse_precision("bf16", "exp,mine").value()->keep == std::set<std::string>{"exp", "mine"});
  CHECK(parse_precision("bf16", "default").value()->keep.contains("softmax"));
  CHECK(!parse_precision("bf16", "default").value()->keep.contains("gelu"));
  CHECK(parse_precision("f64", "none").error().code == Code::BadOptionValue);
  ConvertedCase p;
  NodeId x = p.input(kX);
  p.output(p.region("mine", p.b.max(x, x), {x}));
  CHECK(unknown_kept_names(p.graph, *parse_precision("f16", "mine,max,gelu,none").value()).empty());
  std::vector<Diagnostic> warnings = unknown_kept_names(p.graph, *parse_precision("f16", "sofmax").value());
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].severity == Severity::kWarning);
  CHECK(warnings[0].remedy == "did you mean `softmax`?");
}
