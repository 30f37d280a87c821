#include "schedule/index.hpp"

#include <algorithm>
#include <cassert>
#include <set>

#include "schedule/schedule.hpp"

namespace caten {
namespace {

/// a = b · quotient + rest, for b of one term: every term of a that b divides goes into the quotient.
struct Division {
  Dim quotient, rest;
};

Division divide_terms(const Dim& a, const Dim& b) {
  const Dim::Terms divisor = b.terms();
  if (divisor.size() != 1) return {Dim(0), a};
  const Dim::Term& by = divisor[0];
  std::vector<Dim::Term> quotient, rest;
  for (const Dim::Term& term : a.terms()) {
    std::vector<Dim::Atom> factors = term.factors;
    bool divisible = term.coefficient % by.coefficient == 0;
    for (const Dim::Atom& factor : by.factors) {
      Dim wanted = Dim::from_terms({{1, {factor}}});
      auto found = std::find_if(factors.begin(), factors.end(), [&](const Dim::Atom& candidate) {
        return Dim::from_terms({{1, {candidate}}}) == wanted;
      });
      if (found == factors.end()) {
        divisible = false;
        break;
      }
      factors.erase(found);
    }
    if (divisible)
      quotient.push_back({term.coefficient / by.coefficient, std::move(factors)});
    else
      rest.push_back(term);
  }
  return {Dim::from_terms(std::move(quotient)), Dim::from_terms(std::move(rest))};
}

/// Those of kernels that are not unusually deep.
const std::vector<Dim>& usual_variables() {
  static const std::vector<Dim> kept = [] {
    std::vector<Dim> out;
    for (uint32_t k = 0; k < 16; ++k) out.push_back(Dim::symbol(reserved::variable(k)));
    return out;
  }();
  return kept;
}

}  // namespace

Dim loop_variable(size_t k) {
  const std::vector<Dim>& usual = usual_variables();
  return k < usual.size() ? usual[k] : Dim::symbol(reserved::variable(static_cast<uint32_t>(k)));
}

bool is_loop_variable(const Dim& index, size_t k) {
  const std::vector<Dim>& usual = usual_variables();
  return !index.is_constant() && index == (k < usual.size() ? usual[k] : loop_variable(k));
}

bool IndexSpace::involves_variable(const Dim& dim) const {
  std::set<std::string> names;
  dim.collect_symbols(names);
  return std::any_of(names.begin(), names.end(), reserved::is_reserved);
}

std::optional<Dim> IndexSpace::atom_bound(const Dim::Atom& atom, Side side) const {
  Dim self = Dim::from_terms({{1, {atom}}});
  if (!involves_variable(self)) {
    Interval range = dims_.range(self);
    if (!range.lo || *range.lo < 0) return std::nullopt;
    return self;
  }
  switch (atom.kind) {
    case Dim::Atom::Kind::kSymbol: {
      auto found = extents_.find(atom.name);
      if (found == extents_.end()) return std::nullopt;
      return side == Side::kLow ? Dim(0) : found->second - Dim(1);
    }
    case Dim::Atom::Kind::kDiv: {
      if (involves_variable(atom.operands[1]) || !proves_nonnegative(atom.operands[0])) return std::nullopt;
      if (side == Side::kLow) return Dim(0);
      std::optional<Dim> high = bound(atom.operands[0], side);
      if (!high) return std::nullopt;
      return floor_div(*high, atom.operands[1]);
    }
    case Dim::Atom::Kind::kMod:
      if (involves_variable(atom.operands[1])) return std::nullopt;
      return side == Side::kLow ? Dim(0) : atom.operands[1] - Dim(1);
    default: return std::nullopt;
  }
}

std::optional<Dim> IndexSpace::bound(const Dim& index, Side side) const {
  if (index.overflowed()) return std::nullopt;
  Dim sum(0);
  for (const Dim::Term& term : index.terms()) {
    Dim product(term.coefficient);
    bool varies = std::any_of(term.factors.begin(), term.factors.end(), [&](const Dim::Atom& factor) {
      return involves_variable(Dim::from_terms({{1, {factor}}}));
    });
    Side wanted = (term.coefficient > 0) == (side == Side::kHigh) ? Side::kHigh : Side::kLow;
    for (const Dim::Atom& factor : term.factors) {
      std::optional<Dim> part = varies ? atom_bound(factor, wanted) : Dim::from_terms({{1, {factor}}});
      if (!part) return std::nullopt;
      product = product * *part;
    }
    sum = sum + product;
  }
  return sum.overflowed() ? std::nullopt : std::optional<Dim>(sum);
}

bool IndexSpace::proves_nonnegative(const Dim& index) const {
  std::optional<Dim> low = bound(index, Side::kLow);
  return low && dims_.proves_le(Dim(0), *low);
}

bool IndexSpace::proves_below(const Dim& index, const Dim& limit) const {
  std::optional<Dim> high = bound(index, Side::kHigh);
  return high && dims_.proves_le(*high, limit - Dim(1));
}

Dim IndexSpace::divide(const Dim& a, const Dim& b) const {
  if (b.is(1)) return a;
  if (!proves_nonnegative(a)) return floor_div(a, b);
  if (proves_below(a, b)) return Dim(0);
  Division parts = divide_terms(a, b);
  if (parts.rest.is(0)) return parts.quotient;
  if (!proves_nonnegative(parts.rest)) return floor_div(a, b);
  if (proves_below(parts.rest, b)) return parts.quotient;
  return parts.quotient + floor_div(parts.rest, b);
}

Dim IndexSpace::modulo(const Dim& a, const Dim& b) const {
  if (b.is(1)) return Dim(0);
  if (!proves_nonnegative(a)) return floor_mod(a, b);
  if (proves_below(a, b)) return a;
  Dim rest = divide_terms(a, b).rest;
  if (rest.is(0)) return rest;
  if (!proves_nonnegative(rest)) return floor_mod(a, b);
  if (proves_below(rest, b)) return rest;
  return floor_mod(rest, b);
}

Dim IndexSpace::linear(const Index& index, const Shape& shape) {
  assert(index.size() == shape.size());
  Dim sum(0), stride(1);
  for (size_t i = index.size(); i-- > 0;) {
    if (!index[i].is(0)) sum = sum + index[i] * stride;
    stride = stride * shape[i];
  }
  return sum;
}

Index IndexSpace::reshape_group(const Index& index, const Shape& to, const Shape& from) const {
  Dim rest = linear(index, to);
  Index out(from.size());
  for (size_t i = from.size(); i-- > 1;) {
    out[i] = modulo(rest, from[i]);
    rest = divide(rest, from[i]);
  }
  if (!from.empty()) out[0] = rest;
  return out;
}

Index IndexSpace::reshape(const Index& index, const Shape& to, const Shape& from) const {
  // Axes of size 1 carry nothing; what remains is cut where both sides have equally many elements so far.
  std::vector<size_t> left, right;
  for (size_t i = 0; i < to.size(); ++i)
    if (!to[i].is(1)) left.push_back(i);
  for (size_t i = 0; i < from.size(); ++i)
    if (!from[i].is(1)) right.push_back(i);
  Index out(from.size(), Dim(0));
  size_t i = 0, j = 0;
  while (j < right.size()) {
    Index group_index;
    Shape group_to, group_from;
    size_t end_i = i, end_j = j;
    auto cut = [&] {
      // Shortest groups with equal products; all that remains if there are none.
      Dim product_from(1);
      for (size_t b = j; b < right.size(); ++b) {
        product_from = product_from * from[right[b]];
        Dim product_to(1);
        for (size_t a = i; a < left.size(); ++a) {
          product_to = product_to * to[left[a]];
          if (product_to == product_from) {
            end_i = a + 1;
            end_j = b + 1;
            return;
          }
        }
      }
      end_i = left.size();
      end_j = right.size();
    };
    cut();
    if (end_j == right.size()) end_i = left.size();
    if (end_i == i + 1 && end_j == j + 1) {
      out[right[j++]] = index[left[i++]];
      continue;
    }
    for (size_t a = i; a < end_i; ++a) {
      group_index.push_back(index[left[a]]);
      group_to.push_back(to[left[a]]);
    }
    for (size_t b = j; b < end_j; ++b) group_from.push_back(from[right[b]]);
    Index part = reshape_group(group_index, group_to, group_from);
    for (size_t b = j; b < end_j; ++b) out[right[b]] = part[b - j];
    i = end_i;
    j = end_j;
  }
  return out;
}

}  // namespace caten
