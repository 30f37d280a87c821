#include "consensus/compiled/vote_count.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/parallel.hpp"
#include "consensus/philox.hpp"

namespace caten::consensus::compiled {

/// An output, or what holds for all.
template <class T>
struct Output {
  const T* each = nullptr;
  T all{};
  T operator[](size_t item) const { return each ? each[item] : all; }
};

namespace {

template <class T>
Output<T> output_or(const Said& said, const std::optional<size_t>& output, T all) {
  return {output ? said.arrays[*output].as<T>() : nullptr, all};
}

const int32_t* cells_of(const Column& column) { return column.numbers ? column.numbers->as<int32_t>() : nullptr; }

std::vector<reference::Target> targets_of(const Instance& instance, const Said& said, size_t site, size_t item) {
  std::vector<reference::Target> out;
  for (size_t emit : said.ballot->sites()[site].emits) {
    reference::Target target{.value = said.ballot->rule().emits[emit].target.value,
                             .cell = said.ballot->targets()[emit].at(said.who[item]),
                             .elements = {}};
    DType dtype = instance.values[target.value].dtype;
    for (size_t output : said.outputs->emits[emit].elements)
      target.elements.push_back(Scalar::load(dtype, said.arrays[output].data() + item * dtype_size(dtype)));
    out.push_back(std::move(target));
  }
  return out;
}

}  // namespace

reference::Bar bar_of(const Instance& instance, const Said& said, const Vote& vote) {
  return {{said.ballot->rule().number, vote.origin, said.ballot->sites()[vote.site].sequence},
          targets_of(instance, said, vote.site, vote.item)};
}

VoteCount::VoteCount(const Instance& instance) : instance_(instance) {
  for (const std::vector<CommittedBy>& by : instance.committed_by)
    alike_.push_back(std::all_of(by.begin(), by.end(), [&](const CommittedBy& each) { return each == by[0]; }));
}

/// A rule's outputs by name, and what is counted of a part of its instances.
struct VoteCount::Counting {
  struct Emit {
    size_t value = 0;
    const int32_t* target = nullptr;  ///< of each cell that the rule is on; null: that cell
    const CommittedBy* by = nullptr;
    bool alike = false;
    bool drawn = false;
    Output<uint8_t> valid{}, fits{};
    int64_t cell(int32_t origin) const { return target ? target[origin] : origin; }
    bool present(int64_t at, size_t item) const { return at >= 0 && valid[item] != 0; }
  };
  struct Site {
    std::vector<Emit> emits{};
    Output<uint8_t> worsened{};
    std::vector<Output<int64_t>> before{}, after{};  ///< by level
    bool weighs = false;                             ///< one of them is an output
  };

  Counting(const VoteCount& count, size_t rule, const Said& said, const reference::Memory& memory, int64_t step,
           ApartJudge* apart);

  /// What a thread counts: its votes are written from `next` on.
  struct Part {
    Tally tally{};
    std::vector<Vote> admissible{};
    Vote *first = nullptr, *next = nullptr;
  };
  void count(size_t begin, size_t end, Part& part) const;
  void count_one(size_t number, size_t item, Part& part) const;
  /// Whether it is admissible (3.5); its weights are noted. `better`: and better than to keep what is there.
  bool judge(const Site& site, Vote& vote, bool& better) const;
  bool fits(const Site& site, const Vote& vote) const;

  const Instance& instance;
  const Said& said;
  const reference::Memory& memory;
  int64_t step = 0;
  ApartJudge* apart = nullptr;
  uint32_t rule = 0;
  Output<float> score{};
  std::vector<Emit> emits{};
  std::vector<Site> sites{};
  bool drawn = false;
  int64_t* weights = nullptr;  ///< of all votes, and where those of the first proposal of this rule are
  size_t first_weights = 0;
};

VoteCount::Counting::Counting(const VoteCount& count, size_t number, const Said& what,
                              const reference::Memory& remembered, int64_t at_step, ApartJudge* judge)
    : instance(count.instance_),
      said(what),
      memory(remembered),
      step(at_step),
      apart(judge),
      rule(static_cast<uint32_t>(number)),
      score(output_or(what, what.outputs->score, what.outputs->all_score)) {
  const RuleBallot& ballot = *said.ballot;
  for (size_t i = 0; i < ballot.rule().emits.size(); ++i) {
    size_t value = ballot.rule().emits[i].target.value;
    const BallotOutputs::OfEmit& out = said.outputs->emits[i];
    emits.push_back({.value = value,
                     .target = cells_of(ballot.targets()[i]),
                     .by = instance.committed_by[value].data(),
                     .alike = count.alike_[value],
                     .drawn = out.drawn,
                     .valid = output_or<uint8_t>(said, out.valid, 1),
                     .fits = output_or<uint8_t>(said, out.fits, 1)});
    drawn = drawn || out.drawn;
  }
  for (size_t i = 0; i < ballot.sites().size(); ++i) {
    const BallotOutputs::OfSite& out = said.outputs->sites[i];
    Site& site = sites.emplace_back();
    for (size_t emit : ballot.sites()[i].emits) site.emits.push_back(emits[emit]);
    site.worsened = output_or<uint8_t>(said, out.worsened, 0);
    for (const auto& each : out.before) site.before.push_back(output_or<int64_t>(said, each, 0));
    for (const auto& each : out.after) site.after.push_back(output_or<int64_t>(said, each, 0));
    auto is_output = [](const Output<int64_t>& each) { return each.each != nullptr; };
    site.weighs = !ballot.sites()[i].judged_apart.empty() ||
                  std::any_of(site.before.begin(), site.before.end(), is_output) ||
                  std::any_of(site.after.begin(), site.after.end(), is_output);
  }
}

void VoteCount::Counting::count(size_t begin, size_t end, Part& part) const {
  for (size_t item = begin; item < end; ++item) {
    for (size_t emit = 0; drawn && emit < emits.size(); ++emit) {
      const Emit& each = emits[emit];
      int64_t cell = each.cell(said.who[item]);
      if (each.drawn && cell >= 0 && !each.present(cell, item) && !memory.state.committed(each.value, cell))
        part.tally.stuck.emplace_back(each.value, cell);
    }
    for (size_t site = 0; site < sites.size(); ++site) count_one(site, item, part);
  }
}

/// Each value can hold what it is given, and no cell is given twice.
bool VoteCount::Counting::fits(const Site& site, const Vote& vote) const {
  for (size_t k = 0; k < site.emits.size(); ++k) {
    const Emit& each = site.emits[k];
    if (each.fits[vote.item] == 0) return false;
    for (size_t other = 0; other < k; ++other)
      if (site.emits[other].value == each.value && site.emits[other].cell(vote.origin) == each.cell(vote.origin))
        return false;
  }
  return !std::isnan(vote.score);
}

void VoteCount::Counting::count_one(size_t number, size_t item, Part& part) const {
  const Site& site = sites[number];
  Vote vote{.rule = rule,
            .site = static_cast<uint32_t>(number),
            .item = static_cast<uint32_t>(item),
            .tie = 0,
            .score = score[item],
            .origin = said.who[item],
            .commit = -1,
            .group = -1,
            .weights = 0};
  for (const Emit& each : site.emits) {
    int64_t cell = each.cell(vote.origin);
    if (!each.present(cell, item)) return;
    const CommittedBy& by = each.by[each.alike ? 0 : cell];
    if (by.first < 0) return;
    if (&each == site.emits.data()) {
      vote.commit = by.first;
      vote.group = by.second;
    }
  }
  ++part.tally.proposed;
  reference::Group group{static_cast<size_t>(vote.commit), static_cast<size_t>(vote.group)};
  OnUnsat::Form answer = instance.commits[group.first].declaration->on_unsat.form;
  bool* admitted = answer == OnUnsat::Form::kKeep ? nullptr : &part.tally.admitted.emplace(group, false).first->second;
  if (!fits(site, vote)) return;
  if (!memory.bars.empty())
    if (auto bars = memory.bars.find(group); bars != memory.bars.end())
      if (std::find(bars->second.begin(), bars->second.end(), bar_of(instance, said, vote)) != bars->second.end())
        return;
  bool better = false;
  if (!judge(site, vote, better)) return;
  if (admitted) *admitted = true;
  vote.score = vote.score == 0 ? 0 : vote.score;
  vote.tie = draw_word(memory.state.seed, static_cast<uint32_t>(said.ballot->rule().number), vote.origin, step,
                       kTieDraw + 4 * said.ballot->sites()[number].sequence);
  if (answer == OnUnsat::Form::kLeast) part.admissible.push_back(vote);
  if (better) *part.next++ = vote;
}

bool VoteCount::Counting::judge(const Site& site, Vote& vote, bool& better) const {
  if (site.worsened[vote.item] != 0) return false;
  better = vote.score > -std::numeric_limits<float>::infinity();
  if (!site.weighs) return true;
  size_t levels = instance.priorities.size();
  vote.weights = static_cast<uint32_t>(first_weights + (vote.item * sites.size() + vote.site) * levels);
  std::span<int64_t> after(weights + vote.weights, levels);
  std::vector<int64_t> keeps(levels);
  for (size_t level = 0; level < levels; ++level) {
    after[level] = site.after[level][vote.item];
    keeps[level] = site.before[level][vote.item];
  }
  const std::vector<size_t>& judged_apart = said.ballot->sites()[vote.site].judged_apart;
  if (!judged_apart.empty() &&
      !apart->judge(memory.state, judged_apart, {.targets = targets_of(instance, said, vote.site, vote.item)}, keeps,
                    after))
    return false;
  auto [other, kept] = std::mismatch(after.begin(), after.end(), keeps.begin());
  if (other != after.end()) better = *other < *kept;
  return true;
}

void VoteCount::count(size_t rule, const Said& said, const reference::Memory& memory, int64_t step, ApartJudge* apart,
                      Tally& tally, Votes& votes) const {
  if (!said.outputs) return;
  Counting counting(*this, rule, said, memory, step, apart);
  // Room for all that may be proposed: threads write at places of their own.
  size_t items = said.who.size(), sites = counting.sites.size(), before = votes.each.size();
  votes.each.resize(before + items * sites);
  if (std::any_of(counting.sites.begin(), counting.sites.end(), [](const auto& site) { return site.weighs; })) {
    counting.first_weights = votes.weights.size();
    votes.weights.resize(counting.first_weights + items * sites * instance_.priorities.size());
    counting.weights = votes.weights.data();
  }
  // What is judged apart is remembered by one thread.
  size_t least = apart ? SIZE_MAX : kFewestOfThread;
  std::vector<Counting::Part> parts(parallel_parts(items, least));
  in_parallel(items, least, [&](size_t number, size_t begin, size_t end) {
    Counting::Part& part = parts[number];
    part.first = part.next = votes.each.data() + before + begin * sites;
    counting.count(begin, end, part);
  });
  Vote* end = votes.each.data() + before;
  for (const Counting::Part& part : parts) {
    end = std::copy(part.first, part.next, end);
    votes.admissible.insert(votes.admissible.end(), part.admissible.begin(), part.admissible.end());
    for (const auto& [group, any] : part.tally.admitted) tally.admitted[group] |= any;
    tally.stuck.insert(tally.stuck.end(), part.tally.stuck.begin(), part.tally.stuck.end());
    tally.proposed += part.tally.proposed;
  }
  votes.each.resize(static_cast<size_t>(end - votes.each.data()));
}

Footprints::Footprints(const Instance& instance, const std::vector<const RuleBallot*>& ballots) {
  std::vector<int64_t> first;
  for (const ValueInstance& value : instance.values) {
    first.push_back(places_);
    places_ += value.cells;
  }
  for (const ConstraintInstance& constraint : instance.constraints)
    places_ += static_cast<int64_t>(constraint.instances.size());
  for (const CommitInstance& commit : instance.commits)
    serializable_.push_back(commit.declaration->isolation == Commit::Isolation::kSerializable);
  std::vector<size_t> emits(instance.values.size());  // for each value
  for (const RuleBallot* ballot : ballots)
    for (const EmitInstance& emit : ballot->rule().emits) ++emits[emit.target.value];
  for (const RuleBallot* ballot : ballots) {
    std::vector<Site>& sites = sites_.emplace_back();
    for (const ProposalSite& site : ballot->sites()) {
      Site& out = sites.emplace_back();
      for (size_t emit : site.emits) {
        size_t value = ballot->rule().emits[emit].target.value;
        const int32_t* cells = cells_of(ballot->targets()[emit]);
        // Each instance its own cell, and nobody else: no other vote wants it.
        if (cells || emits[value] > 1) out.targets.push_back({first[value], cells});
      }
      if (site.shared.empty()) continue;
      out.first_shared = site.first_shared.data();
      out.shared = site.shared.data();
    }
  }
}

}  // namespace caten::consensus::compiled
