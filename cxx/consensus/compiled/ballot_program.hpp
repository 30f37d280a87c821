// Programs whose proposals compete, as graphs: what each rule's instances say and would break, over lists of them.
//
// In: an instance. Out: for each rule the graphs of a step (who has something to say; the arguments of its models; what
// is proposed) and what is known of its proposals before; or why there are none. Which of the proposals are committed
// is agreement.hpp. Entry: lower_ballot.
#pragma once

#include <set>

#include "consensus/compiled/listed_judge.hpp"
#include "ir/call.hpp"

namespace caten::consensus::compiled {

/// A graph over a list of a rule's instances. Inputs: step and seed, i64[], who, i32[M], of each value its elements and
/// which are committed, results of models, tables.
struct ListProgram {
  Graph graph{};
  std::vector<Array> tables{};
};

/// The proposals of one place in a rule: one for each instance that has something to say there.
struct ProposalSite {
  size_t sequence = 0;
  std::vector<size_t> emits{};  ///< its targets: one, or all that are one proposal
  /// Instances of constraints about several cells that it touches: those of cell i are from first[i] on. Empty: none.
  std::vector<int64_t> first_shared{};
  std::vector<int64_t> shared{};  ///< places behind all cells: their number, and the constraint's instance's
  /// Constraints that it may touch and that no graph judges; the interpreter does.
  std::vector<size_t> judged_apart{};
};

/// Outputs of a rule's graph of proposals, by their numbers; nothing: what is said holds for all.
struct BallotOutputs {
  struct OfEmit {
    std::optional<size_t> valid{};  ///< it says something
    std::optional<size_t> fits{};   ///< and the value can hold it
    std::vector<size_t> elements{};
    bool drawn = false;  ///< what says nothing is stuck
  };
  struct OfSite {
    std::vector<std::optional<size_t>> before{}, after{};  ///< of each level the weight that is violated; nothing: 0
    std::optional<size_t> worsened{};                      ///< it breaks what is hard
  };
  std::vector<OfEmit> emits{};
  std::vector<OfSite> sites{};
  std::optional<size_t> score{};  ///< f32; NaN: none
  float all_score = 0;            ///< where all have one
};

/// Lists of numbers, one behind the other: first all are counted, then added.
class Lists {
 public:
  explicit Lists(size_t lists) : first_(lists + 1) {}
  size_t size() const { return first_.size() - 1; }
  void count(size_t list) { ++first_[list + 1]; }
  void allocate();
  void add(size_t list, int32_t number) { numbers_[static_cast<size_t>(first_[list] + filled_[list]++)] = number; }
  /// Instead, lists in their order.
  void append(size_t list, std::span<const int32_t> numbers) {
    numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
    first_[list + 1] = static_cast<int64_t>(numbers_.size());
  }
  std::span<const int32_t> at(size_t list) const {
    return std::span(numbers_).subspan(static_cast<size_t>(first_[list]),
                                       static_cast<size_t>(first_[list + 1] - first_[list]));
  }

 private:
  std::vector<int64_t> first_;
  std::vector<int32_t> filled_{}, numbers_{};
};

class RuleBallot {
 public:
  RuleBallot(const Instance& instance, const RuleInstance& rule, Columns& columns);

  /// Why there are no graphs, if there are none.
  const Obstacle& obstacle() const { return obstacle_; }

  const RuleInstance& rule() const { return rule_; }
  const std::vector<Column>& targets() const { return sources_.targets; }
  const std::vector<ProposalSite>& sites() const { return sites_; }

  /// Which instances have something to say, before anything else is asked: one output, bool. Nothing: all may.
  const std::optional<ListProgram>& asks() const { return asks_; }
  /// The values whose cells decide that: `own` of the instance's own cell alone, `committed` of which are committed.
  struct Looks {
    std::set<size_t> own{}, committed{};
  };
  /// Nothing: other things decide, too.
  const std::optional<Looks>& looks_at() const { return looks_at_; }
  /// The arguments of a model that are computed: for each its elements are outputs, one after another.
  struct ModelArguments {
    ListProgram program{};
    std::vector<size_t> elements{};
    std::vector<bool> lists{};
  };
  /// Where the calls before it gave these results.
  Result<ModelArguments> arguments(size_t call, const std::vector<Array>& results) const;
  struct Ballot {
    ListProgram program{};
    BallotOutputs outputs{};
  };
  Result<Ballot> proposals(const std::vector<Array>& results) const;

 private:
  struct Lanes {
    size_t constraint = 0;
    std::vector<Lane> lanes{};
  };
  struct Touched {
    Lists of;                     ///< of each instance of the rule
    std::vector<bool> several{};  ///< of each instance of the constraint: it is about several cells
  };
  /// A graph with its inputs.
  struct Open;

  void make_sites();
  void find_palettes(Columns& columns);
  Touched touched_by(const ProposalSite& site, const ConstraintInstance& constraint) const;
  Lane lane(const ConstraintInstance& constraint, const Touched& touched, size_t number, Columns& columns) const;
  void find_touched(ProposalSite& site, std::vector<Lanes>& lanes, Columns& columns);
  void make_asks();
  void judge(Open& open, const std::vector<EmitNodes>& emits, size_t site, BallotOutputs& outputs) const;

  const Instance& instance_;
  const RuleInstance& rule_;
  Obstacle obstacle_{};
  ListedRule::Sources sources_{};
  std::vector<ProposalSite> sites_{};
  std::vector<std::vector<Lanes>> lanes_{};  ///< of each site
  std::optional<ListProgram> asks_{};
  std::optional<Looks> looks_at_{};
};

}  // namespace caten::consensus::compiled
