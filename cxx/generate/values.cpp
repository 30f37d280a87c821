// The elements of generated arguments.
#include <cmath>
#include <limits>

#include "generate/generate.hpp"

namespace caten::generated {

uint64_t Random::bits() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Scalar edge_value(Random& random, DType dtype) {
  if (is_bool(dtype)) return Scalar::of_bool(random.chance(50));
  if (is_integer(dtype)) {
    switch (random.below(6)) {
      case 0: return Scalar::of_integer(dtype, 0);
      case 1: return Scalar::of_integer(dtype, random.chance(50) ? 1 : -1);
      case 2: return identity(Combine::kMax, dtype);
      case 3: return Scalar::of_real(dtype, std::numeric_limits<double>::infinity());
      case 4: return Scalar::of_integer(dtype, static_cast<int64_t>(random.bits()));
      default: return Scalar::of_integer(dtype, random.below(9) - 4);
    }
  }
  auto real = [&]() -> double {
    DType part = is_complex(dtype) ? (dtype == DType::kC64 ? DType::kF32 : DType::kF64) : dtype;
    const FloatFormat& format = float_format(part);
    double sign = random.chance(50) ? 1 : -1;
    switch (random.below(12)) {
      case 0: return sign * 0.0;
      case 1: return sign * std::numeric_limits<double>::infinity();
      case 2: return std::numeric_limits<double>::quiet_NaN();
      case 3:
        return sign * std::ldexp(1.0, format.min_exponent - format.precision + 1 + static_cast<int>(random.below(3)));
      case 4: return sign * format.largest;
      case 5: return sign;
      case 6: return sign * static_cast<double>(random.below(1000)) / 8;
      default:
        return sign * std::ldexp(static_cast<double>(random.bits() >> 11), -53 + static_cast<int>(random.below(6)) - 2);
    }
  };
  if (is_complex(dtype)) return Scalar::of_complex(dtype, {real(), real()});
  return Scalar::of_real(dtype, real());
}

std::vector<int> shuffled(Random& random, size_t count) {
  std::vector<int> out;
  for (size_t k = 0; k < count; ++k)
    out.insert(out.begin() + random.below(static_cast<int64_t>(k) + 1), static_cast<int>(k));
  return out;
}

DTypeSet reducible(Combine combine) {
  if (combine == Combine::kMax) return kRealSet;
  if (combine == Combine::kAnd || combine == Combine::kXor) return kBoolSet | kIntegerSet;
  return kNumericSet;
}

void add_floats(Case& given, Random& random) {
  for (const Graph::Input& input : given.graph.inputs) {
    const ValueType& type = given.graph.type(input.node);
    Array array = Array::zeros(type.dtype, concrete(type.shape, given.arguments.sizes));
    for (int64_t i = 0; i < array.elements(); ++i)
      array.as_mutable<float>()[i] = static_cast<float>(random.below(2001)) / 1000 - 1;
    given.arguments.inputs.push_back(std::move(array));
  }
}

Array random_array(Random& random, DType dtype, const std::vector<int64_t>& shape) {
  Array array = Array::zeros(dtype, shape);
  // Half of the arrays hold ordinary numbers only, so that not everything becomes NaN.
  bool tame = random.chance(50);
  for (int64_t i = 0; i < array.elements(); ++i) {
    Scalar scalar = edge_value(random, dtype);
    if (tame && !is_bool(dtype)) {
      double value = static_cast<double>(random.below(4001) - 2000) / 256;
      scalar = is_integer(dtype)
                   ? Scalar::of_integer(dtype, random.below(11) - (dtype_class(dtype) == DTypeClass::kSigned ? 4 : 0))
               : is_complex(dtype) ? Scalar::of_complex(dtype, {value, static_cast<double>(random.below(9) - 4)})
                                   : Scalar::of_real(dtype, value);
    }
    scalar.store(array.mutable_data() + static_cast<size_t>(i) * dtype_size(dtype));
  }
  return array;
}

}  // namespace caten::generated
