#include "codegen/placing.hpp"

#include <algorithm>

namespace caten {
namespace {

bool divides(const Dim& dim) {
  for (const Dim::Term& term : dim.terms())
    for (const Dim::Atom& factor : term.factors)
      if (factor.kind != Dim::Atom::Kind::kSymbol && varies(Dim::from_terms({{1, {factor}}}))) return true;
  return false;
}

}  // namespace

bool varies(const Dim& dim) {
  std::set<std::string> names;
  dim.collect_symbols(names);
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return reserved::is_variable(name) || reserved::is_value(name); });
}

bool Placing::must_be_guarded(const ScalarValue& value) {
  return value.kind == ValueKind::kLoad || (value.kind == ValueKind::kIndex && divides(value.index));
}

}  // namespace caten
