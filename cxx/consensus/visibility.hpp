// Which visible edges a reference or a read of a rule stands for.
#pragma once

#include "consensus/program.hpp"

namespace caten::consensus {

/// The offsets that an edge's condition brings into being, or null.
const InNeighbourhood* neighbours_of(const Visible& edge);
/// The edge's sources, as the rule that is on its target calls the indices, hold all cells of the reference.
bool shows(const Visible& edge, const Cells& on, const Reference& reference);
/// The edge leads to the same cell at the step of axis 0 before.
bool leads_to_previous(const Visible& edge);
/// Equal offsets, in any order.
bool same(const Neighbourhood& a, const Neighbourhood& b);

/// What the name of a read says: edges from neighbours, from the step before, from one value.
enum class ReadPattern : uint8_t { kNeighbours, kPrevious, kValue };
ReadPattern pattern_of(std::string_view name);
bool equal_without_case(std::string_view a, std::string_view b);

}  // namespace caten::consensus
