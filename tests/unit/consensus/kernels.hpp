// Compiled steps on a runtime that compiles.
#pragma once

#include "consensus/compiled/world.hpp"
#include "worlds.hpp"

namespace caten::consensus {

/// Graphs as kernels of a runtime that compiles, one session for all.
compiled::CompileGraph kernels();
/// The world, its steps as kernels; what makes it impossible fails the test.
std::unique_ptr<compiled::World> compiled_world(const reference::World& world);

}  // namespace caten::consensus
