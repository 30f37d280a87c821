#include "autodiff/body.hpp"

#include <cassert>

namespace caten::autodiff {

NodeId Body::operator()(NodeId root) {
  std::vector<NodeId> pending{root};
  while (!pending.empty()) {
    NodeId id = pending.back();
    Node node = graph_[id];
    if (copies_.contains(id)) {
      pending.pop_back();
    } else if (!(node.free_levels >> level_)) {
      copies_[id] = outside_(id);
      captured_.emplace_back(id, copies_[id]);
    } else if (node.kind == NodeKind::kBound) {
      bool own = node.get<BoundAttributes>().level == level_;
      copies_[id] = own ? variables_.at(node.get<BoundAttributes>().index) : id;
    } else {
      assert(!node.is(Op::kLoop) || node.get<LoopAttributes>().level != level_);
      size_t before = pending.size();
      for (NodeId operand : node.operands)
        if (!copies_.contains(operand)) pending.push_back(operand);
      if (pending.size() > before) continue;
      has_if_ = has_if_ || node.is(Op::kIf);
      for (NodeId& operand : node.operands) operand = copies_.at(operand);
      node.free_levels = 0;
      copies_[id] = graph_.add(std::move(node));
    }
  }
  return copies_.at(root);
}

}  // namespace caten::autodiff
