#include "codegen/loop_nest.hpp"

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

std::vector<ValueId> values_in(const Dim& dim) {
  std::set<std::string> names;
  dim.collect_symbols(names);
  std::vector<ValueId> out;
  for (const std::string& name : names)
    if (reserved::is_value(name)) out.push_back({reserved::number(name)});
  return out;
}

}  // namespace caten
