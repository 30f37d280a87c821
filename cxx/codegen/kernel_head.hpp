// The first lines of a kernel: its head, as the dialect says it, and what gives its arguments their names.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "codegen/dialect.hpp"
#include "codegen/loop_nest.hpp"

namespace caten {

/// With {name} for the kernel's own name. `buffers` are the names of the slots, `sizes` those of the size arguments.
std::string kernel_head(const Dialect& dialect, std::span<const Slot> slots, const std::vector<std::string>& buffers,
                        const std::vector<std::string>& sizes);

}  // namespace caten
