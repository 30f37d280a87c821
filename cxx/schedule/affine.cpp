#include "schedule/affine.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace caten {

std::optional<Affine> affine(const Dim& index, const Index& variables) {
  if (index.overflowed()) return std::nullopt;
  Affine out{.steps = std::vector<Dim>(variables.size(), Dim(0))};
  for (const Dim::Term& term : index.terms()) {
    std::vector<Dim::Atom> rest;
    Dim* sum = &out.offset;
    for (const Dim::Atom& factor : term.factors) {
      bool plain = factor.kind == Dim::Atom::Kind::kSymbol;
      auto is_it = [&](const Dim& variable) { return *variable.as_symbol() == factor.name; };
      auto found = plain ? std::find_if(variables.begin(), variables.end(), is_it) : variables.end();
      if (found != variables.end()) {
        if (sum != &out.offset) return std::nullopt;
        sum = &out.steps[static_cast<size_t>(found - variables.begin())];
        continue;
      }
      std::set<std::string> inside;
      for (const Dim& operand : factor.operands) operand.collect_symbols(inside);
      if (std::any_of(variables.begin(), variables.end(),
                      [&](const Dim& variable) { return inside.contains(*variable.as_symbol()); }))
        return std::nullopt;
      rest.push_back(factor);
    }
    *sum = *sum + (rest.empty() ? Dim(term.coefficient) : Dim::from_terms({{term.coefficient, std::move(rest)}}));
  }
  return out;
}

}  // namespace caten
