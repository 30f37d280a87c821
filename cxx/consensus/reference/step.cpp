#include "consensus/reference/step.hpp"

#include <algorithm>
#include <random>

namespace caten::consensus::reference {
namespace {

class Deciding {
 public:
  Deciding(const StepInput& input, StepReport& report) : in_(input), report_(report) {}

  Result<Decision> run() {
    Result<Proposals> proposals =
        propose(in_.instance, in_.readers, in_.palettes, in_.snapshot, in_.event, in_.step, in_.observer);
    if (!proposals) return tl::make_unexpected(proposals.error());
    out_.proposals = std::move(*proposals);
    if (in_.shuffled) {
      std::mt19937_64 order(*in_.shuffled + static_cast<uint64_t>(in_.step));
      std::shuffle(out_.proposals.list.begin(), out_.proposals.list.end(), order);
      std::shuffle(out_.proposals.stuck.begin(), out_.proposals.stuck.end(), order);
    }
    judge_all();
    choose();
    keep_budgets();
    find_unsatisfied();
    std::sort(report_.losses.begin(), report_.losses.end(), [](const Loss& a, const Loss& b) { return a.id < b.id; });
    return std::move(out_);
  }

 private:
  const Proposed& proposed(size_t i) const { return out_.proposals.list[i]; }
  const Commit& commit_of(const Proposed& each) const { return *in_.instance.commits[each.commit].declaration; }

  void lose(size_t i, Loss::Reason reason, std::optional<size_t> level = {}, std::vector<size_t> constraints = {},
            std::optional<ProposalId> winner = {}) {
    Loss loss{.id = proposed(i).id, .reason = reason, .constraints = std::move(constraints), .winner = winner};
    if (level) loss.priority = in_.instance.priorities[*level];
    report_.losses.push_back(std::move(loss));
  }

  bool barred(const Proposed& each) const {
    auto bars = in_.bars.find({each.commit, each.group});
    return bars != in_.bars.end() &&
           std::find(bars->second.begin(), bars->second.end(), Bar{each.id, each.targets}) != bars->second.end();
  }

  /// The constraints of a level that a proposal would break.
  std::vector<size_t> broken_at(const Judgement& judgement, size_t level) const {
    std::vector<size_t> out;
    for (size_t each : judgement.broken)
      if (in_.instance.constraints[each].level == level) out.push_back(each);
    return out;
  }

  static size_t first_difference(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
    return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
  }

  void judge_all() {
    size_t count = out_.proposals.list.size();
    out_.judgements.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const Proposed& each = proposed(i);
      if (each.unfit) {
        lose(i, Loss::Reason::kUnfit);
        continue;
      }
      if (barred(each)) {
        lose(i, Loss::Reason::kBarred);
        continue;
      }
      Judgement& judgement = out_.judgements[i] = judge(in_.instance, in_.scopes, in_.snapshot, each);
      if (!judgement.admissible())
        lose(i, Loss::Reason::kHard, in_.instance.constraints[judgement.worsened[0]].level, judgement.worsened);
      else
        admissible_.push_back(i);
    }
    report_.admissible = static_cast<int64_t>(admissible_.size());
  }

  Candidate candidate(size_t i) const {
    const Judgement& judgement = out_.judgements[i];
    Candidate out{.proposed = &proposed(i), .judgement = &judgement, .footprint = {}};
    for (const Target& target : proposed(i).targets)
      out.footprint.push_back(in_.scopes.cell_number(target.value, target.cell));
    if (commit_of(proposed(i)).isolation == Commit::Isolation::kSerializable)
      for (size_t scope : judgement.touched)
        if (in_.scopes.scope(scope).shared()) out.footprint.push_back(in_.scopes.cells() + static_cast<int64_t>(scope));
    std::sort(out.footprint.begin(), out.footprint.end());
    return out;
  }

  int64_t footprint_size() const { return in_.scopes.cells() + static_cast<int64_t>(in_.scopes.count()); }

  void choose() {
    std::vector<size_t> of;
    std::vector<Candidate> candidates;
    for (size_t i : admissible_) {
      Candidate made = candidate(i);
      if (beats_keep(made)) {
        of.push_back(i);
        candidates.push_back(std::move(made));
        continue;
      }
      const Judgement& judgement = out_.judgements[i];
      size_t level = first_difference(judgement.violations, judgement.keeps);
      bool decided = level < judgement.violations.size();
      lose(i, Loss::Reason::kKeep, decided ? std::optional(level) : std::nullopt,
           decided ? broken_at(judgement, level) : std::vector<size_t>{});
    }
    std::vector<size_t> won = in_.in_rounds ? choose_in_rounds(candidates, footprint_size()).winners
                                            : choose_sequentially(candidates, footprint_size());
    std::map<int64_t, size_t> owner;
    std::vector<bool> is_winner(candidates.size());
    for (size_t each : won) {
      is_winner[each] = true;
      out_.winners.push_back(of[each]);
      for (int64_t place : candidates[each].footprint) owner.emplace(place, each);
    }
    for (size_t i = 0; i < candidates.size(); ++i)
      if (!is_winner[i]) lose_conflict(of[i], candidates, i, owner, of);
  }

  /// To the best winner in its way.
  void lose_conflict(size_t i, const std::vector<Candidate>& candidates, size_t loser,
                     const std::map<int64_t, size_t>& owner, const std::vector<size_t>& of) {
    std::optional<size_t> best;
    for (int64_t place : candidates[loser].footprint) {
      auto found = owner.find(place);
      if (found != owner.end() && (!best || wins(candidates[found->second], candidates[*best]))) best = found->second;
    }
    const Judgement &mine = out_.judgements[i], &other = out_.judgements[of[*best]];
    size_t level = first_difference(mine.violations, other.violations);
    bool decided = level < mine.violations.size();
    lose(i, Loss::Reason::kConflict, decided ? std::optional(level) : std::nullopt,
         decided ? broken_at(mine, level) : std::vector<size_t>{}, proposed(of[*best]).id);
  }

  void keep_budgets() {
    std::map<Group, int64_t> left;
    int64_t all = event_budget(in_.instance, in_.snapshot, in_.event);
    std::vector<size_t> kept;
    winners_before_budget_ = out_.winners;
    for (size_t i : out_.winners) {
      Group group{proposed(i).commit, proposed(i).group};
      auto [of_group, added] = left.emplace(group, 0);
      if (added) of_group->second = group_budget(in_.instance, group);
      if (of_group->second > 0 && all > 0) {
        --of_group->second;
        --all;
        kept.push_back(i);
      } else {
        lose(i, Loss::Reason::kBudget);
      }
    }
    out_.winners = std::move(kept);
  }

  /// Groups with proposals of which none is admissible, or with a cell for which nothing could be drawn. Under `least`
  /// also those with proposals of which none is better than what is there: the best of the admissible ones is taken.
  void find_unsatisfied() {
    std::map<Group, bool> admitted;
    for (size_t i = 0; i < out_.proposals.list.size(); ++i) admitted[{proposed(i).commit, proposed(i).group}] |= false;
    for (size_t i : admissible_) admitted[{proposed(i).commit, proposed(i).group}] = true;
    for (const auto& [group, any] : admitted)
      if (!any) out_.unsatisfied.insert(group);
    for (const Stuck& each : out_.proposals.stuck) {
      const auto& by = in_.instance.committed_by[each.value][static_cast<size_t>(each.cell)];
      if (by.first >= 0) out_.unsatisfied.insert({static_cast<size_t>(by.first), static_cast<size_t>(by.second)});
    }
    std::set<Group> winning;
    for (size_t i : winners_before_budget_) winning.insert({proposed(i).commit, proposed(i).group});
    for (const auto& [group, any] : admitted)
      if (in_.instance.commits[group.first].declaration->on_unsat.form == OnUnsat::Form::kLeast &&
          !winning.contains(group)) {
        out_.unsatisfied.insert(group);
        take_least(group);
      }
    report_.unsatisfied = static_cast<int64_t>(out_.unsatisfied.size());
  }

  void take_least(const Group& group) {
    std::optional<size_t> best;
    for (size_t i : admissible_) {
      if (Group{proposed(i).commit, proposed(i).group} != group) continue;
      if (!best || wins(candidate(i), candidate(*best))) best = i;
    }
    if (!best) return;
    std::vector<int64_t> mine = candidate(*best).footprint;
    for (size_t winner : out_.winners)
      for (int64_t place : candidate(winner).footprint)
        if (std::binary_search(mine.begin(), mine.end(), place)) return;
    out_.winners.push_back(*best);
    std::erase_if(report_.losses, [&](const Loss& loss) { return loss.id == proposed(*best).id; });
  }

  const StepInput& in_;
  StepReport& report_;
  Decision out_{};
  std::vector<size_t> admissible_{};
  std::vector<size_t> winners_before_budget_{};
};

}  // namespace

int64_t group_budget(const Instance& instance, const Group& group) {
  const CommitInstance& commit = instance.commits[group.first];
  if (!commit.budget) return INT64_MAX;
  struct GroupFacts : Facts {
    std::span<const int64_t> names;
    std::span<const int64_t> indices() const override { return names; }
  } facts;
  facts.names = commit.groups[group.second];
  Number number = evaluate_number(*commit.budget, facts);
  if (number.is_bot()) return 0;
  return number.is_integer() ? std::max<int64_t>(number.integer, 0)
                             : static_cast<int64_t>(std::clamp(number.real, 0.0, 1e18));
}

int64_t event_budget(const Instance& instance, const State& snapshot, const Event* event) {
  if (!event) return INT64_MAX;
  int64_t out = event->budget.value_or(INT64_MAX);
  if (event->strategy != "maskgit-cosine") return out;
  int64_t open = open_cells(instance, snapshot);
  int64_t steps = phase_count(*event, {});
  int64_t left = maskgit_remaining(event->total.value_or(open), event->phase, steps);
  return std::min(out, std::max<int64_t>(open - left, 1));
}

Result<Decision> decide(const StepInput& input, StepReport& report) {
  Result<Decision> out = Deciding(input, report).run();
  if (!out) return out;
  report.active = out->proposals.active;
  report.enabled = out->proposals.enabled;
  report.proposed = static_cast<int64_t>(out->proposals.list.size());
  report.stuck = static_cast<int64_t>(out->proposals.stuck.size());
  if (input.observer) input.observer->decided(input, *out, report);
  return out;
}

}  // namespace caten::consensus::reference
