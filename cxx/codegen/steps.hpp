// What loads of a loop nest run along: by how much their indices grow with a variable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/loop_nest.hpp"

namespace caten {

/// Whether an index varies with a variable, through the values that it names too.
bool depends_on(const LoopNest& nest, const Dim& index, const std::string& variable);
bool depends_on(const LoopNest& nest, ValueId value, const std::string& variable);

/// The step of an index when the variable grows by one; nothing if it is no constant step.
std::optional<Dim> step_of(const LoopNest& nest, const Dim& index, const std::string& variable);

/// These values and all that they are made of.
std::vector<ValueId> needed_values(const LoopNest& nest, const std::vector<ValueId>& values);

/// The indices of all loads that these values need.
std::vector<Dim> load_indices(const LoopNest& nest, const std::vector<ValueId>& values);

}  // namespace caten
