#include "schedule/product_reads.hpp"

#include <algorithm>
#include <string>

#include "schedule/padding.hpp"
#include "schedule/schedule.hpp"

namespace caten {

bool is_widening(const Node& node, const Graph& graph) {
  return node.is(Op::kCast) && node.type.dtype == DType::kF32 && graph.type(node.operands[0]).dtype == DType::kBF16;
}

std::optional<Dim> computed_index(const Graph& graph, const IndexSpace& indices, NodeId id, const Index& index) {
  const Node& node = graph[id];
  if (node.type.dtype != DType::kI64) return std::nullopt;
  if (node.is(Op::kIndex)) return index[static_cast<size_t>(node.get<IndexAttributes>().axis)];
  if (node.is(Op::kConst)) return Dim(node.get<ConstAttributes>().value.as_integer());
  if (is_view(node)) return computed_index(graph, indices, node.operands[0], through_view(graph, indices, node, index));
  if (!node.is(Op::kAdd) && !node.is(Op::kMul)) return std::nullopt;
  std::optional<Dim> x = computed_index(graph, indices, node.operands[0], index);
  std::optional<Dim> y = x ? computed_index(graph, indices, node.operands[1], index) : std::nullopt;
  if (!y) return std::nullopt;
  return node.is(Op::kAdd) ? *x + *y : *x * *y;
}

namespace {

/// The element of its operand that a view shows, or a take at computed indices that are in range.
std::optional<Index> index_below(const Graph& graph, const IndexSpace& indices, const Node& node, const Index& index) {
  if (is_view(node)) return through_view(graph, indices, node, index);
  if (!node.is(Op::kTake)) return std::nullopt;
  const Shape& shape = graph.type(node.operands[0]).shape;
  auto axis = static_cast<size_t>(node.get<AccessAttributes>().axis);
  size_t at_rank = graph.type(node.operands[1]).shape.size();
  auto begin = index.begin() + static_cast<std::ptrdiff_t>(axis), end = begin + static_cast<std::ptrdiff_t>(at_rank);
  Index at(begin, end), out(index.begin(), begin);
  for (size_t k = 0; k + 1 < node.operands.size(); ++k) {
    std::optional<Dim> place = computed_index(graph, indices, node.operands[k + 1], at);
    if (!place || !indices.proves_nonnegative(*place) || !indices.proves_below(*place, shape[axis + k]))
      return std::nullopt;
    out.push_back(std::move(*place));
  }
  out.insert(out.end(), end, index.end());
  return out;
}

}  // namespace

namespace {

/// What decides where zeros are is computed nowhere for the product, so that it need not be in memory for others.
void take_condition(const Graph& graph, NodeId condition, std::vector<NodeId>& taken) {
  std::vector<NodeId> pending{condition};
  while (!pending.empty()) {
    NodeId id = pending.back();
    pending.pop_back();
    if (graph[id].type.dtype != DType::kBool || std::find(taken.begin(), taken.end(), id) != taken.end()) continue;
    taken.push_back(id);
    pending.insert(pending.end(), graph[id].operands.begin(), graph[id].operands.end());
  }
}

}  // namespace

std::optional<ProductReads> product_reads(const Graph& graph, const Space& space, const Stops& stops, bool padded) {
  const Node& fold = graph[space.root];
  if (space.value != space.root || !fold.is(Op::kReduce) || fold.get<ReduceAttributes>().combine != Combine::kAdd)
    return std::nullopt;
  ProductReads out;
  IndexSpace indices(graph.dims);
  for (const Shape* extents : {&space.outer, &space.reduced})
    for (const Dim& extent : *extents) {
      out.variables.push_back(loop_variable(out.variables.size()));
      indices.declare(*out.variables.back().as_symbol(), extent);
    }
  auto below_views = [&](NodeId node, Index index, bool* outside = nullptr) {
    while (!stops(node)) {
      if (outside && *outside && !graph[node].is(Op::kPermute)) break;  // other views are for places inside
      std::optional<Read> inside;
      if (outside && !*outside) inside = padded_read(graph, indices, node, index);
      if (inside) {
        out.taken.push_back(node);
        for (NodeId id = graph[node].operands[1]; id != inside->node; id = graph[id].operands[0])
          out.taken.push_back(id);
        take_condition(graph, graph[node].operands[0], out.taken);
        node = inside->node;
        index = std::move(inside->index);
        *outside = true;
        continue;
      }
      bool widens = is_widening(graph[node], graph);
      std::optional<Index> below = widens ? index : index_below(graph, indices, graph[node], index);
      if (!below) break;
      if (widens || graph[node].is(Op::kTake)) out.taken.push_back(node);
      index = std::move(*below);
      node = graph[node].operands[0];
    }
    return Read{node, std::move(index)};
  };
  Read product = below_views(fold.operands[0], space.index(graph, out.variables));
  if (stops(product.node) || !graph[product.node].is(Op::kMul)) return std::nullopt;
  out.a = below_views(graph[product.node].operands[0], product.index, padded ? &out.a_padded : nullptr);
  out.b = below_views(graph[product.node].operands[1], product.index, padded ? &out.b_padded : nullptr);
  // What zeros are around is read as it is, an `if` too.
  auto read = [&](const Read& value, bool zeros_around) {
    return stops(value.node) || (zeros_around && graph[value.node].is(Op::kIf));
  };
  if (!read(out.a, out.a_padded) || !read(out.b, out.b_padded)) return std::nullopt;
  size_t next = 0;
  for (const Dim& extent : fold.type.shape) out.result.push_back(extent.is(1) ? Dim(0) : out.variables[next++]);
  return out;
}

}  // namespace caten
