// In: a kernel of a schedule. Out: its loop nest. All views have become index arithmetic; what is inlined has become
// scalar values; reduce has accumulators, put its scattered stores. Nothing here knows how text looks.
//
// A pass without folds runs along the last axis, or in square tiles where what it reads lies along another one. A pass
// with folds is arranged by what its loads run along. Along the last folded axis: lanes, an accumulator of
// several elements that are folded into one at the end, in blocks, so that errors grow with the logarithm of a long
// axis rather than with its length; for several rows and columns at once where each load serves all of one of them
// (x · wᵀ). Along the last axis of the result: columns, an accumulator per element of a block of the result, and of
// several rows of it where they read the same elements (x · w).
//
// A device whose threads work in teams has a thread for each element of a result, a team for each row that is folded,
// and a team for each tile of a product.
#pragma once

#include "codegen/loop_nest.hpp"

namespace caten {

LoopNest lower(const Schedule& schedule, const Kernel& kernel, const TeamLimits& team = {});

}  // namespace caten
