#include "codegen/hand_written.hpp"

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

}  // namespace caten
