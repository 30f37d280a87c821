#include "consensus/analysis/conditions.hpp"

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"

namespace caten::consensus {
namespace {

constexpr size_t kMostAlternatives = 256;

/// One case of which nothing is known.
Alternatives anything() { return {Condition{.nonnegative = {}, .exact = false}}; }

/// `offset = step` for each axis, as two inequalities.
Condition at_offset(LinearSpace& space, const InNeighbourhood& in, const std::vector<int64_t>& offset) {
  Condition out;
  for (size_t i = 0; i < offset.size() && i < in.offsets.size(); ++i) {
    std::optional<LinearForm> name = space.form(name_term(in.offsets[i])), step = number(offset[i]);
    for (auto [a, b] : {std::pair(&name, &step), std::pair(&step, &name)})
      if (std::optional<LinearForm> difference = add(**a, **b, -1)) out.nonnegative.push_back(std::move(*difference));
  }
  return out;
}

}  // namespace

size_t LinearSpace::fresh() { return count_++; }

size_t LinearSpace::variable_of(const std::string& name) {
  for (const auto& [known, index] : names_)
    if (known == name) return index;
  names_.emplace_back(name, count_);
  return count_++;
}

std::optional<LinearForm> LinearSpace::quotient(const Quotient& quotient) {
  for (const auto& [known, form] : quotients_)
    if (known == quotient) return form;
  std::optional<LinearForm> dividend = form(*quotient.dividend);
  if (!dividend) return std::nullopt;
  // divisor·q ≤ dividend ≤ divisor·q + divisor - 1
  LinearForm q = variable(fresh());
  std::optional<LinearForm> rest = add(*dividend, q, -quotient.divisor);
  if (!rest) return std::nullopt;
  std::optional<LinearForm> above = add(number(quotient.divisor - 1), *rest, -1);
  if (!above) return std::nullopt;
  defining_.push_back(*rest);
  defining_.push_back(*above);
  quotients_.emplace_back(quotient, quotient.remainder ? *rest : q);
  return quotients_.back().second;
}

std::optional<LinearForm> LinearSpace::form(const Affine& affine) {
  std::optional<LinearForm> out = number(affine.constant);
  for (const Affine::Term& term : affine.terms) {
    std::optional<LinearForm> atom;
    if (const Name* name = std::get_if<Name>(&term.atom)) {
      auto known = given_.find(name->text);
      atom = known == given_.end() ? variable(variable_of(name->text)) : number(known->second);
    } else {
      atom = quotient(std::get<Quotient>(term.atom));
    }
    if (atom) out = add(*out, *atom, term.coefficient);
    if (!atom || !out) return std::nullopt;
  }
  return out;
}

Alternatives LinearSpace::both(const Alternatives& a, const Alternatives& b) {
  if (a.size() * b.size() > kMostAlternatives) {
    // The larger half is left out: what remains is weaker.
    Alternatives out = a.size() < b.size() ? a : b;
    if (out.size() > kMostAlternatives) return anything();
    for (Condition& each : out) each.exact = false;
    return out;
  }
  Alternatives out;
  for (const Condition& left : a)
    for (const Condition& right : b) {
      Condition both = left;
      both.nonnegative.insert(both.nonnegative.end(), right.nonnegative.begin(), right.nonnegative.end());
      both.exact = left.exact && right.exact;
      out.push_back(std::move(both));
    }
  return out;
}

Alternatives LinearSpace::comparison(const std::string& sign, const Expression& left, const Expression& right,
                                     bool holds) {
  Result<Affine> a = to_affine(left), b = to_affine(right);
  if (!a || !b) return anything();
  std::optional<LinearForm> x = form(*a), y = form(*b);
  if (!x || !y) return anything();
  // x + least ≤ y
  auto at_most = [](const LinearForm& low, const LinearForm& high, int64_t least) -> Alternatives {
    std::optional<LinearForm> difference = add(high, low, -1);
    if (difference) difference = add(*difference, number(least), -1);
    if (!difference) return anything();
    return {Condition{.nonnegative = {*difference}, .exact = true}};
  };
  if (sign == "<") return holds ? at_most(*x, *y, 1) : at_most(*y, *x, 0);
  if (sign == "<=") return holds ? at_most(*x, *y, 0) : at_most(*y, *x, 1);
  if (holds) return both(at_most(*x, *y, 0), at_most(*y, *x, 0));
  Alternatives out = at_most(*x, *y, 1), more = at_most(*y, *x, 1);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

Alternatives LinearSpace::junction(const std::vector<Expression>& parts, bool all, bool holds) {
  Alternatives out = all ? Alternatives{Condition{}} : Alternatives{};
  for (const Expression& part : parts) {
    Alternatives next = cases(part, holds);
    if (all)
      out = both(out, next);
    else
      out.insert(out.end(), next.begin(), next.end());
    if (out.size() > kMostAlternatives) return anything();
  }
  return out;
}

Alternatives LinearSpace::cases(const Expression& expression, bool holds) {
  if (const InNeighbourhood* in = std::get_if<InNeighbourhood>(&expression.node)) {
    Alternatives out;
    for (const std::vector<int64_t>& offset : neighbourhood_offsets(in->neighbourhood))
      out.push_back(at_offset(*this, *in, offset));
    return holds && out.size() <= kMostAlternatives ? out : anything();
  }
  const Call* call = std::get_if<Call>(&expression.node);
  if (!call) return anything();
  const std::string& name = call->function.text;
  if (name == "not") return cases(call->arguments[0], !holds);
  if (name == "and") return junction(call->arguments, holds, holds);
  if (name == "or") return junction(call->arguments, !holds, holds);
  if (name == "<" || name == "<=" || name == "=")
    return comparison(name, call->arguments[0], call->arguments[1], holds);
  return anything();
}

}  // namespace caten::consensus
