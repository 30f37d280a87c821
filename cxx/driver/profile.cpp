#include "driver/profile.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten {

Status Profile::before(const KernelLaunch& launch) {
  std::lock_guard lock(mutex_);
  row_of(launch);
  cost_of(launch);
  auto [running, added] = running_.try_emplace(std::this_thread::get_id());
  if (added) running->second.first = static_cast<uint32_t>(running_.size());
  running->second.second = Clock::now();
  return {};
}

Status Profile::after(const KernelLaunch& launch) {
  Clock::time_point end = Clock::now();
  std::lock_guard lock(mutex_);
  auto [thread, begin] = running_.at(std::this_thread::get_id());
  double seconds = std::chrono::duration<double>(end - begin).count();
  size_t number = row_of(launch);
  Row& row = rows_[number];
  KernelCost cost = cost_of(launch);
  ++launches_;
  seconds_ += seconds;
  on_host_ = on_host_ && launch.program.device->host_memory();
  ++row.calls;
  row.seconds += seconds;
  row.cost += cost;
  if (events_.size() < kMostEvents)
    events_.push_back({number, thread, std::chrono::duration<double>(begin - begin_).count(), seconds, cost});
  return {};
}

size_t Profile::row_of(const KernelLaunch& launch) {
  const RenderedKernel& rendered = launch.program.rendered.kernels[launch.kernel];
  // A call of a library belongs to its plan: it has no function that several programs could have.
  size_t next = rows_.size(), number = next;
  if (rendered.call)
    number = calls_.try_emplace({launch.plan, launch.kernel}, next).first->second;
  else
    number =
        known_.try_emplace({launch.program.executables[rendered.unit], launch.program.functions[launch.kernel]}, next)
            .first->second;
  if (number < next) return number;
  const Graph& graph = launch.program.schedule.graph;
  const Kernel& kernel = launch.program.schedule.kernels[launch.kernel];
  Row row{.name = fmt::format("{} {}", graph.name, launch.kernel), .ops = rendered.call ? rendered.name : ""};
  for (NodeId id : kernel.inlined) {
    const Node& node = graph[id];
    bool computes = node.kind == NodeKind::kOp && !node.is(Op::kConst) && !node.is(Op::kIndex);
    if (computes && !rendered.call) row.ops += (row.ops.empty() ? "" : " ") + std::string(op_name(node.op));
  }
  auto note = [&](NodeId id) {
    for (uint32_t origin : graph[id].origins)
      if (graph.origins[origin].hint == UINT32_MAX &&
          std::find(row.origins.begin(), row.origins.end(), graph.origins[origin]) == row.origins.end())
        row.origins.push_back(graph.origins[origin]);
  };
  for (const KernelPart& part : kernel.parts) note(part.space.root);
  // A root that rewriting made may have no place of its own.
  for (size_t i = kernel.inlined.size(); i-- > 0 && row.origins.empty();) note(kernel.inlined[i]);
  rows_.push_back(std::move(row));
  return number;
}

KernelCost Profile::cost_of(const KernelLaunch& launch) {
  auto [known, added] = costs_.try_emplace({launch.plan, launch.kernel});
  if (added)
    known->second =
        count_kernel(launch.program.schedule, launch.program.schedule.kernels[launch.kernel], launch.plan->sizes);
  return known->second * launch.part;
}

std::vector<Profile::Row> Profile::rows() const {
  std::lock_guard lock(mutex_);
  std::vector<Row> out = rows_;
  std::stable_sort(out.begin(), out.end(), [](const Row& a, const Row& b) { return a.seconds > b.seconds; });
  return out;
}

}  // namespace caten
