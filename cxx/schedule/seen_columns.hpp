// Columns that the rows of a block do not see.
//
// In causal attention position i sees 0 … i. A block of rows writes scores, folds them and multiplies what comes of
// them with values: for columns behind its last row, folds take in what changes nothing (-inf of a maximum, 0 of a sum)
// and the products are of zeros. Kernels of a block leave those columns out where that can be proved from the graph:
// from `if` with conditions over indices, whatever wrote them. Results are the same; a factor of those zeros that is no
// finite number still makes NaN of the sum, as the definition says (runtime/driver_abi.h: contraction).
#pragma once

#include "schedule/schedule.hpp"

namespace caten {

/// Says of kernels that run in blocks of rows which columns they see.
void find_seen_columns(Schedule& schedule);

}  // namespace caten
