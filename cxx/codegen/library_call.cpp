#include "codegen/library_call.hpp"

#include <cassert>

#include "schedule/contraction.hpp"
#include "schedule/convolution.hpp"

namespace caten {
namespace {

std::vector<Dim> sizes_of(const ContractionLayout& layout) {
  std::vector<Dim> out{layout.m, layout.n, layout.k, layout.zeros_of_a, layout.zeros_of_b};
  for (const ContractionLayout::Matrix* matrix : {&layout.a, &layout.b, &layout.c})
    out.insert(out.end(), {matrix->offset, matrix->rows, matrix->columns});
  for (const ContractionLayout::Batch& batch : layout.batch)
    out.insert(out.end(), {batch.extent, batch.a, batch.b, batch.c});
  return out;
}

std::vector<Dim> sizes_of(const ConvolutionCall& call, const Location& result) {
  const ConvolutionLayout& layout = call.layout;
  std::vector<Dim> out{call.x->location.offset,
                       call.other->location.offset,
                       result.offset,
                       layout.images,
                       layout.groups,
                       layout.channels,
                       layout.filters,
                       Dim(layout.x_last ? 1 : 0),
                       Dim(layout.y_last ? 1 : 0),
                       Dim(static_cast<int64_t>(layout.kind))};
  for (const ConvolutionLayout::Axis& axis : layout.axes)
    out.insert(out.end(), {axis.size, axis.window, axis.stride, axis.dilation, axis.before, axis.out});
  return out;
}

}  // namespace

LoopNest lower_library_call(const Schedule& schedule, const Kernel& kernel) {
  const KernelPart& part = kernel.parts[0];
  DType dtype = schedule.graph.type(part.space.root).dtype;
  LoopNest out;
  LibraryCall call{.library = schedule.library, .routine = std::string(routine_name(*kernel.by_library))};
  const KernelLeaf *first = nullptr, *second = nullptr;
  if (*kernel.by_library == Routine::kContraction) {
    std::optional<ContractionCall> contraction = contraction_of(schedule, kernel);
    assert(contraction && "a kernel that no library computes");
    call.sizes = sizes_of(contraction->layout);
    first = contraction->a;
    second = contraction->b;
  } else {
    std::optional<ConvolutionCall> convolution = convolution_of(schedule, kernel);
    assert(convolution && "a kernel that no library computes");
    call.sizes = sizes_of(*convolution, *part.target);
    if (convolution->layout.kind != ConvolutionKind::kFilters) call.weights = 2;
    first = convolution->x;
    second = convolution->other;
  }
  DType read = schedule.graph.type(first->node).dtype;
  call.attributes = std::string(dtype_name(read));
  out.slots = {{part.target->buffer, dtype, true},
               {first->location.buffer, read, false},
               {second->location.buffer, read, false}};
  out.call = std::move(call);
  return out;
}

}  // namespace caten
