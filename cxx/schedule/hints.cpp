#include "schedule/hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace caten {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

/// The innermost one around the node.
uint32_t hint_of(const Graph& graph, NodeId id) {
  uint32_t least = kNone;
  for (uint32_t origin : graph[id].origins)
    if (graph.origins[origin].argument == kNone) least = std::min(least, graph.origins[origin].hint);
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

/// Finds the arguments of the call among what the kernel reads; "" or why its text cannot stand for the kernel.
std::string take_over(const Graph& graph, const Kernel& kernel, HandWrittenKernel& by_hand) {
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.Move): made anew for each kernel
  const Implementation& implementation = *by_hand.implementation;
  auto is_argument = [&](NodeId id, uint32_t k) {
    const std::vector<uint32_t>& origins = graph[id].origins;
    return std::any_of(origins.begin(), origins.end(), [&](uint32_t origin) {
      return graph.origins[origin].hint == *kernel.hint && graph.origins[origin].argument == k;
    });
  };
  // A leaf may be a reshape of what lies there.
  auto stands_for = [&](const KernelLeaf& leaf, uint32_t k) {
    for (NodeId id = leaf.node;; id = graph[id].operands[0]) {
      if (is_argument(id, k)) return id;
      if (!graph[id].is(Op::kReshape)) return NodeId{};
    }
  };
  std::vector<ValueType> inputs;
  std::set<size_t> used;
  for (uint32_t k = 0; k < implementation.inputs.size(); ++k) {
    std::optional<size_t> found;
    for (size_t i = 0; i < kernel.leaves.size(); ++i) {
      const KernelLeaf& leaf = kernel.leaves[i];
      NodeId argument = stands_for(leaf, k);
      if (!argument.valid() || leaf.counter || !leaf.location.offset.is(0)) continue;
      used.insert(i);
      if (found) continue;
      found = i;
      inputs.push_back(graph.type(argument));
    }
    if (!found)
      return fmt::format("{} is no value in memory: a view, a constant, or part of one", implementation.inputs[k].name);
    by_hand.leaves.push_back(*found);  // NOLINT(clang-analyzer-cplusplus.Move)
  }
  if (used.size() != kernel.leaves.size()) return "the composite reads more than its arguments";
  if (kernel.parts.size() != 1 || !kernel.parts[0].target || !kernel.parts[0].target->offset.is(0))
    return "the kernel has other results, too";
  Fit found = fit(implementation, inputs, graph.type(kernel.parts[0].space.root));
  by_hand.sizes = std::move(found.sizes);
  return found.reason;
}

/// Kernels that a tuning has something for, and nobody else.
void follow_tuning(Schedule& schedule, const std::map<uint32_t, ScheduleHint>& tuned) {
  for (const auto& [number, hint] : tuned) {
    if (number >= schedule.kernels.size()) continue;
    Kernel& kernel = schedule.kernels[number];
    if (kernel.hint || kernel.by_library) continue;
    kernel.hint = static_cast<uint32_t>(schedule.graph.hints.size());
    schedule.graph.hints.push_back(hint);
  }
}

/// What composites ask for.
void follow_composites(Schedule& schedule, const ScheduleOptions& options) {
  const Graph& graph = schedule.graph;
  if (graph.hints.empty()) return;
  std::map<uint32_t, size_t> followers;
  for (Kernel& kernel : schedule.kernels) {
    kernel.hint = choose(graph, kernel);
    if (kernel.hint) ++followers[*kernel.hint];
  }
  for (Kernel& kernel : schedule.kernels) {
    if (!kernel.hint || !graph.hints[*kernel.hint].implementation) continue;
    size_t number = *graph.hints[*kernel.hint].implementation;
    if (number >= options.implementations.size()) continue;
    HandWrittenKernel by_hand{.implementation = options.implementations[number]};
    size_t kernels = followers.at(*kernel.hint);
    kernel.not_by_hand = kernels > 1 ? fmt::format("the composite is computed by {} kernels, not by one", kernels)
                                     : take_over(graph, kernel, by_hand);
    if (!kernel.not_by_hand.empty()) continue;
    kernel.by_hand = std::move(by_hand);
    // Nobody knows in which order the text reads and writes.
    for (KernelLeaf& leaf : kernel.leaves) leaf.same_place = false;
  }
}

}  // namespace

std::vector<uint32_t> fences_of(const Graph& graph, NodeId id) {
  std::vector<uint32_t> out;
  if (graph.hints.empty()) return out;
  for (uint32_t origin : graph[id].origins) {
    uint32_t hint = graph.origins[origin].argument == kNone ? graph.origins[origin].hint : kNone;
    if (hint != kNone && !graph.hints[hint].fuse) out.push_back(hint);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool follows_schedule(const Graph& graph, NodeId id) { return hint_of(graph, id) != kNone; }

void choose_hints(Schedule& schedule, const ScheduleOptions& options) {
  follow_composites(schedule, options);
  follow_tuning(schedule, options.tuned);
}

std::string why_unused(const Schedule& schedule, uint32_t hint) {
  const Graph& graph = schedule.graph;
  std::string other;
  for (const Kernel& kernel : schedule.kernels) {
    if (kernel.hint == hint) return "";
    if (!kernel.hint) continue;
    for (NodeId id : kernel.inlined)
      for (uint32_t origin : graph[id].origins)
        if (graph.origins[origin].hint == hint && graph.origins[origin].argument == kNone)
          other = graph.hints[*kernel.hint].composite;
  }
  if (!other.empty()) return fmt::format("what it computes is in a kernel that follows the schedule of `{}`", other);
  return "nothing is left of it that a kernel computes: views, constants and what is computed nowhere have no loops";
}

}  // namespace caten
