// The loop nest of a put: everything that is kept is copied, unless it is there already, then values are stored where
// data decides, one after the other; by many threads those that may meet, by one of them.
#pragma once

#include "codegen/values.hpp"

namespace caten {

void lower_put(const Schedule& schedule, const Kernel& kernel, KernelValues& values, LoopNest& out, bool by_threads);

}  // namespace caten
