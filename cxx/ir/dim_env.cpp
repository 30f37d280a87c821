#include "ir/dim_env.hpp"

#include <algorithm>
#include <numeric>

namespace caten {
namespace {

using OptionalInt = std::optional<int64_t>;

OptionalInt add(OptionalInt a, OptionalInt b) {
  int64_t sum;
  if (!a || !b || __builtin_add_overflow(*a, *b, &sum)) return std::nullopt;
  return sum;
}

Interval add(const Interval& a, const Interval& b) { return {add(a.lo, b.lo), add(a.hi, b.hi)}; }

Interval scale(const Interval& a, int64_t factor) {
  auto times = [&](OptionalInt v) -> OptionalInt {
    int64_t product;
    if (!v || __builtin_mul_overflow(*v, factor, &product)) return std::nullopt;
    return product;
  };
  return factor >= 0 ? Interval{times(a.lo), times(a.hi)} : Interval{times(a.hi), times(a.lo)};
}

Interval multiply(const Interval& a, const Interval& b) {
  // Exact only where it matters: both sides known, or both non-negative.
  auto times = [](OptionalInt x, OptionalInt y) -> OptionalInt {
    int64_t product;
    if (!x || !y || __builtin_mul_overflow(*x, *y, &product)) return std::nullopt;
    return product;
  };
  if (a.lo && b.lo && *a.lo >= 0 && *b.lo >= 0) {
    OptionalInt hi = times(a.hi, b.hi);
    if ((a.hi && *a.hi == 0) || (b.hi && *b.hi == 0)) hi = 0;
    return {times(a.lo, b.lo), hi};
  }
  if (!a.lo || !a.hi || !b.lo || !b.hi) return {};
  Interval out;
  for (OptionalInt x : {a.lo, a.hi})
    for (OptionalInt y : {b.lo, b.hi}) {
      OptionalInt product = times(x, y);
      if (!product) return {};
      if (!out.lo || *product < *out.lo) out.lo = product;
      if (!out.hi || *product > *out.hi) out.hi = product;
    }
  return out;
}

int64_t gcd_of_terms(const std::vector<Dim::Term>& terms) {
  int64_t divisor = 0;
  for (const Dim::Term& term : terms)
    if (!term.factors.empty()) divisor = std::gcd(divisor, term.coefficient);
  return divisor;
}

}  // namespace

bool DimEnv::declare(std::string name, Interval bounds, SourceSpan span) {
  if (index_.contains(name)) return false;
  if (!bounds.lo || *bounds.lo < 0) bounds.lo = 0;
  index_[name] = symbols_.size();
  symbols_.push_back({std::move(name), bounds, span});
  return true;
}

bool DimEnv::same_sizes(const DimEnv& other) const {
  return std::equal(symbols_.begin(), symbols_.end(), other.symbols_.begin(), other.symbols_.end(),
                    [](const Symbol& a, const Symbol& b) { return a.name == b.name && a.bounds == b.bounds; }) &&
         std::equal(guards_.begin(), guards_.end(), other.guards_.begin(), other.guards_.end(),
                    [](const Guard& a, const Guard& b) {
                      return a.kind == b.kind && a.left == b.left && a.right == b.right;
                    }) &&
         solution_ == other.solution_;
}

std::vector<std::string> DimEnv::names() const {
  std::vector<std::string> out;
  for (const Symbol& symbol : symbols_) out.push_back(symbol.name);
  return out;
}

Dim DimEnv::resolve(const Dim& dim) const { return solution_.empty() ? dim : dim.substitute(solution_); }

Shape DimEnv::resolve(const Shape& shape) const {
  if (solution_.empty()) return shape;
  Shape out;
  out.reserve(shape.size());
  for (const Dim& dim : shape) out.push_back(resolve(dim));
  return out;
}

Interval DimEnv::range(const Dim& original) const {
  Dim dim = resolve(original);
  if (dim.is_constant()) return {dim.constant(), dim.constant()};
  if (dim.overflowed()) return {};
  Interval total{0, 0};
  for (const Dim::Term& term : dim.terms()) {
    Interval product{1, 1};
    for (const Dim::Atom& atom : term.factors) {
      Interval factor;
      using Kind = Dim::Atom::Kind;
      if (atom.kind == Kind::kSymbol) {
        auto found = index_.find(atom.name);
        factor = found == index_.end() ? Interval{0, std::nullopt} : symbols_[found->second].bounds;
      } else {
        Interval a = range(atom.operands[0]);
        Interval b = range(atom.operands[1]);
        switch (atom.kind) {
          case Kind::kDiv:
            if (b.lo && b.hi && *b.lo == *b.hi && *b.lo > 0) {
              if (a.lo) factor.lo = floor_div(Dim(*a.lo), Dim(*b.lo)).constant();
              if (a.hi) factor.hi = floor_div(Dim(*a.hi), Dim(*b.lo)).constant();
            } else if (a.lo && *a.lo >= 0 && b.lo && *b.lo >= 0) {
              factor = {0, a.hi};
            }
            break;
          case Kind::kMod:
            if (b.lo && *b.lo >= 0) factor = {0, b.hi ? OptionalInt(std::max<int64_t>(*b.hi - 1, 0)) : std::nullopt};
            break;
          case Kind::kMax:
            factor.lo = a.lo && b.lo ? OptionalInt(std::max(*a.lo, *b.lo)) : a.lo ? a.lo : b.lo;
            if (a.hi && b.hi) factor.hi = std::max(*a.hi, *b.hi);
            break;
          default:
            if (a.lo && b.lo) factor.lo = std::min(*a.lo, *b.lo);
            factor.hi = a.hi && b.hi ? OptionalInt(std::min(*a.hi, *b.hi)) : a.hi ? a.hi : b.hi;
            break;
        }
      }
      product = multiply(product, factor);
    }
    total = add(total, scale(product, term.coefficient));
  }
  return total;
}

bool DimEnv::proves_le(const Dim& a, const Dim& b) const {
  Interval interval = range(resolve(b) - resolve(a));
  if (interval.lo && *interval.lo >= 0) return true;
  // min(x, y) ≤ b if either side is; a ≤ max(x, y) likewise.
  auto lone_atom = [](const Dim& dim, Dim::Atom::Kind kind) -> std::optional<Dim::Atom> {
    const Dim::Terms terms = dim.terms();
    if (terms.size() == 1 && terms[0].coefficient == 1 && terms[0].factors.size() == 1 &&
        terms[0].factors[0].kind == kind)
      return terms[0].factors[0];
    return std::nullopt;
  };
  if (auto least = lone_atom(resolve(a), Dim::Atom::Kind::kMin))
    return proves_le(least->operands[0], b) || proves_le(least->operands[1], b);
  if (auto most = lone_atom(resolve(b), Dim::Atom::Kind::kMax))
    return proves_le(a, most->operands[0]) || proves_le(a, most->operands[1]);
  return false;
}

bool DimEnv::holds_equal(const Dim& left, const Dim& right) const {
  if (left.is_constant() && right.is_constant()) return left.constant() == right.constant();
  Dim a = resolve(left), b = resolve(right);
  return !a.overflowed() && a == b;
}

bool DimEnv::holds_le(const Dim& left, const Dim& right) const {
  if (left.is_constant() && right.is_constant()) return left.constant() <= right.constant();
  Dim a = resolve(left), b = resolve(right);
  return !a.overflowed() && !b.overflowed() && proves_le(a, b);
}

void DimEnv::add_guard(Guard guard) {
  for (const Guard& known : guards_)
    if (known.kind == guard.kind && known.left == guard.left && known.right == guard.right) return;
  guards_.push_back(std::move(guard));
}

void DimEnv::substitute_everywhere(const std::string& name, const Dim& value) {
  std::map<std::string, Dim> one{{name, value}};
  for (auto& [other, expression] : solution_) expression = expression.substitute(one);
  solution_[name] = value;
  for (Guard& guard : guards_) {
    guard.left = guard.left.substitute(one);
    guard.right = guard.right.substitute(one);
  }
}

DimEnv::Outcome DimEnv::equate(const Dim& left, const Dim& right, const std::string& reason, SourceSpan span) {
  Dim a = resolve(left);
  Dim b = resolve(right);
  if (a.overflowed() || b.overflowed()) return Outcome::kContradiction;
  if (a == b) return Outcome::kEqual;
  Dim difference = a - b;
  if (difference.is_constant() || difference.overflowed()) return Outcome::kContradiction;
  Interval interval = range(difference);
  if ((interval.lo && *interval.lo > 0) || (interval.hi && *interval.hi < 0)) return Outcome::kContradiction;

  const Dim::Terms own = difference.terms();
  std::vector<Dim::Term> terms(own.begin(), own.end());
  int64_t divisor = gcd_of_terms(terms);
  if (divisor > 1) {
    // Sizes are integers: a constant that the common divisor does not divide has no solution.
    for (Dim::Term& term : terms) {
      if (term.coefficient % divisor != 0) return Outcome::kContradiction;
      term.coefficient /= divisor;
    }
  }
  const Dim::Term* chosen = nullptr;
  size_t chosen_index = 0;
  for (const Dim::Term& term : terms) {
    bool unit = term.coefficient == 1 || term.coefficient == -1;
    if (!unit || term.factors.size() != 1 || term.factors[0].kind != Dim::Atom::Kind::kSymbol) continue;
    const std::string& name = term.factors[0].name;
    auto found = index_.find(name);
    if (found == index_.end()) continue;
    // The symbol must not occur anywhere else in the equation.
    size_t occurrences = 0;
    for (const Dim::Term& other : terms)
      for (const Dim::Atom& atom : other.factors) {
        std::set<std::string> names;
        Dim::from_terms({{1, {atom}}}).collect_symbols(names);
        occurrences += names.contains(name);
      }
    if (occurrences == 1 && (!chosen || found->second > chosen_index)) {
      chosen = &term;
      chosen_index = found->second;
    }
  }
  if (!chosen) {
    add_guard({Guard::Kind::kEqual, a, b, reason, span});
    return Outcome::kGuarded;
  }
  std::string name = chosen->factors[0].name;
  int64_t sign = chosen->coefficient;
  std::vector<Dim::Term> rest;
  for (const Dim::Term& term : terms)
    if (&term != chosen) rest.push_back({-sign * term.coefficient, term.factors});
  Dim value = Dim::from_terms(std::move(rest));

  Interval bounds = symbols_[chosen_index].bounds;
  Interval values = range(value);
  if ((values.hi && bounds.lo && *values.hi < *bounds.lo) || (values.lo && bounds.hi && *values.lo > *bounds.hi))
    return Outcome::kContradiction;
  substitute_everywhere(name, value);
  if (auto other = value.as_symbol(); other && index_.contains(*other)) {
    // N = M: M inherits N's bounds.
    Interval& target = symbols_[index_[*other]].bounds;
    if (bounds.lo && (!target.lo || *target.lo < *bounds.lo)) target.lo = bounds.lo;
    if (bounds.hi && (!target.hi || *target.hi > *bounds.hi)) target.hi = bounds.hi;
  } else {
    std::string why = "the bounds of " + name;
    if (bounds.lo && !(values.lo && *values.lo >= *bounds.lo))
      add_guard({Guard::Kind::kLessEqual, Dim(*bounds.lo), value, why, span});
    if (bounds.hi && !(values.hi && *values.hi <= *bounds.hi))
      add_guard({Guard::Kind::kLessEqual, value, Dim(*bounds.hi), why, span});
  }
  return Outcome::kDerived;
}

DimEnv::Outcome DimEnv::require_le(const Dim& left, const Dim& right, const std::string& reason, SourceSpan span) {
  Dim a = resolve(left);
  Dim b = resolve(right);
  if (a.overflowed() || b.overflowed()) return Outcome::kContradiction;
  if (proves_le(a, b)) return Outcome::kEqual;
  Interval difference = range(b - a);
  if (difference.hi && *difference.hi < 0) return Outcome::kContradiction;
  add_guard({Guard::Kind::kLessEqual, a, b, reason, span});
  return Outcome::kGuarded;
}

std::vector<std::string> DimEnv::derived() const {
  // Symbols grouped by the value they were solved for, in order of declaration.
  std::vector<std::pair<Dim, std::vector<std::string>>> groups;
  for (const Symbol& symbol : symbols_) {
    auto found = solution_.find(symbol.name);
    if (found == solution_.end()) continue;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == found->second; });
    if (group == groups.end())
      groups.push_back({found->second, {symbol.name}});
    else
      group->second.push_back(symbol.name);
  }
  std::vector<std::string> lines;
  for (const auto& [value, names] : groups) {
    std::string line;
    for (const std::string& name : names) line += name + " = ";
    lines.push_back(line + value.describe());
  }
  return lines;
}

}  // namespace caten
