#include "autodiff/forward.hpp"

#include <algorithm>

#include "autodiff/body.hpp"
#include "autodiff/reverse.hpp"

namespace caten::autodiff {
namespace {

/// The operands whose tangents a value needs.
std::vector<NodeId> pushed_operands(const Graph& graph, const Node& node) {
  if (node.is(Op::kLoop)) return loop_operands(node).inits;
  if (node.kind == NodeKind::kOp) return differentiable(node.type.dtype) ? node.operands : std::vector<NodeId>{};
  switch (marker(node)) {
    case Marker::kStopGradient: return {};
    case Marker::kCustomGradient: return custom_gradient(graph, node).arguments;
    default: break;
  }
  if (node.kind == NodeKind::kRegion) return {node.operands[0]};
  return {};
}

}  // namespace

std::optional<NodeId> Forward::find(NodeId id) {
  if (!is_here(id)) return parent_->tangent(id);
  auto found = known_.find(id);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

NodeId Forward::tangent(NodeId root) {
  std::vector<NodeId> pending{root};
  while (!pending.empty()) {
    NodeId id = pending.back();
    if (find(id)) {
      pending.pop_back();
      continue;
    }
    size_t before = pending.size();
    for (NodeId operand : pushed_operands(graph(), graph()[id]))
      if (!find(operand)) pending.push_back(operand);
    if (pending.size() > before) continue;
    pending.pop_back();
    NodeId made = derive(id);
    known_[id] = made;
  }
  return *find(root);
}

NodeId Forward::derive(NodeId id) {
  Node node = graph()[id];
  if (node.kind == NodeKind::kResult) return extend(node.operands[0]).tangents[node.get<ResultAttributes>().index];
  if (node.kind == NodeKind::kRegion) return region_tangent(id);
  if (node.kind != NodeKind::kOp || node.is(Op::kLoop) || !differentiable(node.type.dtype)) return {};
  Push push{.build = build_, .id = id, .node = node};
  bool any = false;
  for (NodeId operand : node.operands) {
    push.tangents.push_back(*find(operand));
    any = any || push.tangents.back().valid();
  }
  return any ? push_forward(push) : NodeId{};
}

NodeId Forward::region_tangent(NodeId id) {
  Node region = graph()[id];
  if (marker(region) == Marker::kStopGradient) return {};
  if (marker(region) != Marker::kCustomGradient) return *find(region.operands[0]);
  // What is given is the map from the value's cotangent to the arguments', which is linear: the tangent is its
  // transpose, and no function of the cotangent that it is taken at.
  CustomGradient custom = custom_gradient(graph(), region);
  if (!custom.loop.valid()) return {};
  Node loop = graph()[custom.loop];
  LoopOperands roles = loop_operands(loop);
  int level = loop.get<LoopAttributes>().level;
  ValueType type = cotangent_type(region.type);
  NodeId cotangent = graph().add_bound(level, 1, type);
  std::vector<std::pair<NodeId, Flow>> seeds;
  for (size_t k = 0; k < custom.arguments.size(); ++k)
    if (NodeId t = *find(custom.arguments[k]); t.valid()) seeds.emplace_back(roles.nexts[k + 1], Flow{t});
  if (seeds.empty()) return {};
  Flow out = Reverse(graph(), ~uint64_t{0} << level).run(seeds, {cotangent})[0];
  if (!out) return {};
  if (graph()[out.value].free_levels & (uint64_t{1} << level))
    problem_ = Diagnostic{.code = Code::BadComposite,
                          .message = "a composite's :gradient is no linear function of the cotangent",
                          .expected = "sums of products of the cotangent with other values",
                          .found = "a gradient whose own derivative depends on the cotangent",
                          .remedy = "multiply the cotangent by values that do not depend on it"};
  return out.value;
}

uint32_t Forward::moved(NodeId loop, uint32_t index) {
  const auto& before = graph()[loop].get<LoopAttributes>();
  const auto& after = graph()[extend(loop).loop].get<LoopAttributes>();
  if (index < before.carries) return index;
  if (index < before.carries + before.collects) return index - before.carries + after.carries;
  return after.carries + after.collects;
}

const Forward::Extended& Forward::extend(NodeId id) {
  if (auto known = extended_.find(id); known != extended_.end()) return known->second;
  Node node = graph()[id];
  auto attributes = node.get<LoopAttributes>();
  LoopOperands roles = loop_operands(node);
  uint32_t carries = attributes.carries;
  auto type_of = [&](uint32_t k) { return graph().type(roles.inits[k]); };

  // Carries that vary, in the order in which that was found: more until no next value of another one varies.
  std::vector<uint32_t> active;
  for (uint32_t k = 0; k < carries; ++k)
    if (differentiable(type_of(k).dtype) && tangent(roles.inits[k]).valid()) active.push_back(k);
  std::optional<Forward> body;
  for (bool grown = true; grown;) {
    grown = false;
    body.emplace(Forward(*this, ~uint64_t{0} << attributes.level));
    for (uint32_t place = 0; place < active.size(); ++place) {
      uint32_t k = active[place];
      NodeId carry = graph().add_bound(attributes.level, k + 1, type_of(k));
      body->seed(carry, graph().add_bound(attributes.level, carries + 1 + place, cotangent_type(type_of(k))));
    }
    for (uint32_t k = 0; k < carries; ++k) {
      bool varies = std::find(active.begin(), active.end(), k) != active.end();
      if (varies || !differentiable(type_of(k).dtype) || !body->tangent(roles.nexts[k]).valid()) continue;
      active.push_back(k);
      grown = true;
    }
  }

  Extended out{.loop = id, .tangents = std::vector<NodeId>(graph().loop_result_types(id).size())};
  auto or_zeros = [&](NodeId t, const ValueType& type) { return t.valid() ? t : build_.zeros(cotangent_type(type)); };
  std::vector<NodeId> operands, collects;
  std::vector<uint32_t> collected;
  for (uint32_t k = 0; k < attributes.collects; ++k)
    if (NodeId t = body->tangent(roles.collects[k]); t.valid()) {
      collects.push_back(t);
      collected.push_back(k);
    }
  if (body->problem_) problem_ = body->problem_;
  if (active.empty() && collects.empty()) return extended_[id] = out;
  if (roles.count.valid()) operands.push_back(roles.count);
  operands.insert(operands.end(), roles.inits.begin(), roles.inits.end());
  for (uint32_t k : active) operands.push_back(or_zeros(tangent(roles.inits[k]), type_of(k)));
  operands.insert(operands.end(), roles.nexts.begin(), roles.nexts.end());
  for (uint32_t k : active) operands.push_back(or_zeros(body->tangent(roles.nexts[k]), type_of(k)));
  if (roles.until.valid()) operands.push_back(roles.until);
  operands.insert(operands.end(), roles.collects.begin(), roles.collects.end());
  operands.insert(operands.end(), collects.begin(), collects.end());
  LoopAttributes longer = attributes;
  longer.carries += static_cast<uint32_t>(active.size());
  longer.collects += static_cast<uint32_t>(collects.size());
  out.loop = build_.op(Op::kLoop, std::move(operands), longer);
  for (uint32_t place = 0; place < active.size(); ++place)
    out.tangents[active[place]] = build_.result(out.loop, carries + place);
  for (uint32_t place = 0; place < collected.size(); ++place)
    out.tangents[carries + collected[place]] = build_.result(out.loop, longer.carries + attributes.collects + place);
  return extended_[id] = out;
}

}  // namespace caten::autodiff
