// One step on a snapshot, from reading to winners: sections 3.3 to 3.8 of docs/consensus.md.
#pragma once

#include <set>

#include "consensus/reference/choose.hpp"

namespace caten::consensus::reference {

/// Why a proposal was not committed.
struct Loss {
  enum class Reason : uint8_t {
    kUnfit,     ///< a value its kind cannot hold, or a score that is none
    kBarred,    ///< it led to where a backtrack came from
    kHard,      ///< it would break a hard constraint
    kKeep,      ///< leaving its targets as they are is better
    kConflict,  ///< a better proposal has a part of its footprint
    kBudget
  };
  ProposalId id{};
  Reason reason = Reason::kUnfit;
  std::optional<int64_t> priority{};   ///< of the level that decided; nothing: behind all levels
  std::vector<size_t> constraints{};   ///< by number, that decided
  std::optional<ProposalId> winner{};  ///< of kConflict
};

struct StepReport {
  int64_t step = 0;
  std::optional<Event> event{};
  int64_t active = 0;
  int64_t enabled = 0;
  int64_t proposed = 0;
  int64_t admissible = 0;
  int64_t stuck = 0;                  ///< cells for which nothing could be drawn
  std::vector<Target> committed{};    ///< by value and cell
  std::vector<ProposalId> winners{};  ///< best first
  std::vector<Loss> losses{};         ///< by id
  int64_t unsatisfied = 0;            ///< groups of commits
  int64_t undone = 0;                 ///< commits that backtracks undid
  bool restarted = false;
};

/// What a commit's group may not propose again in this step: a proposal that led to where a backtrack came from.
struct Bar {
  ProposalId id{};
  std::vector<Target> targets{};
  bool operator==(const Bar&) const = default;
};

using Group = std::pair<size_t, size_t>;  ///< a commit and its group

struct Decision {
  Proposals proposals{};
  std::vector<Judgement> judgements{};
  std::vector<size_t> winners{};  ///< proposals, best first
  std::set<Group> unsatisfied{};
};

struct StepInput {
  const Instance& instance;
  const std::vector<RuleReader>& readers;
  const Palettes& palettes;
  const Scopes& scopes;
  const State& snapshot;
  const Event* event = nullptr;  ///< null: all cells
  int64_t step = 0;
  const std::map<Group, std::vector<Bar>>& bars;
  bool in_rounds = false;  ///< section 4's way to the same winners
  /// Proposals are judged and chosen in an order drawn from this, to the same end.
  std::optional<uint64_t> shuffled{};
  Observer* observer = nullptr;  ///< null: none
};

/// How many of a group's winners its commit keeps.
int64_t group_budget(const Instance& instance, const Group& group);
/// What the step's event leaves: its own budget, and maskgit's share of the cells that were open.
int64_t event_budget(const Instance& instance, const State& snapshot, const Event* event);

Result<Decision> decide(const StepInput& input, StepReport& report);

}  // namespace caten::consensus::reference
