// The meaning of the element-wise ops as types: one struct per row of ir/ops.def, named AddRow and so on.
#pragma once

#include "ir/arithmetic.hpp"
#include "ir/op.hpp"

namespace caten::evaluation {

/// The op on wide operands. y is x itself for an op of one operand.
#define CATEN_OP(...)
#define CATEN_ELEMENTWISE(enumerator, name, arity, dtypes, result, value, real, integer, vjp, ulp, summary) \
  struct enumerator##Row {                                                                                  \
    static constexpr DTypeSet kDTypes = dtypes;                                                             \
    static constexpr ResultRule kResult = ResultRule::result;                                               \
    template <class Wide>                                                                                   \
    static auto of(Wide x, [[maybe_unused]] Wide y) {                                                       \
      return value;                                                                                         \
    }                                                                                                       \
  };
#include "ir/ops.def"
#undef CATEN_OP
#undef CATEN_ELEMENTWISE

}  // namespace caten::evaluation
