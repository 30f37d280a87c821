// The adjoint of a loop: a loop that runs backwards over the collected carries.
#include <algorithm>
#include <cassert>

#include "autodiff/reverse.hpp"

namespace caten::autodiff {
namespace {

bool is_carry(const Node& node, int level, uint32_t k) {
  return node.kind == NodeKind::kBound && node.get<BoundAttributes>() == BoundAttributes{level, k + 1};
}

class LoopPreparer : public GraphCopier {
 public:
  using GraphCopier::GraphCopier;

 private:
  NodeId visit(NodeId id, Node&& node) override {
    if (node.is(Op::kLoop)) return prepare(id, std::move(node));
    if (node.kind == NodeKind::kResult) {
      // The count moves behind the new collects.
      const auto& before = from_[from_[id].operands[0]].get<LoopAttributes>();
      const auto& after = to_[node.operands[0]].get<LoopAttributes>();
      uint32_t index = node.get<ResultAttributes>().index;
      if (index == before.carries + before.collects) index = after.carries + after.collects;
      return to_.make_result(node.operands[0], index).value();
    }
    return copy_node(std::move(node));
  }

  NodeId prepare(NodeId id, Node&& made) {
    std::vector<ValueType> results = from_.loop_result_types(id);
    if (std::none_of(results.begin(), results.end(), [](const ValueType& t) { return differentiable(t.dtype); }))
      return copy_node(std::move(made));
    auto& attributes = std::get<LoopAttributes>(made.attributes);
    attributes.count = to_.dims.resolve(attributes.count);
    made.type.shape = to_.dims.resolve(made.type.shape);
    LoopOperands roles = loop_operands(made);
    for (uint32_t k = 0; k < attributes.carries; ++k) {
      if (std::any_of(roles.collects.begin(), roles.collects.end(),
                      [&](NodeId collect) { return is_carry(to_[collect], attributes.level, k); }))
        continue;
      made.operands.push_back(to_.add_bound(attributes.level, k + 1, to_.type(roles.inits[k])));
      ++attributes.collects;
    }
    return to_.add(std::move(made));
  }
};

/// Copies the body of a loop with its variables replaced.
class Body {
 public:
  Body(Graph& graph, int level) : graph_(graph), level_(level) {}

  void replace(uint32_t index, NodeId by) { variables_[index] = by; }

  /// Loops inside have higher levels, so that none hides the variables, and a value is outside if no variable of this
  /// level or a higher one reaches it.
  NodeId operator()(NodeId root) {
    std::vector<NodeId> pending{root};
    while (!pending.empty()) {
      NodeId id = pending.back();
      Node node = graph_[id];
      if (copies_.contains(id)) {
        pending.pop_back();
      } else if (!(node.free_levels >> level_)) {
        copies_[id] = id;
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

  /// The values from outside that the body uses.
  std::vector<NodeId> captured() const {
    std::vector<NodeId> out;
    for (const auto& [from, to] : copies_)
      if (from == to && !(graph_[from].free_levels >> level_)) out.push_back(from);
    return out;
  }
  bool has_if() const { return has_if_; }

 private:
  Graph& graph_;
  int level_;
  bool has_if_ = false;
  std::map<uint32_t, NodeId> variables_;
  std::map<NodeId, NodeId> copies_;
};

}  // namespace

Graph prepare_loops(const Graph& program) {
  Graph out;
  LoopPreparer(program, out).copy_program();
  return out;
}

void Reverse::run_backwards(NodeId loop, const Flows& results) {
  const Build& b = build_;
  Node node = graph()[loop];
  auto attributes = node.get<LoopAttributes>();
  LoopOperands roles = loop_operands(node);
  int level = attributes.level;
  bool dynamic = attributes.runtime_count || attributes.until;
  NodeId count = dynamic ? b.result(loop, attributes.carries + attributes.collects) : b.size(attributes.count);
  NodeId i = b.add(count, b.complement(b.graph().add_bound(level, 0, {DType::kI64, {}})));

  // The forward body at iteration i.
  Body body(graph(), level);
  body.replace(0, i);
  std::vector<NodeId> carries;
  for (uint32_t k = 0; k < attributes.carries; ++k) {
    auto kept = std::find_if(roles.collects.begin(), roles.collects.end(),
                             [&](NodeId collect) { return is_carry(graph()[collect], level, k); });
    assert(kept != roles.collects.end());
    auto stack = static_cast<uint32_t>(kept - roles.collects.begin());
    carries.push_back(b.take(b.result(loop, attributes.carries + stack), 0, {i}));
    body.replace(k + 1, carries[k]);
  }
  std::vector<NodeId> nexts, collects;
  for (NodeId next : roles.nexts) nexts.push_back(body(next));
  for (uint32_t k = 0; k < attributes.collects; ++k)
    collects.push_back(results[attributes.carries + k] ? body(roles.collects[k]) : NodeId{});

  // Differentiated by: every carry that can be, then what is captured and varies.
  std::vector<uint32_t> active;
  std::vector<NodeId> targets;
  for (uint32_t k = 0; k < attributes.carries; ++k)
    if (differentiable(b.dtype(carries[k]))) {
      active.push_back(k);
      targets.push_back(carries[k]);
    }
  for (NodeId id : body.captured())
    if (varying_.contains(id) && differentiable(b.dtype(id))) targets.push_back(id);

  bool guarded =
      body.has_if() || std::any_of(results.begin(), results.end(), [](const Flow& flow) { return flow.guarded; });
  std::vector<std::pair<NodeId, Flow>> seeds;
  std::vector<NodeId> inits, bound;
  for (uint32_t k : active) {
    ValueType type = cotangent_type(b.type(carries[k]));
    inits.push_back(results[k] ? results[k].value : b.zeros(type));
    bound.push_back(graph().add_bound(level, static_cast<uint32_t>(inits.size()), type));
    seeds.emplace_back(nexts[k], Flow{bound.back(), guarded});
  }
  for (uint32_t k = 0; k < attributes.collects; ++k)
    if (const Flow& flow = results[attributes.carries + k]; flow)
      seeds.emplace_back(collects[k], Flow{b.take(flow.value, 0, {i}), guarded});
  Flows found = Reverse(graph(), ~uint64_t{0} << level).run(seeds, targets);

  std::vector<NodeId> back;
  for (size_t k = 0; k < active.size(); ++k) back.push_back(found[k] ? found[k].value : b.zeros(b.type(bound[k])));
  std::vector<NodeId> gathered;
  for (size_t k = active.size(); k < targets.size(); ++k) {
    if (!found[k]) continue;
    ValueType type = cotangent_type(b.type(targets[k]));
    inits.push_back(b.zeros(type));
    NodeId sum = graph().add_bound(level, static_cast<uint32_t>(inits.size()), type);
    back.push_back(accumulate(b, {sum}, found[k]).value);
    gathered.push_back(targets[k]);
  }
  if (inits.empty()) return;
  LoopAttributes reversed{.level = level, .count = attributes.count, .runtime_count = dynamic};
  reversed.carries = static_cast<uint32_t>(inits.size());
  std::vector<NodeId> operands;
  if (dynamic) operands.push_back(count);
  operands.insert(operands.end(), inits.begin(), inits.end());
  operands.insert(operands.end(), back.begin(), back.end());
  NodeId made = b.op(Op::kLoop, std::move(operands), std::move(reversed));
  uint32_t at = 0;
  for (uint32_t k : active) receive(roles.inits[k], {b.result(made, at++), guarded});
  for (NodeId id : gathered) receive(id, {b.result(made, at++), guarded});
}

}  // namespace caten::autodiff
