// From what rules say to what is committed: the rest of BallotWorld.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "consensus/compiled/ballot_world.hpp"
#include "consensus/philox.hpp"

namespace caten::consensus::compiled {
namespace {

bool flag_of(const std::vector<Array>& outputs, const std::optional<size_t>& output, size_t i, bool otherwise) {
  return output ? outputs[*output].as<uint8_t>()[i] != 0 : otherwise;
}

int64_t number_of(const std::vector<Array>& outputs, const std::optional<size_t>& output, size_t i) {
  return output ? outputs[*output].as<int64_t>()[i] : 0;
}

}  // namespace

/// An emit says something, for a cell of the grid.
bool BallotWorld::present(const Said& said, size_t emit, size_t item) const {
  return said.graphs->ballot->targets()[emit].at(said.who[item]) >= 0 &&
         flag_of(said.outputs, said.compiled->outputs.emits[emit].valid, item, true);
}

std::vector<reference::Target> BallotWorld::targets_of(const Said& said, size_t site, size_t item) const {
  std::vector<reference::Target> out;
  const RuleBallot& ballot = *said.graphs->ballot;
  for (size_t emit : ballot.sites()[site].emits) {
    reference::Target target{.value = ballot.rule().emits[emit].target.value,
                             .cell = ballot.targets()[emit].at(said.who[item]),
                             .elements = {}};
    DType dtype = instance_.values[target.value].dtype;
    for (size_t output : said.compiled->outputs.emits[emit].elements)
      target.elements.push_back(Scalar::load(dtype, said.outputs[output].data() + item * dtype_size(dtype)));
    out.push_back(std::move(target));
  }
  return out;
}

reference::Bar BallotWorld::as_bar(const Said& said, const Vote& vote) const {
  const RuleBallot& ballot = *said.graphs->ballot;
  return {{ballot.rule().number, vote.origin, ballot.sites()[vote.site].sequence},
          targets_of(said, vote.site, vote.item)};
}

/// The targets, and unless the commit says otherwise the constraints about several cells that it touches (3.7).
template <class Visit>
void BallotWorld::for_each_place(const std::vector<Said>& said, const Vote& vote, Visit&& visit) const {
  const RuleBallot& ballot = *said[vote.rule].graphs->ballot;
  const ProposalSite& site = ballot.sites()[vote.site];
  for (size_t emit : site.emits)
    visit(first_place_[ballot.rule().emits[emit].target.value] + ballot.targets()[emit].at(vote.origin));
  if (site.shared.empty() ||
      instance_.commits[static_cast<size_t>(vote.commit)].declaration->isolation != Commit::Isolation::kSerializable)
    return;
  auto origin = static_cast<size_t>(vote.origin);
  for (int64_t i = site.first_shared[origin]; i < site.first_shared[origin + 1]; ++i)
    visit(site.shared[static_cast<size_t>(i)]);
}

void BallotWorld::collect(size_t rule, const Said& said, Tally& tally) {
  if (!said.compiled) return;
  const RuleBallot& ballot = *said.graphs->ballot;
  for (size_t item = 0; item < said.who.size(); ++item) {
    for (size_t emit = 0; emit < ballot.rule().emits.size(); ++emit) {
      int64_t cell = ballot.targets()[emit].at(said.who[item]);
      size_t value = ballot.rule().emits[emit].target.value;
      if (said.compiled->outputs.emits[emit].drawn && cell >= 0 && !present(said, emit, item) &&
          !memory_.state.committed(value, cell))
        tally.stuck.emplace_back(value, cell);
    }
    for (size_t site = 0; site < ballot.sites().size(); ++site) collect(rule, site, item, said, tally);
  }
}

void BallotWorld::collect(size_t rule, size_t number, size_t item, const Said& said, Tally& tally) {
  const RuleBallot& ballot = *said.graphs->ballot;
  const ProposalSite& site = ballot.sites()[number];
  const BallotOutputs& outputs = said.compiled->outputs;
  Vote vote{.rule = static_cast<uint32_t>(rule),
            .site = static_cast<uint32_t>(number),
            .item = static_cast<uint32_t>(item),
            .score = outputs.score ? said.outputs[*outputs.score].as<float>()[item] : outputs.all_score,
            .origin = said.who[item]};
  bool fit = !std::isnan(vote.score);
  for (size_t k = 0; k < site.emits.size(); ++k) {
    size_t emit = site.emits[k], value = ballot.rule().emits[emit].target.value;
    if (!present(said, emit, item)) return;
    int64_t cell = ballot.targets()[emit].at(vote.origin);
    const auto& [commit, group] = instance_.committed_by[value][static_cast<size_t>(cell)];
    if (commit < 0) return;
    if (k == 0) {
      vote.commit = commit;
      vote.group = group;
    }
    fit = fit && flag_of(said.outputs, outputs.emits[emit].fits, item, true);
    for (size_t other = 0; other < k; ++other)
      fit = fit && (ballot.rule().emits[site.emits[other]].target.value != value ||
                    ballot.targets()[site.emits[other]].at(vote.origin) != cell);
  }
  ++tally.proposed;
  Group group{static_cast<size_t>(vote.commit), static_cast<size_t>(vote.group)};
  bool asked = instance_.commits[group.first].declaration->on_unsat.form != OnUnsat::Form::kKeep;
  bool* admitted = asked ? &tally.admitted.emplace(group, false).first->second : nullptr;
  if (!fit) return;
  if (auto bars = memory_.bars.find(group); bars != memory_.bars.end())
    if (std::find(bars->second.begin(), bars->second.end(), as_bar(said, vote)) != bars->second.end()) return;
  if (!judge(said, vote)) return;
  if (admitted) *admitted = true;
  vote.score = vote.score == 0 ? 0 : vote.score;
  vote.tie = draw_word(memory_.state.seed, static_cast<uint32_t>(ballot.rule().number), vote.origin, step_,
                       kTieDraw + 4 * site.sequence);
  if (instance_.commits[group.first].declaration->on_unsat.form == OnUnsat::Form::kLeast)
    tally.admissible.push_back(vote);
  if (better_than_keep_) agreement_.votes().push_back(vote);
}

/// Whether it is admissible (3.5); its weights are added, and whether it is better than to keep what is there is noted.
bool BallotWorld::judge(const Said& said, Vote& vote) {
  const RuleBallot& ballot = *said.graphs->ballot;
  const ProposalSite& site = ballot.sites()[vote.site];
  const BallotOutputs::OfSite& out = said.compiled->outputs.sites[vote.site];
  if (flag_of(said.outputs, out.worsened, vote.item, false)) return false;
  size_t levels = instance_.priorities.size();
  std::vector<int64_t>& weights = agreement_.weights();
  vote.weights = static_cast<uint32_t>(weights.size());
  keeps_.assign(levels, 0);
  for (size_t level = 0; level < levels; ++level) {
    weights.push_back(number_of(said.outputs, out.after[level], vote.item));
    keeps_[level] = number_of(said.outputs, out.before[level], vote.item);
  }
  auto mine = weights.end() - static_cast<std::ptrdiff_t>(levels);
  if (!site.judged_apart.empty() &&
      !apart_->judge(memory_.state, site.judged_apart, {.targets = targets_of(said, vote.site, vote.item)}, keeps_,
                     {mine, levels}))
    return false;
  auto [other, kept] = std::mismatch(mine, weights.end(), keeps_.begin());
  better_than_keep_ = other != weights.end() ? *other < *kept : vote.score > -std::numeric_limits<float>::infinity();
  return true;
}

std::vector<Vote> BallotWorld::choose(const std::vector<Said>& said) {
  return agreement_.winners(std::move(agreement_.votes()),
                            [&](const Vote& vote, auto&& visit) { for_each_place(said, vote, visit); });
}

/// Each group keeps its best, then the event its own (3.8).
std::vector<Vote> BallotWorld::within_budgets(const std::vector<Vote>& winners, const Event* event) const {
  int64_t all = reference::event_budget(instance_, memory_.state, event);
  bool any = all < INT64_MAX;
  for (const CommitInstance& commit : instance_.commits) any = any || commit.budget;
  if (!any) return winners;
  std::map<Group, int64_t> left;
  std::vector<Vote> out;
  for (const Vote& each : winners) {
    Group group{static_cast<size_t>(each.commit), static_cast<size_t>(each.group)};
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
std::set<reference::Group> BallotWorld::unsatisfied(const std::vector<Said>& said, const Tally& tally,
                                                    const std::vector<Vote>& winners, std::vector<Vote>& kept) {
  std::set<Group> out;
  for (const auto& [group, any] : tally.admitted)
    if (!any) out.insert(group);
  for (const auto& [value, cell] : tally.stuck) {
    const auto& by = instance_.committed_by[value][static_cast<size_t>(cell)];
    if (by.first >= 0) out.insert({static_cast<size_t>(by.first), static_cast<size_t>(by.second)});
  }
  auto group_of = [](const Vote& vote) {
    return Group{static_cast<size_t>(vote.commit), static_cast<size_t>(vote.group)};
  };
  std::set<Group> winning;
  std::set<int64_t> taken;
  auto is_least = [&](const Group& group) {
    return instance_.commits[group.first].declaration->on_unsat.form == OnUnsat::Form::kLeast;
  };
  if (std::none_of(tally.admitted.begin(), tally.admitted.end(),
                   [&](const auto& each) { return is_least(each.first); }))
    return out;
  for (const Vote& each : winners) winning.insert(group_of(each));
  for (const Vote& each : kept) for_each_place(said, each, [&](int64_t place) { taken.insert(place); });
  for (const auto& [group, any] : tally.admitted) {
    if (!is_least(group) || winning.contains(group)) continue;
    out.insert(group);
    const Vote* best = nullptr;
    for (const Vote& each : tally.admissible)
      if (group_of(each) == group && (!best || agreement_.better(each, *best))) best = &each;
    if (!best) continue;
    bool free = true;
    for_each_place(said, *best, [&](int64_t place) { free = free && !taken.contains(place); });
    if (!free) continue;
    for_each_place(said, *best, [&](int64_t place) { taken.insert(place); });
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

void BallotWorld::publish(const std::vector<Said>& said, const std::vector<Vote>& winners, const std::set<Group>& held,
                          int64_t step) {
  std::map<Group, reference::Undo> undo;
  std::set<Group> committing;
  std::vector<std::vector<const Vote*>> of_rule(said.size());
  for (const Vote& winner : winners) {
    Group group{static_cast<size_t>(winner.commit), static_cast<size_t>(winner.group)};
    if (!held.empty() && held.contains(group)) continue;
    if (!memory_.bars.empty()) committing.insert(group);
    if (instance_.commits[group.first].declaration->on_unsat.form == OnUnsat::Form::kBacktrack)
      reference::remember(instance_, memory_, group, as_bar(said[winner.rule], winner), undo);
    of_rule[winner.rule].push_back(&winner);
  }
  std::map<std::pair<size_t, size_t>, std::vector<int64_t>> clocked;  // by value and rule: one clock each
  for (size_t rule = 0; rule < said.size(); ++rule)
    for (size_t emit = 0; emit < instance_.rules[rule].emits.size(); ++emit)
      publish(said[rule], emit, of_rule[rule], clocked[{instance_.rules[rule].emits[emit].target.value, rule}]);
  for (auto& [key, members] : clocked) {
    std::sort(members.begin(), members.end());
    memory_.state.values[key.first].clocks.set(std::move(members),
                                               {step, static_cast<int32_t>(instance_.rules[key.second].number)});
  }
  for (const Group& group : committing) memory_.bars.erase(group);
  for (auto& [group, entry] : undo) memory_.history[group].push_back(std::move(entry));
}

/// What winners of a rule say in one of its emits. Their cells are added.
void BallotWorld::publish(const Said& said, size_t emit, const std::vector<const Vote*>& winners,
                          std::vector<int64_t>& cells) {
  if (winners.empty()) return;
  const RuleBallot& ballot = *said.graphs->ballot;
  size_t value = ballot.rule().emits[emit].target.value, bytes = dtype_size(instance_.values[value].dtype);
  const Column& target = ballot.targets()[emit];
  StoredValue& stored = memory_.state.values[value];
  std::byte *elements = stored.elements.data(), *mirrored = cells_[value].elements.mutable_data();
  auto* committed = cells_[value].committed.as_mutable<uint8_t>();
  const std::vector<size_t>& outputs = said.compiled->outputs.emits[emit].elements;
  for (const Vote* winner : winners) {
    const std::vector<size_t>& emits = ballot.sites()[winner->site].emits;
    if (std::find(emits.begin(), emits.end(), emit) == emits.end()) continue;
    auto cell = static_cast<size_t>(target.at(winner->origin));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::byte* from = said.outputs[outputs[i]].data() + winner->item * bytes;
      size_t at = (cell * outputs.size() + i) * bytes;
      std::memcpy(elements + at, from, bytes);
      std::memcpy(mirrored + at, from, bytes);
    }
    stored.committed[cell] = true;
    committed[cell] = 1;
    if (apart_) apart_->forget(value, target.at(winner->origin));
    cells.push_back(static_cast<int64_t>(cell));
  }
}

}  // namespace caten::consensus::compiled
