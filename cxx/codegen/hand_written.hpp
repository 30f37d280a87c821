// The loop nest of a kernel whose text somebody wrote: its buffers and sizes under the names that the text uses.
#pragma once

#include <string>
#include <vector>

#include "codegen/dialect.hpp"
#include "codegen/loop_nest.hpp"

namespace caten {

LoopNest lower_hand_written(const Schedule& schedule, const Kernel& kernel);

/// The kernel's text with {name} for its own name. The sizes that it takes as arguments are put at the end of `sizes`.
std::string hand_written_text(const LoopNest& nest, const Dialect& dialect, std::vector<Dim>& sizes);

}  // namespace caten
