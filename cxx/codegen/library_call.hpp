// The call of a library that computes a kernel: its buffers, and the sizes that the routine takes.
#pragma once

#include "codegen/loop_nest.hpp"

namespace caten {

LoopNest lower_library_call(const Schedule& schedule, const Kernel& kernel);

}  // namespace caten
