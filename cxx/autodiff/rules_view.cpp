// Derivatives of conversions, views and copies: each moves the cotangent back to where the elements came from, and the
// tangent along with the elements.
#include "autodiff/rules.hpp"

namespace caten::autodiff {
namespace {

DType part_of(DType complex) { return complex == DType::kC64 ? DType::kF32 : DType::kF64; }

/// The real or imaginary parts of a complex value.
NodeId part(const Build& b, NodeId complex, int which) {
  NodeId parts = b.bitcast(complex, part_of(b.dtype(complex)));
  std::vector<SliceRange> ranges;
  for (const Dim& size : Shape(b.shape(complex))) ranges.push_back({Dim(0), size, 1});
  ranges.push_back({Dim(which), Dim(which + 1), 1});
  return b.reshape(b.slice(parts, std::move(ranges)), b.type(complex).shape);
}

/// Pairs (re, im) along the last axis with the sign of im changed.
NodeId conjugate_pairs(const Build& b, NodeId pairs) {
  ValueType type = b.type(pairs);
  int last = static_cast<int>(type.shape.size()) - 1;
  NodeId imaginary = b.eq(b.index(last, type.shape), b.integer(1, type.shape));
  return b.select(imaginary, b.mul(pairs, b.constant(Scalar::of_integer(type.dtype, -1), type.shape)), pairs);
}

/// The condition of g is the cotangent's too.
Flows one(const Call& call, NodeId value) { return {{value, call.g.counts}}; }

/// The axes of x, the last one left out.
std::vector<int> leading_axes(const Shape& pairs) {
  std::vector<int> out;
  for (size_t k = 0; k + 1 < pairs.size(); ++k) out.push_back(static_cast<int>(k));
  return out;
}

}  // namespace

Flows cast_rule(const Call& call) {
  DType from = call.type(0).dtype;
  if (!differentiable(from)) return Flows(1);
  const Build& b = call.build;
  DType wanted = cotangent_type(call.type(0)).dtype;
  if (is_complex(call.node.type.dtype) && !is_complex(from))
    return one(call, b.cast(part(b, call.g.value, 0), wanted));  // Re(g·dx) for real dx
  return one(call, b.cast(call.g.value, wanted));
}

Flows bitcast_rule(const Call& call) {
  DType from = call.type(0).dtype, to = call.node.type.dtype;
  const Build& b = call.build;
  if (from == to) return one(call, call.g.value);
  // Re(g·dx) with g = p + iq and dx = da + i·db is p·da − q·db.
  NodeId counts = call.g.counts;
  if (is_complex(from) && to == part_of(from))
    return {{b.bitcast(conjugate_pairs(b, call.g.value), from),
             any_counts(b, counts, {static_cast<int>(call.node.type.shape.size()) - 1})}};
  if (is_complex(to) && from == part_of(to)) {
    Shape pairs = call.type(0).shape;
    if (counts.valid()) counts = b.spread(counts, pairs, leading_axes(pairs));
    return {{conjugate_pairs(b, b.bitcast(call.g.value, from)), counts}};
  }
  return Flows(1);  // bits of another meaning
}

Flows reshape_rule(const Call& call) {
  const Build& b = call.build;
  Shape from = call.type(0).shape;
  return {{b.reshape(call.g.value, from), call.g.counts.valid() ? b.reshape(call.g.counts, from) : NodeId{}}};
}

Flows permute_rule(const Call& call) {
  const std::vector<int>& axes = call.node.get<PermuteAttributes>().axes;
  std::vector<int> inverse(axes.size());
  for (size_t k = 0; k < axes.size(); ++k) inverse[static_cast<size_t>(axes[k])] = static_cast<int>(k);
  const Build& b = call.build;
  return {{b.permute(call.g.value, inverse), call.g.counts.valid() ? b.permute(call.g.counts, inverse) : NodeId{}}};
}

Flows expand_rule(const Call& call) {
  Shape from = call.type(0).shape;
  std::vector<int> repeated;
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != call.node.type.shape[i]) repeated.push_back(static_cast<int>(i));
  const Build& b = call.build;
  NodeId counts = any_counts(b, call.g.counts, repeated);
  return {{b.reshape(b.reduce(Combine::kAdd, call.g.value, repeated), from),
           counts.valid() ? b.reshape(counts, from) : counts}};
}

Flows slice_rule(const Call& call) {
  const Build& b = call.build;
  const std::vector<SliceRange>& ranges = call.node.get<SliceAttributes>().ranges;
  Shape from = call.type(0).shape;
  NodeId value = call.g.value, counts = call.g.counts;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const SliceRange& range = ranges[i];
    if (range.start.is(0) && range.step == 1 && range.stop == from[i]) continue;
    ValueType wider = b.type(value);
    Shape along{wider.shape[i]};
    NodeId at = b.add(b.mul(b.index(0, along), b.integer(range.step, along)), b.fill(b.size(range.start), along));
    wider.shape[i] = from[i];
    value = b.put(b.zeros(wider), static_cast<int>(i), {at}, value, Combine::kAdd);
    counts = put_counts(b, wider, static_cast<int>(i), {at}, counts);
  }
  return {{value, counts}};
}

Flows copy_rule(const Call& call) { return one(call, call.g.value); }

NodeId push_cast(const Push& push) {
  const Build& b = push.build;
  ValueType to = cotangent_type(push.node.type);
  return differentiable(to.dtype) ? b.cast(push.tangents[0], to.dtype) : NodeId{};
}

NodeId push_bitcast(const Push& push) {
  DType from = push.type(0).dtype, to = push.node.type.dtype;
  if (from == to) return push.tangents[0];
  bool same_numbers = (is_complex(from) && to == part_of(from)) || (is_complex(to) && from == part_of(to));
  return same_numbers ? push.build.bitcast(push.tangents[0], to) : NodeId{};
}

NodeId push_view(const Push& push) {
  const Build& b = push.build;
  NodeId t = push.tangents[0];
  return b.op(push.node.op, {t}, push.node.attributes, {b.dtype(t), push.node.type.shape});
}

}  // namespace caten::autodiff
