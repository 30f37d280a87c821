#include "consensus/reference/judge.hpp"

#include <algorithm>
#include <set>

namespace caten::consensus::reference {
namespace {

Number truth(bool value) { return Number::of(int64_t{value}); }

/// The cells of a constraint instance under a hypothesis. Predicates give BOT where a completion decides.
class ScopeFacts : public Facts {
 public:
  ScopeFacts(const Instance& instance, const ConstraintInstance& constraint, const ConstraintCells& cells,
             const Hypothesis& hypothesis)
      : instance_(instance), constraint_(constraint), cells_(cells), hypothesis_(hypothesis) {}

  std::span<const int64_t> indices() const override { return cells_.names; }

  Item reference(size_t slot) const override {
    const ReadInstance& read = constraint_.references[slot];
    std::vector<Number> out;
    read.cells->for_each(cells_.names, nullptr, [&](int64_t cell) {
      for (int64_t i = 0; i < instance_.values[read.value].width; ++i)
        out.push_back(cell < 0 ? Number::bot() : element(read.value, cell, i));
    });
    return read.single ? Item(out[0]) : Item(std::move(out));
  }

  Number predicate(Function function, size_t slot) const override {
    switch (function) {
      case Function::kChange:
        return truth(std::any_of(cells_.scope.begin(), cells_.scope.end(), [&](int64_t cell) {
          return hypothesis_.changes(instance_, constraint_.value, cell);
        }));
      case Function::kReadFuture: return truth(reads_future());
      case Function::kInPalette: return in_palette(constraint_.palettes[slot]);
      case Function::kAccepts: return accepts(constraint_.automata[slot]);
      default: return all_different();
    }
  }

 private:
  Number element(size_t value, int64_t cell, int64_t i) const { return hypothesis_.element(instance_, value, cell, i); }

  bool reads_future() const {
    return hypothesis_.proposed && hypothesis_.proposed->reads_future &&
           std::any_of(cells_.scope.begin(), cells_.scope.end(),
                       [&](int64_t cell) { return hypothesis_.target(constraint_.value, cell) != nullptr; });
  }

  Number in_palette(const std::vector<bool>& ids) const {
    bool open = false;
    for (int64_t cell : cells_.scope) {
      Number id = element(constraint_.value, cell, 0);
      if (id.is_bot())
        open = true;
      else if (!ids[static_cast<size_t>(id.integer)])
        return truth(false);
    }
    return open ? Number::bot() : truth(true);
  }

  Number all_different() const {
    bool open = false;
    std::set<std::vector<double>> seen_reals;
    std::set<std::vector<int64_t>> seen;
    for (int64_t cell : cells_.scope) {
      std::vector<double> reals;
      std::vector<int64_t> integers;
      bool bot = false;
      for (int64_t i = 0; i < instance_.values[constraint_.value].width; ++i) {
        Number number = element(constraint_.value, cell, i);
        bot = bot || number.is_bot();
        if (number.is_integer())
          integers.push_back(number.integer);
        else
          reals.push_back(number.real);
      }
      open = open || bot;
      if (!bot && !(reals.empty() ? seen.insert(integers).second : seen_reals.insert(reals).second))
        return truth(false);
    }
    return open ? Number::bot() : truth(true);
  }

  /// The states that some completion reaches: none accepts, all do, or it is open.
  Number accepts(const AutomatonGiven& automaton) const {
    auto count = static_cast<size_t>(automaton.states);
    std::vector<bool> reached(count + 1);  // the last one is where words end that have no next state
    reached[0] = true;
    for (int64_t cell : cells_.scope) {
      Number id = element(constraint_.value, cell, 0);
      std::vector<bool> next(count + 1);
      next[count] = reached[count];
      for (size_t state = 0; state < count; ++state)
        for (int64_t letter = 0; reached[state] && letter < automaton.letters; ++letter) {
          if (!id.is_bot() && id.integer != letter) continue;
          int64_t to = automaton.next[state * static_cast<size_t>(automaton.letters) + static_cast<size_t>(letter)];
          next[to < 0 ? count : static_cast<size_t>(to)] = true;
        }
      reached = std::move(next);
    }
    bool some = false, all = !reached[count];
    for (size_t state = 0; state < count; ++state) {
      some = some || (reached[state] && automaton.accepting[state]);
      all = all && (!reached[state] || automaton.accepting[state]);
    }
    return !some ? truth(false) : all ? truth(true) : Number::bot();
  }

  const Instance& instance_;
  const ConstraintInstance& constraint_;
  const ConstraintCells& cells_;
  const Hypothesis& hypothesis_;
};

}  // namespace

Scopes::Scopes(const Instance& instance) {
  first_.push_back(0);
  for (const ValueInstance& value : instance.values) first_.push_back(first_.back() + value.cells);
  if (!instance.constraints.empty()) of_cell_.resize(static_cast<size_t>(cells()));
  for (const ConstraintInstance& constraint : instance.constraints)
    for (size_t i = 0; i < constraint.instances.size(); ++i) {
      Scope scope{.constraint = constraint.number, .number = i, .cells = {}};
      for (const auto& [value, cell] : constraint.cells_of(constraint.instances[i])) {
        scope.cells.push_back(cell_number(value, cell));
        of_cell_[static_cast<size_t>(scope.cells.back())].push_back(static_cast<uint32_t>(scopes_.size()));
      }
      scopes_.push_back(std::move(scope));
    }
}

std::vector<size_t> Scopes::touched(const std::vector<Target>& targets) const {
  if (of_cell_.empty()) return {};
  std::set<size_t> out;
  for (const Target& each : targets) {
    const std::vector<uint32_t>& of = of_cell_[static_cast<size_t>(cell_number(each.value, each.cell))];
    out.insert(of.begin(), of.end());
  }
  return {out.begin(), out.end()};
}

const Target* Hypothesis::target(size_t value, int64_t cell) const {
  if (!proposed) return nullptr;
  for (const Target& each : proposed->targets)
    if (each.value == value && each.cell == cell) return &each;
  return nullptr;
}

Number Hypothesis::element(const Instance& instance, size_t value, int64_t cell, int64_t element) const {
  const Target* found = target(value, cell);
  return found ? Number::of(found->elements[static_cast<size_t>(element)])
               : read_element(instance, *snapshot, value, cell, element);
}

bool Hypothesis::changes(const Instance& instance, size_t value, int64_t cell) const {
  const Target* found = target(value, cell);
  if (!found || !snapshot->committed(value, cell)) return false;
  for (size_t i = 0; i < found->elements.size(); ++i)
    if (read_element(instance, *snapshot, value, cell, static_cast<int64_t>(i)) != Number::of(found->elements[i]))
      return true;
  return false;
}

bool violated(const Instance& instance, const ConstraintInstance& constraint, const ConstraintCells& cells,
              const Hypothesis& hypothesis) {
  ScopeFacts facts(instance, constraint, cells, hypothesis);
  Number holds = evaluate_number(constraint.predicate, facts);
  if (holds.is_bot()) return false;
  return holds.truth() == (constraint.declaration->mode == Constraint::Mode::kForbid);
}

Judgement judge(const Instance& instance, const Scopes& scopes, const State& snapshot, const Proposed& proposed) {
  Judgement out{.violations = std::vector<int64_t>(instance.priorities.size()),
                .keeps = std::vector<int64_t>(instance.priorities.size())};
  out.touched = scopes.touched(proposed.targets);
  for (size_t number : out.touched) {
    const Scopes::Scope& scope = scopes.scope(number);
    const ConstraintInstance& constraint = instance.constraints[scope.constraint];
    const ConstraintCells& cells = constraint.instances[scope.number];
    bool before = violated(instance, constraint, cells, {&snapshot, nullptr});
    bool after = violated(instance, constraint, cells, {&snapshot, &proposed});
    if (before) out.keeps[constraint.level] += constraint.declaration->weight;
    if (after) out.violations[constraint.level] += constraint.declaration->weight;
    if (!after || before) continue;
    if (out.broken.empty() || out.broken.back() != scope.constraint) out.broken.push_back(scope.constraint);
    if (constraint.declaration->hard && (out.worsened.empty() || out.worsened.back() != scope.constraint))
      out.worsened.push_back(scope.constraint);
  }
  return out;
}

}  // namespace caten::consensus::reference
