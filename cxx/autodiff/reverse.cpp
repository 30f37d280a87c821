#include "autodiff/reverse.hpp"

#include <algorithm>

#include "autodiff/body.hpp"

namespace caten::autodiff {
namespace {

/// The operands that a value's derivative may lead to.
std::vector<NodeId> differentiated_operands(const Graph& graph, const Node& node) {
  switch (marker(node)) {
    case Marker::kStopGradient: return {};
    case Marker::kCustomGradient:
    case Marker::kAdjoint: return custom_gradient(graph, node).arguments;
    // A region means its body. That a value is an argument too makes it no value that is used twice.
    default: return node.kind == NodeKind::kRegion ? std::vector<NodeId>{node.operands[0]} : node.operands;
  }
}

}  // namespace

Flows Reverse::run(const std::vector<std::pair<NodeId, Flow>>& seeds, const std::vector<NodeId>& targets) {
  targets_.insert(targets.begin(), targets.end());
  explore(seeds);
  for (const auto& [id, flow] : seeds) receive(id, flow);
  for (size_t k = order_.size(); k-- > 0;) {
    NodeId id = order_[k];
    if (targets_.contains(id) || !varying_.contains(id)) continue;
    if (graph()[id].is(Op::kLoop)) {
      if (auto results = loop_flows_.find(id); results != loop_flows_.end()) run_backwards(id, results->second);
    } else if (auto flow = flows_.find(id); flow != flows_.end()) {
      differentiate(id, flow->second);
    }
  }
  Flows out;
  for (NodeId target : targets) {
    auto flow = flows_.find(target);
    out.push_back(flow == flows_.end() ? Flow{} : flow->second);
  }
  return out;
}

/// What lies between seeds and targets. Values outside the scope are not entered: those that vary are targets.
void Reverse::explore(const std::vector<std::pair<NodeId, Flow>>& seeds) {
  std::set<NodeId> seen;
  std::vector<NodeId> pending;
  auto visit = [&](NodeId id) {
    if (!targets_.contains(id) && levels_ != 0 && !(graph()[id].free_levels & levels_)) return;
    if (seen.insert(id).second) pending.push_back(id);
  };
  for (const auto& seed : seeds) visit(seed.first);
  while (!pending.empty()) {
    NodeId id = pending.back();
    pending.pop_back();
    if (targets_.contains(id)) continue;
    for (NodeId operand : differentiated_operands(graph(), graph()[id])) {
      visit(operand);
      users_[operand].push_back(id);
    }
  }
  order_.assign(seen.begin(), seen.end());
  for (NodeId id : order_) {
    const Node& node = graph()[id];
    bool depends = targets_.contains(id);
    if (node.is(Op::kLoop) || differentiable(node.type.dtype))
      for (NodeId operand : differentiated_operands(graph(), node)) depends = depends || varying_.contains(operand);
    if (depends) varying_.insert(id);
    if (marker(node) == Marker::kCheckpoint) again_.add(id);
  }
}

void Reverse::receive(NodeId id, const Flow& flow) {
  if (!flow || !varying_.contains(id)) return;
  Flow& sum = flows_[id];
  sum = accumulate(build_, sum, flow);
}

bool Reverse::only_summed(NodeId id) const {
  auto users = users_.find(id);
  return users != users_.end() && std::all_of(users->second.begin(), users->second.end(), [&](NodeId user) {
           const Node& node = graph()[user];
           return node.is(Op::kReduce) && node.get<ReduceAttributes>().combine == Combine::kAdd;
         });
}

void Reverse::differentiate(NodeId id, const Flow& flow) {
  Node node = graph()[id];
  switch (node.kind) {
    case NodeKind::kResult: {
      Flows& results = loop_flows_[node.operands[0]];
      results.resize(graph().loop_result_types(node.operands[0]).size());
      results[node.get<ResultAttributes>().index] = flow;
      return;
    }
    case NodeKind::kRegion: differentiate_region(id, flow); return;
    case NodeKind::kOp: break;
    default: return;
  }
  Call call{.build = build_, .id = again_(id), .node = node, .g = flow, .wanted = {}, .contraction = only_summed(id)};
  for (NodeId& operand : call.node.operands) operand = again_(operand);
  for (NodeId operand : node.operands)
    call.wanted.push_back(varying_.contains(operand) && differentiable(build_.dtype(operand)));
  Flows flows = apply_rule(call);
  for (size_t i = 0; i < flows.size(); ++i) {
    NodeId operand = node.operands[i];
    if (!call.wanted[i]) continue;
    // Each of several products that read a value has an adjoint that is a product: they are summed, then added.
    bool product = call.contraction && flows[i] && graph()[operand].is(Op::kExpand) && !targets_.contains(operand);
    if (product)
      differentiate(operand, flows[i]);
    else
      receive(operand, flows[i]);
  }
}

void Reverse::differentiate_region(NodeId id, const Flow& flow) {
  Node region = graph()[id];
  switch (marker(region)) {
    case Marker::kStopGradient: return;
    case Marker::kCustomGradient:
    case Marker::kAdjoint: break;
    default: receive(region.operands[0], flow); return;
  }
  // The body of the loop says the arguments' cotangents of its first carry.
  CustomGradient custom = custom_gradient(graph(), region);
  if (!custom.loop.valid()) return;
  Node loop = graph()[custom.loop];
  LoopOperands roles = loop_operands(loop);
  Body body(graph(), loop.get<LoopAttributes>().level, [&](NodeId outside) { return again_(outside); });
  body.replace(1, flow.value);
  for (size_t k = 0; k < custom.arguments.size(); ++k) {
    NodeId argument = custom.arguments[k];
    if (varying_.contains(argument) && differentiable(build_.dtype(argument)))
      receive(argument, {body(roles.nexts[k + 1])});
  }
}

}  // namespace caten::autodiff
