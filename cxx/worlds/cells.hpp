// Cells and what they could hold, as people write them.
#pragma once

#include <string>

#include "consensus/reference/proposal.hpp"

namespace caten {

/// `Tile[3,4]`, as in programs: the number of the value, and of its cell. E0902.
Result<std::pair<size_t, int64_t>> parse_cell(const consensus::Instance& instance, const std::string& text);

/// An id or number; of a vector its numbers, with commas. E0902.
Result<consensus::reference::Target> parse_value(const consensus::Instance& instance, size_t value, int64_t cell,
                                                 const std::string& text);

}  // namespace caten
