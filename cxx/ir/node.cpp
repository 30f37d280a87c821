#include "ir/node.hpp"

#include <cmath>
#include <limits>

namespace caten {

std::string describe(const ValueType& type) { return std::string(dtype_name(type.dtype)) + describe(type.shape); }

namespace {
constexpr std::string_view kCombineNames[] = {"set", "add", "mul", "max", "and", "xor"};
}

std::string_view combine_name(Combine combine) { return kCombineNames[static_cast<int>(combine)]; }

std::optional<Combine> find_combine(std::string_view name) {
  for (size_t i = 0; i < std::size(kCombineNames); ++i)
    if (kCombineNames[i] == name) return static_cast<Combine>(i);
  return std::nullopt;
}

Scalar identity(Combine combine, DType dtype) {
  switch (combine) {
    case Combine::kMul: return Scalar::one(dtype);
    case Combine::kAnd: return is_bool(dtype) ? Scalar::of_bool(true) : Scalar::of_integer(dtype, -1);
    case Combine::kMax: return Scalar::of_real(dtype, -std::numeric_limits<double>::infinity());
    default: return Scalar::zero(dtype);
  }
}

Dim slice_length(const SliceRange& range) {
  if (range.step > 0) return ceil_div(range.stop - range.start, Dim(range.step));
  return ceil_div(range.start - range.stop, -Dim(range.step));
}

LoopOperands loop_operands(const Node& loop) {
  const auto& attributes = loop.get<LoopAttributes>();
  LoopOperands out;
  size_t at = 0;
  if (attributes.runtime_count) out.count = loop.operands[at++];
  for (uint32_t k = 0; k < attributes.carries; ++k) out.inits.push_back(loop.operands[at++]);
  for (uint32_t k = 0; k < attributes.carries; ++k) out.nexts.push_back(loop.operands[at++]);
  if (attributes.until) out.until = loop.operands[at++];
  for (uint32_t k = 0; k < attributes.collects; ++k) out.collects.push_back(loop.operands[at++]);
  return out;
}

}  // namespace caten
