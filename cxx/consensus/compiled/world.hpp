// A program whose steps are compiled. It goes through the states that the reference interpreter goes through.
//
// In: an instance, what is remembered before some step, a function that compiles graphs. Out: the states behind it.
// Entry: World::make, World::step, World::state.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "consensus/reference/memory.hpp"
#include "ir/call.hpp"

namespace caten::consensus::compiled {

/// Runs a graph; its outputs are written to these arrays, or to new ones where none are given.
using Launch = std::function<Result<Results>(Arguments arguments, std::vector<Array> outputs)>;
using CompileGraph = std::function<Result<Launch>(const Graph& graph)>;

class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  /// Nothing if the program is not one that is compiled: `reason` says why. The instance has the memory's
  /// edits of constraints, and outlives the world.
  static std::unique_ptr<World> make(const Instance& instance, reference::Memory memory, const CompileGraph& compile,
                                     std::string& reason);

  /// The next step. After an error the state is the one before it.
  virtual Status step() = 0;

  /// The whole state, as the interpreter has it.
  virtual State state() const = 0;
  /// Of one value its elements and which cells are committed, without clocks: what a picture of each step needs.
  virtual StoredValue cells(size_t value) const = 0;
  virtual reference::Memory memory() const = 0;
  /// As consensus::cells_digest(state()), without making the state.
  virtual std::string cells_digest() const = 0;
  /// Of the last step; nothing: all cells.
  virtual const std::optional<Event>& event() const = 0;
};

/// A scalar as an argument of a graph.
Array scalar_of(DType dtype, int64_t value);

}  // namespace caten::consensus::compiled
