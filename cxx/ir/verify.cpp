#include "ir/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ir/infer.hpp"

namespace caten {
namespace {

/// What a stage demands beyond the invariants of every graph.
struct Legality {
  Stage stage;
  std::string_view name;
  bool sizes_resolved;
  bool regions;
};

constexpr Legality kStages[] = {
    {Stage::kBuilt, "built", false, true},
    {Stage::kChecked, "checked", true, true},
    {Stage::kFlat, "flat", true, false},
};

std::string_view kind_name(NodeKind kind) {
  switch (kind) {
    case NodeKind::kOp: return "op";
    case NodeKind::kInput: return "input";
    case NodeKind::kState: return "state";
    case NodeKind::kBound: return "loop variable";
    case NodeKind::kResult: return "loop result";
    case NodeKind::kRegion: return "region";
  }
  return "";
}

/// Whether the node has the attributes that its kind and op ask for.
bool attributes_fit(const Node& node) {
  auto holds = [&]<class A>() { return std::holds_alternative<A>(node.attributes); };
  switch (node.kind) {
    case NodeKind::kInput:
    case NodeKind::kState: return holds.operator()<NameAttributes>();
    case NodeKind::kBound: return holds.operator()<BoundAttributes>();
    case NodeKind::kResult: return holds.operator()<ResultAttributes>();
    case NodeKind::kRegion: return holds.operator()<RegionAttributes>();
    case NodeKind::kOp: break;
  }
  switch (node.op) {
    case Op::kConst: return holds.operator()<ConstAttributes>();
    case Op::kIndex: return holds.operator()<IndexAttributes>();
    case Op::kLoop: return holds.operator()<LoopAttributes>();
    case Op::kPermute: return holds.operator()<PermuteAttributes>();
    case Op::kSlice: return holds.operator()<SliceAttributes>();
    case Op::kTake:
    case Op::kPut: return holds.operator()<AccessAttributes>();
    case Op::kCopy: return holds.operator()<CopyAttributes>();
    case Op::kReduce: return holds.operator()<ReduceAttributes>();
    default: return holds.operator()<std::monostate>();
  }
}

class Verifier {
 public:
  Verifier(const Graph& graph, const Legality& legality) : graph_(graph), legality_(legality), dims_(graph.dims) {}

  Status run() {
    CATEN_TRY(structure());
    CATEN_TRY(interface());
    CATEN_TRY(guards());
    for (NodeId id : graph_.reachable()) {
      CATEN_TRY(legal(id));
      CATEN_TRY(sizes(id));
      CATEN_TRY(typed(id));
      if (graph_[id].is(Op::kLoop)) CATEN_TRY(bindings(id));
    }
    return {};
  }

 private:
  tl::unexpected<Diagnostic> broken(const std::string& what, std::string expected, std::string found) const {
    return fail(
        {.code = Code::VerifyFailed,
         .message = fmt::format("program `{}` breaks an invariant ({} graph): {}", graph_.name, legality_.name, what),
         .expected = std::move(expected),
         .found = std::move(found),
         .remedy = "this is a bug of caten: please report it with the program"});
  }

  tl::unexpected<Diagnostic> broken(NodeId id, const std::string& what, std::string expected, std::string found) const {
    const Node& node = graph_[id];
    Diagnostic error = broken(fmt::format("{}: {}", name(id), what), std::move(expected), std::move(found)).value();
    if (!node.origins.empty() && node.origins[0] < graph_.origins.size()) {
      error.span = graph_.origins[node.origins[0]].span;
      if (const std::string& path = graph_.origins[node.origins[0]].composite_path; !path.empty())
        error.notes.push_back("in composite " + path);
    }
    return fail(std::move(error));
  }

  std::string name(NodeId id) const {
    const Node& node = graph_[id];
    std::string out = fmt::format("node {} ({}", id.value, kind_name(node.kind));
    if (node.kind == NodeKind::kOp) out += fmt::format(" {}", op_name(node.op));
    if (!node.name.empty()) out += fmt::format(" `{}`", node.name);
    return out + ")";
  }

  /// Of all nodes, reachable or not: order, attributes, hash-consing, free levels.
  Status structure() const {
    for (uint32_t i = 0; i < graph_.size(); ++i) {
      NodeId id{i};
      const Node& node = graph_[id];
      for (size_t k = 0; k < node.operands.size(); ++k)
        if (node.operands[k].value >= i)
          return broken(id, fmt::format("operand {} does not come before it", k), fmt::format("an id below {}", i),
                        node.operands[k].valid() ? std::to_string(node.operands[k].value) : "no node");
      if (!attributes_fit(node))
        return broken(id, "its attributes belong to another op", "those of its op",
                      fmt::format("alternative {}", node.attributes.index()));
      for (uint32_t origin : node.origins)
        if (origin >= graph_.origins.size())
          return broken(id, "an origin that does not exist", fmt::format("below {}", graph_.origins.size()),
                        std::to_string(origin));
      CATEN_TRY(levels(id));
      NodeId same = graph_.find(node);
      if (same != id)
        return broken(id, "a value that is there already", "equal values to be one node",
                      same.valid() ? name(same) : "one that is not found");
      if (uint64_t levels = graph_.free_levels_of(node); levels != node.free_levels)
        return broken(id, "wrong free levels", fmt::format("{:#x}", levels), fmt::format("{:#x}", node.free_levels));
    }
    return {};
  }

  Status levels(NodeId id) const {
    const Node& node = graph_[id];
    int level = 0;
    if (node.kind == NodeKind::kBound) level = node.get<BoundAttributes>().level;
    if (node.is(Op::kLoop)) {
      const auto& loop = node.get<LoopAttributes>();
      level = loop.level;
      size_t expected = size_t{loop.runtime_count} + size_t{2} * loop.carries + size_t{loop.until} + loop.collects;
      if (node.operands.size() != expected)
        return broken(id, "a loop with the wrong number of operands", std::to_string(expected),
                      std::to_string(node.operands.size()));
    }
    if (level < 0 || level >= 64) return broken(id, "a level out of range", "0 to 63", std::to_string(level));
    return {};
  }

  /// Inputs, states and outputs.
  Status interface() const {
    std::set<std::string> names;
    std::set<NodeId> leaves;
    auto leaf = [&](const std::string& leaf_name, NodeId id, NodeKind kind) -> Status {
      if (id.value >= graph_.size())
        return broken(fmt::format("{} `{}` has no node", kind_name(kind), leaf_name), "a node", "none");
      if (graph_[id].kind != kind || graph_[id].get<NameAttributes>().name != leaf_name)
        return broken(id, fmt::format("is not the {} `{}`", kind_name(kind), leaf_name),
                      fmt::format("{} `{}`", kind_name(kind), leaf_name), name(id));
      if (!names.insert(leaf_name).second)
        return broken(id, "a name used twice", "different names of inputs and states", leaf_name);
      leaves.insert(id);
      return {};
    };
    for (const Graph::Input& input : graph_.inputs) CATEN_TRY(leaf(input.name, input.node, NodeKind::kInput));
    for (const Graph::State& state : graph_.states) CATEN_TRY(leaf(state.name, state.node, NodeKind::kState));
    std::set<std::string> outputs;
    for (const Graph::Output& output : graph_.outputs) {
      CATEN_TRY(root(output.value, fmt::format("output `{}`", output.name)));
      if (!outputs.insert(output.name).second)
        return broken(output.value, "an output name used twice", "different names of outputs", output.name);
    }
    for (const Graph::State& state : graph_.states) {
      if (!state.next.valid()) continue;
      CATEN_TRY(root(state.next, fmt::format("the next value of state `{}`", state.name)));
      const ValueType &before = graph_.type(state.node), &after = graph_.type(state.next);
      if (!same(before, after))
        return broken(state.next, fmt::format("does not fit state `{}`", state.name), describe(before),
                      describe(after));
    }
    for (NodeId id : graph_.reachable())
      if ((graph_[id].kind == NodeKind::kInput || graph_[id].kind == NodeKind::kState) && !leaves.contains(id))
        return broken(id, "is not declared by the program", "one of its inputs or states",
                      graph_[id].get<NameAttributes>().name);
    return {};
  }

  Status root(NodeId id, const std::string& what) const {
    if (id.value >= graph_.size()) return broken(what + " has no node", "a node", "none");
    if (graph_[id].free_levels != 0)
      return broken(id, what + " depends on a loop variable outside its loop", "no free levels",
                    fmt::format("{:#x}", graph_[id].free_levels));
    return {};
  }

  /// Guards speak of declared sizes. Equal guards that later solutions made solvable hold like equations.
  Status guards() {
    for (const Guard& guard : graph_.dims.guards()) {
      for (const Dim* side : {&guard.left, &guard.right})
        if (std::string unknown = undeclared(*side); !unknown.empty())
          return broken(fmt::format("a guard on `{}`, which is no declared size", unknown), "declared sizes",
                        side->describe());
      if (guard.kind == Guard::Kind::kEqual) dims_.equate(guard.left, guard.right, guard.reason, guard.span);
    }
    return {};
  }

  std::string undeclared(const Dim& dim) const {
    std::set<std::string> symbols;
    dim.collect_symbols(symbols);
    for (const std::string& symbol : symbols)
      if (!graph_.dims.declared(symbol)) return symbol;
    return "";
  }

  Status legal(NodeId id) const {
    if (graph_[id].kind == NodeKind::kRegion && !legality_.regions)
      return broken(id, "no region may be left at this stage", "ops and leaves only",
                    graph_[id].get<RegionAttributes>().name);
    return {};
  }

  Status sizes(NodeId id) const {
    const Node& node = graph_[id];
    for (const Dim& dim : node.type.shape) CATEN_TRY(legal_size(id, dim));
    if (const auto* loop = std::get_if<LoopAttributes>(&node.attributes)) CATEN_TRY(legal_size(id, loop->count));
    if (const auto* slice = std::get_if<SliceAttributes>(&node.attributes))
      for (const SliceRange& range : slice->ranges) {
        CATEN_TRY(legal_size(id, range.start));
        CATEN_TRY(legal_size(id, range.stop));
      }
    return {};
  }

  Status legal_size(NodeId id, const Dim& dim) const {
    if (dim.is_constant()) return {};
    if (dim.overflowed()) return broken(id, "a size beyond 64 bits", "sizes below 2^63", describe(graph_.type(id)));
    if (std::string unknown = undeclared(dim); !unknown.empty())
      return broken(id, fmt::format("size `{}` is not declared", unknown), "declared sizes", dim.describe());
    if (legality_.sizes_resolved && graph_.dims.resolve(dim) != dim)
      return broken(id, "a size that was solved still stands in it", graph_.dims.resolve(dim).describe(),
                    dim.describe());
    return {};
  }

  bool same(const ValueType& a, const ValueType& b) const {
    return a.dtype == b.dtype && dims_.proves_equal(a.shape, b.shape);
  }

  Status typed(NodeId id) {
    const Node& node = graph_[id];
    ValueType wanted;
    switch (node.kind) {
      case NodeKind::kInput:
      case NodeKind::kState:
      case NodeKind::kBound:
        if (!node.operands.empty())
          return broken(id, "a leaf with operands", "none", std::to_string(node.operands.size()));
        return {};
      case NodeKind::kResult: {
        if (node.operands.size() != 1 || !graph_[node.operands[0]].is(Op::kLoop))
          return broken(id, "a result of something that is no loop", "one loop as operand",
                        node.operands.empty() ? "nothing" : name(node.operands[0]));
        std::vector<ValueType> types = graph_.loop_result_types(node.operands[0]);
        uint32_t index = node.get<ResultAttributes>().index;
        if (index >= types.size())
          return broken(id, "a result that the loop does not have", fmt::format("below {}", types.size()),
                        std::to_string(index));
        wanted = types[index];
        break;
      }
      case NodeKind::kRegion:
        if (node.operands.empty()) return broken(id, "a region without a body", "a body", "no operands");
        wanted = graph_.type(node.operands[0]);
        break;
      case NodeKind::kOp: {
        CATEN_TRY(inferred(id, wanted));
        break;
      }
    }
    if (!same(node.type, wanted)) return broken(id, "its type is wrong", describe(wanted), describe(node.type));
    return {};
  }

  Status inferred(NodeId id, ValueType& wanted) {
    const Node& node = graph_[id];
    size_t solved = dims_.solution().size(), guarded = dims_.guards().size();
    Result<ValueType> type = infer_type(node.op, node.attributes, graph_.types(node.operands), node.type, dims_);
    if (!type) return broken(id, type.error().message, type.error().expected, type.error().found);
    if (dims_.solution().size() > solved)
      return broken(id, "its type needs an equation that the program does not have", "sizes known to be equal",
                    dims_.derived().back());
    if (dims_.guards().size() > guarded) {
      const Guard& guard = dims_.guards().back();
      return broken(id, "it needs a guard that the program does not have: " + guard.reason,
                    fmt::format("{} {} {}", guard.left.describe(), guard.kind == Guard::Kind::kEqual ? "=" : "≤",
                                guard.right.describe()),
                    fmt::format("{} guards", guarded));
    }
    wanted = std::move(*type);
    return {};
  }

  /// The variables that a loop binds in its body.
  Status bindings(NodeId loop_id) const {
    const auto& loop = graph_[loop_id].get<LoopAttributes>();
    LoopOperands operands = loop_operands(graph_[loop_id]);
    uint64_t bit = uint64_t{1} << loop.level;
    std::vector<NodeId> pending = operands.nexts;
    if (operands.until.valid()) pending.push_back(operands.until);
    pending.insert(pending.end(), operands.collects.begin(), operands.collects.end());
    std::set<NodeId> seen;
    while (!pending.empty()) {
      NodeId id = pending.back();
      pending.pop_back();
      const Node& node = graph_[id];
      if (!(node.free_levels & bit) || !seen.insert(id).second) continue;
      if (node.kind == NodeKind::kBound) CATEN_TRY(binding(id, loop_id, operands));
      if (node.is(Op::kLoop) && node.get<LoopAttributes>().level == loop.level) {
        // It hides these variables in its body.
        LoopOperands inner = loop_operands(node);
        pending.insert(pending.end(), inner.inits.begin(), inner.inits.end());
        if (inner.count.valid()) pending.push_back(inner.count);
      } else {
        pending.insert(pending.end(), node.operands.begin(), node.operands.end());
      }
    }
    return {};
  }

  Status binding(NodeId id, NodeId loop_id, const LoopOperands& loop) const {
    uint32_t index = graph_[id].get<BoundAttributes>().index;
    if (index > loop.inits.size())
      return broken(id, "a variable that its loop does not bind, " + name(loop_id),
                    fmt::format("0 to {}", loop.inits.size()), std::to_string(index));
    ValueType wanted = index == 0 ? ValueType{DType::kI64, {}} : graph_.type(loop.inits[index - 1]);
    const ValueType& type = graph_.type(id);
    if (!same(type, wanted))
      return broken(id, "its type is not that of the carry of " + name(loop_id), describe(wanted), describe(type));
    return {};
  }

  const Graph& graph_;
  const Legality& legality_;
  DimEnv dims_;
};

}  // namespace

Status verify(const Graph& graph, Stage stage) {
  return Verifier(graph, *std::find_if(std::begin(kStages), std::end(kStages),
                                       [&](const Legality& row) { return row.stage == stage; }))
      .run();
}

}  // namespace caten
