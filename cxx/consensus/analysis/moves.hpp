// Visible edges that lead a fixed step from each cell of some boxes: stencils, with all borders and with conditions on
// single indices.
#pragma once

#include <map>

#include "consensus/analysis/conditions.hpp"
#include "consensus/analysis/phases.hpp"

namespace caten::consensus {

/// For each step from a cell to one that it sees, the boxes of cells that see it. Boxes may overlap.
using Moves = std::map<Step, std::vector<Cuboid>>;

/// Adds those of an edge within one value of these sizes; false, with nothing added, if the edge is not of this form.
bool add_moves(const Visible& edge, const std::vector<int64_t>& sizes, const Integers& given, Moves& moves);

/// The boxes as disjoint ones, in order.
std::vector<Cuboid> disjoint(const std::vector<Cuboid>& boxes);

}  // namespace caten::consensus
