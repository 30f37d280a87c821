// Element types at compile time: for each dtype its storage type, the wide type in which its arithmetic happens, the
// type in which its reductions accumulate, and the conversions between them.
#pragma once

#include <complex>
#include <type_traits>

#include "ir/dtype.hpp"

namespace caten {

template <DType D>
struct StorageOf;
#define CATEN_DTYPE(name, enumerator, bytes, kind, storage) \
  template <>                                               \
  struct StorageOf<DType::enumerator> {                     \
    using Type = storage;                                   \
    static constexpr DTypeClass kClass = DTypeClass::kind;  \
  };
#include "ir/dtypes.def"
#undef CATEN_DTYPE

template <DType D>
using Storage = typename StorageOf<D>::Type;
template <DType D>
inline constexpr DTypeClass kClassOf = StorageOf<D>::kClass;
template <DType D>
inline constexpr bool kIsReal = kClassOf<D> == DTypeClass::kFloat || kClassOf<D> == DTypeClass::kStorage;
template <DType D>
inline constexpr bool kIsComplex = kClassOf<D> == DTypeClass::kComplex;

template <DType D>
using Wide =
    std::conditional_t<kIsReal<D>, double, std::conditional_t<kIsComplex<D>, std::complex<double>, Storage<D>>>;

/// Exact.
template <DType D>
Wide<D> widen(Storage<D> value) {
  if constexpr (std::is_class_v<Storage<D>> && !kIsComplex<D>)
    return to_double(value);
  else
    return Wide<D>(value);
}

/// Rounds once.
template <DType D>
Storage<D> narrow(Wide<D> value) {
  if constexpr (D == DType::kF16)
    return to_half(value);
  else if constexpr (D == DType::kBF16)
    return to_bfloat16(value);
  else if constexpr (D == DType::kF8E4M3)
    return to_float8_e4m3(value);
  else if constexpr (D == DType::kF8E5M2)
    return to_float8_e5m2(value);
  else
    return Storage<D>(value);
}

/// The dtype in which sums and products of many elements are kept.
constexpr DType accumulator(DType dtype) { return dtype == DType::kF16 || dtype == DType::kBF16 ? DType::kF32 : dtype; }

/// Calls `f.template operator()<dtype>()`.
template <class F>
decltype(auto) dispatch_dtype(DType dtype, F&& f) {
  switch (dtype) {
#define CATEN_DTYPE(name, enumerator, bytes, kind, storage) \
  case DType::enumerator:                                   \
    return f.template operator()<DType::enumerator>();
#include "ir/dtypes.def"
#undef CATEN_DTYPE
  }
  __builtin_unreachable();
}

}  // namespace caten
