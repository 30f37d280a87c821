// A program with everything given: sizes, cells, edges, rules, the cells of each constraint and commit.
//
// In: a program, what its names mean, and what is given. Out: an Instance, or all errors (E1020 to E1026) with places
// and remedies. Invariants: every size is concrete and within InstanceOptions; every expression is bound; positions of
// reads and edges have a fixed order. The program must live as long as the instance. Entry: instantiate.
#pragma once

#include <map>

#include "consensus/colouring.hpp"
#include "consensus/formula.hpp"
#include "consensus/given.hpp"
#include "consensus/index.hpp"
#include "consensus/names.hpp"

namespace caten::consensus {

struct Instance;

struct ValueInstance {
  const Value* declaration = nullptr;
  std::vector<int64_t> sizes{};  ///< of the axes; of a graph its nodes
  int64_t cells = 0;             ///< 0 for sets
  DType dtype = DType::kU8;      ///< of a token the smallest unsigned type that holds 0..V
  int64_t vocabulary = 0;        ///< V of a token, else 0
  int64_t width = 1;             ///< elements of a cell: d of a latent
  bool set = false;
  const std::string& name() const { return declaration->name.text; }
  bool token() const { return vocabulary > 0; }
};

/// What is seen from a cell of the target, at each position: the offsets of the neighbourhood in the order in which
/// they were written, and for each the source's positions.
struct EdgeInstance {
  const Visible* declaration = nullptr;
  size_t number = 0;
  size_t target = 0;  ///< a value
  BoundReference source{};
  std::vector<std::vector<int64_t>> offsets{};  ///< one empty offset where there is no neighbourhood
  std::optional<Formula> condition{};           ///< of the target's indices and an offset
  Number padding{};
  size_t positions() const { return offsets.size() * source.positions(); }
  bool single() const { return offsets.size() == 1 && source.single(); }
  /// The source cell, kAbsent or kPadded, of each position. `place`: the target's coordinates.
  std::vector<int64_t> sources(std::span<const int64_t> place, const Contents* contents) const;
};

/// Cells that a rule or constraint refers to, or a read: seen where one of the edges shows them. Without edges
/// (constraints) every cell is seen.
struct ReadInstance {
  std::optional<BoundReference> cells{};  ///< else all that the one edge shows
  std::vector<size_t> edges{};            ///< by number
  size_t value = 0;
  bool optional = false;
  bool single = false;  ///< one cell, one element: a number
  size_t positions = 1;
  /// The source cell, kAbsent or kPadded, of each position. `place`: of the cell that reads.
  std::vector<int64_t> sources(const Instance& instance, std::span<const int64_t> place,
                               const Contents* contents) const;
};

/// What each instance computes, or a given tensor, which is the same for all of them.
struct ModelArgument {
  Formula formula{};
  std::optional<Array> whole{};
};

/// A call of a model in a rule's expressions.
struct ModelCall {
  std::string name{};
  ModelGiven model{};
  std::vector<ModelArgument> arguments{};
  ModelGiven::Keywords keywords{};
  Place place{};
};

struct EmitInstance {
  const Proposal* declaration = nullptr;
  BoundReference target{};
  Formula value{};
  size_t draw = 0;  ///< of the id, where the value is logits
};

struct RuleInstance {
  const Rule* declaration = nullptr;
  size_t number = 0;  ///< rule#, by the order in the program
  size_t on = 0;
  std::vector<ReadInstance> reads{};
  std::vector<ReadInstance> references{};  ///< those in expressions
  std::vector<ModelCall> models{};         ///< arguments of a call come before it
  std::vector<EmitInstance> emits{};
  std::optional<Formula> score{};
  size_t commit = 0;  ///< of all targets
};

/// One constraint instance: what must hold together.
struct ConstraintCells {
  std::vector<int64_t> names{};  ///< the indices of the constraint's scope
  std::vector<int64_t> scope{};  ///< cells of the scope's value, in order
};

struct ConstraintInstance {
  const Constraint* declaration = nullptr;
  size_t number = 0;
  size_t value = 0;
  size_t level = 0;  ///< 0: the highest priority of the program
  Formula predicate{};
  std::vector<ReadInstance> references{};
  std::vector<std::vector<bool>> palettes{};  ///< of each in-palette: which ids
  std::vector<AutomatonGiven> automata{};     ///< of each accepts
  std::vector<ConstraintCells> instances{};
  /// All cells that an instance is about, as (value, cell), each once, in order.
  std::vector<std::pair<size_t, int64_t>> cells_of(const ConstraintCells& instance) const;
  /// An automaton is asked about a scope: no graph judges that.
  bool judged_apart() const { return predicate.uses(Function::kAccepts); }
  /// Exactly `cell in Palette`, or its negation: which ids it asks for, if it does not depend on anything else.
  std::optional<std::vector<bool>> allowed_ids() const;
};

struct CommitInstance {
  const Commit* declaration = nullptr;
  size_t value = 0;
  std::vector<std::vector<int64_t>> groups{};  ///< the indices of each group; one without indices is the whole
  std::optional<Formula> budget{};             ///< of a group's indices
};

/// A rule that proposes SampleTiles.
struct ScheduleInstance {
  const Rule* declaration = nullptr;
  size_t number = 0;
  size_t value = 0;  ///< the set of events
  std::string strategy{};
  int64_t epoch = 0;
  std::optional<int64_t> phase{};
  std::optional<int64_t> seed{}, steps{}, tile{}, budget{};
};

struct Instance {
  const Program* program = nullptr;
  std::map<std::string, GivenValue> parameters{};  ///< defaults and composites included
  std::vector<ValueInstance> values{};
  std::vector<std::optional<Array>> data{};  ///< given for each value
  std::vector<std::optional<Formula>> initial{};
  std::vector<EdgeInstance> edges{};
  std::vector<RuleInstance> rules{};
  std::vector<ScheduleInstance> schedules{};
  std::vector<ConstraintInstance> constraints{};
  std::vector<int64_t> priorities{};  ///< of the levels, high to low
  std::vector<CommitInstance> commits{};
  /// For each value, of each cell its commit and group, or {-1, -1}.
  std::vector<std::vector<std::pair<int32_t, int32_t>>> committed_by{};
  /// Values that rules propose for, in an order in which those that others read come first; equal numbers read each
  /// other. Values that no rule proposes for have 0.
  std::vector<size_t> strata{};
  /// Of each value: what `colour auto` divides each phase of a schedule into. Empty until apply_colourings
  /// (analysis/races.hpp).
  std::vector<std::optional<Colouring>> colourings{};
  const Colouring* colouring(size_t value) const {
    return value < colourings.size() && colourings[value] ? &*colourings[value] : nullptr;
  }
};

struct InstanceOptions {
  int64_t max_cells = int64_t{1} << 26;   ///< of all values together
  int64_t max_scopes = int64_t{1} << 26;  ///< cells of all constraint instances together
};

std::optional<Instance> instantiate(const Program& program, const Names& names, Given given,
                                    const InstanceOptions& options, Diagnostics& diagnostics);

/// The number of a value, by its name.
std::optional<size_t> find_value(const Instance& instance, std::string_view name);

}  // namespace caten::consensus
