// Judges proposals: what each would break, were it the only one to be committed.
#pragma once

#include "consensus/reference/proposal.hpp"

namespace caten::consensus::reference {

/// All constraint instances of an instance, numbered, and which of them each cell is of.
class Scopes {
 public:
  explicit Scopes(const Instance& instance);

  struct Scope {
    size_t constraint = 0;
    size_t number = 0;             ///< among the constraint's instances
    std::vector<int64_t> cells{};  ///< numbers over all values, ascending
    bool shared() const { return cells.size() > 1; }
  };
  size_t count() const { return scopes_.size(); }
  const Scope& scope(size_t number) const { return scopes_[number]; }
  /// The number of a cell among the cells of all values.
  int64_t cell_number(size_t value, int64_t cell) const { return first_[value] + cell; }
  int64_t cells() const { return first_.back(); }
  /// The scopes that one of the targets is of, ascending, each once.
  std::vector<size_t> touched(const std::vector<Target>& targets) const;

 private:
  std::vector<int64_t> first_{};
  std::vector<Scope> scopes_{};
  std::vector<std::vector<uint32_t>> of_cell_{};  ///< empty where nothing is constrained
};

/// A snapshot with the targets of one proposal written over it, or as it is.
struct Hypothesis {
  const State* snapshot = nullptr;
  const Proposed* proposed = nullptr;
  Number element(const Instance& instance, size_t value, int64_t cell, int64_t element) const;
  /// The proposal gives a committed cell another value.
  bool changes(const Instance& instance, size_t value, int64_t cell) const;
  const Target* target(size_t value, int64_t cell) const;
};

/// No completion of what is not committed can satisfy the constraint, as far as Kleene's logic sees.
bool violated(const Instance& instance, const ConstraintInstance& constraint, const ConstraintCells& cells,
              const Hypothesis& hypothesis);

struct Judgement {
  std::vector<int64_t> violations{};  ///< weight per level, high to low
  std::vector<int64_t> keeps{};       ///< the same if its targets stay as they are
  std::vector<size_t> broken{};       ///< constraints that hold now and would not, by number, each once
  std::vector<size_t> worsened{};     ///< those of them that are hard
  std::vector<size_t> touched{};      ///< scopes
  bool admissible() const { return worsened.empty(); }
};

Judgement judge(const Instance& instance, const Scopes& scopes, const State& snapshot, const Proposed& proposed);

}  // namespace caten::consensus::reference
