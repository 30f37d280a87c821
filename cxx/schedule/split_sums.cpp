#include "schedule/split_sums.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "ir/build.hpp"
#include "schedule/access.hpp"
#include "schedule/hints.hpp"

namespace caten {
namespace {

/// Parts are for each element of the first `whole` folded axes, and for each of as many runs of the next one.
struct Split {
  size_t whole = 0;
  int64_t runs = 1;
};

int64_t product(const Shape& shape, std::span<const int> axes) {
  double all = 1;
  for (int axis : axes) all *= static_cast<double>(size_or_long(shape[static_cast<size_t>(axis)]));
  return static_cast<int64_t>(std::min(all, 1e15));
}

/// Into how many equal runs an axis is divided for this many parts; 1 if it is not.
int64_t runs_of(const Dim& extent, int64_t parts, const SumLimits& limits) {
  if (!extent.is_constant()) return 1;
  for (int64_t runs = std::min(limits.most_parts / parts, extent.constant() / 2); runs * parts >= limits.parts; --runs)
    if (extent.constant() % runs == 0) return runs;
  return 1;
}

/// Rows are folded to one. A thread takes columns that lie together in a few pages, or rows.
std::optional<Split> split_of_columns(const Shape& shape, std::span<const int> folded, int64_t columns,
                                      const SumLimits& limits) {
  auto last = static_cast<int>(shape.size()) - 1;
  if (folded.back() == last || !shape.back().is(columns) || columns >= limits.many_columns) return {};
  const Dim& extent = shape[static_cast<size_t>(folded[0])];
  if (!extent.is_constant() || product(shape, folded) < limits.many_elements / columns) return {};
  int64_t rows = extent.constant();
  for (int64_t runs = ceil_div(Dim(limits.many_columns), Dim(columns)).constant(); runs * limits.long_part <= rows;
       ++runs)
    if (rows % runs == 0) return Split{0, runs};
  return {};
}

std::optional<Split> split_of(const Graph& graph, NodeId id, const SumLimits& limits) {
  const Node& node = graph[id];
  if (!node.is(Op::kReduce) || follows_schedule(graph, id)) return std::nullopt;
  const Shape& shape = graph.type(node.operands[0]).shape;
  std::span<const int> folded = node.get<ReduceAttributes>().axes;
  if (folded.empty()) return std::nullopt;
  int64_t parts = product(shape, other_axes(shape.size(), node.get<ReduceAttributes>().axes));
  if (parts >= limits.few_elements) return split_of_columns(shape, folded, parts, limits);
  if (parts == 0 || product(shape, folded) < limits.many_elements) return std::nullopt;
  for (size_t i = 0; i < folded.size(); ++i) {
    const Dim& extent = shape[static_cast<size_t>(folded[i])];
    if (int64_t all = parts * size_or_long(extent); all < limits.parts) {
      parts = all;
      continue;
    }
    if (parts * size_or_long(extent) > limits.most_parts)
      if (int64_t runs = runs_of(extent, parts, limits); runs > 1) return Split{i, runs};
    if (product(shape, folded.subspan(i + 1)) >= limits.long_part) return Split{i + 1, 1};
    return std::nullopt;
  }
  return std::nullopt;
}

class Splitter : public GraphCopier {
 public:
  Splitter(const Graph& from, Graph& to, const SumLimits& limits) : GraphCopier(from, to), limits_(limits) {}

 private:
  NodeId visit(NodeId id, Node&& node) override {
    std::optional<Split> split = split_of(from_, id, limits_);
    if (!split) return copy_node(std::move(node));
    Build build(to_);
    const auto& [combine, folded] = node.get<ReduceAttributes>();
    std::vector<int> later(folded.begin(), folded.begin() + static_cast<ptrdiff_t>(split->whole)), first;
    NodeId value = node.operands[0];
    int inserted = split->runs > 1 ? 1 : 0;
    if (inserted) {
      auto axis = static_cast<size_t>(folded[split->whole]);
      Shape shape = build.shape(value);
      shape[axis] = Dim(shape[axis].constant() / split->runs);
      shape.insert(shape.begin() + static_cast<ptrdiff_t>(axis), Dim(split->runs));
      value = build.reshape(value, shape);
      later.push_back(folded[split->whole]);
    }
    for (size_t i = split->whole; i < folded.size(); ++i) first.push_back(folded[i] + inserted);
    // The axes of parts come first, so that both steps have no rows in common, which would be those of one kernel.
    std::vector<int> order = later;
    for (int axis : other_axes(build.shape(value).size(), later)) order.push_back(axis);
    value = build.permute(value, order);
    for (int& axis : first) axis = static_cast<int>(std::find(order.begin(), order.end(), axis) - order.begin());
    for (size_t i = 0; i < later.size(); ++i) later[i] = static_cast<int>(i);
    NodeId parts = build.reduce(combine, value, std::move(first));
    to_.add_origins(parts, from_[id].origins);
    return build.reduce(combine, parts, std::move(later));
  }

  const SumLimits& limits_;
};

}  // namespace

Graph split_sums(Graph graph, const SumLimits& limits) {
  std::vector<NodeId> values = graph.reachable();
  if (std::none_of(values.begin(), values.end(), [&](NodeId id) { return split_of(graph, id, limits).has_value(); }))
    return graph;
  Graph out;
  Splitter(graph, out, limits).copy_program();
  return out;
}

}  // namespace caten
