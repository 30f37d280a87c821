#include "schedule/hints.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

/// The innermost one around the node.
uint32_t hint_of(const Graph& graph, NodeId id) {
  uint32_t least = kNone;
  for (uint32_t origin : graph[id].origins) least = std::min(least, graph.origins[origin].hint);
  return least;
}

/// Folds decide how a kernel's loops run, then its other roots, then what is computed on the way.
std::optional<uint32_t> choose(const Graph& graph, const Kernel& kernel) {
  std::vector<NodeId> candidates;
  for (bool folds : {true, false})
    for (const KernelPart& part : kernel.parts)
      if (graph[part.space.root].is(Op::kReduce) == folds) candidates.push_back(part.space.root);
  candidates.insert(candidates.end(), kernel.inlined.rbegin(), kernel.inlined.rend());
  for (NodeId id : candidates)
    if (uint32_t hint = hint_of(graph, id); hint != kNone) return hint;
  return std::nullopt;
}

}  // namespace

std::vector<uint32_t> fences_of(const Graph& graph, NodeId id) {
  std::vector<uint32_t> out;
  if (graph.hints.empty()) return out;
  for (uint32_t origin : graph[id].origins) {
    uint32_t hint = graph.origins[origin].hint;
    if (hint != kNone && !graph.hints[hint].fuse) out.push_back(hint);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void choose_hints(Schedule& schedule) {
  if (schedule.graph.hints.empty()) return;
  for (Kernel& kernel : schedule.kernels) kernel.hint = choose(schedule.graph, kernel);
}

std::string why_unused(const Schedule& schedule, uint32_t hint) {
  const Graph& graph = schedule.graph;
  std::string other;
  for (const Kernel& kernel : schedule.kernels) {
    if (kernel.hint == hint) return "";
    if (!kernel.hint) continue;
    for (NodeId id : kernel.inlined)
      for (uint32_t origin : graph[id].origins)
        if (graph.origins[origin].hint == hint) other = graph.hints[*kernel.hint].composite;
  }
  if (!other.empty()) return fmt::format("what it computes is in a kernel that follows the schedule of `{}`", other);
  return "nothing is left of it that a kernel computes: views, constants and what is computed nowhere have no loops";
}

}  // namespace caten
