#include "schedule/streaming.hpp"

#include <algorithm>
#include <bit>

namespace caten {
namespace {

/// What kernels have memory of their own for: half of a first-level cache, beside the row that is read.
constexpr int64_t kOwnBytes = int64_t{32} << 10;

bool may_stream(const Schedule& schedule, const Kernel& kernel) {
  if (!kernel.blocks.empty() || kernel.hint || kernel.by_hand || kernel.by_library) return false;
  return std::all_of(kernel.parts.begin(), kernel.parts.end(), [&](const KernelPart& part) {
    if (part.pass + 1 < kernel.passes) return true;
    return part.everywhere && !schedule.graph[part.space.root].is(Op::kPut) &&
           !schedule.graph[part.space.root].is(Op::kReduce);
  });
}

/// The bytes of a buffer; 0: they are not known, or those of one block of rows.
int64_t known_bytes(const ScheduleBuffer& buffer) {
  if (!buffer.elements.is_constant() || buffer.scratch) return 0;
  return buffer.elements.constant() * static_cast<int64_t>(dtype_size(buffer.dtype));
}

/// Room for a row of what waits for a later pass; 0: it may be too long. Powers of two, since kernels for other
/// lengths may have the same text.
int64_t row_elements(const Kernel& kernel, const KernelPart& part) {
  Dim elements(1);
  for (size_t axis = kernel.rows; axis < part.space.outer.size(); ++axis) elements = elements * part.space.outer[axis];
  if (!part.everywhere || !elements.is_constant() || elements.constant() < 1 || elements.constant() > kOwnBytes)
    return 0;
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(elements.constant())));
}

/// Whether all that waits in the kernel does so in rows of its own from now on.
bool keep_rows(const Schedule& schedule, Kernel& kernel) {
  int64_t bytes = 0;
  for (const KernelPart& part : kernel.parts) {
    if (!part.waits) continue;
    int64_t elements = row_elements(kernel, part);
    bytes += elements * static_cast<int64_t>(dtype_size(schedule.graph.type(part.space.root).dtype));
    if (elements == 0 || bytes > kOwnBytes) return false;
  }
  for (KernelPart& part : kernel.parts) {
    if (!part.waits) continue;
    part.own_elements = row_elements(kernel, part);
    part.target.reset();
  }
  return true;
}

}  // namespace

void choose_streams(Schedule& schedule, int64_t bytes) {
  for (Kernel& kernel : schedule.kernels) {
    if (!may_stream(schedule, kernel)) continue;
    auto large = [&](const KernelPart& part) {
      return part.pass + 1 == kernel.passes && part.target &&
             known_bytes(schedule.buffers[part.target->buffer.value]) >= bytes;
    };
    if (std::none_of(kernel.parts.begin(), kernel.parts.end(), large) || !keep_rows(schedule, kernel)) continue;
    for (KernelPart& part : kernel.parts) part.streams = large(part);
  }
}

}  // namespace caten
