// Kernels that hand large values to each other row by row, run block of rows by block of rows.
//
// In attention the scores are written by one kernel, normalised by a second and read by a third, each time at the same
// leading axes (batch, head, query). Run one after the other over all rows, they need memory for all rows; run for a
// few rows at a time, for those rows only, which then stay in the cache. The kernels are the same, and every element is
// computed by the same operations in the same order: results do not depend on the size of a block.
//
// Decided by pairs, in the order of commands: a kernel that writes a large temporary and those that read it become one
// RowBlocksCommand if all that its kernels read from each other is read at their common leading axes, and every other
// command between them can run before or after them. Blocks are as large as the sizes of a call ask for; a call with
// small sizes has one.
#pragma once

#include "schedule/schedule.hpp"

namespace caten {

/// Puts RowBlocksCommands into a schedule of plain kernels.
void form_row_blocks(Schedule& schedule);

/// The sizes of a call, and with them how many rows the blocks of each RowBlocksCommand have (reserved::rows).
DimValues with_row_blocks(const Schedule& schedule, DimValues sizes);

}  // namespace caten
