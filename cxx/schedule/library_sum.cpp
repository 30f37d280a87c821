#include "schedule/library_sum.hpp"

#include <algorithm>

#include "ir/build.hpp"
#include "schedule/contraction.hpp"
#include "schedule/convolution.hpp"
#include "schedule/fusion.hpp"
#include "schedule/hints.hpp"
#include "schedule/unpacking.hpp"

namespace caten {
namespace {

/// A constant, an index or the counter of a loop is computed where it is needed.
bool may_be_in_memory(const Node& value) {
  bool counter = value.kind == NodeKind::kBound && value.get<BoundAttributes>().index == 0;
  return !counter && !value.is(Op::kConst) && !value.is(Op::kIndex);
}

/// The places in memory if both values are there, in the order in which they are written.
std::optional<ContractionLayout> layout_of(const Graph& graph, const Space& space, const ProductReads& reads) {
  std::vector<ContractionLoop> loops;
  for (const Shape* extents : {&space.outer, &space.reduced})
    for (const Dim& extent : *extents) loops.push_back({reads.variables[loops.size()], extent});
  auto place = [&](const Read& read) { return IndexSpace::linear(read.index, graph.type(read.node).shape); };
  return contraction_layout(graph.dims, loops, space.outer.size(), place(reads.a), place(reads.b),
                            IndexSpace::linear(reads.result, graph.type(space.root).shape));
}

bool is_worth_it(const ContractionLayout& layout, const LibraryLimits& limits) {
  double products = 1;
  for (const Dim* side : {&layout.m, &layout.n, &layout.k}) {
    if (size_or_long(*side) < limits.least_side) return false;
    products *= static_cast<double>(size_or_long(*side));
  }
  return products >= static_cast<double>(limits.least_products);
}

bool is_worth_it(const ConvolutionLayout& layout, const LibraryLimits& limits) {
  double products =
      static_cast<double>(size_or_long(layout.channels)) * static_cast<double>(size_or_long(layout.filters));
  for (const ConvolutionLayout::Axis& axis : layout.axes)
    products *= static_cast<double>(size_or_long(axis.window)) * static_cast<double>(size_or_long(axis.out));
  return size_or_long(layout.filters) >= limits.least_side / 2 &&
         products >= static_cast<double>(limits.least_products);
}

}  // namespace

namespace {

/// The product that a fold reads, without views.
NodeId product_of(const Graph& graph, const Node& fold) {
  NodeId out = fold.operands[0];
  while (is_view(graph[out])) out = graph[out].operands[0];
  return out;
}

struct Convolution {
  ConvolutionLayout layout{};
  ProductReads reads{};
};
/// Whether one of the factors is taken at computed places, as windows are: what is no convolution is mostly known here.
bool may_slide(const Graph& graph, const Node& product) {
  return product.is(Op::kMul) && std::any_of(product.operands.begin(), product.operands.end(), [&](NodeId factor) {
           while (is_view(graph[factor])) factor = graph[factor].operands[0];
           return graph[factor].is(Op::kTake);
         });
}

/// `padded`: with zeros around images that nothing computes.
std::optional<Convolution> read_convolution(const Graph& graph, NodeId fold, bool padded) {
  NodeId product = product_of(graph, graph[fold]);
  if (!may_slide(graph, graph[product])) return std::nullopt;
  // It reads what windows are taken from.
  Stops stops = [&](NodeId id) {
    if (id == product) return false;
    const Node& base = graph[storage_base(graph, id)];
    return !is_view(base) && !base.is(Op::kTake) && !(padded && base.is(Op::kIf));
  };
  Space space = space_of(graph, fold, stops);
  std::optional<ProductReads> reads = product_reads(graph, space, stops, padded);
  if (!reads || (padded && !reads->a_padded && !reads->b_padded)) return std::nullopt;
  DType dtype = graph.type(fold).dtype;
  if (graph.type(reads->a.node).dtype != dtype || graph.type(reads->b.node).dtype != dtype) return std::nullopt;
  std::optional<ConvolutionLayout> layout = convolution_layout(graph, space, *reads);
  return layout ? std::optional(Convolution{std::move(*layout), std::move(*reads)}) : std::nullopt;
}

/// `from`: the dtype of what is multiplied, in another one than that of the sum where it is widened.
std::optional<LibrarySum> read_contraction(const Graph& graph, NodeId fold, DType from, const LibraryLimits& limits) {
  NodeId product = product_of(graph, graph[fold]);
  bool widens = from != graph.type(fold).dtype;
  // What another shape of a value in memory is lies there too.
  Stops stops = [&](NodeId id) {
    if (id == product) return false;
    const Node& base = graph[storage_base(graph, id)];
    return !is_view(base) && !(widens && is_widening(base, graph));
  };
  Space space = space_of(graph, fold, stops);
  std::optional<ProductReads> reads = product_reads(graph, space, stops);
  if (!reads || graph.type(reads->a.node).dtype != from || graph.type(reads->b.node).dtype != from) return std::nullopt;
  std::optional<ContractionLayout> layout = layout_of(graph, space, *reads);
  if (!layout || !is_worth_it(*layout, limits)) return std::nullopt;
  LibrarySum out{Routine::kContraction, storage_base(graph, reads->a.node), storage_base(graph, reads->b.node),
                 std::move(reads->taken)};
  return unpacks_much(graph, out.a) || unpacks_much(graph, out.b) ? std::nullopt : std::optional(std::move(out));
}

std::optional<LibrarySum> in_memory(const Graph& graph, std::optional<LibrarySum> sum) {
  if (sum && !(may_be_in_memory(graph[sum->a]) && may_be_in_memory(graph[sum->b]))) return std::nullopt;
  return sum;
}

}  // namespace

std::optional<LibrarySum> find_library_sum(const Graph& graph, NodeId fold, const RoutineLibrary& library,
                                           const LibraryLimits& limits) {
  const Node& node = graph[fold];
  DType dtype = node.type.dtype;
  if (!node.is(Op::kReduce) || !contains(library.contraction | library.convolution, dtype) ||
      follows_schedule(graph, fold))
    return std::nullopt;
  for (DType from : {DType::kBF16, dtype})
    if (contains(library.contraction, from))
      if (auto found = in_memory(graph, read_contraction(graph, fold, from, limits))) return found;
  if (!contains(library.convolution, dtype)) return std::nullopt;
  for (bool padded : {true, false}) {
    std::optional<Convolution> found = read_convolution(graph, fold, padded);
    if (!found || found->layout.is_product() || !is_worth_it(found->layout, limits)) continue;
    const ProductReads& reads = found->reads;
    if (auto sum = in_memory(graph, LibrarySum{Routine::kConvolution, storage_base(graph, reads.a.node),
                                               storage_base(graph, reads.b.node), reads.taken}))
      return sum;
  }
  return std::nullopt;
}

std::optional<ConvolutionLayout> find_convolution(const Graph& graph, NodeId fold, const RoutineLibrary& library,
                                                  const LibraryLimits& limits) {
  const Node& node = graph[fold];
  if (!node.is(Op::kReduce) || !contains(library.convolution, node.type.dtype) || follows_schedule(graph, fold))
    return std::nullopt;
  for (bool padded : {true, false})
    if (std::optional<Convolution> found = read_convolution(graph, fold, padded))
      return found->layout.kind != ConvolutionKind::kFilters && is_worth_it(found->layout, limits)
                 ? std::optional(std::move(found->layout))
                 : std::nullopt;
  return std::nullopt;
}

namespace {

class Transposer : public GraphCopier {
 public:
  Transposer(Graph&& from, Graph& to, std::vector<bool> turns, const RoutineLibrary& library,
             const LibraryLimits& limits)
      : GraphCopier(std::move(from), to), turns_(std::move(turns)), library_(library), limits_(limits) {}

 private:
  NodeId visit(NodeId id, Node&& node) override {
    if (turns_[id.value] && is_contraction(node.operands[0])) {
      NodeId turned = transposed(node.operands[0], node.get<PermuteAttributes>().axes);
      if (is_contraction(turned)) return turned;
    }
    return copy_node(std::move(node));
  }

  bool is_contraction(NodeId fold) const {
    std::optional<LibrarySum> found = find_library_sum(to_, fold, library_, limits_);
    return found && found->routine == Routine::kContraction;
  }

  /// The sum with its axes in this order.
  NodeId transposed(NodeId fold, const std::vector<int>& axes) {
    Build build(to_);
    NodeId products = to_[fold].operands[0];
    std::vector<int> folded = to_[fold].get<ReduceAttributes>().axes;
    std::vector<int> kept = other_axes(build.shape(products).size(), folded), order, last;
    for (int axis : axes) order.push_back(kept[static_cast<size_t>(axis)]);
    for (int axis : folded) {
      last.push_back(static_cast<int>(order.size()));
      order.push_back(axis);
    }
    std::vector<uint32_t> origins = to_[fold].origins;  // a copy: building moves nodes
    NodeId out = build.reduce(Combine::kAdd, build.permute(products, std::move(order)), std::move(last));
    to_.add_origins(out, origins);
    return out;
  }

  std::vector<bool> turns_;  ///< by node
  const RoutineLibrary& library_;
  const LibraryLimits& limits_;
};

/// By node: transposes of sums that nothing else reads. Nothing if there are none.
std::optional<std::vector<bool>> transposes_of_sums(const Graph& graph) {
  std::vector<uint32_t> uses(graph.size(), 0);
  std::vector<NodeId> values = graph.reachable();
  for (NodeId id : values)
    for (NodeId operand : graph[id].operands) ++uses[operand.value];
  for (NodeId root : graph.roots()) ++uses[root.value];
  std::vector<bool> out(graph.size(), false);
  bool found = false;
  for (NodeId id : values) {
    const Node& node = graph[id];
    if (!node.is(Op::kPermute) || uses[node.operands[0].value] != 1 || !graph[node.operands[0]].is(Op::kReduce))
      continue;
    out[id.value] = found = true;
  }
  return found ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

Graph transpose_in_products(Graph graph, const RoutineLibrary& library, const LibraryLimits& limits) {
  std::optional<std::vector<bool>> turns = transposes_of_sums(graph);
  if (!turns) return graph;
  Graph out;
  Transposer(std::move(graph), out, std::move(*turns), library, limits).copy_program();
  return out;
}

bool library_computes(const Schedule& schedule, const Kernel& kernel) {
  return *kernel.by_library == Routine::kContraction ? contraction_of(schedule, kernel).has_value()
                                                     : convolution_of(schedule, kernel).has_value();
}

}  // namespace caten
