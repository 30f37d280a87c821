#include "schedule/contraction.hpp"

#include <algorithm>

#include "schedule/affine.hpp"

namespace caten {
namespace {

/// A place in memory for the variables of loops, counted from where they begin.
std::optional<Affine> place_in(const Dim& index, const std::vector<ContractionLoop>& loops, const Index& variables) {
  std::optional<Affine> out = affine(index, variables);
  for (size_t i = 0; out && i < loops.size(); ++i) out->offset = out->offset + out->steps[i] * loops[i].begin;
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
  Index variables;
  for (const ContractionLoop& loop : loops) variables.push_back(loop.variable);
  std::optional<Affine> x = place_in(a, loops, variables), y = place_in(b, loops, variables),
                        z = place_in(c, loops, variables);
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
      int64_t elements = std::min(size_or_long(m.extent), kLongSize) * std::min(size_or_long(n.extent), kLongSize);
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

std::optional<ContractionCall> contraction_of(const Schedule& schedule, const Kernel& kernel) {
  const Graph& graph = schedule.graph;
  const KernelPart& part = kernel.parts[0];
  if (kernel.parts.size() != 1 || !part.target) return std::nullopt;
  Stops stops = [&](NodeId id) { return kernel.leaf_of(id) && !kernel.leaf_of(id)->counter; };
  std::optional<ProductReads> reads = product_reads(graph, part.space, stops);
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
  if (kernel.sees)
    loops[kernel.sees->zero ? loops.size() - 1 : part.space.outer.size() - 1].extent = kernel.sees->count;
  // Both as they are, or both widened.
  if (graph.type(reads->a.node).dtype != graph.type(reads->b.node).dtype) return std::nullopt;
  ContractionCall out{.a = kernel.leaf_of(reads->a.node), .b = kernel.leaf_of(reads->b.node)};
  auto place = [&](const Location& at, NodeId node, const Index& index) {
    return element_of(schedule, kernel, at, index, graph.type(node).shape);
  };
  std::optional<ContractionLayout> layout = contraction_layout(
      dims, loops, part.space.outer.size(), place(out.a->location, reads->a.node, reads->a.index),
      place(out.b->location, reads->b.node, reads->b.index), place(*part.target, part.space.root, reads->result));
  if (!layout) return std::nullopt;
  if (layout->transposed) std::swap(out.a, out.b);
  if (kernel.sees && kernel.sees->zero)
    ((*kernel.sees->zero == 0) != layout->transposed ? layout->zeros_of_a : layout->zeros_of_b) =
        loops.back().whole - kernel.sees->count;
  out.layout = std::move(*layout);
  return out;
}

}  // namespace caten
