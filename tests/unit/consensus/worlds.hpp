// Worlds in tests: programs that run on the reference interpreter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "consensus/reference/world.hpp"

namespace caten::consensus {

/// The program, running; messages are reported by doctest. Parameters are given as a person writes them.
std::unique_ptr<reference::World> world_of(const std::string& text, Given given = {}, uint32_t seed = 0,
                                           bool in_rounds = false);
std::unique_ptr<reference::World> world_with(const std::string& text, Given given, uint32_t seed,
                                             const reference::WorldOptions& options);
/// The messages of a program that cannot be instantiated.
std::string refusal_of(const std::string& text, Given given = {});
/// The text of a program in examples/consensus/.
std::string example(const std::string& name);

void run_steps(reference::World& world, int64_t steps);
reference::StepReport one_step(reference::World& world);

Array integers(DType dtype, std::vector<int64_t> shape, const std::vector<int64_t>& elements);
Array reals(std::vector<int64_t> shape, const std::vector<double>& elements);  ///< f64
/// The elements of a value: integers, BOT as -1.
std::vector<int64_t> cells_of(const reference::World& world, const std::string& value);
std::vector<double> reals_of(const reference::World& world, const std::string& value);

}  // namespace caten::consensus
