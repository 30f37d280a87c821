// reduce and put: many elements into one.
#include <cassert>
#include <cstring>

#include "ir/arithmetic.hpp"
#include "ir/evaluate_walk.hpp"
#include "ir/storage.hpp"

namespace caten::evaluation {
namespace {

/// Whether `combine` is defined on the dtype (the rules of ir/infer).
constexpr bool combines(Combine combine, DType dtype) {
  switch (combine) {
    case Combine::kAdd:
    case Combine::kMul: return contains(kNumericSet, dtype);
    case Combine::kMax: return contains(kRealSet, dtype);
    case Combine::kAnd:
    case Combine::kXor: return contains(kBoolSet | kIntegerSet, dtype);
    case Combine::kSet: return false;
  }
  return false;
}

template <Combine C, class T>
T combine_wide(T x, T y) {
  if constexpr (C == Combine::kAdd)
    return arithmetic::add(x, y);
  else if constexpr (C == Combine::kMul)
    return arithmetic::mul(x, y);
  else if constexpr (C == Combine::kMax)
    return arithmetic::max(x, y);
  else if constexpr (C == Combine::kAnd)
    return arithmetic::bit_and(x, y);
  else
    return arithmetic::bit_xor(x, y);
}

/// One step in the accumulator of D, rounded to it.
template <Combine C, DType D>
Wide<D> step(Wide<D> x, Wide<D> y) {
  constexpr DType kAccumulator = accumulator(D);
  return widen<kAccumulator>(narrow<kAccumulator>(combine_wide<C>(x, y)));
}

/// The fixed tree of ir/evaluate.hpp; its depth is the logarithm of n.
template <Combine C, DType D>
Wide<D> fold(const Wide<D>* elements, size_t n) {
  if (n > 8) return step<C, D>(fold<C, D>(elements, n / 2), fold<C, D>(elements + n / 2, n - n / 2));
  Wide<D> sum = elements[0];
  for (size_t i = 1; i < n; ++i) sum = step<C, D>(sum, elements[i]);
  return sum;
}

/// Calls f<C, D>() for a pair that the typing rules allow.
template <class F>
void dispatch_combine(Combine combine, DType dtype, F&& f) {
  dispatch_dtype(dtype, [&]<DType D>() {
    auto with = [&]<Combine C>() {
      if constexpr (combines(C, D)) f.template operator()<C, D>();
    };
    switch (combine) {
      case Combine::kAdd: return with.template operator()<Combine::kAdd>();
      case Combine::kMul: return with.template operator()<Combine::kMul>();
      case Combine::kMax: return with.template operator()<Combine::kMax>();
      case Combine::kAnd: return with.template operator()<Combine::kAnd>();
      case Combine::kXor: return with.template operator()<Combine::kXor>();
      case Combine::kSet: assert(false && "set does not combine");
    }
  });
}

template <class T>
std::complex<double> to_complex(T value) {
  if constexpr (std::is_same_v<T, std::complex<double>>)
    return value;
  else
    return {static_cast<double>(value), 0};
}

/// The positions of x's elements, those of one result together: kept axes first, then the reduced ones.
struct Groups {
  std::vector<int64_t> shape, strides;
  int64_t size = 1;  ///< elements per result
};

Groups group(const Array& x, const std::vector<int>& axes) {
  Groups groups;
  std::vector<int64_t> strides = strides_of(x.shape());
  std::vector<bool> reduced(x.rank(), false);
  for (int axis : axes) reduced[static_cast<size_t>(axis)] = true;
  for (bool pass : {false, true})
    for (size_t i = 0; i < x.rank(); ++i)
      if (reduced[i] == pass) {
        groups.shape.push_back(x.shape()[i]);
        groups.strides.push_back(strides[i]);
        if (pass) groups.size *= x.shape()[i];
      }
  return groups;
}

}  // namespace

Value reduce(const OpCall& call) {
  const Value& x = call.operands[0];
  const auto& attributes = call.node.get<ReduceAttributes>();
  Value out{.array = call.result()};
  Groups groups = group(x.array, attributes.axes);
  StridedWalk walk(groups.shape, groups.strides, 0);
  auto size = static_cast<size_t>(groups.size);
  BoundVector bounds;
  if (call.bounded) bounds.resize(static_cast<size_t>(out.array.elements()));
  dispatch_combine(attributes.combine, x.array.dtype(), [&]<Combine C, DType D>() {
    std::vector<Wide<D>> elements(size);
    std::vector<std::complex<double>> values(call.bounded ? size : 0);
    std::vector<double> errors(call.bounded ? size : 0);
    for (int64_t i = 0; i < out.array.elements(); ++i) {
      for (size_t k = 0; k < size; ++k) {
        int64_t from = walk();
        elements[k] = widen<D>(x.array.as<Storage<D>>()[from]);
        if (!call.bounded) continue;
        values[k] = to_complex(elements[k]);
        errors[k] = x.bound(from);
      }
      Storage<D> result;
      if (size == 0)
        identity(C, D).store(reinterpret_cast<std::byte*>(&result));
      else
        result = narrow<D>(fold<C, D>(elements.data(), size));
      out.array.as_mutable<Storage<D>>()[i] = result;
      if (call.bounded)
        bounds[static_cast<size_t>(i)] =
            fold_bound({C, D, values, errors, to_complex(widen<D>(result)), x.rounded_products});
    }
  });
  if (call.bounded) out.bounds = finish(std::move(bounds));
  return out;
}

Value put(const OpCall& call) {
  const Value &x = call.operands[0], &v = call.operands[1];
  std::span<const Value> indices = call.operands.subspan(2);
  const auto& attributes = call.node.get<AccessAttributes>();
  Accesses accesses(x.array, attributes.axis, indices);
  Value out{.array = call.result()};
  size_t size = dtype_size(x.array.dtype());
  if (attributes.mode == Combine::kSet) {
    std::memcpy(out.array.mutable_data(), x.array.data(), x.array.bytes());
    for (int64_t i = 0; i < v.array.elements(); ++i)
      if (int64_t at = accesses.in_range(i); at >= 0)
        std::memcpy(out.array.mutable_data() + static_cast<size_t>(at) * size,
                    v.array.data() + static_cast<size_t>(i) * size, size);
  } else {
    dispatch_combine(attributes.mode, x.array.dtype(), [&]<Combine C, DType D>() {
      std::vector<Wide<D>> sums(static_cast<size_t>(x.array.elements()));
      for (size_t i = 0; i < sums.size(); ++i) sums[i] = widen<D>(x.array.as<Storage<D>>()[i]);
      for (int64_t i = 0; i < v.array.elements(); ++i)
        if (int64_t at = accesses.in_range(i); at >= 0) {
          auto& sum = sums[static_cast<size_t>(at)];
          sum = step<C, D>(sum, widen<D>(v.array.as<Storage<D>>()[i]));
        }
      for (size_t i = 0; i < sums.size(); ++i) out.array.as_mutable<Storage<D>>()[i] = narrow<D>(sums[i]);
    });
  }
  if (call.bounded) out.bounds = put_bounds(call, out.array);
  return out;
}

}  // namespace caten::evaluation
