// Values with zeros around them, as the composite `pad` writes them: an `if` that reads another value where the place
// is inside it, and is 0 elsewhere.
#pragma once

#include <optional>

#include "schedule/access.hpp"

namespace caten {

/// What is read inside, at a place that may be outside of it: along each axis, in range is where its elements are and
/// all around is 0. Nothing if the value at this index is no such value.
std::optional<Read> padded_read(const Graph& graph, const IndexSpace& indices, NodeId id, const Index& index);

}  // namespace caten
