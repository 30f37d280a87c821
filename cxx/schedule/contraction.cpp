#include "schedule/contraction.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "ir/build.hpp"
#include "schedule/fusion.hpp"
#include "schedule/hints.hpp"

namespace caten {
namespace {

constexpr int64_t kLong = int64_t{1} << 20;  ///< a size that only a call knows

bool is_view(const Node& node) {
  return node.is(Op::kReshape) || node.is(Op::kPermute) || node.is(Op::kExpand) || node.is(Op::kSlice);
}

/// A constant, an index or the counter of a loop is computed where it is needed.
bool may_be_in_memory(const Node& value) {
  bool counter = value.kind == NodeKind::kBound && value.get<BoundAttributes>().index == 0;
  return !counter && !value.is(Op::kConst) && !value.is(Op::kIndex);
}

/// offset + Σ step · (variable - begin)
struct Affine {
  Dim offset{0};
  std::vector<Dim> steps{};
};

std::optional<Affine> affine(const Dim& index, const std::vector<ContractionLoop>& loops) {
  if (index.overflowed()) return std::nullopt;
  std::vector<std::string> names;
  for (const ContractionLoop& loop : loops) names.push_back(*loop.variable.as_symbol());
  Affine out{.steps = std::vector<Dim>(loops.size(), Dim(0))};
  for (const Dim::Term& term : index.terms()) {
    std::vector<Dim::Atom> rest;
    Dim* sum = &out.offset;
    for (const Dim::Atom& factor : term.factors) {
      bool plain = factor.kind == Dim::Atom::Kind::kSymbol;
      auto found = plain ? std::find(names.begin(), names.end(), factor.name) : names.end();
      if (found != names.end()) {
        if (sum != &out.offset) return std::nullopt;
        sum = &out.steps[static_cast<size_t>(found - names.begin())];
        continue;
      }
      std::set<std::string> inside;
      for (const Dim& operand : factor.operands) operand.collect_symbols(inside);
      if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return inside.contains(name); }))
        return std::nullopt;
      rest.push_back(factor);
    }
    *sum = *sum + Dim::from_terms({{term.coefficient, std::move(rest)}});
  }
  for (size_t i = 0; i < loops.size(); ++i) out.offset = out.offset + out.steps[i] * loops[i].begin;
  return out;
}

/// An axis of the loops and how far apart its elements are.
struct LoopAxis {
  Dim extent{}, whole{}, a{}, b{}, c{};

  bool of_a() const { return !a.is(0); }
  bool of_b() const { return !b.is(0); }
};

/// Axes that follow each other in all three values are one.
std::vector<LoopAxis> merged(const std::vector<LoopAxis>& axes) {
  std::vector<LoopAxis> out;
  for (const LoopAxis& axis : axes) {
    LoopAxis* last = out.empty() ? nullptr : &out.back();
    if (last && last->a == axis.a * axis.extent && last->b == axis.b * axis.extent && last->c == axis.c * axis.extent)
      *last = {last->extent * axis.extent, last->whole * axis.whole, axis.a, axis.b, axis.c};
    else
      out.push_back(axis);
  }
  return out;
}

int64_t length(const Dim& extent) { return extent.is_constant() ? extent.constant() : kLong; }

/// Rows or columns lie together, and the others do not overlap.
bool is_matrix(const DimEnv& dims, const ContractionLayout::Matrix& matrix, const Dim& rows, const Dim& columns) {
  return (matrix.columns.is(1) && dims.proves_le(columns, matrix.rows)) ||
         (matrix.rows.is(1) && dims.proves_le(rows, matrix.columns));
}

void transpose(ContractionLayout& layout) {
  layout.transposed = !layout.transposed;
  std::swap(layout.a, layout.b);
  std::swap(layout.m, layout.n);
  for (ContractionLayout::Matrix* matrix : {&layout.a, &layout.b, &layout.c}) std::swap(matrix->rows, matrix->columns);
  for (ContractionLayout::Batch& batch : layout.batch) std::swap(batch.a, batch.b);
}

}  // namespace

std::optional<ContractionLayout> contraction_layout(const DimEnv& dims, const std::vector<ContractionLoop>& loops,
                                                    size_t outer_loops, const Dim& a, const Dim& b, const Dim& c) {
  std::optional<Affine> x = affine(a, loops), y = affine(b, loops), z = affine(c, loops);
  if (!x || !y || !z) return std::nullopt;
  std::vector<LoopAxis> outer, folded;
  for (size_t i = 0; i < loops.size(); ++i)
    (i < outer_loops ? outer : folded)
        .push_back({loops[i].extent, loops[i].whole, x->steps[i], y->steps[i], z->steps[i]});
  outer = merged(outer);
  folded = merged(folded);
  if (folded.size() != 1 || !folded[0].of_a() || !folded[0].of_b()) return std::nullopt;
  std::optional<ContractionLayout> best;
  int64_t most = 0;
  for (size_t row = outer.size(); row-- > 0;)
    for (size_t column = outer.size(); column-- > 0;) {
      const LoopAxis &m = outer[row], &n = outer[column];
      if (!m.of_a() || m.of_b() || !n.of_b() || n.of_a()) continue;
      int64_t elements = std::min(length(m.extent), kLong) * std::min(length(n.extent), kLong);
      if (elements <= most) continue;
      ContractionLayout made{.m = m.extent, .n = n.extent, .k = folded[0].extent};
      made.a = {x->offset, m.a, folded[0].a};
      made.b = {y->offset, folded[0].b, n.b};
      made.c = {z->offset, m.c, n.c};
      for (size_t i = 0; i < outer.size(); ++i)
        if (i != row && i != column) made.batch.push_back({outer[i].extent, outer[i].a, outer[i].b, outer[i].c});
      bool fits =
          is_matrix(dims, made.a, m.whole, folded[0].whole) && is_matrix(dims, made.b, folded[0].whole, n.whole);
      if (!made.c.columns.is(1)) transpose(made);
      fits = fits && made.c.columns.is(1) && dims.proves_le(made.transposed ? m.whole : n.whole, made.c.rows);
      if (!fits) continue;
      most = elements;
      best = std::move(made);
    }
  return best;
}

std::optional<ContractionReads> contraction_reads(const Graph& graph, const Space& space, const Stops& stops) {
  const Node& fold = graph[space.root];
  if (space.value != space.root || !fold.is(Op::kReduce) || fold.get<ReduceAttributes>().combine != Combine::kAdd)
    return std::nullopt;
  ContractionReads out;
  IndexSpace indices(graph.dims);
  for (const Shape* extents : {&space.outer, &space.reduced})
    for (const Dim& extent : *extents) {
      std::string name = reserved::variable(static_cast<uint32_t>(out.variables.size()));
      indices.declare(name, extent);
      out.variables.push_back(Dim::symbol(name));
    }
  auto below_views = [&](NodeId node, Index index) {
    while (!stops(node) && is_view(graph[node])) {
      index = through_view(graph, indices, graph[node], index);
      node = graph[node].operands[0];
    }
    return Read{node, std::move(index)};
  };
  Read product = below_views(fold.operands[0], space.index(graph, out.variables));
  if (stops(product.node) || !graph[product.node].is(Op::kMul)) return std::nullopt;
  out.a = below_views(graph[product.node].operands[0], product.index);
  out.b = below_views(graph[product.node].operands[1], product.index);
  if (!stops(out.a.node) || !stops(out.b.node)) return std::nullopt;
  size_t next = 0;
  for (const Dim& extent : fold.type.shape) out.result.push_back(extent.is(1) ? Dim(0) : out.variables[next++]);
  return out;
}

std::optional<ContractionCall> contraction_of(const Schedule& schedule, const Kernel& kernel) {
  const Graph& graph = schedule.graph;
  const KernelPart& part = kernel.parts[0];
  if (kernel.parts.size() != 1 || !part.target) return std::nullopt;
  Stops stops = [&](NodeId id) { return kernel.leaf_of(id) && !kernel.leaf_of(id)->counter; };
  std::optional<ContractionReads> reads = contraction_reads(graph, part.space, stops);
  if (!reads) return std::nullopt;
  DimEnv dims = graph.dims;
  for (const BlockAxis& axis : kernel.blocks) dims.declare(*axis.count.as_symbol(), {1, std::nullopt});
  std::vector<ContractionLoop> loops;
  for (const Shape* extents : {&part.space.outer, &part.space.reduced})
    for (const Dim& extent : *extents) {
      ContractionLoop loop{reads->variables[loops.size()], extent};
      if (size_t k = loops.size(); k < kernel.blocks.size()) {
        loop.begin = kernel.blocks[k].begin;
        loop.extent = kernel.blocks[k].count;
      }
      loops.push_back(std::move(loop));
    }
  ContractionCall out{.a = kernel.leaf_of(reads->a.node), .b = kernel.leaf_of(reads->b.node)};
  auto place = [&](const Location& at, NodeId node, const Index& index) {
    return element_of(schedule, kernel, at, index, graph.type(node).shape);
  };
  std::optional<ContractionLayout> layout = contraction_layout(
      dims, loops, part.space.outer.size(), place(out.a->location, reads->a.node, reads->a.index),
      place(out.b->location, reads->b.node, reads->b.index), place(*part.target, part.space.root, reads->result));
  if (!layout) return std::nullopt;
  if (layout->transposed) std::swap(out.a, out.b);
  out.layout = std::move(*layout);
  return out;
}

std::optional<std::pair<NodeId, NodeId>> find_contraction(const Graph& graph, NodeId fold,
                                                          const RoutineLibrary& library, const LibraryLimits& limits) {
  const Node& node = graph[fold];
  if (!node.is(Op::kReduce) || !contains(library.contraction, node.type.dtype)) return std::nullopt;
  if (follows_schedule(graph, fold)) return std::nullopt;
  NodeId product = node.operands[0];
  while (is_view(graph[product])) product = graph[product].operands[0];
  // What another shape of a value in memory is lies there too.
  Stops stops = [&](NodeId id) { return id != product && !is_view(graph[storage_base(graph, id)]); };
  Space space = space_of(graph, fold, stops);
  std::optional<ContractionReads> reads = contraction_reads(graph, space, stops);
  if (!reads) return std::nullopt;
  NodeId a = storage_base(graph, reads->a.node), b = storage_base(graph, reads->b.node);
  if (!may_be_in_memory(graph[a]) || !may_be_in_memory(graph[b])) return std::nullopt;
  std::vector<ContractionLoop> loops;
  for (const Shape* extents : {&space.outer, &space.reduced})
    for (const Dim& extent : *extents) loops.push_back({reads->variables[loops.size()], extent});
  auto place = [&](const Read& read) { return IndexSpace::linear(read.index, graph.type(read.node).shape); };
  std::optional<ContractionLayout> layout =
      contraction_layout(graph.dims, loops, space.outer.size(), place(reads->a), place(reads->b),
                         IndexSpace::linear(reads->result, node.type.shape));
  if (!layout) return std::nullopt;
  double products = 1;
  for (const Dim* side : {&layout->m, &layout->n, &layout->k}) {
    if (length(*side) < limits.least_side) return std::nullopt;
    products *= static_cast<double>(length(*side));
  }
  if (products < static_cast<double>(limits.least_products)) return std::nullopt;
  return std::pair{a, b};
}

namespace {

class Transposer : public GraphCopier {
 public:
  Transposer(const Graph& from, Graph& to, const RoutineLibrary& library, const LibraryLimits& limits)
      : GraphCopier(from, to), library_(library), limits_(limits), uses_(from.size(), 0) {
    for (NodeId id : from.reachable())
      for (NodeId operand : from[id].operands) ++uses_[operand.value];
    for (NodeId root : from.roots()) ++uses_[root.value];
  }

 private:
  NodeId visit(NodeId, const Node& node, std::vector<NodeId> operands) override {
    if (node.is(Op::kPermute) && uses_[node.operands[0].value] == 1 && to_[operands[0]].is(Op::kReduce) &&
        find_contraction(to_, operands[0], library_, limits_)) {
      NodeId turned = transposed(operands[0], node.get<PermuteAttributes>().axes);
      if (find_contraction(to_, turned, library_, limits_)) return turned;
    }
    return copy_node(node, std::move(operands));
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
    std::vector<uint32_t> origins = to_[fold].origins;
    NodeId out = build.reduce(Combine::kAdd, build.permute(products, std::move(order)), std::move(last));
    for (uint32_t origin : origins) to_.add_origin(out, origin);
    return out;
  }

  const RoutineLibrary& library_;
  const LibraryLimits& limits_;
  std::vector<uint32_t> uses_;
};

}  // namespace

Graph transpose_in_products(const Graph& graph, const RoutineLibrary& library, const LibraryLimits& limits) {
  Graph out;
  Transposer(graph, out, library, limits).copy_program();
  return out;
}

}  // namespace caten
