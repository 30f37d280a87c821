#include "consensus/reference/account.hpp"

#include <algorithm>

namespace caten::consensus::reference {
namespace {

bool is_for(const Proposed& proposed, size_t value, int64_t cell) {
  return std::any_of(proposed.targets.begin(), proposed.targets.end(),
                     [&](const Target& target) { return target.value == value && target.cell == cell; });
}

std::optional<Target> held_by(const World& world, size_t value, int64_t cell) {
  if (!world.state().committed(value, cell)) return std::nullopt;
  const ValueInstance& of = world.instance().values[value];
  Target out{.value = value, .cell = cell, .elements = {}};
  size_t size = dtype_size(of.dtype);
  const std::byte* elements = world.state().values[value].elements.data();
  for (int64_t i = 0; i < of.width; ++i)
    out.elements.push_back(Scalar::load(of.dtype, elements + static_cast<size_t>(cell * of.width + i) * size));
  return out;
}

class Witness : public Observer {
 public:
  Witness(size_t value, int64_t cell, const std::optional<Target>& instead)
      : value_(value), cell_(cell), instead_(instead) {}

  void silent(const Silence& silence) override { silences_.push_back(silence); }

  void decided(const StepInput& input, const Decision& decision, const StepReport& report) override {
    instance_ = &input.instance;
    for (size_t i = 0; i < decision.proposals.list.size(); ++i)
      if (is_for(decision.proposals.list[i], value_, cell_)) entries_.push_back(entry(decision, report, i));
    for (const Silence& each : silences_) add_silence(input, each);
    std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.rule, a.origin) < std::pair(b.rule, b.origin);
    });
    if (instead_) judge_instead(input);
  }

  std::vector<Entry> entries_{};
  std::optional<Hypothesised> hypothesised_{};

 private:
  size_t place_of_rule(size_t number) const {
    auto found = std::find_if(instance_->rules.begin(), instance_->rules.end(),
                              [&](const RuleInstance& rule) { return rule.number == number; });
    return static_cast<size_t>(found - instance_->rules.begin());
  }

  Entry entry(const Decision& decision, const StepReport& report, size_t i) const {
    const Proposed& proposed = decision.proposals.list[i];
    Entry out{.rule = place_of_rule(proposed.id.rule), .origin = proposed.id.origin, .proposed = proposed};
    out.committed = std::find(decision.winners.begin(), decision.winners.end(), i) != decision.winners.end();
    for (const Loss& loss : report.losses)
      if (loss.id == proposed.id) out.loss = loss;
    if (out.loss && out.loss->winner)
      for (const Proposed& other : decision.proposals.list)
        if (other.id == *out.loss->winner) out.winner = other;
    return out;
  }

  /// Of those instances alone that could have proposed for the cell.
  void add_silence(const StepInput& input, const Silence& silence) {
    const RuleInstance& rule = instance_->rules[silence.rule];
    std::vector<int64_t> place = coordinates(silence.origin, instance_->values[rule.on].sizes);
    for (size_t i = 0; i < rule.emits.size(); ++i) {
      if (silence.sequence && *silence.sequence != i) continue;
      const EmitInstance& emit = rule.emits[i];
      if (emit.target.value != value_ || target_cell(*instance_, input.snapshot, emit, place) != cell_) continue;
      Entry out{.rule = silence.rule, .origin = silence.origin, .silence = silence.reason};
      if (silence.reason == Silence::Reason::kDisabled || silence.reason == Silence::Reason::kNoValue)
        out.unseen = input.readers[silence.rule].unseen(input.snapshot, silence.origin);
      if (silence.reason == Silence::Reason::kDisabled)
        std::erase_if(out.unseen, [](const auto& each) { return each.read->optional || each.source == kAbsent; });
      entries_.push_back(std::move(out));
      return;
    }
  }

  void judge_instead(const StepInput& input) {
    Hypothesised out;
    for (const Entry& each : entries_)
      if (each.proposed)
        for (const Target& target : each.proposed->targets) out.proposed |= target == *instead_;
    const std::vector<bool>* ids = instance_->values[value_].token() ? input.palettes.allowed(value_, cell_) : nullptr;
    out.excluded = ids && !(*ids)[static_cast<size_t>(instead_->elements[0].as_integer())];
    Proposed alone;
    alone.targets = {*instead_};
    out.judgement = judge(*instance_, input.scopes, input.snapshot, alone);
    out.better_than_keep = beats_keep({.proposed = &alone, .judgement = &out.judgement, .footprint = {}});
    hypothesised_ = std::move(out);
  }

  const Instance* instance_ = nullptr;  ///< of the step: edits of the constraints make another one
  size_t value_;
  int64_t cell_;
  const std::optional<Target>& instead_;
  std::vector<Silence> silences_{};
};

}  // namespace

Result<Account> account_of(World& world, size_t value, int64_t cell, const std::optional<Target>& instead) {
  Account out{.before = held_by(world, value, cell)};
  Witness witness(value, cell, instead);
  Result<StepReport> report = world.step(&witness);
  if (!report) return tl::make_unexpected(report.error());
  out.report = std::move(*report);
  out.after = held_by(world, value, cell);
  out.clock = world.state().values[value].clocks.at(cell);
  out.entries = std::move(witness.entries_);
  out.instead = std::move(witness.hypothesised_);
  for (Entry& each : out.entries) {
    if (!each.committed) continue;
    const std::vector<ProposalId>& winners = out.report.winners;
    each.committed = std::find(winners.begin(), winners.end(), each.proposed->id) != winners.end();
    each.held = !each.committed;
  }
  return out;
}

}  // namespace caten::consensus::reference
