// In: a checked Graph whose composites are still regions, and implementations that somebody wrote for some of them.
// Out: the graph in which each region that one fits follows it: its schedule is that of the implementation.
//
// A region with a schedule of its own is left alone. Of several implementations that fit, the one loaded last is taken.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "schedule/implementation.hpp"

namespace caten {

using Implementations = std::vector<std::shared_ptr<const Implementation>>;

/// `notes` is told why an implementation of a composite that the program calls is not used there.
Graph claim(const Graph& graph, const Implementations& implementations, const std::string& runtime,
            std::vector<std::string>* notes = nullptr);

}  // namespace caten
