#include "ir/regions.hpp"

#include <algorithm>
#include <set>

namespace caten {

std::unordered_set<uint32_t> nodes_inside(const Graph& graph, const Node& region) {
  std::unordered_set<uint32_t> arguments, inside;
  uint32_t first = UINT32_MAX;
  for (size_t i = 1; i < region.operands.size(); ++i) {
    arguments.insert(region.operands[i].value);
    first = std::min(first, region.operands[i].value);
  }
  // Operands have smaller ids: nothing before the first argument depends on one.
  std::set<uint32_t> body;
  std::vector<NodeId> pending{region.operands[0]};
  while (!pending.empty()) {
    NodeId id = pending.back();
    pending.pop_back();
    if (id.value < first || arguments.contains(id.value) || !body.insert(id.value).second) continue;
    for (NodeId operand : graph[id].operands) pending.push_back(operand);
  }
  for (uint32_t id : body) {
    const std::vector<NodeId>& operands = graph[NodeId{id}].operands;
    if (std::any_of(operands.begin(), operands.end(), [&](NodeId operand) {
          return arguments.contains(operand.value) || inside.contains(operand.value);
        }))
      inside.insert(id);
  }
  return inside;
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
    for (uint32_t inside : nodes_inside(graph, region)) out[inside] = true;
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
    for (uint32_t id : nodes_inside(graph, region)) graph.add_origin({id}, number);
  }
  return graph;
}

}  // namespace caten
