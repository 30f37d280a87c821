#include "codegen/lower_contraction.hpp"

#include <cassert>

#include "schedule/contraction.hpp"

namespace caten {

LoopNest lower_contraction(const Schedule& schedule, const Kernel& kernel) {
  std::optional<ContractionCall> contraction = contraction_of(schedule, kernel);
  assert(contraction && "a kernel that no library computes");
  const ContractionLayout& layout = contraction->layout;
  const KernelPart& part = kernel.parts[0];
  DType dtype = schedule.graph.type(part.space.root).dtype;
  LoopNest out;
  out.slots = {{part.target->buffer, dtype, true},
               {contraction->a->location.buffer, dtype, false},
               {contraction->b->location.buffer, dtype, false}};
  LibraryCall call{.library = schedule.library, .routine = "contraction", .attributes = std::string(dtype_name(dtype))};
  call.sizes = {layout.m, layout.n, layout.k};
  for (const ContractionLayout::Matrix* matrix : {&layout.a, &layout.b, &layout.c})
    call.sizes.insert(call.sizes.end(), {matrix->offset, matrix->rows, matrix->columns});
  for (const ContractionLayout::Batch& batch : layout.batch)
    call.sizes.insert(call.sizes.end(), {batch.extent, batch.a, batch.b, batch.c});
  out.call = std::move(call);
  return out;
}

}  // namespace caten
