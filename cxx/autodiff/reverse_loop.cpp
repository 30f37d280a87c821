// The adjoint of a loop: a loop that runs backwards over the collected carries.
#include <algorithm>
#include <cassert>

#include "autodiff/body.hpp"
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

}  // namespace

Graph prepare_loops(const Graph& program) {
  Graph out;
  LoopPreparer(program, out).copy_program();
  return out;
}

namespace {

/// The carries of a loop that runs backwards: cotangents, each with its condition beside it if there are any.
struct Carries {
  const Build& b;
  int level = 0;
  bool conditions = false;
  std::vector<NodeId> inits{}, nexts{};

  /// The variables that stand for a cotangent of this type, which begins as `init`.
  Flow begin(const ValueType& type, const Flow& init) {
    inits.push_back(init ? init.value : b.zeros(type));
    Flow out{b.graph().add_bound(level, static_cast<uint32_t>(inits.size()), type)};
    if (!conditions) return out;
    inits.push_back(condition(type, init));
    out.counts = b.graph().add_bound(level, static_cast<uint32_t>(inits.size()), {DType::kBool, type.shape});
    return out;
  }
  void end(const ValueType& type, const Flow& next) {
    nexts.push_back(next ? next.value : b.zeros(type));
    if (conditions) nexts.push_back(condition(type, next));
  }
  NodeId condition(const ValueType& type, const Flow& flow) const {
    ValueType bools{DType::kBool, type.shape};
    if (!flow) return b.zeros(bools);
    return flow.counts.valid() ? flow.counts : b.ones(bools);
  }
  /// Of the loop that was made, cotangent k.
  Flow result(NodeId loop, uint32_t k) const {
    if (!conditions) return {b.result(loop, k)};
    return {b.result(loop, 2 * k), b.result(loop, 2 * k + 1)};
  }
};

}  // namespace

void Reverse::run_backwards(NodeId forward, const Flows& results) {
  const Build& b = build_;
  Node node = graph()[forward];
  NodeId loop = again_(forward);
  auto attributes = node.get<LoopAttributes>();
  LoopOperands roles = loop_operands(node);
  int level = attributes.level;
  bool dynamic = attributes.runtime_count || attributes.until;
  NodeId count = dynamic ? b.result(loop, attributes.carries + attributes.collects) : b.size(attributes.count);
  NodeId i = b.add(count, b.complement(b.graph().add_bound(level, 0, {DType::kI64, {}})));

  // The forward body at iteration i.
  Body body(graph(), level, [&](NodeId outside) { return again_(outside); });
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
  std::vector<NodeId> targets, captured;
  for (uint32_t k = 0; k < attributes.carries; ++k)
    if (differentiable(b.dtype(carries[k]))) {
      active.push_back(k);
      targets.push_back(carries[k]);
    }
  for (const auto& [id, used] : body.captured())
    if (varying_.contains(id) && differentiable(b.dtype(id))) {
      captured.push_back(id);
      targets.push_back(used);
    }

  Carries back{b, level};
  back.conditions = body.has_if() ||
                    std::any_of(results.begin(), results.end(), [](const Flow& flow) { return flow.counts.valid(); });
  std::vector<std::pair<NodeId, Flow>> seeds;
  for (uint32_t k : active) seeds.emplace_back(nexts[k], back.begin(cotangent_type(b.type(carries[k])), results[k]));
  for (uint32_t k = 0; k < attributes.collects; ++k)
    if (const Flow& flow = results[attributes.carries + k]; flow)
      seeds.emplace_back(
          collects[k], Flow{b.take(flow.value, 0, {i}), flow.counts.valid() ? b.take(flow.counts, 0, {i}) : NodeId{}});
  Flows found = Reverse(graph(), ~uint64_t{0} << level).run(seeds, targets);

  for (size_t k = 0; k < active.size(); ++k) back.end(cotangent_type(b.type(targets[k])), found[k]);
  std::vector<NodeId> gathered;
  for (size_t k = active.size(); k < targets.size(); ++k) {
    if (!found[k]) continue;
    ValueType type = cotangent_type(b.type(targets[k]));
    Flow sum = back.begin(type, {});
    back.end(type, accumulate(b, sum, found[k]));
    gathered.push_back(captured[k - active.size()]);
  }
  if (back.inits.empty()) return;
  LoopAttributes reversed{.level = level, .count = attributes.count, .runtime_count = dynamic};
  reversed.carries = static_cast<uint32_t>(back.inits.size());
  std::vector<NodeId> operands;
  if (dynamic) operands.push_back(count);
  operands.insert(operands.end(), back.inits.begin(), back.inits.end());
  operands.insert(operands.end(), back.nexts.begin(), back.nexts.end());
  NodeId made = b.op(Op::kLoop, std::move(operands), std::move(reversed));
  uint32_t at = 0;
  for (uint32_t k : active) receive(roles.inits[k], back.result(made, at++));
  for (NodeId id : gathered) receive(id, back.result(made, at++));
}

}  // namespace caten::autodiff
