#include "ir/evaluate_plan.hpp"

#include <algorithm>
#include <cassert>

#include "ir/regions.hpp"

namespace caten::evaluation {
namespace {

constexpr int kNoLevel = -1;

size_t saturating_add(size_t a, size_t b) {
  size_t sum;
  return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

class Planner {
 public:
  Planner(const Graph& graph, const DimValues& sizes, bool bounded) : graph_(graph), sizes_(sizes), bounded_(bounded) {
    plan_.shapes.resize(graph.size());
    bytes_.resize(graph.size());
    seen_.resize(graph.size(), 0);
  }

  Result<Plan> make() {
    for (NodeId id : graph_.reachable()) {
      CATEN_TRY(measure(id));
      if (graph_[id].is(Op::kLoop)) plan_loop(id);
    }
    std::vector<NodeId> outside;
    plan_.program = trace(graph_.roots(), kNoLevel, outside);
    assert(outside.empty());
    if (bounded_) plan_.contract = contracted_nodes(graph_);
    return std::move(plan_);
  }

 private:
  /// Shape and own bytes of a value: 0 where it shares an operand's memory.
  Status measure(NodeId id) {
    const Node& node = graph_[id];
    size_t total = 0;
    auto count = [&](const ValueType& type) -> Result<std::vector<int64_t>> {
      Result<std::vector<int64_t>> shape = checked_concrete(type.shape, sizes_);
      if (!shape) return shape;
      Result<size_t> bytes = checked_bytes(type.dtype, *shape);
      if (!bytes) return tl::make_unexpected(std::move(bytes.error()));
      total = saturating_add(total, *bytes);
      if (bounded_) total = saturating_add(total, *bytes / dtype_size(type.dtype) * sizeof(double));
      return shape;
    };
    auto located = [&](Diagnostic error) {
      if (!node.origins.empty()) error.span = graph_.origins[node.origins[0]].span;
      return fail(std::move(error));
    };
    if (node.is(Op::kLoop)) {
      const auto& loop = node.get<LoopAttributes>();
      Result<std::vector<int64_t>> iterations = checked_concrete({loop.count}, sizes_);
      if (!iterations) return located(iterations.error());
      // Carries before and after an iteration, and the stacks.
      std::vector<ValueType> types = graph_.loop_result_types(id);
      for (size_t k = 0; k < types.size(); ++k)
        for (int copy = 0; copy < (k < loop.carries ? 2 : 1); ++copy)
          if (auto shape = count(types[k]); !shape) return located(shape.error());
    } else {
      Result<std::vector<int64_t>> shape = count(node.type);
      if (!shape) return located(shape.error());
      plan_.shapes[id.value] = std::move(*shape);
    }
    bytes_[id.value] = shares_memory(node) ? 0 : total;
    return {};
  }

  static bool shares_memory(const Node& node) {
    if (node.kind != NodeKind::kOp) return true;
    return node.op == Op::kReshape || node.op == Op::kBitcast || node.op == Op::kCopy;
  }

  /// What must be there before the node can be computed.
  std::vector<NodeId> needs(NodeId id) const {
    const Node& node = graph_[id];
    if (node.is(Op::kLoop)) return loop_needs_.at(id);
    if (node.kind == NodeKind::kRegion) return {node.operands[0]};
    return node.operands;
  }

  void plan_loop(NodeId id) {
    const Node& node = graph_[id];
    LoopOperands operands = loop_operands(node);
    std::vector<NodeId> roots = operands.nexts;
    if (operands.until.valid()) roots.push_back(operands.until);
    roots.insert(roots.end(), operands.collects.begin(), operands.collects.end());
    std::vector<NodeId> outside = operands.inits;
    if (operands.count.valid()) outside.push_back(operands.count);
    plan_.loops[id] = trace(roots, node.get<LoopAttributes>().level, outside);
    loop_needs_[id] = std::move(outside);
  }

  /// The scope of the values that the roots need and that the level's variables reach; the others that they need
  /// directly are added to `outside`.
  Scope trace(const std::vector<NodeId>& roots, int level, std::vector<NodeId>& outside) {
    ++mark_;
    Scope scope;
    std::vector<NodeId> pending(roots.rbegin(), roots.rend());
    while (!pending.empty()) {
      NodeId id = pending.back();
      pending.pop_back();
      if (seen_[id.value] == mark_) continue;
      seen_[id.value] = mark_;
      if (level != kNoLevel && !(graph_[id].free_levels >> level & 1)) {
        outside.push_back(id);
        continue;
      }
      scope.nodes.push_back(id);
      for (NodeId operand : needs(id)) pending.push_back(operand);
    }
    std::sort(scope.nodes.begin(), scope.nodes.end());
    find_last_users(scope, roots);
    return scope;
  }

  void find_last_users(Scope& scope, const std::vector<NodeId>& roots) {
    size_t count = scope.nodes.size();
    constexpr size_t kNever = SIZE_MAX;
    std::vector<size_t> last(count, 0), memory(count), memory_last(count, 0);
    for (size_t at = 0; at < count; ++at) {
      last[at] = std::max(last[at], at);
      for (NodeId operand : needs(scope.nodes[at]))
        if (contains(scope, operand)) last[scope.position(operand)] = at;
    }
    for (NodeId root : roots)
      if (contains(scope, root)) last[scope.position(root)] = kNever;
    scope.release.resize(count);
    for (size_t at = 0; at < count; ++at)
      if (last[at] != kNever) scope.release[last[at]].push_back(static_cast<uint32_t>(at));

    // Memory lives as long as any value that shares it.
    for (size_t at = 0; at < count; ++at) {
      const Node& node = graph_[scope.nodes[at]];
      bool shares = shares_memory(node) && !node.operands.empty() && contains(scope, node.operands[0]);
      memory[at] = shares ? memory[scope.position(node.operands[0])] : at;
      memory_last[memory[at]] = std::max(memory_last[memory[at]], last[at]);
    }
    std::vector<size_t> freed(count, 0);
    for (size_t at = 0; at < count; ++at)
      if (memory[at] == at && memory_last[at] != kNever) freed[memory_last[at]] += bytes_[scope.nodes[at].value];
    size_t alive = 0;
    for (size_t at = 0; at < count; ++at) {
      alive = saturating_add(alive, bytes_[scope.nodes[at].value]);
      auto body = plan_.loops.find(scope.nodes[at]);
      size_t inside = body == plan_.loops.end() ? 0 : body->second.peak_bytes;
      scope.peak_bytes = std::max(scope.peak_bytes, saturating_add(alive, inside));
      if (alive != SIZE_MAX) alive -= freed[at];
    }
  }

  static bool contains(const Scope& scope, NodeId id) {
    return std::binary_search(scope.nodes.begin(), scope.nodes.end(), id);
  }

  const Graph& graph_;
  const DimValues& sizes_;
  bool bounded_;
  Plan plan_;
  std::vector<size_t> bytes_;
  std::map<NodeId, std::vector<NodeId>> loop_needs_;
  std::vector<uint32_t> seen_;
  uint32_t mark_ = 0;
};

}  // namespace

size_t Scope::position(NodeId id) const {
  auto found = std::lower_bound(nodes.begin(), nodes.end(), id);
  assert(found != nodes.end() && *found == id);
  return static_cast<size_t>(found - nodes.begin());
}

Result<Plan> make_plan(const Graph& graph, const DimValues& sizes, bool bounded) {
  return Planner(graph, sizes, bounded).make();
}

}  // namespace caten::evaluation
