#include "consensus/compiled/apart_judge.hpp"

#include <algorithm>

namespace caten::consensus::compiled {
namespace {

/// What is kept of scopes; more is forgotten and made again.
constexpr size_t kMostBytes = size_t{256} << 20;

bool is_violated(const ConstraintInstance& constraint, const Number& holds) {
  return !holds.is_bot() && holds.truth() == (constraint.declaration->mode == Constraint::Mode::kForbid);
}

}  // namespace

ApartJudge::ApartJudge(const Instance& instance) : instance_(instance), scopes_(instance) {
  for (const ConstraintInstance& constraint : instance.constraints) {
    std::optional<Transitions>& made = transitions_.emplace_back();
    const Formula::Node& whole = constraint.predicate.root();
    if (whole.function == Function::kAccepts) made.emplace(constraint.automata[whole.slot]);
  }
}

bool ApartJudge::judge(const State& state, const std::vector<size_t>& constraints, const reference::Proposed& proposed,
                       std::span<int64_t> before, std::span<int64_t> after) {
  for (size_t number : scopes_.touched(proposed.targets)) {
    size_t of = scopes_.scope(number).constraint;
    if (std::find(constraints.begin(), constraints.end(), of) == constraints.end()) continue;
    const ConstraintInstance& constraint = instance_.constraints[of];
    Violated made = violated(state, number, proposed);
    if (made.after && !made.before && constraint.declaration->hard) return false;
    if (made.before) before[constraint.level] += constraint.declaration->weight;
    if (made.after) after[constraint.level] += constraint.declaration->weight;
  }
  return true;
}

ApartJudge::Violated ApartJudge::violated(const State& state, size_t scope, const reference::Proposed& proposed) {
  if (std::optional<Violated> made = by_words(state, scope, proposed)) return *made;
  const reference::Scopes::Scope& its = scopes_.scope(scope);
  const ConstraintInstance& constraint = instance_.constraints[its.constraint];
  const ConstraintCells& cells = constraint.instances[its.number];
  return {.before = reference::violated(instance_, constraint, cells, {&state, nullptr}),
          .after = reference::violated(instance_, constraint, cells, {&state, &proposed})};
}

std::optional<ApartJudge::Violated> ApartJudge::by_words(const State& state, size_t scope,
                                                         const reference::Proposed& proposed) {
  const reference::Scopes::Scope& its = scopes_.scope(scope);
  const std::optional<Transitions>& transitions = transitions_[its.constraint];
  if (!transitions) return std::nullopt;
  const ConstraintInstance& constraint = instance_.constraints[its.constraint];
  const std::vector<int64_t>& cells = constraint.instances[its.number].scope;
  const reference::Target* changed = nullptr;
  size_t place = 0;
  for (const reference::Target& target : proposed.targets) {
    if (target.value != constraint.value) continue;
    auto found = std::find(cells.begin(), cells.end(), target.cell);
    if (found == cells.end()) continue;
    if (changed || std::find(found + 1, cells.end(), target.cell) != cells.end()) return std::nullopt;
    changed = &target;
    place = static_cast<size_t>(found - cells.begin());
  }
  const AcceptedWords& word = words(state, scope, *transitions);
  Number now = word.accepts();
  Number then = changed ? word.accepts(*transitions, place, Number::of(changed->elements[0]).integer) : now;
  return Violated{is_violated(constraint, now), is_violated(constraint, then)};
}

const AcceptedWords& ApartJudge::words(const State& state, size_t scope, const Transitions& transitions) {
  if (auto kept = words_.find(scope); kept != words_.end()) return kept->second;
  const reference::Scopes::Scope& its = scopes_.scope(scope);
  const ConstraintInstance& constraint = instance_.constraints[its.constraint];
  std::vector<int64_t> letters;
  for (int64_t cell : constraint.instances[its.number].scope) {
    Number id = read_element(instance_, state, constraint.value, cell, 0);
    letters.push_back(id.is_bot() ? Transitions::kOpen : id.integer);
  }
  AcceptedWords made(transitions, std::move(letters));
  if (bytes_ + made.bytes() > kMostBytes) forget_all();
  bytes_ += made.bytes();
  return words_.emplace(scope, std::move(made)).first->second;
}

void ApartJudge::forget(size_t value, int64_t cell) {
  for (size_t scope : scopes_.touched({{.value = value, .cell = cell, .elements = {}}})) {
    auto kept = words_.find(scope);
    if (kept == words_.end()) continue;
    bytes_ -= kept->second.bytes();
    words_.erase(kept);
  }
}

void ApartJudge::forget_all() {
  words_.clear();
  bytes_ = 0;
}

}  // namespace caten::consensus::compiled
