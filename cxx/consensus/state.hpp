// What a program's cells hold between steps: values, who committed them when, and its sets.
//
// In: an instance and a seed. Out: the state before step 1. Invariants: a cell is committed exactly if its clock is
// above 0; a token that is not committed holds the id V. The clocks of a step are one entry, whatever the number of
// cells; they become a number for each cell where one is asked for. Entry: initial_state.
#pragma once

#include <string>

#include "consensus/hash.hpp"
#include "consensus/instance.hpp"
#include "consensus/replica_set.hpp"

namespace caten::consensus {

struct Clock {
  int64_t time = 0;    ///< L; 0: not committed
  int32_t origin = 0;  ///< the site: a rule's number, kInitialOrigin for data
  bool operator==(const Clock&) const = default;
};
inline constexpr int32_t kInitialOrigin = -1;

/// The clocks of one value's cells: a few entries for all of them, or a number for each.
class Clocks {
 public:
  explicit Clocks(int64_t cells = 0) : cells_(cells) {}
  /// All of these cells, ascending, have this clock from now on.
  void set(std::vector<int64_t> cells, Clock clock);
  void set_all(Clock clock);
  /// A clock for each cell.
  void set_each(const std::vector<Clock>& clocks);
  Clock at(int64_t cell) const;
  /// One clock for each cell.
  std::vector<Clock> materialize() const;
  /// How many entries stand for all clocks.
  size_t entries() const { return each_.empty() ? layers_.size() : each_.size(); }

 private:
  struct Layer {
    Clock clock{};
    bool all = false;
    std::vector<int64_t> cells{};
  };
  int64_t cells_ = 0;
  std::vector<Layer> layers_{};  ///< the last one that has a cell decides
  std::vector<Clock> each_{};    ///< instead of layers, where these would be many
};

/// The cells of one value.
struct StoredValue {
  std::vector<std::byte> elements{};
  std::vector<bool> committed{};
  Clocks clocks{};
};

/// Tiles that a step works on: a rule instance is active as active_cell (schedule.hpp) says. Symbolic: no mask is kept.
struct Event {
  std::string strategy{};
  int64_t epoch = 0;
  int64_t phase = 0;
  int64_t colour = 0;  ///< of those that `colour auto` divides the phase into
  uint32_t seed = 0;
  std::optional<int64_t> steps{};
  int64_t tile = 1;
  std::optional<int64_t> budget{};
  /// maskgit-cosine: how many cells were not committed when the epoch began; nothing: as many as now.
  std::optional<int64_t> total{};
  size_t stratum = 0;  ///< of `total`: which stratum was open then
  bool operator==(const Event&) const = default;
};

/// An edit of the constraints: one more, or (a name alone) one of the program's that does not hold any more.
struct RuleEdit {
  std::optional<Constraint> added{};
  std::string removed{};
  bool operator==(const RuleEdit&) const = default;
};

struct State {
  int64_t step = 0;  ///< k
  uint32_t seed = 0;
  std::vector<StoredValue> values{};  ///< as Instance::values; sets have none
  std::map<size_t, ReplicaSet<Event>> events{};
  std::map<size_t, ReplicaSet<RuleEdit>> edits{};
  std::vector<int64_t> scheduled{};  ///< of each of Instance::schedules, how many events it has proposed

  bool committed(size_t value, int64_t cell) const { return values[value].committed[static_cast<size_t>(cell)]; }
};

Result<State> initial_state(const Instance& instance, uint32_t seed);

/// An element of a cell; BOT if it is not committed.
Number read_element(const Instance& instance, const State& state, size_t value, int64_t cell, int64_t element = 0);
Number read_element(const ValueInstance& value, const StoredValue& stored, int64_t cell, int64_t element = 0);
void write_element(const Instance& instance, State& state, size_t value, int64_t cell, int64_t element,
                   const Scalar& scalar);
/// A value as an array, in its dtype; tokens that are not committed are V, and other elements 0.
Array to_array(const Instance& instance, const State& state, size_t value);
Array to_array(const ValueInstance& value, const StoredValue& stored);

/// 32 hexadecimal digits of values, clocks and sets, equal wherever the state is.
std::string digest(const Instance& instance, const State& state);

/// What all cells hold, and the step: enough to see in each step that a run goes as it went before, in the time that a
/// look at the cells takes. Clocks and sets follow from it. The values are added in their order, sets (which have no
/// cells) included.
class CellsDigest {
 public:
  explicit CellsDigest(const State& state);
  /// The elements of a value, and of each cell whether it is committed.
  void add(std::span<const std::byte> elements, std::span<const uint8_t> committed);
  std::string bytes() const { return hash_.bytes(); }

 private:
  Hash hash_{};
};
std::string cells_digest(const State& state);

}  // namespace caten::consensus
