// In: a kernel of a schedule. Out: its loop nest. All views have become index arithmetic; what is inlined has become
// scalar values; reduce has accumulators, put its scattered stores. Nothing here knows how text looks.
#pragma once

#include "codegen/loop_nest.hpp"

namespace caten {

LoopNest lower(const Schedule& schedule, const Kernel& kernel);

}  // namespace caten
