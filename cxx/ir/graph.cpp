#include "ir/graph.hpp"

#include <algorithm>
#include <cassert>

#include "ir/infer.hpp"

namespace caten {
namespace {

struct AttributeHasher {
  size_t seed;
  void mix(size_t value) { seed = (seed ^ value) * 0x9e3779b97f4a7c15u + (seed >> 31); }
  void operator()(const std::monostate&) {}
  void operator()(const ConstAttributes& a) { mix(a.value.hash()); }
  void operator()(const IndexAttributes& a) { mix(static_cast<size_t>(a.axis)); }
  void operator()(const PermuteAttributes& a) {
    for (int axis : a.axes) mix(static_cast<size_t>(axis));
  }
  void operator()(const SliceAttributes& a) {
    for (const SliceRange& range : a.ranges) {
      mix(range.start.hash());
      mix(range.stop.hash());
      mix(static_cast<size_t>(range.step));
    }
  }
  void operator()(const AccessAttributes& a) { mix(static_cast<size_t>(a.axis) * 8 + static_cast<size_t>(a.mode)); }
  void operator()(const ReduceAttributes& a) {
    mix(static_cast<size_t>(a.combine));
    for (int axis : a.axes) mix(static_cast<size_t>(axis));
  }
  void operator()(const CopyAttributes& a) { mix(std::hash<std::string>()(a.device)); }
  void operator()(const LoopAttributes& a) { mix(a.count.hash() + static_cast<size_t>(a.level)); }
  void operator()(const NameAttributes& a) { mix(std::hash<std::string>()(a.name)); }
  void operator()(const BoundAttributes& a) { mix(static_cast<size_t>(a.level) * 1024 + a.index); }
  void operator()(const ResultAttributes& a) { mix(a.index); }
  void operator()(const RegionAttributes& a) {
    mix(std::hash<std::string>()(a.name));
    mix(a.result);
  }
};

}  // namespace

size_t Graph::hash(const Node& node) {
  AttributeHasher hasher{static_cast<size_t>(node.kind) * 256 + static_cast<size_t>(node.op)};
  hasher.mix(static_cast<size_t>(node.type.dtype));
  for (const Dim& dim : node.type.shape) hasher.mix(dim.hash());
  for (NodeId operand : node.operands) hasher.mix(operand.value);
  std::visit(hasher, node.attributes);
  return hasher.seed;
}

bool Graph::equal(const Node& a, const Node& b) {
  return a.kind == b.kind && (a.kind != NodeKind::kOp || a.op == b.op) && a.operands == b.operands &&
         a.type == b.type && a.attributes == b.attributes;
}

bool Graph::same_program(const Graph& other) const {
  auto all = [](const auto& a, const auto& b, auto&& same) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
  };
  return name == other.name && all(nodes_, other.nodes_, equal) &&
         all(inputs, other.inputs,
             [](const Input& a, const Input& b) {
               return a.node == b.node && a.name == b.name && a.donated == b.donated;
             }) &&
         all(states, other.states,
             [](const State& a, const State& b) { return a.node == b.node && a.next == b.next && a.name == b.name; }) &&
         all(outputs, other.outputs,
             [](const Output& a, const Output& b) { return a.value == b.value && a.name == b.name; }) &&
         dims.same_sizes(other.dims) && hints == other.hints;
}

size_t Graph::program_hash() const {
  size_t seed = std::hash<std::string>()(name);
  for (const Node& node : nodes_) seed = (seed ^ hash(node)) * 0x9e3779b97f4a7c15u + (seed >> 31);
  for (const Output& output : outputs) seed = (seed ^ output.value.value) * 0x9e3779b97f4a7c15u + (seed >> 31);
  return seed;
}

void Graph::note_origin(Node& node, uint32_t origin) {
  if (origin != UINT32_MAX && std::find(node.origins.begin(), node.origins.end(), origin) == node.origins.end())
    node.origins.push_back(origin);
}

NodeId Graph::find(const Node& node) const {
  return {index_.at(index_.find(hash(node), [&](uint32_t id) { return equal(nodes_[id], node); }))};
}

uint64_t Graph::free_levels_of(const Node& node) const {
  if (node.kind == NodeKind::kBound) return uint64_t{1} << node.get<BoundAttributes>().level;
  uint64_t outside = 0, inside = 0;
  const LoopAttributes* loop = node.is(Op::kLoop) ? &node.get<LoopAttributes>() : nullptr;
  size_t before_body = loop ? (loop->runtime_count ? 1 : 0) + loop->carries : node.operands.size();
  for (size_t i = 0; i < node.operands.size(); ++i)
    (i < before_body ? outside : inside) |= nodes_[node.operands[i].value].free_levels;
  return loop ? outside | (inside & ~(uint64_t{1} << loop->level)) : outside;
}

NodeId Graph::add(Node&& node) {
  size_t key = hash(node);
  size_t slot = index_.find(key, [&](uint32_t id) { return equal(nodes_[id], node); });
  if (uint32_t id = index_.at(slot); id != HashIndex::kNone) {
    Node& known = nodes_[id];
    known.contract = known.contract && node.contract;
    note_origin(known, current_origin_);
    for (uint32_t origin : node.origins) note_origin(known, origin);
    if (known.name.empty()) known.name = std::move(node.name);
    return {id};
  }
  node.free_levels |= free_levels_of(node);
  note_origin(node, current_origin_);
  nodes_.push_back(std::move(node));
  auto id = static_cast<uint32_t>(nodes_.size() - 1);
  index_.insert(slot, key, id);
  return {id};
}

NodeId Graph::add_input(const std::string& input_name, ValueType type, bool donated) {
  NodeId id = add({.kind = NodeKind::kInput,
                   .type = std::move(type),
                   .attributes = NameAttributes{input_name},
                   .name = input_name});
  inputs.push_back({input_name, id, donated});
  return id;
}

NodeId Graph::add_state(const std::string& state_name, ValueType type) {
  NodeId id = add({.kind = NodeKind::kState,
                   .type = std::move(type),
                   .attributes = NameAttributes{state_name},
                   .name = state_name});
  states.push_back({state_name, id, {}});
  return id;
}

NodeId Graph::add_bound(int level, uint32_t index, ValueType type) {
  assert(level >= 0 && level < 64);
  return add({.kind = NodeKind::kBound, .type = std::move(type), .attributes = BoundAttributes{level, index}});
}

Result<NodeId> Graph::make(Op op, std::vector<NodeId> operands, Attributes attributes, const ValueType& target) {
  Result<ValueType> result = infer_type(op, attributes, types(operands), target, dims);
  if (!result) return tl::make_unexpected(std::move(result.error()));
  return add({.kind = NodeKind::kOp,
              .op = op,
              .type = std::move(*result),
              .operands = std::move(operands),
              .attributes = std::move(attributes)});
}

std::vector<const ValueType*> Graph::types(const std::vector<NodeId>& ids) const {
  std::vector<const ValueType*> out;
  out.reserve(ids.size());
  for (NodeId id : ids) out.push_back(&type(id));
  return out;
}

std::vector<ValueType> Graph::loop_result_types(NodeId loop) const {
  const Node& node = nodes_[loop.value];
  return loop_results(node.get<LoopAttributes>(), types(node.operands));
}

Result<NodeId> Graph::make_result(NodeId loop, uint32_t index) {
  if (!nodes_[loop.value].is(Op::kLoop))
    return fail({.code = Code::BadLoop,
                 .message = "`result` of a value that is no loop",
                 .expected = "a loop",
                 .found = describe(type(loop)),
                 .remedy = "use the value itself"});
  std::vector<ValueType> types = loop_result_types(loop);
  if (index >= types.size())
    return fail({.code = Code::BadLoop,
                 .message = "the loop has no such result",
                 .expected = "0 to " + std::to_string(types.size() - 1) + " (carries, collected stacks, count)",
                 .found = std::to_string(index),
                 .remedy = "correct the number"});
  return add(
      {.kind = NodeKind::kResult, .type = types[index], .operands = {loop}, .attributes = ResultAttributes{index}});
}

NodeId Graph::make_region(RegionAttributes attributes, NodeId body, std::vector<NodeId> arguments) {
  std::vector<NodeId> operands{body};
  operands.insert(operands.end(), arguments.begin(), arguments.end());
  return add({.kind = NodeKind::kRegion,
              .type = type(body),
              .operands = std::move(operands),
              .attributes = std::move(attributes)});
}

void Graph::set_origin(Origin origin) {
  if (current_origin_ != UINT32_MAX && origins[current_origin_] == origin) return;
  if (!origins.empty() && origins.back() == origin) {
    current_origin_ = static_cast<uint32_t>(origins.size() - 1);
    return;
  }
  origins.push_back(std::move(origin));
  current_origin_ = static_cast<uint32_t>(origins.size() - 1);
}

void Graph::set_name(NodeId id, std::string value_name) {
  if (nodes_[id.value].name.empty()) nodes_[id.value].name = std::move(value_name);
}

void Graph::add_origin(NodeId id, uint32_t origin) { note_origin(nodes_[id.value], origin); }

void Graph::add_origins(NodeId id, std::vector<uint32_t> added) {
  Node& node = nodes_[id.value];
  if (node.origins.empty())
    node.origins = std::move(added);
  else
    for (uint32_t origin : added) note_origin(node, origin);
}

void Graph::reserve(size_t nodes) {
  nodes_.reserve(nodes);
  index_.reserve(nodes);
}

std::vector<NodeId> Graph::roots() const {
  std::vector<NodeId> out;
  for (const Output& output : outputs) out.push_back(output.value);
  for (const State& state : states)
    if (state.next.valid()) out.push_back(state.next);
  return out;
}

std::vector<NodeId> Graph::reachable() const {
  std::vector<char> needed(nodes_.size(), 0);
  for (NodeId root : roots()) needed[root.value] = 1;
  for (const Input& input : inputs) needed[input.node.value] = 1;
  for (const State& state : states) needed[state.node.value] = 1;
  for (size_t i = nodes_.size(); i-- > 0;)
    if (needed[i])
      for (NodeId operand : nodes_[i].operands) needed[operand.value] = 1;
  std::vector<NodeId> out;
  out.reserve(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (needed[i]) out.push_back({static_cast<uint32_t>(i)});
  return out;
}

NodeId GraphCopier::copy(NodeId id) {
  pending_.push_back(id);
  while (!pending_.empty()) {
    NodeId current = pending_.back();
    if (mapped(current)) {
      pending_.pop_back();
      continue;
    }
    const std::vector<NodeId>& operands = from_[current].operands;
    size_t before = pending_.size();
    // Reversed, so that operands are copied in their order.
    for (size_t i = operands.size(); i-- > 0;)
      if (!mapped(operands[i])) pending_.push_back(operands[i]);
    if (pending_.size() > before) continue;
    pending_.pop_back();
    Node node = given_ ? std::move(given_->nodes_[current.value]) : from_[current];
    for (NodeId& operand : node.operands) operand = memo_[operand.value];
    node.free_levels = 0;
    std::string name = std::exchange(node.name, {});
    std::vector<uint32_t> origins = std::exchange(node.origins, {});
    NodeId made = visit(current, std::move(node));
    map(current, made);
    if (!name.empty()) to_.set_name(made, std::move(name));
    to_.add_origins(made, std::move(origins));
  }
  return memo_.at(id.value);
}

NodeId GraphCopier::visit(NodeId, Node&& node) { return copy_node(std::move(node)); }

NodeId GraphCopier::copy_node(Node&& node) {
  if (!to_.dims.solution().empty()) {
    if (auto* slice = std::get_if<SliceAttributes>(&node.attributes))
      for (SliceRange& range : slice->ranges) {
        range.start = to_.dims.resolve(range.start);
        range.stop = to_.dims.resolve(range.stop);
      }
    if (auto* loop = std::get_if<LoopAttributes>(&node.attributes)) loop->count = to_.dims.resolve(loop->count);
    node.type.shape = to_.dims.resolve(node.type.shape);
  }
  return to_.add(std::move(node));
}

void GraphCopier::copy_program() {
  auto hand_on = [&](auto member) {
    if (given_)
      to_.*member = std::move(given_->*member);
    else
      to_.*member = from_.*member;
  };
  hand_on(&Graph::name);
  hand_on(&Graph::dims);
  hand_on(&Graph::origins);
  hand_on(&Graph::hints);
  to_.reserve(from_.size());
  for (const Graph::Input& input : from_.inputs) {
    const ValueType& type = from_.type(input.node);
    map(input.node, to_.add_input(input.name, {type.dtype, to_.dims.resolve(type.shape)}, input.donated));
    for (uint32_t origin : from_[input.node].origins) to_.add_origin(to_.inputs.back().node, origin);
  }
  for (const Graph::State& state : from_.states) {
    const ValueType& type = from_.type(state.node);
    map(state.node, to_.add_state(state.name, {type.dtype, to_.dims.resolve(type.shape)}));
    for (uint32_t origin : from_[state.node].origins) to_.add_origin(to_.states.back().node, origin);
  }
  // Nodes are visited in the order of the source, so that printing shows the same order.
  for (NodeId id : from_.reachable()) copy(id);
  for (const Graph::Output& output : from_.outputs) to_.outputs.push_back({output.name, copy(output.value)});
  for (size_t i = 0; i < from_.states.size(); ++i)
    if (from_.states[i].next.valid()) to_.states[i].next = copy(from_.states[i].next);
}

Graph resolve_dims(Graph&& graph) {
  if (graph.dims.solution().empty() && graph.reachable().size() == graph.size()) return std::move(graph);
  Graph out;
  GraphCopier(std::move(graph), out).copy_program();
  return out;
}

Graph with_sizes_resolved(Graph&& graph) {
  if (graph.dims.solution().empty()) return std::move(graph);
  return resolve_dims(std::move(graph));
}

Graph resolve_dims(const Graph& graph) {
  Graph out;
  GraphCopier(graph, out).copy_program();
  return out;
}

}  // namespace caten
