// From what rules say to votes: which proposals could be committed, and what they would break (docs/consensus.md, 3.5).
// Part of the compiled steps of programs whose proposals compete.
//
// In: what the instances of a rule say, the outputs of its kernels. Out: votes, for agreement.hpp, and what no proposal
// is admissible for. Entry: VoteCount::count; the places that a vote wants: Footprints.
#pragma once

#include <map>

#include "consensus/compiled/apart_judge.hpp"
#include "consensus/compiled/ballot_program.hpp"
#include "consensus/compiled/vote.hpp"
#include "consensus/reference/memory.hpp"

namespace caten::consensus::compiled {

/// What the instances of a rule say in a step.
struct Said {
  const RuleBallot* ballot = nullptr;
  const BallotOutputs* outputs = nullptr;  ///< null: nothing
  std::vector<int32_t> who{};
  std::vector<Array> arrays{};  ///< the outputs
};

reference::Bar bar_of(const Instance& instance, const Said& said, const Vote& vote);

struct Tally {
  std::map<reference::Group, bool> admitted{};  ///< groups that answer, and whether a proposal of theirs is admissible
  std::vector<std::pair<size_t, int64_t>> stuck{};  ///< cells of values for which nothing could be drawn
  int64_t proposed = 0;
};

class VoteCount {
 public:
  explicit VoteCount(const Instance& instance);

  /// Adds what a rule's instances say at a step, of a state that is remembered. `apart`: where constraints are that no
  /// graph judges.
  void count(size_t rule, const Said& said, const reference::Memory& memory, int64_t step, ApartJudge* apart,
             Tally& tally, Votes& votes) const;

 private:
  using CommittedBy = std::pair<int32_t, int32_t>;
  struct Counting;

  const Instance& instance_;
  std::vector<bool> alike_{};  ///< values all of whose cells commit in one group
};

/// The places that a vote wants and others may want: its targets, and unless the commit says otherwise the constraints
/// about several cells that it touches (3.7).
class Footprints {
 public:
  Footprints(const Instance& instance, const std::vector<const RuleBallot*>& ballots);

  /// Of all votes.
  int64_t places() const { return places_; }
  template <class Visit>
  void operator()(const Vote& vote, const Visit& visit) const {
    const Site& site = sites_[vote.rule][vote.site];
    for (const Target& each : site.targets) visit(each.first + (each.cells ? each.cells[vote.origin] : vote.origin));
    if (!site.shared || !serializable_[static_cast<size_t>(vote.commit)]) return;
    for (int64_t i = site.first_shared[vote.origin]; i < site.first_shared[vote.origin + 1]; ++i) visit(site.shared[i]);
  }

 private:
  struct Target {
    int64_t first = 0;               ///< the place of the value's first cell
    const int32_t* cells = nullptr;  ///< null: each its own
  };
  struct Site {
    std::vector<Target> targets{};
    const int64_t *first_shared = nullptr, *shared = nullptr;
  };

  int64_t places_ = 0;
  std::vector<std::vector<Site>> sites_{};  ///< by rule
  std::vector<bool> serializable_{};        ///< by commit
};

}  // namespace caten::consensus::compiled
