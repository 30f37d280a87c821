#include "codegen/loop_nest.hpp"

#include <cassert>
#include <map>
#include <set>

namespace caten {

ValueId LoopNest::add(ScalarValue value) {
  size_t key = static_cast<size_t>(value.kind) * 31 + static_cast<size_t>(value.op);
  auto mix = [&](size_t part) { key = (key ^ part) * 0x9e3779b97f4a7c15u + (key >> 31); };
  mix(static_cast<size_t>(value.dtype) * 32 + static_cast<size_t>(value.from));
  for (ValueId operand : value.operands) mix(operand.value);
  mix(value.index.hash());
  mix(value.slot);
  mix(value.constant.hash());
  auto [first, last] = index_.equal_range(key);
  for (auto it = first; it != last; ++it)
    if (values[it->second] == value) return {it->second};
  auto id = static_cast<uint32_t>(values.size());
  values.push_back(std::move(value));
  index_.emplace(key, id);
  return {id};
}

namespace {

void collect_dividends(const Dim& dim, std::vector<Dim>& out) {
  for (const Dim::Term& term : dim.terms())
    for (const Dim::Atom& factor : term.factors) {
      if (factor.kind == Dim::Atom::Kind::kDiv || factor.kind == Dim::Atom::Kind::kMod)
        out.push_back(factor.operands[0]);
      for (const Dim& operand : factor.operands) collect_dividends(operand, out);
    }
}

void collect_dividends(const std::vector<Statement>& body, std::vector<Dim>& out) {
  for (const Statement& statement : body) {
    collect_dividends(statement.extent, out);
    collect_dividends(statement.index, out);
    collect_dividends(statement.from, out);
    collect_dividends(statement.step, out);
    collect_dividends(statement.body, out);
    collect_dividends(statement.otherwise, out);
  }
}

}  // namespace

std::vector<Dim> dividends(const LoopNest& nest) {
  std::vector<Dim> out;
  for (const ScalarValue& value : nest.values) collect_dividends(value.index, out);
  collect_dividends(nest.body, out);
  return out;
}

std::vector<ValueId> values_in(const Dim& dim) {
  std::set<std::string> names;
  dim.collect_symbols(names);
  std::vector<ValueId> out;
  for (const std::string& name : names)
    if (reserved::is_value(name)) out.push_back({reserved::number(name)});
  return out;
}

namespace {

/// The extent of a loop or stream; of one along a block that may be the last one, that of the others.
Dim usual_extent(const LoopNest& nest, const Statement& loop) {
  std::vector<ValueId> named = values_in(loop.extent);
  if (named.empty()) return loop.extent;
  const ScalarValue& count = nest[named[0]];
  assert(count.kind == ValueKind::kCount && "a loop runs to a value that is no count");
  return loop.extent.substitute({{reserved::value(named[0].value), Dim(count.constant.as_integer())}});
}

}  // namespace

Dim work_of(const LoopNest& nest, const std::vector<Statement>& body) {
  Dim sum(0);
  std::map<std::string, Dim> most;
  for (const Statement& statement : body) {
    if (statement.kind == StatementKind::kBind && !statement.extent.is(0))
      most.emplace(statement.variable, statement.extent);
    else if (statement.kind == StatementKind::kLoop)
      sum = sum + usual_extent(nest, statement) * work_of(nest, statement.body);
    else if (statement.kind == StatementKind::kIf)
      sum = sum + work_of(nest, statement.body);
    else if (statement.kind == StatementKind::kStore || statement.kind == StatementKind::kSet)
      sum = sum + Dim(1);
    else if (statement.kind == StatementKind::kStream)
      sum = sum + usual_extent(nest, statement);
    else if (statement.kind == StatementKind::kTurn)
      sum = sum + statement.extent * statement.extent;
  }
  return most.empty() ? sum : sum.substitute(most);
}

}  // namespace caten
