#include "schedule/padding.hpp"

#include <algorithm>
#include <vector>

#include "schedule/product_reads.hpp"

namespace caten {
namespace {

/// A bool that is a conjunction of comparisons of integers known from indices, each as a Dim that is 0 or more where
/// the comparison is true.
class Conditions {
 public:
  Conditions(const Graph& graph, const IndexSpace& indices) : graph_(graph), indices_(indices) {}

  bool read(NodeId id, const Index& index) {
    const Node& node = graph_[id];
    if (is_view(node)) return read(node.operands[0], through_view(graph_, indices_, node, index));
    if (node.is(Op::kConst)) return node.get<ConstAttributes>().value == Scalar::one(DType::kBool);
    if (node.is(Op::kAnd)) return read(node.operands[0], index) && read(node.operands[1], index);
    if (node.is(Op::kLt)) return add(node, index, 1);
    std::optional<NodeId> less = less_or_equal(node);
    return less && add(graph_[*less], index, 0);
  }

  /// Whether they are true exactly where these are 0 or more.
  bool are(const std::vector<Dim>& wanted) const {
    auto holds = [&](const std::vector<Dim>& among, const Dim& condition) {
      return indices_.proves_nonnegative(condition) || std::find(among.begin(), among.end(), condition) != among.end();
    };
    return std::all_of(found_.begin(), found_.end(), [&](const Dim& each) { return holds(wanted, each); }) &&
           std::all_of(wanted.begin(), wanted.end(), [&](const Dim& each) { return holds(found_, each); });
  }

 private:
  /// x < y or x = y, as `(x < y xor x = y) xor (x < y and x = y)`: the comparison x < y.
  std::optional<NodeId> less_or_equal(const Node& node) const {
    if (!node.is(Op::kXor)) return std::nullopt;
    for (int k : {0, 1}) {
      const Node& either = graph_[node.operands[static_cast<size_t>(k)]];
      const Node& both = graph_[node.operands[static_cast<size_t>(1 - k)]];
      if (!either.is(Op::kXor) || !both.is(Op::kAnd) || !same_pair(either, both)) continue;
      for (int i : {0, 1}) {
        NodeId less = both.operands[static_cast<size_t>(i)], equal = both.operands[static_cast<size_t>(1 - i)];
        if (graph_[less].is(Op::kLt) && graph_[equal].is(Op::kEq) && same_pair(graph_[less], graph_[equal]))
          return less;
      }
    }
    return std::nullopt;
  }

  static bool same_pair(const Node& a, const Node& b) {
    return (a.operands[0] == b.operands[0] && a.operands[1] == b.operands[1]) ||
           (a.operands[0] == b.operands[1] && a.operands[1] == b.operands[0]);
  }

  /// x + least <= y.
  bool add(const Node& less, const Index& index, int64_t least) {
    std::optional<Dim> x = computed_index(graph_, indices_, less.operands[0], index);
    std::optional<Dim> y = x ? computed_index(graph_, indices_, less.operands[1], index) : std::nullopt;
    if (!y) return false;
    found_.push_back(*y - *x - Dim(least));
    return true;
  }

  const Graph& graph_;
  const IndexSpace& indices_;
  std::vector<Dim> found_;
};

bool is_zero(const Graph& graph, NodeId id) {
  while (is_view(graph[id])) id = graph[id].operands[0];
  return graph[id].is(Op::kConst) && graph[id].get<ConstAttributes>().value == Scalar::zero(graph[id].type.dtype);
}

}  // namespace

std::optional<Read> padded_read(const Graph& graph, const IndexSpace& indices, NodeId id, const Index& index) {
  const Node& node = graph[id];
  if (!node.is(Op::kIf) || !is_zero(graph, node.operands[2])) return std::nullopt;
  NodeId taken = node.operands[1];
  Index place_of_taken = index;
  for (; is_view(graph[taken]); taken = graph[taken].operands[0])
    place_of_taken = through_view(graph, indices, graph[taken], place_of_taken);
  const Node& inside = graph[taken];
  if (!inside.is(Op::kTake)) return std::nullopt;
  const Shape& shape = graph.type(inside.operands[0]).shape;
  size_t axes = inside.operands.size() - 1;
  if (axes != shape.size() || graph.type(inside.operands[1]).shape.size() != place_of_taken.size()) return std::nullopt;
  Read out{inside.operands[0], {}};
  std::vector<Dim> in_range;
  for (size_t axis = 0; axis < axes; ++axis) {
    std::optional<Dim> place = computed_index(graph, indices, inside.operands[axis + 1], place_of_taken);
    if (!place) return std::nullopt;
    in_range.push_back(*place);
    in_range.push_back(shape[axis] - Dim(1) - *place);
    out.index.push_back(std::move(*place));
  }
  Conditions conditions(graph, indices);
  if (!conditions.read(node.operands[0], index) || !conditions.are(in_range)) return std::nullopt;
  return out;
}

}  // namespace caten
