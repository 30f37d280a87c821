#include "schedule/streaming.hpp"

#include <algorithm>

namespace caten {
namespace {

bool may_stream(const Schedule& schedule, const Kernel& kernel) {
  if (kernel.passes > 1 || !kernel.blocks.empty() || kernel.hint || kernel.by_hand || kernel.by_library) return false;
  return std::all_of(kernel.parts.begin(), kernel.parts.end(), [&](const KernelPart& part) {
    return part.everywhere && !schedule.graph[part.space.root].is(Op::kPut) &&
           !schedule.graph[part.space.root].is(Op::kReduce);
  });
}

/// The bytes of a buffer; 0: they are not known, or those of one block of rows.
int64_t known_bytes(const ScheduleBuffer& buffer) {
  if (!buffer.elements.is_constant() || buffer.scratch) return 0;
  return buffer.elements.constant() * static_cast<int64_t>(dtype_size(buffer.dtype));
}

}  // namespace

void choose_streams(Schedule& schedule, int64_t bytes) {
  for (Kernel& kernel : schedule.kernels)
    if (may_stream(schedule, kernel))
      for (KernelPart& part : kernel.parts)
        part.streams = part.target && known_bytes(schedule.buffers[part.target->buffer.value]) >= bytes;
}

}  // namespace caten
