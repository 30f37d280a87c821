#include "consensus/analysis/conflicts.hpp"

#include <algorithm>

#include "consensus/analysis/masks.hpp"
#include "consensus/analysis/moves.hpp"

namespace caten::consensus {
namespace {

/// Cells looked at one by one; more are not decided.
constexpr int64_t kMostLooks = int64_t{1} << 22;

bool depends_on_data(const BoundReference& reference) {
  return std::any_of(reference.subscripts.begin(), reference.subscripts.end(),
                     [](const BoundSubscript& each) { return each.form == BoundSubscript::Form::kValue; });
}

/// The rule proposes for the very cell that it is on.
bool is_on_target(const RuleInstance& rule, const EmitInstance& emit) {
  const std::vector<Subscript>& subscripts = emit.declaration->target.subscripts;
  const std::vector<Name>& indices = rule.declaration->on.indices;
  if (emit.target.value != rule.on || subscripts.size() != indices.size()) return false;
  for (size_t i = 0; i < subscripts.size(); ++i) {
    const Affine* affine = std::get_if<Affine>(&subscripts[i].node);
    if (!affine || *affine != Affine{.terms = {{1, indices[i]}}, .constant = 0, .place = {}}) return false;
  }
  return true;
}

/// Cells of a value that a rule proposes for, to the cells that the rules that do so are on.
using Writers = std::map<int64_t, std::set<std::pair<size_t, int64_t>>>;

class ConflictFinder {
 public:
  ConflictFinder(const Instance& instance, size_t value, const ScheduleInstance* schedule)
      : instance_(instance), value_(value), given_(integers_of(instance)) {
    for (const ValueInstance& each : instance.values)
      activities_.push_back(
          schedule ? activity_of(schedule->strategy, schedule->tile.value_or(1), schedule->steps, each.sizes)
                   : Activity{});
  }

  Conflicts run() {
    for (const RuleInstance& rule : instance_.rules) {
      bool proposes = std::any_of(rule.emits.begin(), rule.emits.end(),
                                  [&](const EmitInstance& each) { return each.target.value == value_; });
      if (proposes) sees(rule);
    }
    // Elsewhere footprints decide, and so they do where a rule proposes for other cells than its own.
    if (is_colouring(activity(value_)) && written_in_place(value_)) shares();
    return std::move(out_);
  }

 private:
  const Activity& activity(size_t on) const { return activities_[on]; }

  // ---- what rules see

  void sees(const RuleInstance& rule) {
    Moves moves;
    edges_.clear();
    std::set<size_t> read;  // values that change while the rule reads them
    for (const ReadInstance* each : reads_of(rule)) {
      if (!changes_beside(each->value) || covered(rule, *each)) continue;
      if (data(*each)) return unknown(rule, Conflict::Kind::kData);
      read.insert(each->value);
    }
    bool stencils =
        read.empty() || (by_steps(activity(rule.on)) && read == std::set<size_t>{rule.on} && written_in_place(rule.on));
    for (const ReadInstance* each : reads_of(rule)) {
      if (!read.contains(each->value) || covered(rule, *each)) continue;
      stencils = stencils && !each->cells;
      for (size_t edge : each->edges) {
        const Visible& declaration = *instance_.edges[edge].declaration;
        stencils = stencils && add_moves(declaration, instance_.values[rule.on].sizes, given_, moves);
        for (const auto& [step, boxes] : moves) edges_.emplace(step, edge);
      }
    }
    if (stencils)
      by_moves(rule, moves);
    else
      for (size_t value : read) cell_by_cell(rule, value);
  }

  static std::vector<const ReadInstance*> reads_of(const RuleInstance& rule) {
    std::vector<const ReadInstance*> out;
    for (const ReadInstance& each : rule.reads) out.push_back(&each);
    for (const ReadInstance& each : rule.references) out.push_back(&each);
    return out;
  }

  /// Do rules propose for this value in the steps in which they propose for ours?
  bool changes_beside(size_t value) const {
    return instance_.strata[value] == instance_.strata[value_] &&
           std::any_of(instance_.rules.begin(), instance_.rules.end(), [&](const RuleInstance& rule) {
             return std::any_of(rule.emits.begin(), rule.emits.end(),
                                [&](const EmitInstance& each) { return each.target.value == value; });
           });
  }

  /// All that the rule proposes commits together, so that what it proposes for is in the footprint of each part.
  bool commits_together(const RuleInstance& rule) const {
    if (rule.emits.size() == 1) return true;
    return std::all_of(instance_.commits.begin(), instance_.commits.end(), [&](const CommitInstance& commit) {
      bool ours = std::any_of(rule.emits.begin(), rule.emits.end(),
                              [&](const EmitInstance& each) { return each.target.value == commit.value; });
      return !ours || commit.declaration->atomic == Commit::Atomic::kProposal;
    });
  }

  /// The rule's own footprint holds what it reads: it reads what it proposes for, in these words.
  bool covered(const RuleInstance& rule, const ReadInstance& read) const {
    if (!commits_together(rule)) return false;
    const Reference* pattern = nullptr;
    for (const Read& each : rule.declaration->reads)
      if (&rule.reads[static_cast<size_t>(&each - rule.declaration->reads.data())] == &read)
        pattern = std::get_if<Reference>(&each.pattern);
    return pattern && std::any_of(rule.emits.begin(), rule.emits.end(),
                                  [&](const EmitInstance& each) { return each.declaration->target == *pattern; });
  }

  bool data(const ReadInstance& read) const {
    if (read.cells) return depends_on_data(*read.cells);
    return std::any_of(read.edges.begin(), read.edges.end(),
                       [&](size_t edge) { return depends_on_data(instance_.edges[edge].source); });
  }

  bool written_in_place(size_t value) const {
    for (const RuleInstance& rule : instance_.rules)
      for (const EmitInstance& each : rule.emits)
        if (each.target.value == value && !is_on_target(rule, each)) return false;
    return true;
  }

  void by_moves(const RuleInstance& rule, const Moves& moves) {
    bool earlier = out_.first.has_value();
    std::optional<size_t> best;
    for (const auto& [step, boxes] : moves)
      for (const Cuboid& box : disjoint(boxes)) {
        std::optional<std::vector<int64_t>> place = find_together(activity(rule.on), step, box);
        if (!place) continue;
        out_.pairs += count_together(activity(rule.on), step, box);
        if (rule.on != value_) out_.steps.reset();
        if (out_.steps) out_.steps->insert(step);
        // The witness is of the edge that was declared first.
        size_t edge = edges_.at(step);
        if (earlier || (best && *best <= edge)) continue;
        best = edge;
        std::vector<int64_t> other = *place;
        for (size_t i = 0; i < other.size(); ++i) other[i] += step[i];
        out_.first = Conflict{.kind = Conflict::Kind::kSees,
                              .rule = rule.declaration,
                              .edge = instance_.edges[edge].declaration,
                              .witness = {rule.on, rule.on, *place, std::move(other)}};
      }
  }

  Writers writers_of(size_t value) {
    Writers out;
    for (const RuleInstance& rule : instance_.rules)
      for (const EmitInstance& each : rule.emits) {
        if (each.target.value != value) continue;
        const std::vector<int64_t>& sizes = instance_.values[rule.on].sizes;
        for (int64_t cell = 0; cell < instance_.values[rule.on].cells; ++cell)
          each.target.for_each(coordinates(cell, sizes), nullptr, [&](int64_t target) {
            if (target >= 0) out[target].emplace(rule.on, cell);
          });
      }
    return out;
  }

  void cell_by_cell(const RuleInstance& rule, size_t value) {
    int64_t looks = 0;
    for (const ReadInstance* each : reads_of(rule))
      if (each->value == value) looks += static_cast<int64_t>(each->positions) * instance_.values[rule.on].cells;
    for (const RuleInstance& each : instance_.rules) looks += instance_.values[each.on].cells;
    if (looks > kMostLooks) return unknown(rule, Conflict::Kind::kData);
    Writers writers = writers_of(value);
    const std::vector<int64_t>& sizes = instance_.values[rule.on].sizes;
    for (int64_t cell = 0; cell < instance_.values[rule.on].cells; ++cell) {
      std::vector<int64_t> place = coordinates(cell, sizes);
      std::set<std::pair<size_t, int64_t>> seen;
      std::set<int64_t> own;
      for (const EmitInstance& each : rule.emits)
        if (each.target.value == value && commits_together(rule))
          each.target.for_each(place, nullptr, [&](int64_t c) { own.insert(c); });
      for (const ReadInstance* each : reads_of(rule)) {
        if (each->value != value || covered(rule, *each)) continue;
        for (int64_t source : sources_of(*each, place))
          if (!own.contains(source)) seen.insert(writers[source].begin(), writers[source].end());
      }
      for (const auto& [on, other] : seen)
        if (on != rule.on || other != cell) pair(rule, place, on, other);
    }
  }

  /// The cells that a read gives at a place: those of its reference that one of its edges shows.
  std::set<int64_t> sources_of(const ReadInstance& read, const std::vector<int64_t>& place) const {
    std::set<int64_t> shown, out;
    for (size_t edge : read.edges)
      for (int64_t cell : instance_.edges[edge].sources(place, nullptr))
        if (cell >= 0) shown.insert(cell);
    if (!read.cells) return shown;
    read.cells->for_each(place, nullptr, [&](int64_t cell) {
      if (cell >= 0 && (read.edges.empty() || shown.contains(cell))) out.insert(cell);
    });
    return out;
  }

  void pair(const RuleInstance& rule, const std::vector<int64_t>& place, size_t on, int64_t other) {
    std::vector<int64_t> second = coordinates(other, instance_.values[on].sizes);
    if (on == rule.on && !together(activity(on), place, second)) return;
    ++out_.pairs;
    add_step(rule.on, place, on, second);
    if (!out_.first)
      out_.first = Conflict{
          .kind = Conflict::Kind::kSees, .rule = rule.declaration, .witness = {rule.on, on, place, std::move(second)}};
  }

  void add_step(size_t on, const std::vector<int64_t>& place, size_t other_on, const std::vector<int64_t>& other) {
    if (on != other_on || on != value_) out_.steps.reset();
    if (!out_.steps) return;
    Step step;
    for (size_t i = 0; i < place.size(); ++i) step.push_back(other[i] - place[i]);
    out_.steps->insert(std::move(step));
  }

  void unknown(const RuleInstance& rule, Conflict::Kind kind) {
    out_.steps.reset();
    if (!out_.first) out_.first = Conflict{.kind = kind, .rule = rule.declaration};
  }

  // ---- what constraints bind

  void shares() {
    int64_t looks = 0;
    for (const ConstraintInstance& constraint : instance_.constraints) {
      if (constraint.references.empty() && constraint.instances.empty()) continue;
      for (const ConstraintCells& instance : constraint.instances) {
        if (constraint.references.empty() && instance.scope.size() < 2) continue;
        std::vector<std::vector<int64_t>> places;
        for (const auto& [value, cell] : constraint.cells_of(instance))
          if (value == value_) places.push_back(coordinates(cell, instance_.values[value].sizes));
        looks += static_cast<int64_t>(places.size() * places.size());
        if (looks > kMostLooks) return shared(*constraint.declaration, {}, {});
        for (size_t i = 0; i < places.size(); ++i)
          for (size_t j = i + 1; j < places.size(); ++j)
            if (together(activity(value_), places[i], places[j])) shared(*constraint.declaration, places[i], places[j]);
      }
    }
  }

  void shared(const Constraint& constraint, const std::vector<int64_t>& first, const std::vector<int64_t>& second) {
    if (first.empty())
      out_.steps.reset();
    else
      add_step(value_, first, value_, second);
    if (!out_.first)
      out_.first = Conflict{.kind = first.empty() ? Conflict::Kind::kData : Conflict::Kind::kShares,
                            .constraint = &constraint,
                            .witness = {value_, value_, first, second}};
  }

  const Instance& instance_;
  size_t value_;
  Integers given_;
  std::vector<Activity> activities_{};  ///< of the cells of each value
  std::map<Step, size_t> edges_{};      ///< the number of the first that leads this step
  Conflicts out_{};
};

}  // namespace

Conflicts find_conflicts(const Instance& instance, size_t value, const ScheduleInstance* schedule) {
  return ConflictFinder(instance, value, schedule).run();
}

}  // namespace caten::consensus
