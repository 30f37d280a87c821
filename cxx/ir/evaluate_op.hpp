// The ops one by one, for ir/evaluate.cpp: in, the operands' values; out, the op's value. One file per group of ops.
#pragma once

#include <complex>
#include <limits>
#include <span>
#include <vector>

#include "ir/error_bound.hpp"
#include "ir/graph.hpp"

namespace caten::evaluation {

inline constexpr double kIll = std::numeric_limits<double>::infinity();

struct Value {
  Array array{};
  ErrorBounds bounds{};
  /// Products that were rounded: a sum that follows may be fused with them. Views keep the mark, other ops drop it.
  bool rounded_products = false;

  double bound(int64_t i) const { return bounds ? (*bounds)[static_cast<size_t>(i)] : 0; }
  bool exact() const { return !bounds; }
};

struct OpCall {
  const Node& node;
  std::span<const Value> operands;
  const std::vector<int64_t>& shape;  ///< of the result
  const DimValues& sizes;
  bool bounded = false;   ///< compute error bounds
  bool contract = false;  ///< inside a region marked `:contract`

  Array result() const { return Array::zeros(node.type.dtype, shape); }
};

/// Bounds of n elements, to be filled; `finish` drops them when all are 0.
using BoundVector = std::vector<double>;
ErrorBounds finish(BoundVector bounds);
/// Every element ill-conditioned.
ErrorBounds all_ill(int64_t elements);

Value elementwise(const OpCall& call);
Value select(const OpCall& call);
Value cast(const OpCall& call);
Value bitcast(const OpCall& call);
Value constant(const OpCall& call);
Value index(const OpCall& call);
Value reshape(const OpCall& call);
Value permute(const OpCall& call);
Value expand(const OpCall& call);
Value slice(const OpCall& call);
Value take(const OpCall& call);
Value put(const OpCall& call);
Value reduce(const OpCall& call);

// Error bounds (ir/error_bound.hpp) of the ops that compute. Views carry bounds along by themselves.
/// Marks `rounded_products` if a product was not exact.
ErrorBounds elementwise_bounds(const OpCall& call, const Array& result, bool& rounded_products);
/// Those of the chosen arm, or the hull of both where the condition is ill-conditioned.
ErrorBounds select_bounds(const OpCall& call, const Array& result);
ErrorBounds put_bounds(const OpCall& call, const Array& result);

/// The elements that are folded into one, as doubles (integers: zero or not is all that matters).
struct Fold {
  Combine combine;
  DType dtype;
  std::span<const std::complex<double>> values;
  std::span<const double> errors;
  std::complex<double> result;
  bool rounded_products;
};
double fold_bound(const Fold& fold);

}  // namespace caten::evaluation
