// In programs with loops: the collects of a loop that nobody reads go, and with them what nothing else needs. A carry
// that neither a result nor the rest of the body needs keeps its place, but is no longer computed: it starts as zero
// and stays.
#include <algorithm>
#include <map>
#include <set>

#include "rewrite/rewrite.hpp"

namespace caten {
namespace {

/// What of a loop is needed.
struct Needed {
  std::set<uint32_t> carries, collects;
};

class DeadCode : public GraphCopier {
 public:
  DeadCode(const Graph& from, Graph& to) : GraphCopier(from, to) {
    for (NodeId id : from.reachable()) {
      const Node& node = from[id];
      if (node.kind == NodeKind::kResult) read_[node.operands[0]].insert(node.get<ResultAttributes>().index);
    }
    for (const auto& [loop, results] : read_) needed_[loop] = needs(loop, results);
  }
  bool found() const { return found_; }

 private:
  Needed needs(NodeId id, const std::set<uint32_t>& results) {
    const Node& loop = from_[id];
    const auto& attributes = loop.get<LoopAttributes>();
    LoopOperands roles = loop_operands(loop);
    Needed out;
    std::set<NodeId> seen;
    std::vector<NodeId> pending;
    auto visit = [&](NodeId value) {
      if (from_[value].free_levels >> attributes.level && seen.insert(value).second) pending.push_back(value);
    };
    auto need_carry = [&](uint32_t k) {
      if (out.carries.insert(k).second) visit(roles.nexts[k]);
    };
    for (uint32_t index : results) {
      if (index < attributes.carries)
        need_carry(index);
      else if (index < attributes.carries + attributes.collects) {
        out.collects.insert(index - attributes.carries);
        visit(roles.collects[index - attributes.carries]);
      }
    }
    if (roles.until.valid()) visit(roles.until);
    while (!pending.empty()) {
      NodeId value = pending.back();
      pending.pop_back();
      const Node& node = from_[value];
      if (node.kind == NodeKind::kBound) {
        const auto& bound = node.get<BoundAttributes>();
        if (bound.level == attributes.level && bound.index > 0 && bound.index <= attributes.carries)
          need_carry(bound.index - 1);
      }
      for (NodeId operand : node.operands) visit(operand);
    }
    return out;
  }

  NodeId visit(NodeId id, Node&& node) override {
    if (node.is(Op::kLoop) && needed_.contains(id)) return shrink(std::move(node), needed_.at(id));
    if (node.kind == NodeKind::kResult) {
      NodeId loop = from_[id].operands[0];
      const auto& before = from_[loop].get<LoopAttributes>();
      const Needed& needed = needed_.at(loop);
      uint32_t index = node.get<ResultAttributes>().index;
      if (index >= before.carries) {
        auto kept = std::distance(needed.collects.begin(), needed.collects.lower_bound(index - before.carries));
        index = before.carries + static_cast<uint32_t>(kept);
      }
      return to_.make_result(node.operands[0], index).value();
    }
    return copy_node(std::move(node));
  }

  NodeId shrink(Node&& made, const Needed& needed) {
    auto& attributes = std::get<LoopAttributes>(made.attributes);
    attributes.count = to_.dims.resolve(attributes.count);
    LoopOperands roles = loop_operands(made);
    Build build(to_);
    std::vector<NodeId> kept;
    for (uint32_t k = 0; k < attributes.carries; ++k) {
      if (needed.carries.contains(k)) continue;
      ValueType type = to_.type(roles.inits[k]);
      NodeId nothing = to_.add({.kind = NodeKind::kOp,
                                .op = Op::kConst,
                                .type = type,
                                .operands = {},
                                .attributes = ConstAttributes{Scalar::zero(type.dtype)}});
      NodeId variable = to_.add_bound(attributes.level, k + 1, type);
      found_ = found_ || roles.inits[k] != nothing || roles.nexts[k] != variable;
      roles.inits[k] = nothing;
      roles.nexts[k] = variable;
    }
    for (uint32_t k = 0; k < attributes.collects; ++k)
      if (needed.collects.contains(k)) kept.push_back(roles.collects[k]);
    found_ = found_ || kept.size() < attributes.collects;
    attributes.collects = static_cast<uint32_t>(kept.size());
    made.operands.clear();
    if (roles.count.valid()) made.operands.push_back(roles.count);
    made.operands.insert(made.operands.end(), roles.inits.begin(), roles.inits.end());
    made.operands.insert(made.operands.end(), roles.nexts.begin(), roles.nexts.end());
    if (roles.until.valid()) made.operands.push_back(roles.until);
    made.operands.insert(made.operands.end(), kept.begin(), kept.end());
    return build.op(Op::kLoop, std::move(made.operands), std::move(made.attributes));
  }

  std::map<NodeId, std::set<uint32_t>> read_;
  std::map<NodeId, Needed> needed_;
  bool found_ = false;
};

}  // namespace

bool remove_dead_code(Graph& graph, const RewriteOptions&) {
  auto is_loop = [](const Node& node) { return node.is(Op::kLoop); };
  if (std::none_of(graph.nodes().begin(), graph.nodes().end(), is_loop)) return false;
  graph = resolve_dims(std::move(graph));
  // What a dead collect or carry kept alive, in loops inside or before, may be dead next.
  for (bool found = true; found;) {
    Graph next;
    DeadCode pass(graph, next);
    pass.copy_program();
    graph = resolve_dims(std::move(next));
    found = pass.found();
  }
  return true;
}

}  // namespace caten
