// Proposals: what the rules of a program want to be, before anybody has judged it.
#pragma once

#include <compare>

#include "consensus/reference/reader.hpp"
#include "consensus/schedule.hpp"

namespace caten::consensus::reference {

struct ProposalId {
  size_t rule = 0;      ///< rule#
  int64_t origin = 0;   ///< the cell that the rule's instance is on
  size_t sequence = 0;  ///< among the proposals of this instance
  auto operator<=>(const ProposalId&) const = default;
};

struct Target {
  size_t value = 0;
  int64_t cell = 0;
  std::vector<Scalar> elements{};
  bool operator==(const Target&) const = default;
};

struct Proposed {
  ProposalId id{};
  std::vector<Target> targets{};
  float score = 0;       ///< -0 is 0
  int64_t snapshot = 0;  ///< the step whose state was read
  uint32_t tie = 0;      ///< hash32(id, k)
  bool unfit = false;    ///< a value that its kind cannot hold, or a score that is NaN or BOT
  bool reads_future = false;
  std::vector<size_t> edges{};   ///< visibility edges that were read
  size_t commit = 0, group = 0;  ///< of the first target
};

/// A draw that could draw nothing, for a cell that is not committed.
struct Stuck {
  size_t value = 0;
  int64_t cell = 0;
};

struct Proposals {
  std::vector<Proposed> list{};  ///< by (rule#, origin, sequence)
  std::vector<Stuck> stuck{};
  int64_t active = 0;   ///< rule instances on the mask
  int64_t enabled = 0;  ///< of them, those that had all their reads
};

/// Why an instance of a rule, or one of its proposals, said nothing.
struct Silence {
  enum class Reason : uint8_t {
    kWaits,        ///< cells of an earlier stratum are open
    kInactive,     ///< the step's event leaves the cell out
    kDisabled,     ///< a required read is of a cell that is not committed
    kNoValue,      ///< its value is nothing: keep(), or made of what is not committed or not visible
    kNothingLeft,  ///< no id can be drawn
    kIncomplete,   ///< another proposal of the instance says nothing, and they are one
    kNoCommit      ///< a target is of no commit
  };
  Reason reason = Reason::kNoValue;
  size_t rule = 0;                   ///< its place in the instance
  int64_t origin = 0;                ///< the cell that the rule's instance is on
  std::optional<size_t> sequence{};  ///< of one proposal; nothing: of all
};

struct StepInput;
struct Decision;
struct StepReport;

/// Is told of a step what its result does not say. It changes nothing.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;
  virtual void silent(const Silence& silence) = 0;
  /// All is judged, and nothing published yet.
  virtual void decided(const StepInput& input, const Decision& decision, const StepReport& report) = 0;
};

/// The cell that a proposal is for, from an instance of its rule at this place; kAbsent outside of the grid.
int64_t target_cell(const Instance& instance, const State& snapshot, const EmitInstance& emit,
                    std::span<const int64_t> place);

/// Of each token value and cell the ids that palettes leave; computed once for a set of constraints.
class Palettes {
 public:
  explicit Palettes(const Instance& instance);
  /// Null where every id may be drawn.
  const std::vector<bool>* allowed(size_t value, int64_t cell) const;

 private:
  std::vector<std::vector<bool>> masks_{};       ///< different ones
  std::vector<std::vector<int32_t>> mask_of_{};  ///< of each value and cell: a mask, or -1
};

/// What the rules propose on a snapshot. `event`: null for all cells. `observer`: null for none.
Result<Proposals> propose(const Instance& instance, const std::vector<RuleReader>& readers, const Palettes& palettes,
                          const State& snapshot, const Event* event, int64_t step, Observer* observer = nullptr);

}  // namespace caten::consensus::reference
