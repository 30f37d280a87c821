#include "schedule/implementation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten {
namespace {

/// Binds the sizes of an operand; "" or why the type does not fit.
std::string bind(const Implementation::Operand& operand, const ValueType& type, std::map<std::string, Dim>& sizes) {
  bool fits = operand.type.dtype == type.dtype && operand.type.shape.size() == type.shape.size();
  for (size_t k = 0; fits && k < type.shape.size(); ++k) {
    const Dim& wanted = operand.type.shape[k];
    const std::string* name = wanted.as_symbol();
    fits = name ? sizes.try_emplace(*name, type.shape[k]).first->second == type.shape[k] : wanted == type.shape[k];
  }
  if (fits) return "";
  return fmt::format("{} is {}, not {}", operand.name, describe(type), describe(operand.type));
}

std::string violated(const Implementation::Condition& condition, const std::map<std::string, Dim>& sizes) {
  const Dim& size = sizes.at(condition.size);
  if (!size.is_constant())
    return fmt::format("whether {} is known when a program is called, not when it is compiled", condition.text);
  int64_t value = size.constant();
  bool holds = true;
  switch (condition.relation) {
    case Implementation::Condition::Relation::kLeast: holds = value >= condition.value; break;
    case Implementation::Condition::Relation::kMost: holds = value <= condition.value; break;
    case Implementation::Condition::Relation::kEqual: holds = value == condition.value; break;
    case Implementation::Condition::Relation::kMultiple: holds = value % condition.value == 0; break;
  }
  return holds ? "" : fmt::format("{} is {}, and {} is asked for", condition.size, value, condition.text);
}

}  // namespace

std::vector<std::string> Implementation::sizes() const {
  std::vector<std::string> out;
  auto note = [&](const Operand& operand) {
    for (const Dim& dim : operand.type.shape)
      if (const std::string* name = dim.as_symbol(); name && std::find(out.begin(), out.end(), *name) == out.end())
        out.push_back(*name);
  };
  for (const Operand& operand : inputs) note(operand);
  note(output);
  return out;
}

Fit fit(const Implementation& implementation, const std::vector<ValueType>& inputs, const ValueType& output) {
  Fit out;
  if (inputs.size() != implementation.inputs.size()) {
    out.reason = fmt::format("it takes {} tensors, and the call has {}", implementation.inputs.size(), inputs.size());
    return out;
  }
  for (size_t k = 0; k < inputs.size() && out.reason.empty(); ++k)
    out.reason = bind(implementation.inputs[k], inputs[k], out.sizes);
  if (out.reason.empty()) out.reason = bind(implementation.output, output, out.sizes);
  for (const Implementation::Condition& condition : implementation.conditions)
    if (out.reason.empty()) out.reason = violated(condition, out.sizes);
  return out;
}

}  // namespace caten
