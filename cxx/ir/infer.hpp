// The typing rules of the ops, in one place: what dtype and shape an op has on given operands, or why it has none.
// Used by the checker, by every pass through Graph::make, by the Lisp front end, and by verify.
//
// Sizes that must be equal are equated in `dims` (which solves or guards them); what is neither equal nor solvable is a
// diagnostic with expected, found and remedy, but without a span.
#pragma once

#include <span>

#include "ir/dim_env.hpp"
#include "ir/node.hpp"

namespace caten {

/// Where the types of operands are: none of them null.
using OperandTypes = std::span<const ValueType* const>;

/// `target` gives dtype and shape for const, index (shape), reshape (shape), expand (shape), cast and bitcast (dtype).
/// A loop's type is that of its first result.
Result<ValueType> infer_type(Op op, const Attributes& attributes, OperandTypes operands, const ValueType& target,
                             DimEnv& dims);

/// Types of all results of a loop, from its attributes and the types of its operands.
std::vector<ValueType> loop_results(const LoopAttributes& attributes, OperandTypes operands);

}  // namespace caten
