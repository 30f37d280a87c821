// The loop nest of a kernel whose text somebody wrote: its buffers and sizes under the names that the text uses.
#pragma once

#include "codegen/loop_nest.hpp"

namespace caten {

LoopNest lower_hand_written(const Schedule& schedule, const Kernel& kernel);

}  // namespace caten
