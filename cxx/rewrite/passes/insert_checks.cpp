#include "rewrite/passes/insert_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <memory>
#include <numeric>
#include <set>

#include "ir/build.hpp"
#include "ir/print.hpp"

namespace caten {
namespace {

/// A copied value and its fault; no fault: none can arise.
struct Checked {
  NodeId value{};
  NodeId fault{};
};

/// The program, or one loop whose body is being copied. Values belong to the innermost scope whose variables reach
/// them: two loops of one level may share the nodes of their bodies, but not the faults.
struct LoopScope {
  int level = -1;
  Dim count{};
  std::map<NodeId, Checked> copies{};
};

class CheckInserter {
 public:
  explicit CheckInserter(const Graph& from) : from_(from), build_(out_.graph) {}

  CheckedProgram run() {
    Graph& to = out_.graph;
    to.name = from_.name;
    to.dims = from_.dims;
    to.origins = from_.origins;
    to.hints = from_.hints;
    scopes_.push_back(std::make_unique<LoopScope>());
    number_sites();
    for (const Graph::Input& input : from_.inputs)
      scopes_[0]->copies[input.node] = {to.add_input(input.name, from_.type(input.node), input.donated), {}};
    for (const Graph::State& state : from_.states)
      scopes_[0]->copies[state.node] = {to.add_state(state.name, from_.type(state.node)), {}};
    NodeId fault{};
    for (const Graph::Output& output : from_.outputs) {
      Checked copied = copy(output.value);
      to.outputs.push_back({output.name, copied.value});
      fault = join(fault, whole(copied.fault));
    }
    for (size_t i = 0; i < from_.states.size(); ++i) {
      if (!from_.states[i].next.valid()) continue;
      Checked copied = copy(from_.states[i].next);
      to.states[i].next = copied.value;
      fault = join(fault, whole(copied.fault));
    }
    std::string name = "fault";
    while (std::any_of(to.outputs.begin(), to.outputs.end(), [&](const auto& output) { return output.name == name; }))
      name += "_";
    to.outputs.push_back({name, fault.valid() ? number_of(fault) : build_.integer(0)});
    out_.graph = resolve_dims(std::move(to));
    return std::move(out_);
  }

 private:
  // Inside, an earlier site has the greater mark, so that max keeps the first of several.
  int64_t mark(uint32_t site) const { return static_cast<int64_t>(out_.sites.size() - site); }
  NodeId number_of(NodeId fault) const {
    auto sites = static_cast<int64_t>(out_.sites.size());
    NodeId number = build_.add(build_.complement(fault), build_.integer(sites + 2));
    return build_.select(build_.is_zero(fault), build_.integer(0), number);
  }

  void number_sites() {
    for (NodeId id : from_.reachable()) {
      const Node& node = from_[id];
      if (node.is(Op::kDiv) || node.is(Op::kMod)) {
        if (is_integer(node.type.dtype)) add_site(id, Code::DivisionByZero, "the divisor is not zero");
      } else if (node.is(Op::kTake) || node.is(Op::kPut)) {
        add_site(id, Code::IndexOutOfRange, access_rule(node));
      } else if (node.is(Op::kLoop) && node.get<LoopAttributes>().runtime_count) {
        add_site(id, Code::IndexOutOfRange,
                 fmt::format("a count of 0 to {}", node.get<LoopAttributes>().count.describe()));
      }
    }
  }

  std::string access_rule(const Node& node) const {
    const Shape& shape = from_.type(node.operands[0]).shape;
    auto axis = static_cast<size_t>(node.get<AccessAttributes>().axis);
    size_t count = node.operands.size() - (node.is(Op::kPut) ? 2 : 1);
    std::string rule;
    for (size_t k = axis; k < axis + count; ++k)
      rule += fmt::format("{}0 ≤ index < {} along axis {}", k == axis ? "" : ", ", shape[k].describe(), k);
    return rule;
  }

  void add_site(NodeId id, Code code, std::string rule) {
    FaultSite site{.code = code, .form = describe_node(from_, id), .rule = std::move(rule)};
    const Node& node = from_[id];
    if (!node.origins.empty()) {
      site.span = from_.origins[node.origins[0]].span;
      site.composite_path = from_.origins[node.origins[0]].composite_path;
    }
    sites_[id] = static_cast<uint32_t>(out_.sites.size());
    out_.sites.push_back(std::move(site));
  }

  LoopScope& scope_of(NodeId id) {
    uint64_t levels = from_[id].free_levels;
    for (size_t k = scopes_.size(); k-- > 1;)
      if (levels >> scopes_[k]->level & 1) return *scopes_[k];
    return *scopes_[0];
  }
  const Checked& at(NodeId id) { return scope_of(id).copies.at(id); }
  bool copied(NodeId id) { return scope_of(id).copies.contains(id); }

  /// Recurses on the nesting of loops only.
  Checked copy(NodeId root) {
    std::vector<NodeId> pending{root};
    while (!pending.empty()) {
      NodeId id = pending.back();
      if (copied(id)) {
        pending.pop_back();
        continue;
      }
      const Node& node = from_[id];
      std::vector<NodeId> needed = node.operands;
      if (node.is(Op::kLoop)) {
        LoopOperands roles = loop_operands(node);
        needed = roles.inits;
        if (roles.count.valid()) needed.push_back(roles.count);
      }
      size_t before = pending.size();
      for (size_t i = needed.size(); i-- > 0;)
        if (!copied(needed[i])) pending.push_back(needed[i]);
      if (pending.size() > before) continue;
      pending.pop_back();
      if (node.is(Op::kLoop)) {
        copy_loop(id);
        continue;
      }
      Checked made;
      if (node.kind == NodeKind::kResult) {
        made = loop_results_.at(at(node.operands[0]).value)[node.get<ResultAttributes>().index];
      } else {
        made.value = copy_value(node);
        made.fault = fault_of(id, node);
      }
      note(id, made.value);
      scope_of(id).copies[id] = made;
    }
    return at(root);
  }

  void note(NodeId id, NodeId made) {
    const Node& node = from_[id];
    if (!node.name.empty()) out_.graph.set_name(made, node.name);
    for (uint32_t origin : node.origins) out_.graph.add_origin(made, origin);
  }

  NodeId copy_value(const Node& node) {
    Node made{.kind = node.kind, .op = node.op, .type = node.type, .operands = {}, .attributes = node.attributes};
    for (NodeId operand : node.operands) made.operands.push_back(at(operand).value);
    return out_.graph.add(std::move(made));
  }

  NodeId join(NodeId a, NodeId b) const { return !a.valid() ? b : !b.valid() ? a : build_.max(a, b); }

  /// The greatest mark of a value: a scalar.
  NodeId whole(NodeId fault) const {
    if (!fault.valid()) return fault;
    std::vector<int> axes(build_.shape(fault).size());
    std::iota(axes.begin(), axes.end(), 0);
    return fold(fault, axes);
  }
  /// Of no elements: no fault.
  NodeId fold(NodeId fault, std::vector<int> axes) const {
    if (axes.empty()) return fault;
    NodeId most = build_.reduce(Combine::kMax, fault, std::move(axes));
    return build_.max(most, build_.zeros(build_.type(most)));
  }
  NodeId spread(NodeId scalar, const Shape& shape) const {
    return scalar.valid() ? build_.fill(scalar, shape) : scalar;
  }
  NodeId or_none(NodeId fault, const Shape& shape) const { return fault.valid() ? fault : build_.integer(0, shape); }
  /// The site's mark where `bad` holds.
  NodeId raise(NodeId id, NodeId bad) const {
    Shape shape = build_.shape(bad);
    return build_.select(bad, build_.integer(mark(sites_.at(id)), shape), build_.integer(0, shape));
  }

  NodeId fault_of(NodeId id, const Node& node) {
    if (node.kind == NodeKind::kRegion) return at(node.operands[0]).fault;
    if (node.kind != NodeKind::kOp) return {};
    switch (node.op) {
      case Op::kIf: return select_fault(node);
      case Op::kBitcast: return bitcast_fault(node);
      case Op::kTake: return take_fault(id, node);
      case Op::kPut: return put_fault(id, node);
      default: break;
    }
    NodeId fault{};
    for (NodeId operand : node.operands) fault = join(fault, at(operand).fault);
    if (is_elementwise(node.op)) return join(fault, division_fault(id, node));
    if (!fault.valid()) return fault;
    switch (node.op) {
      case Op::kReshape: return build_.reshape(fault, node.type.shape);
      case Op::kExpand: return build_.expand(fault, node.type.shape);
      case Op::kPermute:
      case Op::kSlice: return build_.op(node.op, {fault}, node.attributes);
      case Op::kReduce: return fold(fault, node.get<ReduceAttributes>().axes);
      default: return fault;  // cast, copy
    }
  }

  NodeId division_fault(NodeId id, const Node& node) {
    if (!sites_.contains(id)) return {};
    if (std::optional<int64_t> divisor = integer_constant(node.operands[1]); divisor && *divisor != 0) return {};
    return raise(id, build_.is_zero(at(node.operands[1]).value));
  }

  NodeId select_fault(const Node& node) {
    Checked condition = at(node.operands[0]), a = at(node.operands[1]), b = at(node.operands[2]);
    if (!a.fault.valid() && !b.fault.valid()) return condition.fault;
    const Shape& shape = node.type.shape;
    return join(condition.fault, build_.select(condition.value, or_none(a.fault, shape), or_none(b.fault, shape)));
  }

  NodeId bitcast_fault(const Node& node) {
    NodeId fault = at(node.operands[0]).fault;
    if (!fault.valid()) return fault;
    size_t before = build_.shape(fault).size(), after = node.type.shape.size();
    if (after < before) return fold(fault, {static_cast<int>(after)});
    if (after == before) return fault;
    std::vector<int> axes(before);
    std::iota(axes.begin(), axes.end(), 0);
    return build_.spread(fault, node.type.shape, axes);
  }

  std::optional<int64_t> integer_constant(NodeId id) const {
    const Node* node = &from_[id];
    while (node->is(Op::kExpand) || node->is(Op::kReshape)) node = &from_[node->operands[0]];
    if (!node->is(Op::kConst)) return std::nullopt;
    return node->get<ConstAttributes>().value.as_integer();
  }

  /// Whether an index is known to lie in 0 … size-1 (if there are any elements to index).
  bool inside(NodeId id, const Dim& size) {
    const Node* node = &from_[id];
    while (node->is(Op::kExpand) || node->is(Op::kReshape) || node->is(Op::kPermute) || node->is(Op::kSlice)) {
      id = node->operands[0];
      node = &from_[id];
    }
    const DimEnv& dims = from_.dims;
    if (node->is(Op::kConst)) {
      int64_t value = node->get<ConstAttributes>().value.as_integer();
      return value >= 0 && dims.proves_le(Dim(value) + Dim(1), size);
    }
    if (node->is(Op::kIndex))
      return dims.proves_le(node->type.shape[static_cast<size_t>(node->get<IndexAttributes>().axis)], size);
    if (node->kind == NodeKind::kBound && node->get<BoundAttributes>().index == 0)
      return dims.proves_le(scope_of(id).count, size);
    return false;
  }

  /// Per point of a take or put: marks of points out of range and of faulty indices.
  NodeId point_fault(NodeId id, const Node& node, size_t first) {
    Shape shape = from_.type(node.operands[0]).shape;
    auto axis = static_cast<size_t>(node.get<AccessAttributes>().axis);
    NodeId fault{}, outside{};
    for (size_t k = first; k < node.operands.size(); ++k) {
      fault = join(fault, at(node.operands[k]).fault);
      const Dim& size = shape[axis + k - first];
      if (inside(node.operands[k], size)) continue;
      NodeId index = at(node.operands[k]).value;
      Shape points = build_.shape(index);
      NodeId fits = build_.both(build_.lt(build_.integer(-1, points), index),
                                build_.lt(index, build_.fill(build_.size(size), points)));
      NodeId bad = build_.negate(fits);
      outside = outside.valid() ? build_.negate(build_.both(build_.negate(outside), fits)) : bad;
    }
    return outside.valid() ? join(fault, raise(id, outside)) : fault;
  }

  NodeId take_fault(NodeId id, const Node& node) {
    int axis = node.get<AccessAttributes>().axis;
    NodeId fault{}, moved = at(node.operands[0]).fault;
    if (NodeId points = point_fault(id, node, 1); points.valid()) {
      std::vector<int> axes(build_.shape(points).size());
      std::iota(axes.begin(), axes.end(), axis);
      fault = build_.spread(points, node.type.shape, axes);
    }
    if (!moved.valid()) return fault;
    std::vector<NodeId> operands{moved};
    for (size_t k = 1; k < node.operands.size(); ++k) operands.push_back(at(node.operands[k]).value);
    return join(fault, build_.op(Op::kTake, std::move(operands), node.attributes));
  }

  NodeId put_fault(NodeId id, const Node& node) {
    auto attributes = node.get<AccessAttributes>();
    NodeId fault = spread(whole(point_fault(id, node, 2)), node.type.shape);
    NodeId kept = at(node.operands[0]).fault, put = at(node.operands[1]).fault;
    if (!kept.valid() && !put.valid()) return fault;
    // `set` replaces what was there, faults too.
    if (attributes.mode != Combine::kSet) attributes.mode = Combine::kMax;
    std::vector<NodeId> operands{or_none(kept, node.type.shape), or_none(put, from_.type(node.operands[1]).shape)};
    for (size_t k = 2; k < node.operands.size(); ++k) operands.push_back(at(node.operands[k]).value);
    return join(fault, build_.op(Op::kPut, std::move(operands), attributes));
  }

  /// One attempt at a loop: which carries have faults, and whether the decision to stop has.
  struct LoopPlan {
    std::set<uint32_t> carries;
    bool control = false;
    bool operator==(const LoopPlan&) const = default;
  };

  /// Fault carries follow the loop's own, fault stacks its own collects; faults of :until gather in a scalar.
  void copy_loop(NodeId id) {
    const Node& node = from_[id];
    auto attributes = node.get<LoopAttributes>();
    LoopOperands roles = loop_operands(node);
    LoopPlan plan;
    for (uint32_t k = 0; k < attributes.carries; ++k)
      if (at(roles.inits[k]).fault.valid()) plan.carries.insert(k);
    NodeId count_fault{}, count{};
    if (roles.count.valid()) {
      count = at(roles.count).value;
      NodeId above = build_.lt(build_.size(attributes.count), count), below = build_.lt(count, build_.integer(0));
      NodeId fits = build_.both(build_.negate(above), build_.negate(below));
      count_fault = join(at(roles.count).fault, raise(id, build_.negate(fits)));
    }
    std::vector<Checked> nexts, collects;
    Checked until;
    for (;;) {
      LoopPlan used = plan;
      auto scope = std::make_unique<LoopScope>(LoopScope{.level = attributes.level, .count = attributes.count});
      bind(*scope, roles, attributes, plan);
      scopes_.push_back(std::move(scope));
      nexts.clear();
      collects.clear();
      for (uint32_t k = 0; k < attributes.carries; ++k) {
        nexts.push_back(copy(roles.nexts[k]));
        if (nexts[k].fault.valid()) plan.carries.insert(k);
      }
      if (attributes.until) {
        until = copy(roles.until);
        plan.control = plan.control || until.fault.valid();
      }
      for (NodeId collect : roles.collects) collects.push_back(copy(collect));
      scopes_.pop_back();
      if (plan == used) break;
    }
    finish_loop(id, roles, plan, count, count_fault, nexts, until, collects);
  }

  void bind(LoopScope& scope, const LoopOperands& roles, const LoopAttributes& attributes, const LoopPlan& plan) {
    // The variables of the body as the source program has them.
    Graph& to = out_.graph;
    std::map<uint32_t, Checked> variables;
    variables[0] = {to.add_bound(attributes.level, 0, {DType::kI64, {}}), {}};
    uint32_t next = attributes.carries + 1;
    for (uint32_t k = 0; k < attributes.carries; ++k) {
      ValueType type = from_.type(roles.inits[k]);
      Checked variable{to.add_bound(attributes.level, k + 1, type), {}};
      if (plan.carries.contains(k)) variable.fault = to.add_bound(attributes.level, next++, {DType::kI64, type.shape});
      variables[k + 1] = variable;
    }
    for (uint32_t i = 0; i < from_.size(); ++i) {
      const Node& node = from_[NodeId{i}];
      if (node.kind != NodeKind::kBound || node.get<BoundAttributes>().level != attributes.level) continue;
      auto variable = variables.find(node.get<BoundAttributes>().index);
      if (variable != variables.end() && build_.type(variable->second.value) == node.type)
        scope.copies[NodeId{i}] = variable->second;
    }
  }

  void finish_loop(NodeId id, const LoopOperands& roles, const LoopPlan& plan, NodeId count, NodeId count_fault,
                   const std::vector<Checked>& nexts, const Checked& until, const std::vector<Checked>& collects) {
    auto attributes = from_[id].get<LoopAttributes>();
    uint32_t own_carries = attributes.carries, own_collects = attributes.collects;
    std::vector<NodeId> inits, next_values, collected;
    for (uint32_t k = 0; k < own_carries; ++k) {
      inits.push_back(at(roles.inits[k]).value);
      next_values.push_back(nexts[k].value);
    }
    std::map<uint32_t, uint32_t> carry_faults, collect_faults;
    for (uint32_t k : plan.carries) {
      carry_faults[k] = static_cast<uint32_t>(inits.size());
      const Shape& shape = from_.type(roles.inits[k]).shape;
      inits.push_back(or_none(at(roles.inits[k]).fault, shape));
      next_values.push_back(or_none(nexts[k].fault, shape));
    }
    auto control = static_cast<uint32_t>(inits.size());
    if (plan.control) {
      NodeId gathered = out_.graph.add_bound(attributes.level, control + 1, {DType::kI64, {}});
      inits.push_back(build_.integer(0));
      next_values.push_back(join(gathered, until.fault));
    }
    for (const Checked& collect : collects) collected.push_back(collect.value);
    for (uint32_t k = 0; k < own_collects; ++k)
      if (collects[k].fault.valid()) {
        collect_faults[k] = static_cast<uint32_t>(collected.size());
        collected.push_back(collects[k].fault);
      }
    attributes.carries = static_cast<uint32_t>(inits.size());
    attributes.collects = static_cast<uint32_t>(collected.size());
    std::vector<NodeId> operands;
    if (count.valid()) operands.push_back(count);
    operands.insert(operands.end(), inits.begin(), inits.end());
    operands.insert(operands.end(), next_values.begin(), next_values.end());
    if (until.value.valid()) operands.push_back(until.value);
    operands.insert(operands.end(), collected.begin(), collected.end());
    NodeId loop = build_.op(Op::kLoop, std::move(operands), attributes);
    note(id, loop);

    NodeId everywhere = count_fault;
    if (plan.control) everywhere = join(everywhere, build_.result(loop, control));
    std::vector<Checked> results;
    auto add = [&](uint32_t index, std::optional<uint32_t> fault) {
      NodeId value = build_.result(loop, index);
      Shape shape = build_.shape(value);
      results.push_back({value, join(fault ? build_.result(loop, *fault) : NodeId{}, spread(everywhere, shape))});
    };
    for (uint32_t k = 0; k < own_carries; ++k)
      add(k, plan.carries.contains(k) ? std::optional(carry_faults[k]) : std::nullopt);
    for (uint32_t k = 0; k < own_collects; ++k)
      add(attributes.carries + k,
          collect_faults.contains(k) ? std::optional(attributes.carries + collect_faults[k]) : std::nullopt);
    add(attributes.carries + attributes.collects, std::nullopt);
    loop_results_[loop] = std::move(results);
    scope_of(id).copies[id] = {loop, {}};
  }

  const Graph& from_;
  CheckedProgram out_;
  Build build_;
  std::map<NodeId, uint32_t> sites_;
  std::vector<std::unique_ptr<LoopScope>> scopes_;
  std::map<NodeId, std::vector<Checked>> loop_results_;  ///< by the loop's copy
};

}  // namespace

CheckedProgram insert_checks(const Graph& program) { return CheckInserter(program).run(); }

Diagnostic describe_fault(const CheckedProgram& program, int64_t fault) {
  assert(fault >= 1 && fault <= static_cast<int64_t>(program.sites.size()));
  const FaultSite& site = program.sites[static_cast<size_t>(fault - 1)];
  bool division = site.code == Code::DivisionByZero;
  Diagnostic out{
      .code = site.code,
      .message = fmt::format("{} in {}", division ? "an integer division by zero" : "a value out of range", site.form),
      .span = site.span,
      .expected = site.rule,
      .found = division ? "0" : "a value outside",
      .remedy = division ? "test the divisor with `if` first"
                         : "clamp it, or test it with `if` first: the untaken side cannot fail"};
  if (!site.composite_path.empty()) out.notes.push_back("in composite " + site.composite_path);
  return out;
}

}  // namespace caten
