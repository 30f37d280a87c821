#include "schedule/channels_last.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "ir/build.hpp"
#include "schedule/hints.hpp"
#include "schedule/library_sum.hpp"

namespace caten {
namespace {

bool is_image(const Shape& shape) { return shape.size() >= 3 && shape.size() <= 5; }

/// image, channel, places … → image, places …, channel
std::vector<int> channels_behind(size_t rank) {
  std::vector<int> out{0};
  for (size_t axis = 2; axis < rank; ++axis) out.push_back(static_cast<int>(axis));
  out.push_back(1);
  return out;
}

std::vector<int> channels_before(size_t rank) {
  std::vector<int> out{0, static_cast<int>(rank) - 1};
  for (size_t axis = 1; axis + 1 < rank; ++axis) out.push_back(static_cast<int>(axis));
  return out;
}

Shape in_order(const Shape& shape, const std::vector<int>& axes) {
  Shape out;
  for (int axis : axes) out.push_back(shape[static_cast<size_t>(axis)]);
  return out;
}

/// Computes element i of its result from elements i of its operands.
bool keeps_places(const Graph& graph, const Node& node) {
  if (node.is(Op::kBitcast)) return dtype_size(node.type.dtype) == dtype_size(graph.type(node.operands[0]).dtype);
  return node.is(Op::kIf) || node.is(Op::kCast) || (node.kind == NodeKind::kOp && is_elementwise(node.op));
}

/// Folds the last axes of its operand.
bool folds_last_axes(const Graph& graph, const Node& node) {
  if (!node.is(Op::kReduce)) return false;
  const std::vector<int>& folded = node.get<ReduceAttributes>().axes;
  size_t rank = graph.type(node.operands[0]).shape.size();
  for (size_t i = 0; i < folded.size(); ++i)
    if (static_cast<size_t>(folded[i]) != rank - folded.size() + i) return false;
  return true;
}

/// What convolutions make, and what is made of that: values that belong together if they are computed from each other.
class Chains {
 public:
  Chains(const Graph& graph, const RoutineLibrary& library, const LibraryLimits& limits)
      : graph_(graph),
        chain_(graph.size(), 0),
        convolution_(graph.size(), false),
        origins_(graph.size()),
        parents_(1, 0),
        sliding_(1, 0) {
    for (NodeId id : graph.reachable()) visit(id, library, limits);
  }

  /// Whether there is a chain of several convolutions.
  bool any() const {
    return std::any_of(sliding_.begin(), sliding_.end(), [](int count) { return count > 1; });
  }
  bool has(NodeId id) const { return chain_[id.value] != 0 && sliding_[root(chain_[id.value])] > 1; }
  bool is_convolution(NodeId id) const { return convolution_[id.value]; }
  const std::vector<uint32_t>& origins(NodeId id) const { return origins_[id.value]; }

 private:
  void visit(NodeId id, const RoutineLibrary& library, const LibraryLimits& limits) {
    const Node& node = graph_[id];
    if (node.kind != NodeKind::kOp || follows_schedule(graph_, id)) return;
    uint32_t chain = 0;
    for (NodeId operand : node.operands) chain = joined(chain, chain_[operand.value]);
    if (node.is(Op::kReduce)) {
      std::optional<ConvolutionLayout> found = find_convolution(graph_, id, library, limits);
      if (found && has_axes_of(*found, node.type.shape)) {
        convolution_[id.value] = true;
        chain = joined(chain, added());
        // Gradients follow what they are of.
        if (!found->is_product() && found->kind == ConvolutionKind::kImages) ++sliding_[root(chain)];
      } else if (!folds_last_axes(graph_, node) || !is_image(node.type.shape)) {
        return;
      }
    } else if (!keeps_places(graph_, node) && !is_view(node) && !node.is(Op::kTake)) {
      return;
    }
    chain_[id.value] = chain;
    if (chain != 0) origins_[id.value] = node.origins;
  }

  /// image, group, filter of the group, places …
  static bool has_axes_of(const ConvolutionLayout& layout, const Shape& shape) {
    if (shape.size() != layout.axes.size() + 3 || layout.y_last) return false;
    for (size_t k = 0; k < layout.axes.size(); ++k)
      if (shape[k + 3] != layout.axes[k].out) return false;
    return shape[0] == layout.images && shape[1] == layout.groups && shape[2] == layout.filters;
  }

  uint32_t added() {
    parents_.push_back(static_cast<uint32_t>(parents_.size()));
    sliding_.push_back(0);
    return parents_.back();
  }
  uint32_t root(uint32_t chain) const {
    while (parents_[chain] != chain) chain = parents_[chain];
    return chain;
  }
  uint32_t joined(uint32_t a, uint32_t b) {
    if (a == 0 || b == 0) return a + b;
    a = root(a);
    b = root(b);
    if (a == b) return a;
    parents_[b] = a;
    sliding_[a] += sliding_[b];
    sliding_[b] = 0;
    return a;
  }

  const Graph& graph_;
  std::vector<uint32_t> chain_;    ///< of each node; 0: none
  std::vector<bool> convolution_;  ///< of each node
  std::vector<std::vector<uint32_t>> origins_;
  std::vector<uint32_t> parents_;  ///< of each chain: another one that it belongs to, or itself
  std::vector<int> sliding_;       ///< of each chain: how many convolutions whose windows slide
};

class Mover : public GraphCopier {
 public:
  Mover(Graph&& from, Graph& to, const Chains& chains) : GraphCopier(std::move(from), to), chains_(chains) {}

 private:
  NodeId visit(NodeId id, Node&& node) override {
    if (!chains_.has(id)) return copy_node(std::move(node));
    origins_ = &chains_.origins(id);
    if (chains_.is_convolution(id)) return convolution(std::move(node));
    if (node.is(Op::kReshape) && grouped_.contains(node.operands[0].value)) return without_groups(std::move(node));
    if (node.is(Op::kReduce)) return known(folded(std::move(node)));
    if (node.is(Op::kTake) && is_image(node.type.shape)) return taken(std::move(node));
    bool moves = keeps_places(to_, node) && is_image(node.type.shape) &&
                 std::any_of(node.operands.begin(), node.operands.end(),
                             [&](NodeId operand) { return last_.contains(operand.value); });
    return moves ? known(moved(std::move(node))) : copy_node(std::move(node));
  }

  /// A value with its channels last, as the program has it.
  NodeId known(NodeId last) {
    NodeId out = Build(to_).permute(last, channels_before(to_.type(last).shape.size()));
    last_[out.value] = last;
    return out;
  }

  NodeId last(NodeId id) const {
    auto found = last_.find(id.value);
    return found != last_.end() ? found->second : Build(to_).permute(id, channels_behind(to_.type(id).shape.size()));
  }

  /// What is taken is computed where it is needed: in the order of what that is.
  NodeId taken(Node&& node) {
    NodeId out = copy_node(std::move(node));
    last_[out.value] = last(out);
    return out;
  }

  NodeId moved(Node&& node) {
    for (NodeId& operand : node.operands) operand = last(operand);
    node.type.shape = in_order(node.type.shape, channels_behind(node.type.shape.size()));
    return with_origins(to_.add(std::move(node)));
  }

  /// A fold whose kept axes have this order.
  NodeId reduce(Node&& node, std::vector<int> order) {
    Build build(to_);
    auto kept = static_cast<int>(order.size());
    std::vector<int> folded;
    for (size_t k = 0; k < node.get<ReduceAttributes>().axes.size(); ++k) {
      folded.push_back(kept + static_cast<int>(k));
      order.push_back(folded.back());
    }
    return with_origins(
        build.reduce(node.get<ReduceAttributes>().combine, build.permute(trailing(node), order), folded));
  }

  NodeId with_origins(NodeId id) {
    to_.add_origins(id, *origins_);
    return id;
  }

  /// The operand with the folded axes behind the kept ones.
  NodeId trailing(const Node& node) const {
    const std::vector<int>& folded = node.get<ReduceAttributes>().axes;
    std::vector<int> order = other_axes(to_.type(node.operands[0]).shape.size(), folded);
    order.insert(order.end(), folded.begin(), folded.end());
    return std::is_sorted(order.begin(), order.end()) ? node.operands[0] : Build(to_).permute(node.operands[0], order);
  }

  NodeId folded(Node&& node) {
    std::vector<int> order = channels_behind(node.type.shape.size());
    return reduce(std::move(node), std::move(order));
  }

  /// image, group, filter, places … → image, places …, group, filter
  NodeId convolution(Node&& node) {
    size_t rank = node.type.shape.size();
    std::vector<int> order{0}, back{0, static_cast<int>(rank) - 2, static_cast<int>(rank) - 1};
    for (size_t axis = 3; axis < rank; ++axis) {
      order.push_back(static_cast<int>(axis));
      back.push_back(static_cast<int>(axis) - 2);
    }
    order.insert(order.end(), {1, 2});
    NodeId last = reduce(std::move(node), std::move(order));
    NodeId out = Build(to_).permute(last, std::move(back));
    grouped_[out.value] = last;
    return out;
  }

  NodeId without_groups(Node&& node) {
    NodeId last = grouped_.at(node.operands[0].value);
    const Shape &shape = to_.type(last).shape, &to = node.type.shape;
    Shape wanted(shape.begin(), shape.end() - 2);
    wanted.push_back(shape[shape.size() - 2] * shape.back());
    if (!is_image(to) || in_order(to, channels_behind(to.size())) != wanted) return copy_node(std::move(node));
    return known(Build(to_).reshape(last, wanted));
  }

  const Chains& chains_;
  const std::vector<uint32_t>* origins_ = nullptr;  ///< of the value that is moved
  std::map<uint32_t, NodeId> last_;                 ///< of values of the new graph: the same with channels last
  std::map<uint32_t, NodeId> grouped_;              ///< the same of convolutions, whose channels are groups and filters
};

}  // namespace

Graph put_channels_last(Graph graph, const RoutineLibrary& library, const LibraryLimits& limits) {
  Chains chains(graph, library, limits);
  if (!chains.any()) return graph;
  Graph out;
  Mover(std::move(graph), out, chains).copy_program();
  return out;
}

}  // namespace caten
