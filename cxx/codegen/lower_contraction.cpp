#include "codegen/lower_contraction.hpp"

#include <cassert>

#include "codegen/values.hpp"
#include "schedule/contraction.hpp"

namespace caten {

LoopNest lower_contraction(const Schedule& schedule, const Kernel& kernel) {
  const Graph& graph = schedule.graph;
  const KernelPart& part = kernel.parts[0];
  DType dtype = graph.type(part.space.root).dtype;
  LoopNest out;
  KernelValues values(schedule, kernel, out);
  Stops stops = [&](NodeId id) { return values.leaf(id) != nullptr; };
  std::optional<ContractionReads> reads = contraction_reads(graph, part.space, stops);
  assert(reads && "a kernel that no library computes");
  std::vector<ContractionLoop> loops;
  for (const Shape* extents : {&part.space.outer, &part.space.reduced})
    for (const Dim& extent : *extents) {
      size_t k = loops.size();
      bool in_blocks = k < kernel.blocks.size();
      loops.push_back({reads->variables[k], in_blocks ? kernel.blocks[k].begin : Dim(0),
                       in_blocks ? kernel.blocks[k].count : extent});
    }
  auto place = [&](const Location& at, NodeId node, const Index& index) {
    return values.element(at, index, graph.type(node).shape);
  };
  auto place_of = [&](const Read& read) { return place(values.leaf(read.node)->location, read.node, read.index); };
  std::optional<ContractionLayout> layout =
      contraction_layout(graph.dims, loops, part.space.outer.size(), place_of(reads->a), place_of(reads->b),
                         place(*part.target, part.space.root, reads->result));
  assert(layout && "a contraction of other memory than it was chosen for");
  out.slots = {{part.target->buffer, dtype, true},
               {values.leaf(reads->a.node)->location.buffer, dtype, false},
               {values.leaf(reads->b.node)->location.buffer, dtype, false}};
  if (layout->transposed) std::swap(out.slots[1], out.slots[2]);
  LibraryCall call{.library = schedule.library, .routine = "contraction", .attributes = std::string(dtype_name(dtype))};
  call.sizes = {layout->m, layout->n, layout->k};
  for (const ContractionLayout::Matrix* matrix : {&layout->a, &layout->b, &layout->c})
    call.sizes.insert(call.sizes.end(), {matrix->offset, matrix->rows, matrix->columns});
  for (const ContractionLayout::Batch& batch : layout->batch)
    call.sizes.insert(call.sizes.end(), {batch.extent, batch.a, batch.b, batch.c});
  out.call = std::move(call);
  return out;
}

}  // namespace caten
