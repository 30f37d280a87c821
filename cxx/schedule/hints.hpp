// Which kernels follow which schedule hint (ir/schedule_hint.hpp): a kernel that computes something of a composite with
// a schedule follows that, the innermost where there are several.
#pragma once

#include "schedule/schedule.hpp"

namespace caten {

/// The hints with (fuse nil) that a node is inside of, ascending: values with different ones share no kernel.
std::vector<uint32_t> fences_of(const Graph& graph, NodeId id);

/// Whether a composite with a schedule of its own, or an implementation, is around the node.
bool follows_schedule(const Graph& graph, NodeId id);

/// Sets Kernel::hint, and Kernel::by_hand where the hint names an implementation that the kernel can have. Kernels of
/// which no composite asks anything follow ScheduleOptions::tuned.
void choose_hints(Schedule& schedule, const ScheduleOptions& options);

/// Why no kernel follows this hint; "" if one does.
std::string why_unused(const Schedule& schedule, uint32_t hint);

}  // namespace caten
