// From what rules say to what is committed: the rest of BallotWorld.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/parallel.hpp"
#include "consensus/compiled/ballot_world.hpp"

namespace caten::consensus::compiled {
namespace {

reference::Group group_of(const Vote& vote) {
  return {static_cast<size_t>(vote.commit), static_cast<size_t>(vote.group)};
}

OnUnsat::Form answer_of(const Instance& instance, const reference::Group& group) {
  return instance.commits[group.first].declaration->on_unsat.form;
}

/// Ascending.
void sort_cells(std::vector<int64_t>& cells, int64_t count) {
  constexpr int64_t kBits = 64;
  if (std::is_sorted(cells.begin(), cells.end())) return;
  if (static_cast<int64_t>(cells.size()) < count / kBits) return std::sort(cells.begin(), cells.end());
  std::vector<uint64_t> marks(static_cast<size_t>((count + kBits - 1) / kBits));
  for (int64_t cell : cells) marks[static_cast<size_t>(cell / kBits)] |= uint64_t{1} << cell % kBits;
  cells.clear();
  for (size_t word = 0; word < marks.size(); ++word)
    for (uint64_t left = marks[word]; left != 0; left &= left - 1)
      cells.push_back(static_cast<int64_t>(word) * kBits + std::countr_zero(left));
}

}  // namespace

/// Where a commit answers with the least violation, the groups that win something.
std::set<reference::Group> BallotWorld::winning_groups(const Tally& tally, const LargeVector<Vote>& winners) const {
  std::set<Group> out;
  if (std::any_of(tally.admitted.begin(), tally.admitted.end(),
                  [&](const auto& each) { return answer_of(instance_, each.first) == OnUnsat::Form::kLeast; }))
    for (const Vote& each : winners) out.insert(group_of(each));
  return out;
}

/// Each group keeps its best, then the event its own (3.8).
LargeVector<Vote> BallotWorld::within_budgets(LargeVector<Vote> winners, const Event* event) const {
  int64_t all = reference::event_budget(instance_, memory_.state, event);
  bool any = all < INT64_MAX;
  for (const CommitInstance& commit : instance_.commits) any = any || commit.budget;
  if (!any) return winners;
  agreement_->sort(winners);
  std::map<Group, int64_t> left;
  LargeVector<Vote> out;
  for (const Vote& each : winners) {
    Group group = group_of(each);
    auto [of_group, added] = left.emplace(group, 0);
    if (added) of_group->second = reference::group_budget(instance_, group);
    if (of_group->second <= 0 || all <= 0) continue;
    --of_group->second;
    --all;
    out.push_back(each);
  }
  return out;
}

/// Groups with proposals of which none is admissible, or with a cell for which nothing could be drawn (3.10). Under
/// `least` also those that nothing wins; the best of their admissible proposals is added to what is kept.
std::set<reference::Group> BallotWorld::unsatisfied(const Tally& tally, const std::set<Group>& winning,
                                                    LargeVector<Vote>& kept) const {
  std::set<Group> out;
  for (const auto& [group, any] : tally.admitted)
    if (!any) out.insert(group);
  for (const auto& [value, cell] : tally.stuck) {
    const auto& by = instance_.committed_by[value][static_cast<size_t>(cell)];
    if (by.first >= 0) out.insert({static_cast<size_t>(by.first), static_cast<size_t>(by.second)});
  }
  std::set<Group> least;
  for (const auto& [group, any] : tally.admitted)
    if (answer_of(instance_, group) == OnUnsat::Form::kLeast && !winning.contains(group)) least.insert(group);
  out.insert(least.begin(), least.end());
  if (least.empty()) return out;
  std::set<int64_t> taken;
  for (const Vote& each : kept) (*footprints_)(each, [&](int64_t place) { taken.insert(place); });
  for (const Group& group : least) {
    const Vote* best = nullptr;
    for (const Vote& each : agreement_->votes().admissible)
      if (group_of(each) == group && (!best || agreement_->better(each, *best))) best = &each;
    if (!best) continue;
    bool free = true;
    (*footprints_)(*best, [&](int64_t place) { free = free && !taken.contains(place); });
    if (!free) continue;
    (*footprints_)(*best, [&](int64_t place) { taken.insert(place); });
    kept.push_back(*best);
  }
  return out;
}

/// True after a restart.
Result<bool> BallotWorld::answer(const std::set<Group>& unsatisfied, int64_t step, const Tally& tally,
                                 std::set<Group>& held) {
  for (const Group& group : unsatisfied) {
    OnUnsat::Form form = instance_.commits[group.first].declaration->on_unsat.form;
    if (form == OnUnsat::Form::kFail)
      return reference::unsatisfied(instance_, group, step, tally.proposed, static_cast<int64_t>(tally.stuck.size()));
    if (form != OnUnsat::Form::kRestart) continue;
    CATEN_TRY(reference::restart(instance_, memory_, group));
    return true;
  }
  for (const Group& group : unsatisfied) {
    const OnUnsat& answer = instance_.commits[group.first].declaration->on_unsat;
    if (answer.form != OnUnsat::Form::kBacktrack) continue;
    for (const auto& [value, cell] : reference::backtrack(instance_, memory_, group, answer.count).cells)
      mirror(value, cell);
    held.insert(group);
  }
  return false;
}

void BallotWorld::publish(const std::vector<Said>& said, LargeVector<Vote> winners, const std::set<Group>& held,
                          int64_t step) {
  if (!held.empty()) std::erase_if(winners, [&](const Vote& each) { return held.contains(group_of(each)); });
  auto by_rule = [](const Vote& a, const Vote& b) { return a.rule < b.rule; };
  if (!std::is_sorted(winners.begin(), winners.end(), by_rule))
    std::stable_sort(winners.begin(), winners.end(), by_rule);
  bool backtracks = std::any_of(instance_.commits.begin(), instance_.commits.end(), [](const CommitInstance& each) {
    return each.declaration->on_unsat.form == OnUnsat::Form::kBacktrack;
  });
  std::map<Group, reference::Undo> undo;
  std::set<Group> committing;
  for (const Vote& winner : winners) {
    if (!backtracks) break;
    if (!memory_.bars.empty()) committing.insert(group_of(winner));
    if (answer_of(instance_, group_of(winner)) == OnUnsat::Form::kBacktrack)
      reference::remember(instance_, memory_, group_of(winner), bar_of(instance_, said[winner.rule], winner), undo);
  }
  std::vector<std::span<const Vote>> of_rule;
  auto begin = winners.begin();
  for (uint32_t rule = 0; rule < said.size(); ++rule) {
    auto end = std::partition_point(begin, winners.end(), [&](const Vote& each) { return each.rule <= rule; });
    of_rule.emplace_back(begin, end);
    begin = end;
  }
  std::map<std::pair<size_t, size_t>, std::vector<int64_t>> clocked;  // by value and rule: one clock each
  for (size_t rule = 0; rule < said.size(); ++rule)
    for (size_t emit = 0; emit < instance_.rules[rule].emits.size(); ++emit)
      publish(said[rule], emit, of_rule[rule], clocked[{instance_.rules[rule].emits[emit].target.value, rule}]);
  for (auto& [key, members] : clocked) {
    sort_cells(members, instance_.values[key.first].cells);
    wake(key.first, members);
    memory_.state.values[key.first].clocks.set(std::move(members),
                                               {step, static_cast<int32_t>(instance_.rules[key.second].number)});
  }
  for (const Group& group : committing) memory_.bars.erase(group);
  for (auto& [group, entry] : undo) memory_.history[group].push_back(std::move(entry));
}

/// What winners of a rule say in one of its emits. Their cells are added.
void BallotWorld::publish(const Said& said, size_t emit, std::span<const Vote> winners, std::vector<int64_t>& cells) {
  if (winners.empty()) return;
  std::vector<bool> speaks;  // by site
  for (const ProposalSite& site : said.ballot->sites())
    speaks.push_back(std::find(site.emits.begin(), site.emits.end(), emit) != site.emits.end());
  size_t value = said.ballot->rule().emits[emit].target.value, bytes = dtype_size(instance_.values[value].dtype);
  const Column& target = said.ballot->targets()[emit];
  StoredValue& stored = memory_.state.values[value];
  std::byte *elements = stored.elements.data(), *mirrored = cells_[value].elements.mutable_data();
  auto* committed = cells_[value].committed.as_mutable<uint8_t>();
  const std::vector<size_t>& outputs = said.outputs->emits[emit].elements;
  constexpr int64_t kSilent = -1;
  size_t before = cells.size();
  cells.resize(before + winners.size(), kSilent);
  // Bits of several cells are one number, and what is judged apart is remembered by one thread.
  bool alone = apart_ || !full_[value];
  in_parallel(winners.size(), alone ? SIZE_MAX : kFewestOfThread, [&](size_t, size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k) {
      if (!speaks[winners[k].site]) continue;
      int64_t cell = target.at(winners[k].origin);
      for (size_t i = 0; i < outputs.size(); ++i) {
        const std::byte* from = said.arrays[outputs[i]].data() + winners[k].item * bytes;
        size_t at = (static_cast<size_t>(cell) * outputs.size() + i) * bytes;
        std::memcpy(elements + at, from, bytes);
        std::memcpy(mirrored + at, from, bytes);
      }
      cells[before + k] = cell;
      if (!alone) continue;
      stored.committed[static_cast<size_t>(cell)] = true;
      committed[cell] = 1;
      if (apart_) apart_->forget(value, cell);
    }
  });
  if (said.ballot->sites().size() > 1) std::erase(cells, kSilent);
}

}  // namespace caten::consensus::compiled
