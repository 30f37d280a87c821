#include "autodiff/recomputation.hpp"

#include "ir/regions.hpp"

namespace caten::autodiff {

void Recomputation::add(NodeId id) {
  const Graph& graph = build_.graph();
  const Node& region = graph[id];
  auto number = static_cast<int>(segments_.size());
  Segment made{.region = id};
  for (NodeId node : nodes_inside(graph, region)) {
    made.inside.insert(node);
    innermost_.emplace(node, number);
  }
  for (Segment& inner : segments_)
    if (inner.parent < 0 && made.inside.contains(inner.region)) inner.parent = number;
  for (size_t k = 1; k < region.operands.size(); ++k) {
    const Node& argument = graph[region.operands[k]];
    bool there = argument.kind == NodeKind::kInput || argument.kind == NodeKind::kState || argument.is(Op::kConst);
    if (!there) made.copied.insert(region.operands[k]);
  }
  if (made.copied.empty() && region.operands.size() > 1) made.copied.insert(region.operands[1]);
  segments_.push_back(std::move(made));
}

NodeId Recomputation::operator()(NodeId id) {
  auto found = innermost_.find(id);
  return found == innermost_.end() ? id : value(found->second, id);
}

NodeId Recomputation::value(int segment, NodeId id) {
  while (segment >= 0 && !segments_[static_cast<size_t>(segment)].inside.contains(id))
    segment = segments_[static_cast<size_t>(segment)].parent;
  return segment < 0 ? id : copy(segment, id);
}

NodeId Recomputation::from_outside(int segment, NodeId id) {
  const Segment& here = segments_[static_cast<size_t>(segment)];
  NodeId outer = value(here.parent, id);
  return here.copied.contains(id) ? build_.op(Op::kCopy, {outer}, CopyAttributes{}) : outer;
}

NodeId Recomputation::copy(int segment, NodeId root) {
  Graph& graph = build_.graph();
  std::vector<NodeId> pending{root};
  while (!pending.empty()) {
    NodeId id = pending.back();
    Segment& here = segments_[static_cast<size_t>(segment)];
    if (here.again.contains(id)) {
      pending.pop_back();
    } else if (!here.inside.contains(id)) {
      here.again[id] = from_outside(segment, id);
    } else {
      size_t before = pending.size();
      for (NodeId operand : graph[id].operands)
        if (!here.again.contains(operand)) pending.push_back(operand);
      if (pending.size() > before) continue;
      Node node = graph[id];
      for (NodeId& operand : node.operands) operand = here.again.at(operand);
      node.free_levels = 0;
      here.again[id] = graph.add(std::move(node));
    }
  }
  return segments_[static_cast<size_t>(segment)].again.at(root);
}

}  // namespace caten::autodiff
