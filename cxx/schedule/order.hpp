// Kernels that let go of more memory than they take run as soon as they can.
//
// Kernels are emitted in the order of the program's values. In a training step what is made of gradients comes last:
// the sum of a bias's gradient is computed in the kernel that updates the bias, behind all layers, and until then the
// gradients of the layer's results are kept. Moved forward, to where what it reads is there and what it lets go of is
// read no more by others, such a kernel also finds it in the cache. A kernel that may write in the place of a state or
// of a donated input stays behind the other readers of it.
#pragma once

#include "schedule/schedule.hpp"

namespace caten {

/// Puts the commands of the program, not those inside of its loops, into that order.
void order_commands(Schedule& schedule);

}  // namespace caten
