#include "rewrite/passes/convert_precision.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "ir/build.hpp"
#include "ir/regions.hpp"

namespace caten {
namespace {

constexpr DType kWide = DType::kF32;

bool is_sum(Combine combine) { return combine == Combine::kAdd || combine == Combine::kMul; }

/// Composites that compute in f32 by themselves.
const std::set<std::string_view>& wide_composites() {
  static const std::set<std::string_view> names = [] {
    std::set<std::string_view> out;
    for (const PrecisionFamily& family : precision_families())
      out.insert(family.composites.begin(), family.composites.end());
    return out;
  }();
  return names;
}

/// The program, a composite's body or a loop's. A value belongs to the innermost scope whose arguments or variables
/// reach it; in another scope the same node may be computed in another dtype.
struct Scope {
  Scope* parent = nullptr;
  bool wide = false;                                      ///< computes in f32
  bool rounds = false;                                    ///< reads what is outside rounded to T
  int level = -1;                                         ///< of a loop
  std::unordered_set<uint32_t> arguments{}, dependent{};  ///< of a composite, and what depends on them
  std::unordered_map<uint32_t, NodeId> made{};
};

class Converter {
 public:
  Converter(const Graph& from, const Precision& precision) : from_(from), precision_(precision), build_(to_) {
    reached_.resize(from.size());
    for (uint32_t i = 0; i < from.size(); ++i) {
      const Node& node = from[NodeId{i}];
      reached_[i] = node.kind == NodeKind::kInput || node.kind == NodeKind::kState ||
                    std::any_of(node.operands.begin(), node.operands.end(),
                                [&](NodeId operand) { return reached_[operand.value]; });
    }
  }

  Graph run() {
    to_.name = from_.name;
    to_.dims = from_.dims;
    to_.origins = from_.origins;
    to_.hints = from_.hints;
    scopes_.push_back(std::make_unique<Scope>());
    Scope& program = *scopes_[0];
    for (const Graph::Input& input : from_.inputs)
      program.made[input.node.value] = to_.add_input(input.name, from_.type(input.node), input.donated);
    for (const Graph::State& state : from_.states)
      program.made[state.node.value] = to_.add_state(state.name, from_.type(state.node));
    for (const Graph::Output& output : from_.outputs) {
      demand(program, output.value);
      to_.outputs.push_back({output.name, read(program, output.value, kWide)});
    }
    for (size_t i = 0; i < from_.states.size(); ++i) {
      if (!from_.states[i].next.valid()) continue;
      demand(program, from_.states[i].next);
      to_.states[i].next = read(program, from_.states[i].next, kWide);
    }
    return resolve_dims(std::move(to_));
  }

 private:
  struct Task {
    Scope* scope;
    NodeId id;
  };

  bool is_wide(NodeId id) const { return from_.type(id).dtype == kWide; }
  bool keeps(std::string_view name) const { return precision_.keep.contains(std::string(name)); }
  /// No input, state or loop variable reaches it.
  bool closed(NodeId id) const { return !reached_[id.value] && from_[id].free_levels == 0; }

  // Scopes.

  bool holds(const Scope& scope, NodeId id) const {
    if (!scope.parent) return true;
    if (scope.level >= 0) return from_[id].free_levels >> scope.level & 1;
    return !scope.arguments.contains(id.value) && (scope.dependent.contains(id.value) || closed(id));
  }
  Scope& home(Scope& scope, NodeId id) const {
    Scope* at = &scope;
    while (!holds(*at, id)) at = at->parent;
    return *at;
  }

  Scope& inner(Scope& scope, NodeId id) {
    auto [known, added] = inner_.try_emplace({&scope, id.value}, nullptr);
    if (!added) return *known->second;
    scopes_.push_back(std::make_unique<Scope>());
    known->second = scopes_.back().get();
    Scope& made = *known->second;
    made.parent = &scope;
    const Node& node = from_[id];
    if (node.is(Op::kLoop)) {
      made.level = node.get<LoopAttributes>().level;
      made.wide = computes_wide(scope, id);
    } else {
      const std::string& name = node.get<RegionAttributes>().name;
      made.wide = keeps(name) || closed(id) || wide_composites().contains(name);
      made.rounds = !keeps(name) && !closed(id);
      for (size_t i = 1; i < node.operands.size(); ++i) made.arguments.insert(node.operands[i].value);
      for (NodeId inside : nodes_inside(from_, node)) made.dependent.insert(inside.value);
    }
    return made;
  }

  bool computes_wide(const Scope& scope, NodeId id) const {
    const Node& node = from_[id];
    return scope.wide || closed(id) || (node.kind == NodeKind::kOp && keeps(op_name(node.op)));
  }

  // Reading.

  NodeId convert(NodeId value, DType to) {
    const Node& node = to_[value];
    if (node.type.dtype == to) return value;
    if (node.is(Op::kConst))
      return build_.constant(Scalar::of_real(to, node.get<ConstAttributes>().value.as_real()), node.type.shape);
    bool widened = node.is(Op::kCast) && to == precision_.dtype && build_.dtype(node.operands[0]) == to;
    return widened ? node.operands[0] : build_.cast(value, to);
  }

  /// A value in the dtype in which the scope finds it.
  NodeId found(Scope& scope, NodeId id) {
    bool rounds = false;
    Scope* at = &scope;
    for (; !holds(*at, id); at = at->parent) rounds = rounds || at->rounds;
    NodeId value = at->made.at(id.value);
    return rounds && is_wide(id) ? convert(value, precision_.dtype) : value;
  }
  NodeId read(Scope& scope, NodeId id, DType dtype) {
    NodeId value = found(scope, id);
    return is_wide(id) ? convert(value, dtype) : value;
  }

  // Making values, operands first.

  void demand(Scope& scope, NodeId id) {
    std::vector<Task> pending{{&home(scope, id), id}};
    while (!pending.empty()) {
      Task task = pending.back();
      if (task.scope->made.contains(task.id.value)) {
        pending.pop_back();
        continue;
      }
      std::vector<Task> needed = needs(*task.scope, task.id);
      size_t before = pending.size();
      for (size_t i = needed.size(); i-- > 0;) {
        Scope& place = home(*needed[i].scope, needed[i].id);
        if (!place.made.contains(needed[i].id.value)) pending.push_back({&place, needed[i].id});
      }
      if (pending.size() > before) continue;
      pending.pop_back();
      NodeId made = make(*task.scope, task.id);
      const Node& node = from_[task.id];
      if (!node.name.empty()) to_.set_name(made, node.name);
      for (uint32_t origin : node.origins) to_.add_origin(made, origin);
      task.scope->made[task.id.value] = made;
    }
  }

  std::vector<Task> needs(Scope& scope, NodeId id) {
    const Node& node = from_[id];
    std::vector<Task> out;
    auto all = [&](Scope& in, const std::vector<NodeId>& ids) {
      for (NodeId each : ids)
        if (each.valid()) out.push_back({&in, each});
    };
    if (node.kind == NodeKind::kRegion && !scope.wide) {
      all(inner(scope, id), node.operands);
    } else if (node.is(Op::kLoop)) {
      LoopOperands roles = loop_operands(node);
      Scope& body = inner(scope, id);
      all(scope, {roles.count});
      all(scope, roles.inits);
      all(body, roles.nexts);
      all(body, {roles.until});
      all(body, roles.collects);
    } else if (const Node* product = product_of(scope, id)) {
      all(scope, product->operands);
    } else {
      all(scope, node.operands);
    }
    return out;
  }

  NodeId make(Scope& scope, NodeId id) {
    const Node& node = from_[id];
    switch (node.kind) {
      case NodeKind::kBound: {
        const auto& bound = node.get<BoundAttributes>();
        return to_.add_bound(bound.level, bound.index,
                             {is_wide(id) ? dtype_in(scope) : node.type.dtype, node.type.shape});
      }
      case NodeKind::kResult: return build_.result(found(scope, node.operands[0]), node.get<ResultAttributes>().index);
      case NodeKind::kRegion: return make_region(scope, id);
      default: break;
    }
    if (node.is(Op::kLoop)) return make_loop(scope, id);
    return make_op(scope, id);
  }

  DType dtype_in(const Scope& scope) const { return scope.wide ? kWide : precision_.dtype; }

  NodeId make_region(Scope& scope, NodeId id) {
    const Node& node = from_[id];
    Scope& body = scope.wide ? scope : inner(scope, id);
    bool rounds = !scope.wide && body.rounds;
    NodeId value = read(body, node.operands[0], dtype_in(body));
    if (rounds && is_wide(id)) value = convert(value, precision_.dtype);
    std::vector<NodeId> arguments;
    for (size_t i = 1; i < node.operands.size(); ++i)
      arguments.push_back(rounds ? found(body, node.operands[i]) : read(body, node.operands[i], kWide));
    return to_.make_region(node.get<RegionAttributes>(), value, std::move(arguments));
  }

  NodeId make_loop(Scope& scope, NodeId id) {
    const Node& node = from_[id];
    LoopOperands roles = loop_operands(node);
    Scope& body = inner(scope, id);
    std::vector<NodeId> operands;
    if (roles.count.valid()) operands.push_back(found(scope, roles.count));
    for (NodeId init : roles.inits) operands.push_back(read(scope, init, dtype_in(body)));
    for (NodeId next : roles.nexts) operands.push_back(read(body, next, dtype_in(body)));
    if (roles.until.valid()) operands.push_back(found(body, roles.until));
    for (NodeId collect : roles.collects) operands.push_back(read(body, collect, dtype_in(body)));
    return build_.op(Op::kLoop, std::move(operands), node.attributes);
  }

  /// The product that a sum reads, if the sum may compute it in f32.
  const Node* product_of(Scope& scope, NodeId id) const {
    const Node& node = from_[id];
    if (scope.wide || !node.is(Op::kReduce) || !is_wide(id) || !is_sum(node.get<ReduceAttributes>().combine))
      return nullptr;
    NodeId operand = node.operands[0];
    bool here = from_[operand].is(Op::kMul) && &home(scope, operand) == &scope && !closed(operand);
    return here ? &from_[operand] : nullptr;
  }

  NodeId add(const Node& node, DType dtype, std::vector<NodeId> operands) {
    return to_.add({.kind = NodeKind::kOp,
                    .op = node.op,
                    .type = {dtype, node.type.shape},
                    .operands = std::move(operands),
                    .attributes = node.attributes});
  }

  NodeId make_op(Scope& scope, NodeId id) {
    const Node& node = from_[id];
    switch (node.op) {
      case Op::kBitcast: return add(node, node.type.dtype, {read(scope, node.operands[0], kWide)});
      case Op::kCast: {
        NodeId operand = scope.wide ? read(scope, node.operands[0], kWide) : found(scope, node.operands[0]);
        return build_.dtype(operand) == node.type.dtype ? operand : add(node, node.type.dtype, {operand});
      }
      case Op::kReduce:
        if (is_wide(id) && is_sum(node.get<ReduceAttributes>().combine)) return make_sum(scope, id);
        break;
      case Op::kPut:
        if (is_wide(id) && is_sum(node.get<AccessAttributes>().mode)) {
          NodeId sum = add(node, kWide, operands_in(scope, node, kWide));
          return computes_wide(scope, id) ? sum : convert(sum, precision_.dtype);
        }
        break;
      default: break;
    }
    DType in = operand_dtype(scope, id);
    return add(node, is_wide(id) ? in : node.type.dtype, operands_in(scope, node, in));
  }

  std::vector<NodeId> operands_in(Scope& scope, const Node& node, DType dtype) {
    std::vector<NodeId> out;
    for (NodeId operand : node.operands) out.push_back(read(scope, operand, dtype));
    return out;
  }

  NodeId make_sum(Scope& scope, NodeId id) {
    const Node& node = from_[id];
    NodeId operand;
    if (const Node* product = product_of(scope, id)) {
      std::vector<NodeId> factors;
      for (NodeId factor : product->operands) factors.push_back(convert(read(scope, factor, precision_.dtype), kWide));
      operand = add(*product, kWide, std::move(factors));
    } else {
      operand = read(scope, node.operands[0], kWide);
    }
    NodeId sum = add(node, kWide, {operand});
    return computes_wide(scope, id) ? sum : convert(sum, precision_.dtype);
  }

  /// In which dtype an op reads its f32 operands.
  DType operand_dtype(Scope& scope, NodeId id) {
    const Node& node = from_[id];
    if (computes_wide(scope, id)) return kWide;
    bool moves = node.op == Op::kMax || node.op == Op::kIf || !is_elementwise(node.op);
    bool compares = node.op == Op::kLt || node.op == Op::kEq;
    if (!moves && !compares) return precision_.dtype;
    // What moves values rounds none, unless one is rounded already; a comparison rounds none at all.
    bool all = true, any = false;
    for (NodeId operand : node.operands) {
      if (!is_wide(operand)) continue;
      bool narrow = build_.dtype(found(scope, operand)) != kWide;
      all = all && narrow;
      any = any || narrow;
    }
    return (compares ? all : any) ? precision_.dtype : kWide;
  }

  const Graph& from_;
  const Precision& precision_;
  Graph to_;
  Build build_;
  std::vector<bool> reached_;  ///< by node: an input or state reaches it
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::map<std::pair<const Scope*, uint32_t>, Scope*> inner_;  ///< only looked up, never walked
};

}  // namespace

Graph convert_precision(const Graph& program, const Precision& precision) {
  return Converter(program, precision).run();
}

}  // namespace caten
