#include "codegen/hoisting.hpp"

#include <algorithm>
#include <string>

#include "codegen/placing.hpp"

namespace caten {
namespace {

/// What the statements of a loop's body need in any case: its own, and those of loops that run at least once.
void collect_wanted(const std::vector<Statement>& body, std::vector<ValueId>& wanted) {
  for (const Statement& statement : body) {
    if (statement.kind == StatementKind::kLoop) {
      bool runs = statement.extent.is_constant() && statement.extent.constant() > 0;
      if (runs) collect_wanted(statement.body, wanted);
      continue;
    }
    if (statement.value.valid()) wanted.push_back(statement.value);
    if (statement.kind == StatementKind::kStore)
      for (ValueId id : values_in(statement.index)) wanted.push_back(id);
  }
}

void collect_variables(const Statement& statement, std::set<std::string>& names) {
  if (!statement.variable.empty()) names.insert(statement.variable);
  for (const std::vector<Statement>* body : {&statement.body, &statement.otherwise})
    for (const Statement& inner : *body) collect_variables(inner, names);
}

/// Of each value: whether iterations of a loop with these variables may have different ones.
std::vector<bool> varying_values(const LoopNest& nest, const std::set<std::string>& inside, const KnownValues& known) {
  std::vector<bool> out(nest.values.size(), false);
  for (uint32_t id = 0; id < nest.values.size(); ++id) {
    const ScalarValue& value = nest.values[id];
    std::set<std::string> names;
    value.index.collect_symbols(names);
    bool varying = known.changes[id];
    for (const std::string& name : names) varying = varying || inside.contains(name);
    for (ValueId named : values_in(value.index)) varying = varying || out[named.value];
    for (ValueId operand : value.operands) varying = varying || out[operand.value];
    if (value.kind == ValueKind::kResult) varying = !known.known_results.contains(value.slot);
    out[id] = varying || (value.kind == ValueKind::kLoad && nest.slots[value.slot].written);
  }
  return out;
}

bool is_short(const Statement& loop) { return loop.extent.is_constant() && loop.extent.constant() <= kSmallSize; }

}  // namespace

std::vector<ValueId> fixed_values(const LoopNest& nest, const Statement& loop, const KnownValues& known) {
  std::vector<ValueId> wanted, out;
  collect_wanted(loop.body, wanted);
  Placing placing(nest, wanted, known.available);
  std::set<std::string> inside;
  collect_variables(loop, inside);
  std::vector<bool> varying = varying_values(nest, inside, known);
  for (uint32_t id : placing.branches[0].values)
    if (!varying[id] && has_line(nest.values[id])) out.push_back({id});
  return out;
}

void collect_loads_of(const LoopNest& nest, const Statement& store, std::set<uint32_t>& loads) {
  for (uint32_t id = 0; id < nest.values.size(); ++id) {
    const ScalarValue& value = nest.values[id];
    if (value.kind == ValueKind::kLoad && value.slot == store.slot && value.index == store.index) loads.insert(id);
  }
}

bool has_line(const ScalarValue& value) {
  return value.kind != ValueKind::kConstant && value.kind != ValueKind::kAccumulator &&
         value.kind != ValueKind::kResult;
}

bool decides_unrolling(const Statement& loop) { return loop.extent_is == Extent::kAxis && !has_open_loop(loop.body); }

bool has_open_loop(const std::vector<Statement>& body) {
  return std::any_of(body.begin(), body.end(), [](const Statement& statement) {
    bool open = statement.kind == StatementKind::kLoop && statement.extent_is != Extent::kForm &&
                !(decides_unrolling(statement) && is_short(statement));
    return open || has_open_loop(statement.body) || has_open_loop(statement.otherwise);
  });
}

}  // namespace caten
