// The reference evaluator: what every program means, computed slowly and obviously. Every runtime, rewrite and
// optimisation level is compared with it.
//
// In: a verified Graph and the arguments of one call. Out: the values of its outputs and the new values of its states,
// row-major and contiguous. Entry: evaluate.
//
// Each op is computed in the wide type of its dtype (double for every float, the integer type itself) and rounded once.
// A reduction folds its n elements, in row-major order of the reduced axes, over one fixed tree: up to 8 elements from
// left to right, more as the halves ⌊n/2⌋ and n − ⌊n/2⌋. Its accumulator is f32 for f16, bf16 and f32 (parts of c64
// too) and is rounded to the dtype at the end; the identity takes part only when there are no elements. `put` combines
// with the same accumulators, in index order. An axis of size 0 has nothing that `take` could clamp to: it gives zeros.
//
// Values that no loop variable reaches are computed once; a value lives until its last user. Nothing recurses on the
// depth of the graph. With EvaluateOptions::bounds the evaluator also carries an error bound beside every element, as
// ir/error_bound.hpp says.
#pragma once

#include <atomic>
#include <optional>

#include "ir/call.hpp"
#include "ir/error_bound.hpp"

namespace caten {

/// Error bounds of all results of a call, in the order of Results.
struct ResultBounds {
  std::vector<ErrorBounds> outputs{};
  std::vector<ErrorBounds> states{};
};

struct EvaluateOptions {
  ResultBounds* bounds = nullptr;                ///< where to put the error bounds, if they are wanted
  std::optional<size_t> memory_limit{};          ///< bytes, without the arguments: E0404 before anything is allocated
  const std::atomic<bool>* interrupt = nullptr;  ///< set by another thread: E0805 soon after
};

Result<Results> evaluate(const Graph& graph, const Arguments& arguments, const EvaluateOptions& options = {});

}  // namespace caten
