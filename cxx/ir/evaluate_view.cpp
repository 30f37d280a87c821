// Leaves, views and computed accesses: every element is copied as it is.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "ir/evaluate_walk.hpp"

namespace caten::evaluation {
namespace {

/// The value whose elements are those of x at the positions that `next` yields; -1 stands for a zero.
template <class Next>
Value pick(const OpCall& call, const Value& x, Next&& next) {
  Value out{.array = call.result(), .rounded_products = x.rounded_products};
  size_t size = dtype_size(x.array.dtype());
  BoundVector bounds;
  if (!x.exact()) bounds.resize(static_cast<size_t>(out.array.elements()));
  for (int64_t i = 0; i < out.array.elements(); ++i) {
    int64_t from = next();
    if (from < 0) continue;
    std::memcpy(out.array.mutable_data() + static_cast<size_t>(i) * size,
                x.array.data() + static_cast<size_t>(from) * size, size);
    if (!x.exact()) bounds[static_cast<size_t>(i)] = x.bound(from);
  }
  if (!x.exact()) out.bounds = finish(std::move(bounds));
  return out;
}

}  // namespace

Value constant(const OpCall& call) {
  Value out{.array = call.result()};
  size_t size = dtype_size(out.array.dtype());
  alignas(16) std::byte element[16];
  call.node.get<ConstAttributes>().value.store(element);
  for (int64_t i = 0; i < out.array.elements(); ++i)
    std::memcpy(out.array.mutable_data() + static_cast<size_t>(i) * size, element, size);
  return out;
}

Value index(const OpCall& call) {
  Value out{.array = call.result()};
  auto axis = static_cast<size_t>(call.node.get<IndexAttributes>().axis);
  int64_t stride = strides_of(call.shape)[axis];
  for (int64_t i = 0; i < out.array.elements(); ++i) out.array.as_mutable<int64_t>()[i] = i / stride % call.shape[axis];
  return out;
}

Value reshape(const OpCall& call) {
  const Value& x = call.operands[0];
  return {.array = x.array.reinterpreted(x.array.dtype(), call.shape),
          .bounds = x.bounds,
          .rounded_products = x.rounded_products};
}

Value permute(const OpCall& call) {
  const Value& x = call.operands[0];
  std::vector<int64_t> from = strides_of(x.array.shape()), strides;
  for (int axis : call.node.get<PermuteAttributes>().axes) strides.push_back(from[static_cast<size_t>(axis)]);
  return pick(call, x, StridedWalk(call.shape, std::move(strides), 0));
}

Value expand(const OpCall& call) {
  const Value& x = call.operands[0];
  std::vector<int64_t> strides = strides_of(x.array.shape());
  for (size_t i = 0; i < strides.size(); ++i)
    if (x.array.shape()[i] == 1) strides[i] = 0;
  return pick(call, x, StridedWalk(call.shape, std::move(strides), 0));
}

Value slice(const OpCall& call) {
  const Value& x = call.operands[0];
  std::vector<int64_t> strides = strides_of(x.array.shape());
  const std::vector<SliceRange>& ranges = call.node.get<SliceAttributes>().ranges;
  int64_t offset = 0;
  for (size_t i = 0; i < strides.size(); ++i) {
    offset += ranges[i].start.evaluate(call.sizes).value_or(0) * strides[i];
    strides[i] *= ranges[i].step;
  }
  return pick(call, x, StridedWalk(call.shape, std::move(strides), offset));
}

Value take(const OpCall& call) {
  const Value& x = call.operands[0];
  std::span<const Value> indices = call.operands.subspan(1);
  Accesses accesses(x.array, call.node.get<AccessAttributes>().axis, indices);
  int64_t i = 0;
  Value out = pick(call, x, [&] { return accesses.clamped(i++); });
  out.rounded_products = false;
  if (std::all_of(indices.begin(), indices.end(), [](const Value& index) { return index.exact(); })) return out;
  BoundVector bounds(static_cast<size_t>(out.array.elements()));
  for (int64_t k = 0; k < out.array.elements(); ++k) {
    bounds[static_cast<size_t>(k)] = out.bound(k);
    for (const Value& index : indices)
      if (index.bound(accesses.point(k)) > 0) bounds[static_cast<size_t>(k)] = kIll;
  }
  out.bounds = finish(std::move(bounds));
  return out;
}

}  // namespace caten::evaluation
