#include "schedule/affine.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace caten {

std::optional<Affine> affine(const Dim& index, const Index& variables) {
  if (index.overflowed()) return std::nullopt;
  std::vector<std::string> names;
  for (const Dim& variable : variables) names.push_back(*variable.as_symbol());
  Affine out{.steps = std::vector<Dim>(variables.size(), Dim(0))};
  for (const Dim::Term& term : index.terms()) {
    std::vector<Dim::Atom> rest;
    Dim* sum = &out.offset;
    for (const Dim::Atom& factor : term.factors) {
      bool plain = factor.kind == Dim::Atom::Kind::kSymbol;
      auto found = plain ? std::find(names.begin(), names.end(), factor.name) : names.end();
      if (found != names.end()) {
        if (sum != &out.offset) return std::nullopt;
        sum = &out.steps[static_cast<size_t>(found - names.begin())];
        continue;
      }
      std::set<std::string> inside;
      for (const Dim& operand : factor.operands) operand.collect_symbols(inside);
      if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return inside.contains(name); }))
        return std::nullopt;
      rest.push_back(factor);
    }
    *sum = *sum + Dim::from_terms({{term.coefficient, std::move(rest)}});
  }
  return out;
}

}  // namespace caten
