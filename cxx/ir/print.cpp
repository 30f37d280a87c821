#include "ir/print.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace caten {
namespace {

Datum symbol(std::string_view name) { return Datum::symbol(std::string(name)); }
Datum integer(int64_t value) { return Datum::of(value); }

void add_sizes(std::vector<Datum>& items, const Shape& shape) {
  for (const Dim& dim : shape) items.push_back(dim.to_datum());
}

Datum type_datum(const ValueType& type) {
  std::vector<Datum> items{symbol(dtype_name(type.dtype))};
  add_sizes(items, type.shape);
  return Datum::list(std::move(items));
}

class Printer {
 public:
  explicit Printer(const Graph& graph) : graph_(graph) {
    for (const Graph::Input& input : graph.inputs) used_.insert(input.name);
    for (const Graph::State& state : graph.states) used_.insert(state.name);
    for (const DimEnv::Symbol& size : graph.dims.symbols()) used_.insert(size.name);
    needed_.resize(graph.size());
    names_.resize(graph.size());
    chosen_.resize(graph.size());
    for (NodeId id : graph.reachable()) needed_[id.value] = true;
  }

  Datum program() {
    std::vector<Datum> items{symbol("program"), symbol(graph_.name)};
    add_clause(items, "dim", sizes());
    std::vector<Datum> inputs, states, outputs, nexts;
    for (const Graph::Input& input : graph_.inputs) {
      std::vector<Datum> item{symbol(input.name), type_datum(graph_.type(input.node))};
      if (input.donated) item.push_back(Datum::keyword("donate"));
      inputs.push_back(Datum::list(std::move(item)));
      set_name(input.node, input.name);
    }
    for (const Graph::State& state : graph_.states) {
      states.push_back(Datum::list({symbol(state.name), type_datum(graph_.type(state.node))}));
      set_name(state.node, state.name);
    }
    add_clause(items, "in", std::move(inputs));
    add_clause(items, "state", std::move(states));
    add_clause(items, "where", conditions());
    std::vector<Datum> lets;
    for (uint32_t i = 0; i < graph_.size(); ++i)
      if (needed_[i] && graph_[{i}].free_levels == 0 && is_named(graph_[{i}])) {
        Datum value = form({i});
        lets.push_back(Datum::list({symbol(name({i})), std::move(value)}));
      }
    add_clause(items, "let", std::move(lets));
    for (const Graph::Output& output : graph_.outputs)
      outputs.push_back(Datum::list({symbol(output.name), reference(output.value)}));
    for (const Graph::State& state : graph_.states)
      if (state.next.valid()) nexts.push_back(Datum::list({symbol(state.name), reference(state.next)}));
    add_clause(items, "out", std::move(outputs));
    add_clause(items, "next", std::move(nexts));
    return Datum::list({symbol("ir"), integer(1), Datum::list(std::move(items))});
  }

 private:
  static void add_clause(std::vector<Datum>& items, const char* keyword, std::vector<Datum> content) {
    if (content.empty()) return;
    content.insert(content.begin(), Datum::keyword(keyword));
    items.push_back(Datum::list(std::move(content)));
  }

  static bool is_named(const Node& node) {
    return !(node.kind == NodeKind::kInput || node.kind == NodeKind::kState || node.kind == NodeKind::kBound ||
             node.is(Op::kConst));
  }

  std::vector<Datum> sizes() const {
    std::vector<Datum> out;
    for (const DimEnv::Symbol& size : graph_.dims.symbols())
      out.push_back(Datum::list(
          {symbol(size.name), integer(*size.bounds.lo), size.bounds.hi ? integer(*size.bounds.hi) : symbol("*")}));
    return out;
  }

  std::vector<Datum> conditions() const {
    std::vector<Datum> out;
    for (const DimEnv::Symbol& size : graph_.dims.symbols())
      if (auto solved = graph_.dims.solution().find(size.name); solved != graph_.dims.solution().end())
        out.push_back(Datum::list({symbol("="), symbol(size.name), solved->second.to_datum()}));
    for (const Guard& guard : graph_.dims.guards())
      out.push_back(Datum::list(
          {symbol(guard.kind == Guard::Kind::kEqual ? "=" : "<="), guard.left.to_datum(), guard.right.to_datum()}));
    return out;
  }

  /// The name of a let-bound value: the source's if it is free, else v0, v1, …
  const std::string& name(NodeId id) {
    if (!names_[id.value].empty()) return names_[id.value];
    // A value that several loop bodies share keeps its name in all of them.
    std::string& chosen = chosen_[id.value];
    std::string wanted = chosen.empty() ? graph_[id].name : chosen;
    if (wanted.empty() || used_.contains(wanted)) wanted = fresh();
    used_.insert(wanted);
    if (chosen.empty()) chosen = wanted;
    set_name(id, wanted);
    return names_[id.value];
  }

  /// Undone when the loop's body ends.
  void set_name(NodeId id, std::string name) {
    changes_.emplace_back(id, std::move(names_[id.value]));
    names_[id.value] = std::move(name);
  }

  std::string fresh() {
    std::string candidate;
    do candidate = fmt::format("v{}", next_name_++);
    while (used_.contains(candidate) || reserved(candidate));
    return candidate;
  }

  /// Names of the source that look like fresh ones must stay theirs.
  bool reserved(const std::string& candidate) {
    if (source_names_.empty()) {
      source_names_.insert("");
      for (const Node& node : graph_.nodes()) source_names_.insert(node.name);
    }
    return source_names_.contains(candidate);
  }

  Datum reference(NodeId id) {
    const Node& node = graph_[id];
    if (node.is(Op::kConst)) return form(id);
    if (node.kind == NodeKind::kBound) {
      const auto& bound = node.get<BoundAttributes>();
      return symbol(bound_names_[static_cast<size_t>(bound.level)][bound.index]);
    }
    return symbol(name(id));
  }

  std::vector<Datum> references(const std::vector<NodeId>& ids, size_t first, size_t last) {
    std::vector<Datum> out;
    for (size_t i = first; i < last; ++i) out.push_back(reference(ids[i]));
    return out;
  }

  Datum form(NodeId id) {
    const Node& node = graph_[id];
    if (node.kind == NodeKind::kResult)
      return Datum::list({symbol("result"), integer(node.get<ResultAttributes>().index), reference(node.operands[0])});
    if (node.kind == NodeKind::kRegion) return region(node);
    if (node.is(Op::kLoop)) return loop(node);
    std::vector<Datum> items{symbol(op_name(node.op))};
    auto add_operands = [&](size_t first = 0) {
      for (size_t i = first; i < node.operands.size(); ++i) items.push_back(reference(node.operands[i]));
    };
    switch (node.op) {
      case Op::kConst:
        items.push_back(node.get<ConstAttributes>().value.to_datum());
        items.push_back(symbol(dtype_name(node.type.dtype)));
        add_sizes(items, node.type.shape);
        break;
      case Op::kIndex:
        items.push_back(integer(node.get<IndexAttributes>().axis));
        add_sizes(items, node.type.shape);
        break;
      case Op::kCast:
      case Op::kBitcast:
        add_operands();
        items.push_back(symbol(dtype_name(node.type.dtype)));
        break;
      case Op::kReshape:
      case Op::kExpand:
        add_operands();
        add_sizes(items, node.type.shape);
        break;
      case Op::kPermute:
        add_operands();
        for (int axis : node.get<PermuteAttributes>().axes) items.push_back(integer(axis));
        break;
      case Op::kSlice:
        add_operands();
        for (const SliceRange& range : node.get<SliceAttributes>().ranges)
          items.push_back(Datum::list({range.start.to_datum(), range.stop.to_datum(), integer(range.step)}));
        break;
      case Op::kTake:
      case Op::kPut: access(node, items); break;
      case Op::kCopy:
        add_operands();
        if (const std::string& device = node.get<CopyAttributes>().device; !device.empty())
          items.push_back(symbol(device));
        break;
      case Op::kReduce:
        items.push_back(symbol(combine_name(node.get<ReduceAttributes>().combine)));
        add_operands();
        for (int axis : node.get<ReduceAttributes>().axes) items.push_back(integer(axis));
        break;
      default: add_operands(); break;
    }
    return Datum::list(std::move(items));
  }

  void access(const Node& node, std::vector<Datum>& items) {
    const auto& attributes = node.get<AccessAttributes>();
    bool put = node.op == Op::kPut;
    size_t first = put ? 2 : 1;
    bool single = node.operands.size() == first + 1;
    items.push_back(reference(node.operands[0]));
    if (single) {
      items.push_back(integer(attributes.axis));
      items.push_back(reference(node.operands[first]));
    } else {
      items.push_back(Datum::list(references(node.operands, first, node.operands.size())));
    }
    if (put) {
      items.push_back(reference(node.operands[1]));
      items.push_back(symbol(combine_name(attributes.mode)));
    }
    if (!single) items.push_back(integer(attributes.axis));
  }

  Datum region(const Node& node) {
    const auto& attributes = node.get<RegionAttributes>();
    std::vector<Datum> keywords;
    for (const auto& [key, value] : attributes.attributes) {
      keywords.push_back(Datum::keyword(key));
      keywords.push_back(value);
    }
    std::vector<Datum> items{symbol("region"), symbol(attributes.name),
                             Datum::list(references(node.operands, 1, node.operands.size())),
                             Datum::list(std::move(keywords)), reference(node.operands[0])};
    if (attributes.result) {
      items.push_back(Datum::keyword("result"));
      items.push_back(integer(attributes.result));
    }
    if (!attributes.schedule.empty()) {
      items.push_back(Datum::keyword("schedule"));
      items.push_back(Datum::list(attributes.schedule));
    }
    return Datum::list(std::move(items));
  }

  std::string unused(const std::string& wanted, const char* fallback) {
    std::string base = wanted.empty() ? fallback : wanted;
    std::string candidate = base;
    for (int k = 1; used_.contains(candidate); ++k) candidate = fmt::format("{}.{}", base, k);
    return candidate;
  }

  /// Values inside the body: those that depend on the loop's own bound variables, in the order of their ids.
  std::vector<NodeId> body_of(const LoopOperands& operands, int level) const {
    std::set<uint32_t> found;
    std::vector<NodeId> pending = operands.nexts;
    if (operands.until.valid()) pending.push_back(operands.until);
    pending.insert(pending.end(), operands.collects.begin(), operands.collects.end());
    uint64_t bit = uint64_t{1} << level;
    while (!pending.empty()) {
      NodeId id = pending.back();
      pending.pop_back();
      if (!(graph_[id].free_levels & bit) || !found.insert(id.value).second) continue;
      for (NodeId operand : graph_[id].operands) pending.push_back(operand);
    }
    std::vector<NodeId> out;
    out.reserve(found.size());
    for (uint32_t id : found) out.push_back({id});
    return out;
  }

  Datum loop(const Node& node) {
    const auto& attributes = node.get<LoopAttributes>();
    LoopOperands operands = loop_operands(node);
    auto level = static_cast<size_t>(attributes.level);
    std::vector<Datum> items{symbol("loop")};
    items.push_back(attributes.runtime_count
                        ? Datum::list({symbol("upto"), reference(operands.count), attributes.count.to_datum()})
                        : attributes.count.to_datum());
    std::vector<Datum> inits = references(operands.inits, 0, operands.inits.size());

    std::vector<std::string> introduced;
    auto introduce = [&](const std::string& wanted, const char* fallback) {
      introduced.push_back(unused(wanted, fallback));
      used_.insert(introduced.back());
      return introduced.back();
    };
    if (bound_names_.size() <= level) bound_names_.resize(level + 1);
    std::vector<std::string> saved_bound = bound_names_[level];
    size_t outside = changes_.size();
    std::vector<std::string> bound(1);
    std::vector<Datum> carries;
    for (uint32_t k = 0; k < attributes.carries; ++k) {
      bound.push_back(introduce(k < attributes.carry_names.size() ? attributes.carry_names[k] : "", "c"));
      carries.push_back(Datum::list({symbol(bound.back()), std::move(inits[k])}));
    }
    bound[0] = introduce(attributes.counter_name, "i");
    bound_names_[level] = bound;
    items.push_back(Datum::list(std::move(carries)));
    items.push_back(Datum::list({symbol(bound[0])}));
    for (NodeId id : body_of(operands, attributes.level)) {
      const Node& inner = graph_[id];
      // Inner loops print the values of their own bodies.
      if (!is_named(inner) || (inner.free_levels >> (level + 1)) != 0) continue;
      set_name(id, "");
      Datum value = form(id);
      items.push_back(Datum::list({symbol(name(id)), std::move(value)}));
      introduced.push_back(names_[id.value]);
    }
    std::vector<Datum> next = references(operands.nexts, 0, operands.nexts.size());
    next.insert(next.begin(), symbol("next"));
    items.push_back(Datum::list(std::move(next)));
    if (operands.until.valid()) {
      items.push_back(Datum::keyword("until"));
      items.push_back(reference(operands.until));
    }
    if (!operands.collects.empty()) {
      items.push_back(Datum::keyword("collect"));
      for (NodeId id : operands.collects) items.push_back(reference(id));
    }
    for (const std::string& each : introduced) used_.erase(each);
    for (; changes_.size() > outside; changes_.pop_back())
      names_[changes_.back().first.value] = std::move(changes_.back().second);
    bound_names_[level] = std::move(saved_bound);
    return Datum::list(std::move(items));
  }

  const Graph& graph_;
  std::vector<bool> needed_;
  std::vector<std::string> names_;                       ///< of the values in scope, by id
  std::vector<std::string> chosen_;                      ///< of all values named so far, by id
  std::vector<std::pair<NodeId, std::string>> changes_;  ///< of names_: the value and its name before
  std::set<std::string> used_{"next"};                   ///< names in scope, and the word that ends a loop's body
  std::set<std::string> source_names_;
  std::vector<std::vector<std::string>> bound_names_;  ///< by level, by index
  size_t next_name_ = 0;
};

}  // namespace

Datum to_datum(const Graph& graph) { return Printer(graph).program(); }

std::string print(const Graph& graph) { return pretty(to_datum(graph)) + "\n"; }

std::string describe_node(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  auto leaf = [&](NodeId operand) -> std::string {
    const Node& n = graph[operand];
    if (!n.name.empty()) return n.name + ":" + describe(n.type);
    if (n.is(Op::kConst)) return print(n.get<ConstAttributes>().value.to_datum());
    if (n.kind == NodeKind::kRegion) return fmt::format("({} …):{}", n.get<RegionAttributes>().name, describe(n.type));
    if (n.kind == NodeKind::kOp) return fmt::format("({} …):{}", op_name(n.op), describe(n.type));
    return describe(n.type);
  };
  if (node.kind == NodeKind::kInput || node.kind == NodeKind::kState || node.is(Op::kConst)) return leaf(id);
  std::string head = node.kind == NodeKind::kOp       ? std::string(op_name(node.op))
                     : node.kind == NodeKind::kRegion ? node.get<RegionAttributes>().name
                     : node.kind == NodeKind::kResult ? "result"
                                                      : "bound";
  std::string out = "(" + head;
  size_t first = node.kind == NodeKind::kRegion ? 1 : 0;
  for (size_t i = first; i < std::min<size_t>(node.operands.size(), first + 6); ++i)
    out += " " + leaf(node.operands[i]);
  return out + (node.operands.size() > first + 6 ? " …)" : ")");
}

}  // namespace caten
