#include "schedule/fusion.hpp"

#include <algorithm>
#include <cassert>
#include <set>

#include "schedule/access.hpp"
#include "schedule/hints.hpp"
#include "schedule/unpacking.hpp"

namespace caten {
namespace {

constexpr size_t kMaxInlined = 200;  ///< nodes per kernel: bounds compile time and the depth of lowering
constexpr int kFree = 1;             ///< cost that may be paid twice
constexpr int kPure = 16;            ///< cost that may be paid twice where nothing is loaded
constexpr int kRepeated = 2;         ///< cost that may be paid for each repetition of an expand or take
constexpr int kMostCost = 1'000'000;
constexpr const char* kTooLarge = "the kernel is large enough";
constexpr uint32_t kLoop = UINT32_MAX;  ///< the kernel of a context that stands for all kernels of a loop

/// Where a value is needed: in which kernel, and through which index mapping.
struct Context {
  uint32_t kernel;
  uint32_t mapping;
  bool repeated = false;  ///< evaluated more often than it has elements
  auto operator<=>(const Context&) const = default;
};

bool is_leaf(const Node& node) {
  return node.kind == NodeKind::kInput || node.kind == NodeKind::kState || node.kind == NodeKind::kBound ||
         node.kind == NodeKind::kResult || node.is(Op::kConst) || node.is(Op::kIndex);
}
bool needs_buffer(const Node& node) { return node.is(Op::kReduce) || node.is(Op::kPut) || node.is(Op::kCopy); }
bool splits_complex(const Graph& graph, const Node& node) {
  return node.is(Op::kBitcast) && is_complex(node.type.dtype) != is_complex(graph.type(node.operands[0]).dtype);
}

bool narrows(const Graph& graph, const Node& node) {
  if (!node.is(Op::kCast) || !is_float(node.type.dtype)) return false;
  DType from = graph.type(node.operands[0]).dtype;
  return is_float(from) && dtype_size(node.type.dtype) < dtype_size(from);
}

/// What evaluating one element of a value costs, down to what is in memory.
struct Cost {
  int work = 0;
  int loads = 0;
  size_t depth = 0;    ///< of nested operands
  bool place = false;  ///< a sum of positions along axes: where it is an index, addresses have it for nothing
};

class Decision {
 public:
  Decision(const Graph& graph, const ScopeStack& stack, const FusionOptions& options, NodeNumbers& numbers)
      : graph_(graph), stack_(stack), options_(options), numbers_(numbers) {}

  Fusion decide(const std::vector<Target>& targets) {
    numbers_.clear();
    for (const Target& target : targets) need(target.node);
    collect();
    number_in_order();
    for (NodeId id : out_.nodes) {
      Cost found = cost(id);
      if (found.depth >= kMaxInlined) {
        out_.bounds.insert(id.value);
        found = {0, 1, 0};
        make_root(id, kTooLarge);
      }
      value(id).cost = found;
    }
    // Targets may share one base; the first gives its reason.
    for (const Target& target : targets) {
      NodeId base = storage_base(graph_, target.node);
      if (in_scope(base)) make_root(base, target.reason);
    }
    for (size_t i = out_.nodes.size(); i-- > 0;) decide(out_.nodes[i]);
    std::erase_if(out_.roots, [&](const auto& root) { return is_leaf_or_loop({root.first}); });
    // Now that it is known what is in memory.
    out_.work.reserve(out_.nodes.size());
    for (NodeId id : out_.nodes) {
      Cost found = cost(id);
      out_.work.push_back(found.work);
      value(id).cost = value(id).root && !is_leaf_or_loop(id) ? Cost{0, 1} : found;
    }
    return std::move(out_);
  }

 private:
  bool in_scope(NodeId id) const { return stack_.scope_of(graph_[id]) == stack_.levels.size(); }

  bool is_leaf_or_loop(NodeId id) const { return is_leaf(graph_[id]) || graph_[id].is(Op::kLoop); }

  /// What is known of a node of the scope.
  struct Value {
    uint32_t uses = 0;
    bool root = false;
    Cost cost{};
    std::vector<Context> contexts{};
    size_t kernel_nodes = 0;  ///< of the kernel of this root, so far
  };
  Value& value(NodeId id) { return values_[numbers_[id]]; }
  const Value& value(NodeId id) const { return values_[numbers_[id]]; }

  void make_root(NodeId id, std::string reason) {
    value(id).root = true;
    out_.roots.try_emplace(id.value, std::move(reason));
  }

  /// Notes a use.
  void need(NodeId id) {
    if (!in_scope(id)) return;
    if (numbers_.add(id)) {
      pending_.push_back(id);
      values_.emplace_back();
    }
    ++value(id).uses;
  }

  /// So that the n-th node of the scope has number n.
  void number_in_order() {
    out_.nodes = numbers_.nodes();
    std::sort(out_.nodes.begin(), out_.nodes.end());
    out_.uses.reserve(out_.nodes.size());
    for (NodeId id : out_.nodes) out_.uses.push_back(value(id).uses);
    numbers_.clear();
    for (NodeId id : out_.nodes) numbers_.add(id);
    values_.assign(out_.nodes.size(), {});
  }

  /// All nodes of this scope that the targets need, those that only bodies of its loops need included.
  void collect() {
    while (!pending_.empty()) {
      NodeId id = pending_.back();
      pending_.pop_back();
      const Node& node = graph_[id];
      if (node.is(Op::kLoop)) {
        size_t outside = outside_operands(node);
        for (size_t i = 0; i < outside; ++i) {
          need(node.operands[i]);
          out_.captured.insert(node.operands[i].value);
        }
        collect_captured(node, outside);
      } else {
        for (NodeId operand : node.operands) need(operand);
      }
    }
  }

  /// Values of this scope that the body of a loop reads.
  void collect_captured(const Node& node, size_t outside) {
    struct Step {
      NodeId id;
      uint64_t inner;  ///< levels of the loops entered on the way
    };
    std::set<std::pair<uint32_t, uint64_t>> seen;
    std::vector<Step> pending;
    uint64_t level = uint64_t{1} << node.get<LoopAttributes>().level;
    for (size_t i = outside; i < node.operands.size(); ++i) pending.push_back({node.operands[i], level});
    while (!pending.empty()) {
      Step step = pending.back();
      pending.pop_back();
      if (!seen.insert({step.id.value, step.inner}).second) continue;
      const Node& inside = graph_[step.id];
      if ((inside.free_levels & step.inner) == 0) {
        if (!in_scope(step.id)) continue;
        need(step.id);
        out_.captured.insert(step.id.value);
        continue;
      }
      size_t before = inside.is(Op::kLoop) ? outside_operands(inside) : inside.operands.size();
      for (size_t i = 0; i < inside.operands.size(); ++i) {
        uint64_t inner = step.inner;
        if (i >= before) inner |= uint64_t{1} << inside.get<LoopAttributes>().level;
        pending.push_back({inside.operands[i], inner});
      }
    }
  }

  Cost cost(NodeId id) const {
    const Node& node = graph_[id];
    if (node.is(Op::kConst) || node.is(Op::kIndex)) return {.place = true};
    if (node.kind == NodeKind::kBound && node.get<BoundAttributes>().index == 0) return {};
    if (is_leaf(node) || needs_buffer(node)) return {0, 1};
    bool scaled = node.is(Op::kMul) && std::any_of(node.operands.begin(), node.operands.end(),
                                                   [&](NodeId factor) { return graph_[factor].is(Op::kConst); });
    Cost sum{.place = scaled || node.is(Op::kAdd) || node.is(Op::kExpand)};
    for (NodeId operand : node.operands) {
      Cost part{0, 1};
      if (numbers_.contains(operand))
        part = value(operand).cost;
      else if (!in_scope(operand))
        part = outer_cost(operand);
      sum.place = sum.place && part.place;
      sum.work = std::min(kMostCost, sum.work + part.work);
      sum.loads = std::min(kMostCost, sum.loads + part.loads);
      sum.depth = std::max(sum.depth, part.depth + 1);
    }
    if (!is_view(node)) sum.work += node.is(Op::kExp2) || node.is(Op::kLog2) || node.is(Op::kSin) ? kHeavyWork : 1;
    return sum;
  }

  /// Values of enclosing scopes are loads, but for those that nothing has to be loaded for.
  Cost outer_cost(NodeId id) const {
    const Node& node = graph_[id];
    bool free = node.is(Op::kConst) || node.is(Op::kIndex) ||
                (node.kind == NodeKind::kBound && node.get<BoundAttributes>().index == 0);
    return {0, free ? 0 : 1};
  }

  void decide(NodeId id) {
    const Node& node = graph_[id];
    std::vector<Context> contexts = std::move(value(id).contexts);
    if (out_.captured.contains(id.value)) contexts.push_back({kLoop, 0, false});
    // What a loop computes anew from a captured value reads what that is made of.
    if (std::any_of(contexts.begin(), contexts.end(), captures)) out_.captured.insert(id.value);
    std::sort(contexts.begin(), contexts.end());
    contexts.erase(std::unique(contexts.begin(), contexts.end()), contexts.end());
    if (is_leaf(node) || node.is(Op::kLoop)) return;
    if (!value(id).root)
      if (std::string reason = reason_for_buffer(id, node, contexts); !reason.empty()) {
        if (reason == kTooLarge || !fence_around(id, contexts).empty()) out_.bounds.insert(id.value);
        make_root(id, std::move(reason));
      }
    if (value(id).root) contexts = {{id.value, 0, false}};
    for (const Context& context : contexts)
      if (!captures(context)) ++value({context.kernel}).kernel_nodes;
    for (size_t i = 0; i < node.operands.size(); ++i)
      if (numbers_.contains(node.operands[i])) hand_down(contexts, node, i);
  }

  /// The contexts in which operand i is needed when its user is needed in these.
  void hand_down(const std::vector<Context>& contexts, const Node& user, size_t i) {
    std::vector<Context>& below = value(user.operands[i]).contexts;
    auto [maps, repeats] = passage(user, i);
    std::map<uint32_t, uint32_t> behind;  // of each mapping of the user, that of its operand
    for (Context context : contexts) {
      context.repeated = context.repeated || repeats;
      if (maps) {
        auto [mapping, added] = behind.try_emplace(context.mapping, mappings_ + 1);
        if (added) ++mappings_;
        context.mapping = mapping->second;
      }
      below.push_back(context);
    }
  }

  static bool captures(const Context& context) { return context.kernel == kLoop; }

  std::string reason_for_buffer(NodeId id, const Node& node, const std::vector<Context>& contexts) const {
    if (needs_buffer(node)) return "result of " + std::string(op_name(node.op));
    if (options_.kept.contains(id.value)) return "a library reads it";
    if (options_.inlined.contains(id.value)) return "";
    if (is_view(node) || (!options_.windows && is_window(node))) return too_large(contexts);
    if (!options_.inlining) return "fusion is off";
    const Cost& cost = value(id).cost;
    if (cost.loads > 0)
      if (std::string fence = fence_around(id, contexts); !fence.empty()) return fence;
    // A product reads its operands again and again: it is worth to have them rounded, and in half the memory.
    bool folded = std::any_of(contexts.begin(), contexts.end(), [&](const Context& context) {
      return context.repeated && !captures(context) && graph_[{context.kernel}].is(Op::kReduce);
    });
    if (folded && cost.loads > 0 && narrows(graph_, node)) return "rounded once, not for each repetition";
    bool nothing = (cost.loads == 0 && cost.work <= kPure) || (cost.loads <= 1 && cost.work <= kFree);
    if (nothing) return "";
    if (std::any_of(contexts.begin(), contexts.end(), captures)) return "computed once, before the loop that reads it";
    size_t kernels = 0;  // contexts are sorted by them
    for (size_t i = 0; i < contexts.size(); ++i) kernels += i == 0 || contexts[i].kernel != contexts[i - 1].kernel;
    if (kernels > 1) return "read by " + std::to_string(kernels) + " kernels";
    if (contexts.size() > 1) return "read through different index mappings";
    if (cost.work > kRepeated && contexts.size() == 1 && contexts[0].repeated && !unpacks_much(graph_, id))
      return "computed once, not for each repetition";
    return too_large(contexts);
  }

  /// Elements at sums of positions, such as windows: addresses have those sums for nothing.
  bool is_window(const Node& node) const {
    return node.is(Op::kTake) &&
           std::all_of(node.operands.begin() + 1, node.operands.end(), [&](NodeId index) { return cost(index).place; });
  }

  /// A composite with (fuse nil) is around the value or around what reads it, and not around both.
  std::string fence_around(NodeId id, const std::vector<Context>& contexts) const {
    std::vector<uint32_t> own = fences_of(graph_, id);
    for (const Context& context : contexts) {
      if (captures(context)) continue;
      std::vector<uint32_t> other = fences_of(graph_, {context.kernel});
      if (own == other) continue;
      uint32_t hint = own.size() > other.size() ? own.back() : other.back();
      return "the schedule of " + graph_.hints[hint].composite + " asks for it";
    }
    return "";
  }

  std::string too_large(const std::vector<Context>& contexts) const {
    for (const Context& context : contexts)
      if (!captures(context) && value({context.kernel}).kernel_nodes >= kMaxInlined) return kTooLarge;
    return "";
  }

  struct Passage {
    bool maps = false, repeats = false;
  };
  /// Whether operand i is read through an index mapping, and more often than it has elements.
  Passage passage(const Node& node, size_t i) const {
    bool repeats = false, maps = false;
    if (is_view(node)) {
      maps = true;
      repeats = node.op == Op::kExpand && node.type.shape != graph_.type(node.operands[0]).shape;
    } else if (node.is(Op::kTake) || node.is(Op::kPut)) {
      maps = !(node.is(Op::kPut) && i == 0);
      bool index = i >= (node.is(Op::kPut) ? 2u : 1u);
      const ValueType& x = graph_.type(node.operands[0]);
      size_t indexed = node.operands.size() - (node.is(Op::kPut) ? 2 : 1);
      repeats = index ? x.shape.size() > indexed : node.is(Op::kTake);
    } else if (node.is(Op::kReduce)) {
      maps = true;
    } else if (splits_complex(graph_, node)) {
      maps = true;
      repeats = !is_complex(node.type.dtype);
    }
    return {maps, repeats};
  }

  const Graph& graph_;
  const ScopeStack& stack_;
  const FusionOptions& options_;
  NodeNumbers& numbers_;  ///< of the nodes of the scope
  Fusion out_;
  std::vector<NodeId> pending_;
  std::vector<Value> values_;  ///< by number
  uint32_t mappings_ = 0;      ///< how many there are; 0 is none
};

}  // namespace

size_t outside_operands(const Node& loop) {
  const auto& attributes = loop.get<LoopAttributes>();
  return (attributes.runtime_count ? 1u : 0u) + attributes.carries;
}

NodeId storage_base(const Graph& graph, NodeId id) {
  while (true) {
    const Node& node = graph[id];
    bool same = node.is(Op::kReshape) || (node.is(Op::kBitcast) && dtype_size(node.type.dtype) ==
                                                                       dtype_size(graph.type(node.operands[0]).dtype));
    if (!same) return id;
    id = node.operands[0];
  }
}

Fusion decide_fusion(const Graph& graph, const ScopeStack& stack, const std::vector<Target>& targets,
                     const FusionOptions& options, NodeNumbers& numbers) {
  return Decision(graph, stack, options, numbers).decide(targets);
}

}  // namespace caten
