#include "codegen/steps.hpp"

#include <algorithm>
#include <set>

namespace caten {

namespace {

bool names(const Dim& index, const std::string& variable) {
  std::set<std::string> symbols;
  index.collect_symbols(symbols);
  return symbols.contains(variable);
}

bool any_depends_on(const LoopNest& nest, const std::vector<ValueId>& values, const std::string& variable) {
  std::vector<ValueId> needed = needed_values(nest, values);
  return std::any_of(needed.begin(), needed.end(), [&](ValueId id) { return names(nest[id].index, variable); });
}

}  // namespace

bool depends_on(const LoopNest& nest, const Dim& index, const std::string& variable) {
  return names(index, variable) || any_depends_on(nest, values_in(index), variable);
}

bool depends_on(const LoopNest& nest, ValueId value, const std::string& variable) {
  return any_depends_on(nest, {value}, variable);
}

std::optional<Dim> step_of(const LoopNest& nest, const Dim& index, const std::string& variable) {
  Dim sum(0);
  for (const Dim::Term& term : index.terms()) {
    std::vector<Dim::Atom> rest;
    int found = 0;
    for (const Dim::Atom& factor : term.factors) {
      if (factor.kind == Dim::Atom::Kind::kSymbol && factor.name == variable)
        ++found;
      else if (depends_on(nest, Dim::from_terms({{1, {factor}}}), variable))
        return std::nullopt;
      else
        rest.push_back(factor);
    }
    if (found > 1) return std::nullopt;
    if (found == 1) sum = sum + Dim::from_terms({{term.coefficient, std::move(rest)}});
  }
  return sum;
}

std::vector<ValueId> needed_values(const LoopNest& nest, const std::vector<ValueId>& values) {
  std::vector<ValueId> out;
  std::set<uint32_t> seen;
  std::vector<ValueId> pending = values;
  while (!pending.empty()) {
    ValueId id = pending.back();
    pending.pop_back();
    if (!seen.insert(id.value).second) continue;
    out.push_back(id);
    const ScalarValue& value = nest[id];
    for (ValueId named : values_in(value.index)) pending.push_back(named);
    pending.insert(pending.end(), value.operands.begin(), value.operands.end());
  }
  return out;
}

std::vector<Dim> load_indices(const LoopNest& nest, const std::vector<ValueId>& values) {
  std::vector<Dim> out;
  for (ValueId id : needed_values(nest, values))
    if (nest[id].kind == ValueKind::kLoad) out.push_back(nest[id].index);
  return out;
}

}  // namespace caten
