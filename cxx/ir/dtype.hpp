// The dtypes of the IR, their storage types, and the one place where a value is rounded to a dtype.
//
// 2-byte and 1-byte floats are stored in their real size; arithmetic on them happens in a wider type and rounds once
// (round to nearest, ties to even). f8e4m3 follows the OCP 8-bit format: no infinities, overflow saturates to ±448;
// f8e5m2 overflow saturates to ±57344 when cast.
#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caten {

struct Half {
  uint16_t bits = 0;
};
struct BFloat16 {
  uint16_t bits = 0;
};
struct Float8E4M3 {
  uint8_t bits = 0;
};
struct Float8E5M2 {
  uint8_t bits = 0;
};

enum class DType : uint8_t {
#define CATEN_DTYPE(name, enumerator, bytes, kind, storage) enumerator,
#include "ir/dtypes.def"
#undef CATEN_DTYPE
};
inline constexpr int kDTypeCount = 17;

enum class DTypeClass : uint8_t { kBoolClass, kSigned, kUnsigned, kFloat, kComplex, kStorage };

/// A set of dtypes, for the op table.
using DTypeSet = uint32_t;
constexpr DTypeSet set_of(DType dtype) { return DTypeSet{1} << static_cast<int>(dtype); }
constexpr bool contains(DTypeSet set, DType dtype) { return (set & set_of(dtype)) != 0; }

std::string_view dtype_name(DType dtype);
std::optional<DType> find_dtype(std::string_view name);
size_t dtype_size(DType dtype);  ///< bytes
DTypeClass dtype_class(DType dtype);
const std::vector<DType>& all_dtypes();

inline bool is_float(DType d) { return dtype_class(d) == DTypeClass::kFloat; }
inline bool is_complex(DType d) { return dtype_class(d) == DTypeClass::kComplex; }
inline bool is_integer(DType d) {
  return dtype_class(d) == DTypeClass::kSigned || dtype_class(d) == DTypeClass::kUnsigned;
}
inline bool is_bool(DType d) { return d == DType::kBool; }

inline constexpr DTypeSet kBoolSet = set_of(DType::kBool);
inline constexpr DTypeSet kIntegerSet = set_of(DType::kI8) | set_of(DType::kI16) | set_of(DType::kI32) |
                                        set_of(DType::kI64) | set_of(DType::kU8) | set_of(DType::kU16) |
                                        set_of(DType::kU32) | set_of(DType::kU64);
inline constexpr DTypeSet kFloatSet =
    set_of(DType::kF16) | set_of(DType::kBF16) | set_of(DType::kF32) | set_of(DType::kF64);
inline constexpr DTypeSet kComplexSet = set_of(DType::kC64) | set_of(DType::kC128);
inline constexpr DTypeSet kStorageSet = set_of(DType::kF8E4M3) | set_of(DType::kF8E5M2);
inline constexpr DTypeSet kRealSet = kIntegerSet | kFloatSet;
inline constexpr DTypeSet kNumericSet = kRealSet | kComplexSet;
inline constexpr DTypeSet kComputeSet = kBoolSet | kNumericSet;
inline constexpr DTypeSet kAnySet = kComputeSet | kStorageSet;

/// "bool i8 f32", for messages.
std::string describe(DTypeSet set);

/// Calls `f.template operator()<Storage>()` with the storage type of `dtype`.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
#define CATEN_DTYPE(name, enumerator, bytes, kind, storage) \
  case DType::enumerator:                                   \
    return f.template operator()<storage>();
#include "ir/dtypes.def"
#undef CATEN_DTYPE
  }
  __builtin_unreachable();
}

/// An integer as a double, rounded to odd: rounding the result again, to any narrower format, rounds once.
double round_to_odd(int64_t value);
double round_to_odd(uint64_t value);

// Rounding to the small float formats; the argument is exact, the result is the nearest (ties to even).
Half to_half(double value);
BFloat16 to_bfloat16(double value);
Float8E4M3 to_float8_e4m3(double value);
Float8E5M2 to_float8_e5m2(double value);
double to_double(Half value);
double to_double(BFloat16 value);
double to_double(Float8E4M3 value);
double to_double(Float8E5M2 value);

}  // namespace caten
