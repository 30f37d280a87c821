#include "schedule/fusion.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <unordered_map>

#include "schedule/access.hpp"
#include "schedule/hints.hpp"

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
  size_t depth = 0;  ///< of nested operands
};

class Decision {
 public:
  Decision(const Graph& graph, const ScopeStack& stack, const FusionOptions& options)
      : graph_(graph), stack_(stack), options_(options) {}

  Fusion decide(const std::vector<Target>& targets) {
    for (const Target& target : targets) {
      need(target.node);
      ++out_.uses[target.node.value];
    }
    collect();
    for (NodeId id : out_.nodes) {
      Cost found = cost(id);
      if (found.depth >= kMaxInlined) {
        out_.roots.emplace(id.value, kTooLarge);
        out_.bounds.insert(id.value);
        found = {0, 1, 0};
      }
      costs_[id.value] = found;
    }
    // Targets may share one base; the first gives its reason.
    for (const Target& target : targets) {
      NodeId base = storage_base(graph_, target.node);
      if (in_scope(base)) out_.roots.try_emplace(base.value, target.reason);
    }
    for (size_t i = out_.nodes.size(); i-- > 0;) decide(out_.nodes[i]);
    for (auto it = out_.roots.begin(); it != out_.roots.end();) {
      const Node& node = graph_[{it->first}];
      bool leaf = is_leaf(node) || node.is(Op::kLoop);
      it = leaf ? out_.roots.erase(it) : std::next(it);
    }
    // Now that it is known what is in memory.
    for (NodeId id : out_.nodes) {
      Cost found = cost(id);
      out_.work[id.value] = found.work;
      costs_[id.value] = out_.roots.contains(id.value) ? Cost{0, 1} : found;
    }
    return std::move(out_);
  }

 private:
  bool in_scope(NodeId id) const { return stack_.scope_of(graph_[id]) == stack_.levels.size(); }

  void need(NodeId id) {
    if (in_scope(id) && needed_.insert(id.value).second) pending_.push_back(id);
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
          ++out_.uses[node.operands[i].value];
          out_.captured.insert(node.operands[i].value);
        }
        collect_captured(node, outside);
      } else {
        for (NodeId operand : node.operands) {
          need(operand);
          ++out_.uses[operand.value];
        }
      }
    }
    for (uint32_t value : needed_) out_.nodes.push_back({value});
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
        ++out_.uses[step.id.value];
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
    if (node.is(Op::kConst) || node.is(Op::kIndex)) return {};
    if (node.kind == NodeKind::kBound && node.get<BoundAttributes>().index == 0) return {};
    if (is_leaf(node) || needs_buffer(node)) return {0, 1};
    Cost sum;
    for (NodeId operand : node.operands) {
      Cost part{0, 1};
      if (auto found = costs_.find(operand.value); found != costs_.end())
        part = found->second;
      else if (!in_scope(operand))
        part = outer_cost(operand);
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
    std::vector<Context> contexts = std::move(contexts_[id.value]);
    if (out_.captured.contains(id.value)) contexts.push_back({kLoop, 0, false});
    // What a loop computes anew from a captured value reads what that is made of.
    if (std::any_of(contexts.begin(), contexts.end(), captures)) out_.captured.insert(id.value);
    std::sort(contexts.begin(), contexts.end());
    contexts.erase(std::unique(contexts.begin(), contexts.end()), contexts.end());
    if (is_leaf(node) || node.is(Op::kLoop)) return;
    if (!out_.roots.contains(id.value))
      if (std::string reason = reason_for_buffer(id, node, contexts); !reason.empty()) {
        if (reason == kTooLarge || !fence_around(id, contexts).empty()) out_.bounds.insert(id.value);
        out_.roots.emplace(id.value, std::move(reason));
      }
    if (out_.roots.contains(id.value)) contexts = {{id.value, 0, false}};
    for (const Context& context : contexts)
      if (!captures(context)) ++sizes_[context.kernel];
    for (size_t i = 0; i < node.operands.size(); ++i) {
      std::vector<Context>& below = contexts_[node.operands[i].value];
      for (const Context& context : contexts) below.push_back(through(context, id, node, i));
    }
  }

  static bool captures(const Context& context) { return context.kernel == kLoop; }

  std::string reason_for_buffer(NodeId id, const Node& node, const std::vector<Context>& contexts) const {
    if (needs_buffer(node)) return "result of " + std::string(op_name(node.op));
    if (options_.kept.contains(id.value)) return "a library reads it";
    if (options_.inlined.contains(id.value)) return "";
    if (is_view(node)) return too_large(contexts);
    if (!options_.inlining) return "fusion is off";
    Cost cost = costs_.at(id.value);
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
    std::set<uint32_t> kernels;
    for (const Context& context : contexts) kernels.insert(context.kernel);
    if (kernels.size() > 1) return "read by " + std::to_string(kernels.size()) + " kernels";
    if (contexts.size() > 1) return "read through different index mappings";
    if (cost.work > kRepeated && contexts.size() == 1 && contexts[0].repeated)
      return "computed once, not for each repetition";
    return too_large(contexts);
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
      if (auto found = sizes_.find(context.kernel); found != sizes_.end() && found->second >= kMaxInlined)
        return kTooLarge;
    return "";
  }

  /// The context in which operand i is needed when its user is needed in `context`.
  Context through(Context context, NodeId user, const Node& node, size_t i) {
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
    context.repeated = context.repeated || repeats;
    if (maps) {
      auto key = std::make_pair(std::make_pair(context.mapping, user.value), static_cast<uint32_t>(i));
      context.mapping = mappings_.try_emplace(key, static_cast<uint32_t>(mappings_.size()) + 1).first->second;
    }
    return context;
  }

  const Graph& graph_;
  const ScopeStack& stack_;
  const FusionOptions& options_;
  Fusion out_;
  std::set<uint32_t> needed_;
  std::vector<NodeId> pending_;
  // By node of the scope; only looked up, never walked.
  std::unordered_map<uint32_t, Cost> costs_;
  std::unordered_map<uint32_t, std::vector<Context>> contexts_;
  std::unordered_map<uint32_t, size_t> sizes_;  ///< nodes per kernel so far
  std::map<std::pair<std::pair<uint32_t, uint32_t>, uint32_t>, uint32_t> mappings_;
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
                     const FusionOptions& options) {
  return Decision(graph, stack, options).decide(targets);
}

}  // namespace caten
