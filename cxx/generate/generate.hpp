// Generated programs: random graphs over all ops, dtypes, views, loops and states, with arguments full of edge values,
// compared with the reference evaluator and shrunk when they differ.
//
// In: a seed. Out: a Case that is the same on every machine. Used by tests of several layers, by scripts/fuzz and by
// conformance/; a runner is anything that computes a graph.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ir/call.hpp"
#include "ir/error_bound.hpp"

namespace caten::generated {

/// splitmix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t bits();
  /// 0 … n - 1
  int64_t below(int64_t n) { return n <= 0 ? 0 : static_cast<int64_t>(bits() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<size_t>(below(static_cast<int64_t>(from.size())))];
  }

 private:
  uint64_t state_;
};

struct Case {
  Graph graph;
  Arguments arguments;
};

struct Options {
  int steps = 40;  ///< ops, about
  int outputs = 12;
  bool loops = true;
  bool states = true;
  bool products = false;  ///< of matrices in f32, with further axes, operands and results in any order
  bool rows = false;  ///< folds over rows and what is made of them, products of matrices, views of both; longer axes
};

Case generate(uint64_t seed, const Options& options = {});

/// Elements that find bugs: zeros of both signs, infinities, NaN, denormals, extremes, small integers, anything.
Scalar edge_value(Random& random, DType dtype);
/// 0 … count - 1 in any order.
std::vector<int> shuffled(Random& random, size_t count);
/// Dtypes that a reduce combines so.
DTypeSet reducible(Combine combine);
/// Arguments for inputs in f32: numbers from -1 to 1.
void add_floats(Case& given, Random& random);
Array random_array(Random& random, DType dtype, const std::vector<int64_t>& shape);

using Runner = std::function<Result<Results>(const Graph&, const Arguments&)>;

struct Verdict {
  int64_t passed = 0, ill_conditioned = 0, wrong = 0;
  size_t first_wrong = 0;               ///< output, or outputs + state
  std::vector<double> max_ulp{};        ///< of each output, then of each state; none if there are no results
  std::vector<int64_t> wrong_of{};      ///< of the same: elements
  std::string message{};                ///< "" if nothing is wrong
  std::optional<Diagnostic> failure{};  ///< where the runner gave an error instead of results
  bool ok() const { return message.empty(); }
};

/// Runs the case and compares every result with the reference, within its error bounds.
Verdict check(const Case& given, const Runner& run);

/// A smaller case that is still wrong: one output, as few ops before it as possible, their operands as inputs. Where a
/// program fails as a whole, its outputs are tried one by one.
Case shrink(const Case& given, const Runner& run);

/// The program as IR text and the arguments' elements.
std::string describe(const Case& given);

}  // namespace caten::generated
