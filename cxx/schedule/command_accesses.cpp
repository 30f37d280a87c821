#include "schedule/command_accesses.hpp"

#include <algorithm>

namespace caten {
namespace {

bool meet(const std::set<BufferId>& a, const std::set<BufferId>& b) {
  return std::any_of(a.begin(), a.end(), [&](BufferId id) { return b.contains(id); });
}

}  // namespace

bool Accesses::before(const Accesses& later) const {
  return meet(writes, later.reads) || meet(writes, later.writes) || meet(reads, later.writes);
}

void Accesses::add(const Accesses& other) {
  reads.insert(other.reads.begin(), other.reads.end());
  writes.insert(other.writes.begin(), other.writes.end());
}

Accesses accesses_of(const Kernel& kernel) {
  Accesses out;
  for (const KernelLeaf& leaf : kernel.leaves)
    if (!leaf.counter) out.reads.insert(leaf.location.buffer);
  for (const KernelPart& part : kernel.parts)
    if (part.target) out.writes.insert(part.target->buffer);
  return out;
}

Accesses accesses_of(const Schedule& schedule, const Command& command) {
  Accesses out;
  if (const auto* launch = std::get_if<LaunchCommand>(&command.what))
    return accesses_of(schedule.kernels[launch->kernel]);
  if (const auto* copy = std::get_if<CopyCommand>(&command.what)) return {{copy->from.buffer}, {copy->to.buffer}};
  if (const auto* blocks = std::get_if<RowBlocksCommand>(&command.what)) {
    for (uint32_t kernel : blocks->kernels) out.add(accesses_of(schedule.kernels[kernel]));
    return out;
  }
  const auto& loop = std::get<LoopCommand>(command.what);
  for (const Command& inner : loop.body) out.add(accesses_of(schedule, inner));
  for (const LoopCommand::Carry& carry : loop.carries)
    for (BufferId id : {carry.current, carry.next}) out.reads.insert(id), out.writes.insert(id);
  for (const LoopCommand::Collect& collect : loop.collects) out.writes.insert(collect.stack);
  if (loop.runtime_count) out.reads.insert(loop.runtime_count->buffer);
  if (loop.until) out.reads.insert(loop.until->buffer);
  out.writes.insert(loop.iterations);
  return out;
}

}  // namespace caten
