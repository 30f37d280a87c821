#include "codegen/hand_written.hpp"

#include <fmt/format.h>

#include "codegen/kernel_head.hpp"

namespace caten {

LoopNest lower_hand_written(const Schedule& schedule, const Kernel& kernel) {
  const HandWrittenKernel& by_hand = *kernel.by_hand;
  const Implementation& implementation = *by_hand.implementation;
  LoopNest out;
  HandWrittenText text{.code = implementation.code, .shared = implementation.shared};
  auto operand = [&](const Implementation::Operand& each, BufferId buffer, bool written) {
    text.names.push_back(each.name);
    out.slots.push_back({buffer, each.type.dtype, written});
  };
  for (size_t k = 0; k < implementation.inputs.size(); ++k)
    operand(implementation.inputs[k], kernel.leaves[by_hand.leaves[k]].location.buffer, false);
  operand(implementation.output, kernel.parts[0].target->buffer, true);
  for (const std::string& name : implementation.sizes()) {
    text.sizes.emplace_back(name, by_hand.sizes.at(name));
  }
  if (!text.shared.empty()) {
    text.range = by_hand.sizes.at(text.shared);
    text.range_work = Dim(1);
    for (const auto& [name, size] : text.sizes)
      if (name != text.shared) text.range_work = text.range_work * size;
  }
  out.by_hand = std::move(text);
  out.hints = LoopSchedule(&schedule.graph.hints[*kernel.hint]).outcomes();
  return out;
}

std::string hand_written_text(const LoopNest& nest, const Dialect& dialect, std::vector<Dim>& sizes) {
  const HandWrittenText& text = *nest.by_hand;
  std::vector<std::string> arguments;
  std::string numbers;
  for (const auto& [name, extent] : text.sizes) {
    if (extent.is_constant()) {
      numbers += fmt::format("  const {} {} = {};\n", dialect.type(DType::kI64), name, extent.constant());
      continue;
    }
    arguments.push_back(name);
    sizes.push_back(extent);
  }
  std::string out = kernel_head(dialect, nest.slots, text.names, arguments) + numbers;
  if (dialect.range.empty())
    out += fmt::format("  const {} begin = 0, end = {};\n", dialect.type(DType::kI64),
                       text.shared.empty() ? "1" : text.shared);
  return out + text.code + (text.code.ends_with('\n') ? "" : "\n") + "}\n";
}

}  // namespace caten
