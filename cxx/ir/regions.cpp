#include "ir/regions.hpp"

#include <algorithm>
#include <span>

namespace caten {

std::vector<NodeId> nodes_inside(const Graph& graph, const Node& region) {
  NodeId result = region.operands[0];
  auto arguments = std::span(region.operands).subspan(1);
  // Operands have smaller ids: nothing before the first argument depends on one.
  NodeId first = arguments.empty() ? NodeId{} : *std::min_element(arguments.begin(), arguments.end());
  if (result < first) return {};
  // By node, from the first argument to the result.
  std::vector<bool> depends(result.value - first.value + 1, false);
  for (NodeId argument : arguments)
    if (argument <= result) depends[argument.value - first.value] = true;
  std::vector<bool> seen = depends;
  std::vector<NodeId> body, pending{result};
  while (!pending.empty()) {
    NodeId id = pending.back();
    pending.pop_back();
    if (id < first || seen[id.value - first.value]) continue;
    seen[id.value - first.value] = true;
    body.push_back(id);
    pending.insert(pending.end(), graph[id].operands.begin(), graph[id].operands.end());
  }
  std::sort(body.begin(), body.end());
  std::erase_if(body, [&](NodeId id) {
    const std::vector<NodeId>& operands = graph[id].operands;
    bool inside = std::any_of(operands.begin(), operands.end(),
                              [&](NodeId operand) { return operand >= first && depends[operand.value - first.value]; });
    depends[id.value - first.value] = inside;
    return !inside;
  });
  return body;
}

std::vector<bool> contracted_nodes(const Graph& graph) {
  std::vector<bool> out;
  for (const Node& node : graph.nodes()) out.push_back(node.contract);
  for (NodeId id : graph.reachable()) {
    const Node& region = graph[id];
    if (region.kind != NodeKind::kRegion) continue;
    const auto& attributes = region.get<RegionAttributes>().attributes;
    bool contract = std::any_of(attributes.begin(), attributes.end(), [](const auto& attribute) {
      return attribute.first == "contract" && !attribute.second.is_symbol("false") &&
             !attribute.second.is_symbol("nil");
    });
    if (!contract) continue;
    for (NodeId inside : nodes_inside(graph, region)) out[inside.value] = true;
  }
  return out;
}

std::optional<Graph> mark_schedules(const Graph& from) {
  auto has_schedule = [](const Node& node) {
    return node.kind == NodeKind::kRegion && !node.get<RegionAttributes>().schedule.empty();
  };
  if (std::none_of(from.nodes().begin(), from.nodes().end(), has_schedule)) return std::nullopt;
  Graph graph = from;
  for (uint32_t i = 0; i < from.size(); ++i) {
    const Node& region = from[NodeId{i}];
    if (!has_schedule(region)) continue;
    Result<ScheduleHint> hint = parse_schedule(region.get<RegionAttributes>().schedule);
    if (!hint) continue;  // refused where the region was made
    hint->composite = region.get<RegionAttributes>().name;
    Origin origin{.hint = static_cast<uint32_t>(graph.hints.size())};
    if (!region.origins.empty()) {
      origin.span = graph.origins[region.origins[0]].span;
      origin.composite_path = graph.origins[region.origins[0]].composite_path;
    }
    hint->span = origin.span;
    graph.hints.push_back(std::move(*hint));
    auto number = static_cast<uint32_t>(graph.origins.size());
    bool by_hand = graph.hints.back().implementation.has_value();
    graph.origins.push_back(origin);
    for (uint32_t k = 1; by_hand && k < region.operands.size(); ++k) {
      origin.argument = k - 1;
      graph.origins.push_back(origin);
      graph.add_origin(region.operands[k], static_cast<uint32_t>(graph.origins.size() - 1));
    }
    for (NodeId id : nodes_inside(graph, region)) graph.add_origin(id, number);
  }
  return graph;
}

}  // namespace caten
