// What the text of a loop depends on: values that all its iterations share, and whether its extent decides how it is
// unrolled.
#pragma once

#include <set>
#include <vector>

#include "codegen/loop_nest.hpp"

namespace caten {

/// What is known where a loop begins.
struct KnownValues {
  const std::set<uint32_t>& available;      ///< values that have been computed
  const std::vector<bool>& changes;         ///< of each value: whether it reads an accumulator
  const std::set<uint32_t>& known_results;  ///< numbers that kLet has named
};

/// Values that the body of a loop needs in any case and that are the same in all iterations.
std::vector<ValueId> fixed_values(const LoopNest& nest, const Statement& loop, const KnownValues& known);

/// The loads of the element that a statement stores: it is there.
void collect_loads_of(const LoopNest& nest, const Statement& store, std::set<uint32_t>& loads);

/// Whether a value is computed by a line of its own.
bool has_line(const ScalarValue& value);

/// How often an innermost loop runs decides how it is unrolled, if that is not often.
bool decides_unrolling(const Statement& loop);

/// Whether a loop of the body, or of one inside, takes how often it runs as an argument.
bool has_open_loop(const std::vector<Statement>& body);

}  // namespace caten
