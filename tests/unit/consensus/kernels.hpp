// Compiled steps on a runtime that compiles.
#pragma once

#include "consensus/compiled/world.hpp"
#include "worlds.hpp"

namespace caten::consensus {

/// Runs one graph, which it compiles the first time.
compiled::RunGraph kernels_of_one_graph();
/// The world, its steps as kernels; what makes it impossible fails the test.
std::unique_ptr<compiled::World> compiled_world(const reference::World& world);

}  // namespace caten::consensus
