#include "ir/error_bound.hpp"

#include <fmt/format.h>

#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

#include "ir/scalar.hpp"
#include "ir/storage.hpp"

namespace caten {
namespace {

constexpr FloatFormat kHalfFormat{11, -14, 65504};
constexpr FloatFormat kBFloat16Format{8, -126, 0x1.fep127};
constexpr FloatFormat kSingleFormat{24, -126, 0x1.fffffep127};
constexpr FloatFormat kDoubleFormat{53, -1022, std::numeric_limits<double>::max()};
constexpr FloatFormat kE4M3Format{4, -6, 448};
constexpr FloatFormat kE5M2Format{3, -14, 57344};

/// Bit patterns as integers in the order of the values; both zeros are 0.
template <class Bits>
int64_t ordered(Bits bits) {
  constexpr int kSign = sizeof(Bits) * 8 - 1;
  auto magnitude = static_cast<int64_t>(bits & static_cast<Bits>(~(Bits{1} << kSign)));
  return bits >> kSign ? -magnitude : magnitude;
}

template <class T>
int64_t ordered_value(T value) {
  if constexpr (sizeof(T) == 8)
    return ordered(std::bit_cast<uint64_t>(value));
  else if constexpr (sizeof(T) == 4)
    return ordered(std::bit_cast<uint32_t>(value));
  else if constexpr (sizeof(T) == 2)
    return ordered(std::bit_cast<uint16_t>(value));
  else
    return ordered(std::bit_cast<uint8_t>(value));
}

/// How an element (a part of a complex one) compares.
struct PartComparison {
  bool fine;
  double ulps;
};

template <DType D, class Part>
PartComparison compare_part(Part found, Part reference, double bound) {
  double a, b;
  if constexpr (kIsComplex<D>) {
    a = static_cast<double>(found);
    b = static_cast<double>(reference);
  } else {
    a = widen<D>(found);
    b = widen<D>(reference);
  }
  if (std::isnan(a) && std::isnan(b)) return {true, 0};
  if (std::isnan(a) || std::isnan(b)) return {false, std::numeric_limits<double>::infinity()};
  double ulps = std::fabs(static_cast<double>(ordered_value(found)) - static_cast<double>(ordered_value(reference)));
  bool fine = bound == 0 ? a == b && std::signbit(a) == std::signbit(b) : deviation(a, b) <= bound;
  return {fine, ulps};
}

template <DType D>
PartComparison compare_element(Storage<D> found, Storage<D> reference, double bound) {
  if constexpr (kIsComplex<D>) {
    PartComparison re = compare_part<D>(found.real(), reference.real(), bound);
    PartComparison im = compare_part<D>(found.imag(), reference.imag(), bound);
    return {re.fine && im.fine, std::max(re.ulps, im.ulps)};
  } else if constexpr (kIsReal<D>) {
    return compare_part<D>(found, reference, bound);
  } else if constexpr (D == DType::kBool) {
    return {(found != 0) == (reference != 0), 0};
  } else {
    return {found == reference, 0};
  }
}

std::string coordinates(const Array& array, int64_t position) {
  std::vector<int64_t> at(array.rank());
  for (size_t axis = array.rank(); axis-- > 0;) {
    at[axis] = position % array.shape()[axis];
    position /= array.shape()[axis];
  }
  return fmt::format("[{}]", fmt::join(at, " "));
}

std::string element_text(const Array& array, int64_t position) {
  size_t size = dtype_size(array.dtype());
  return print(Scalar::load(array.dtype(), array.data() + static_cast<size_t>(position) * size).to_datum());
}

}  // namespace

const FloatFormat& float_format(DType dtype) {
  switch (dtype) {
    case DType::kF16: return kHalfFormat;
    case DType::kBF16: return kBFloat16Format;
    case DType::kF32:
    case DType::kC64: return kSingleFormat;
    case DType::kF8E4M3: return kE4M3Format;
    case DType::kF8E5M2: return kE5M2Format;
    default: assert(dtype == DType::kF64 || dtype == DType::kC128); return kDoubleFormat;
  }
}

double ulp(const FloatFormat& format, double value) {
  double magnitude = std::min(std::fabs(value), format.largest);
  int exponent = magnitude > 0 ? std::max(std::ilogb(magnitude), format.min_exponent) : format.min_exponent;
  return std::ldexp(1.0, exponent - format.precision + 1);
}

double deviation(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
  return std::fabs(a - b);
}

Comparison compare(const Array& found, const Array& reference, const ErrorBounds& bounds) {
  Comparison out;
  if (!found.same_type(reference)) {
    out.wrong = std::max<int64_t>(reference.elements(), 1);
    out.max_ulp = std::numeric_limits<double>::infinity();
    out.first_wrong = fmt::format("found {}, reference {}", describe(found), describe(reference));
    return out;
  }
  dispatch_dtype(found.dtype(), [&]<DType D>() {
    for (int64_t i = 0; i < found.elements(); ++i) {
      double bound = bounds ? (*bounds)[static_cast<size_t>(i)] : 0;
      if (std::isinf(bound)) {
        ++out.ill_conditioned;
        continue;
      }
      PartComparison part = compare_element<D>(found.as<Storage<D>>()[i], reference.as<Storage<D>>()[i], bound);
      out.max_ulp = std::max(out.max_ulp, part.ulps);
      if (part.fine) {
        ++out.passed;
        continue;
      }
      if (out.wrong++ == 0)
        out.first_wrong =
            fmt::format("{}: found {}, reference {}{}", coordinates(found, i), element_text(found, i),
                        element_text(reference, i), bound > 0 ? fmt::format(" ± {:.3g}", bound) : std::string());
    }
  });
  return out;
}

}  // namespace caten
