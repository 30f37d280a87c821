// Derivatives of generated programs: well-formed to second order, and tangents the transposes of cotangents.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <optional>

#include "autodiff/jvp.hpp"
#include "autodiff/vjp.hpp"
#include "generate/generate.hpp"
#include "ir/evaluate.hpp"
#include "ir/verify.hpp"

using namespace caten;

namespace {

bool has_derivative(DType dtype) { return contains(kFloatSet | kComplexSet, dtype); }

Array drawn(generated::Random& random, DType dtype, const std::vector<int64_t>& shape) {
  Array out = Array::zeros(dtype, shape);
  size_t size = dtype_size(dtype);
  auto number = [&] { return static_cast<double>(random.below(2001) - 1000) / 1000; };
  for (int64_t i = 0; i < out.elements(); ++i) {
    double re = number(), im = number();
    Scalar value = is_complex(dtype) ? Scalar::of_complex(dtype, {re, im}) : Scalar::of_real(dtype, re);
    value.store(out.mutable_data() + static_cast<size_t>(i) * size);
  }
  return out;
}

/// Σ Re(g·y) and Σ |g·y|.
std::pair<double, double> paired(const std::vector<Array>& g, const std::vector<Array>& y) {
  double sum = 0, size = 0;
  REQUIRE(g.size() == y.size());
  for (size_t k = 0; k < g.size(); ++k) {
    REQUIRE(g[k].same_type(y[k]));
    size_t bytes = dtype_size(g[k].dtype());
    for (int64_t i = 0; i < g[k].elements(); ++i) {
      auto at = [&](const Array& array) {
        Scalar value = Scalar::load(array.dtype(), array.data() + static_cast<size_t>(i) * bytes);
        return is_complex(array.dtype()) ? value.as_complex() : std::complex<double>(value.as_real());
      };
      double term = (at(g[k]) * at(y[k])).real();
      sum += term;
      size += std::abs(term);
    }
  }
  return {sum, size};
}

/// Nothing if a size is refused: the derivative of a product along an axis turns it around, which asks for an element.
std::optional<std::vector<Array>> outputs_of(const Graph& graph, Arguments arguments,
                                             const std::vector<Array>& further) {
  arguments.inputs.insert(arguments.inputs.end(), further.begin(), further.end());
  Result<Results> results = evaluate(graph, arguments);
  if (!results && results.error().code == Code::GuardFailed) return std::nullopt;
  if (!results) FAIL(render(results.error(), SourceMap()));
  return results->outputs;
}

void check_valid(const Result<Graph>& graph) {
  if (!graph) FAIL(render(graph.error(), SourceMap()));
  Status valid = verify(*graph);
  if (!valid) FAIL(render(valid.error(), SourceMap()));
}

}  // namespace

TEST_CASE("derivatives of generated programs") {
  const char* wanted = std::getenv("CATEN_DERIVATIVE_PROGRAMS");  // how many; the same ones each time
  uint64_t programs = wanted ? std::strtoull(wanted, nullptr, 10) : 150;
  int compared = 0, not_finite = 0, refused = 0;
  for (uint64_t seed = 1; seed <= programs; ++seed) {
    CAPTURE(seed);
    generated::Random random(seed);
    generated::Case program = generated::generate(
        seed, seed % 2 ? generated::Options{.steps = 16, .outputs = 6, .states = false, .rows = true}
                       : generated::Options{.steps = 24, .outputs = 6, .states = false});
    Result<Graph> adjoint = vjp(program.graph), tangents = jvp(program.graph);
    check_valid(adjoint);
    check_valid(tangents);
    check_valid(vjp(*adjoint));
    check_valid(jvp(*adjoint));
    for (Array& input : program.arguments.inputs)
      if (has_derivative(input.dtype())) input = drawn(random, input.dtype(), input.shape());
    Result<Results> primal = evaluate(program.graph, program.arguments);
    if (!primal) {  // sizes that a condition of the program refuses
      CHECK(primal.error().code == Code::GuardFailed);
      continue;
    }
    std::vector<Array> g, v;
    for (const Array& y : primal->outputs)
      if (has_derivative(y.dtype())) g.push_back(drawn(random, y.dtype(), y.shape()));
    for (const Array& x : program.arguments.inputs)
      if (has_derivative(x.dtype())) v.push_back(drawn(random, x.dtype(), x.shape()));
    auto pushed = outputs_of(*tangents, program.arguments, v), pulled = outputs_of(*adjoint, program.arguments, g);
    if (!pushed || !pulled) {
      ++refused;
      continue;
    }
    auto [forwards, size] = paired(g, *pushed);
    auto [backwards, other_size] = paired(*pulled, v);
    if (!std::isfinite(size) || !std::isfinite(other_size)) {
      ++not_finite;
      continue;
    }
    // Programs are in all dtypes, f16 and bf16 among them.
    CHECK_MESSAGE(std::abs(forwards - backwards) <= 0.02 * (size + other_size) + 1e-9, "<g, J v> is ", forwards,
                  ", <JT g, v> is ", backwards, ", of ", size);
    ++compared;
  }
  MESSAGE(compared, " programs compared, ", not_finite, " not finite, ", refused, " of a size that is refused");
  CHECK(compared > static_cast<int>(programs / 4));
}
