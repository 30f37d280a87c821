#include "driver/profile.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten {
namespace {

template <class Duration>
double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// What a generated kernel does, for people.
std::string kind_of(const Graph& graph, const Kernel& kernel, const KernelCost& cost) {
  if (kernel.by_hand) return "by hand";
  for (NodeId id : kernel.inlined)
    if (graph[id].is(Op::kReduce)) return "fold";
  return cost.flops > 0 ? "element-wise" : "copy";
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> out;
  for (size_t slash; (slash = path.find('/')) != std::string_view::npos; path.remove_prefix(slash + 1))
    out.push_back(path.substr(0, slash));
  out.push_back(path);
  return out;
}

}  // namespace

std::string Profile::Row::composite() const {
  if (origins.empty()) return "";
  const std::vector<std::string_view> first = parts_of(origins[0].composite_path);
  size_t common = first.size();
  for (const Origin& origin : origins) {
    const std::vector<std::string_view> other = parts_of(origin.composite_path);
    size_t equal = std::mismatch(first.begin(), first.end(), other.begin(), other.end()).first - first.begin();
    common = std::min(common, equal);
  }
  return std::string(common ? first[common - 1] : first.back());
}

Profile::Thread& Profile::thread() {
  auto [found, added] = threads_.try_emplace(std::this_thread::get_id());
  if (added) found->second.number = static_cast<uint32_t>(threads_.size());
  return found->second;
}

void Profile::call_begins() {
  std::lock_guard lock(mutex_);
  Thread& own = thread();
  own.own = 0;
  own.call = Clock::now();
}

void Profile::call_ends() {
  Clock::time_point end = Clock::now();
  std::lock_guard lock(mutex_);
  if (paused_) return;
  const Thread& own = thread();
  ++calls_done_;
  call_seconds_ += in_seconds(end - own.call) - own.own;
}

void Profile::pause(bool paused) {
  std::lock_guard lock(mutex_);
  paused_ = paused;
}

Status Profile::before(const KernelLaunch& launch) {
  Clock::time_point begin = Clock::now();
  std::lock_guard lock(mutex_);
  if (paused_) return {};
  row_of(launch);
  cost_of(launch);
  Thread& own = thread();
  own.kernel = Clock::now();
  own.own += in_seconds(own.kernel - begin);
  return {};
}

Status Profile::after(const KernelLaunch& launch) {
  Clock::time_point end = Clock::now();
  std::lock_guard lock(mutex_);
  if (paused_) return {};
  Thread& own = thread();
  double seconds = in_seconds(end - own.kernel);
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
    events_.push_back({number, own.number, in_seconds(own.kernel - begin_), seconds, cost});
  own.own += in_seconds(Clock::now() - end);
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
  row.kind = rendered.call ? rendered.name : kind_of(graph, kernel, cost_of(launch));
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

std::vector<Profile::Group> Profile::groups() const {
  std::vector<Group> out;
  for (const Row& row : rows()) {
    std::string composite = row.composite();
    auto found = std::find_if(out.begin(), out.end(), [&](const Group& group) {
      return group.kind == row.kind && group.composite == composite;
    });
    if (found == out.end()) found = out.insert(out.end(), {.kind = row.kind, .composite = std::move(composite)});
    found->sum.calls += row.calls;
    found->sum.seconds += row.seconds;
    found->sum.cost += row.cost;
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Group& a, const Group& b) { return a.sum.seconds > b.sum.seconds; });
  return out;
}

}  // namespace caten
