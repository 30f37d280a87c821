// The element-wise ops, from the `value` column of ir/ops.def alone, and `if`.
#include <cassert>
#include <cstring>

#include "ir/elementwise_rows.hpp"
#include "ir/evaluate_op.hpp"
#include "ir/storage.hpp"

namespace caten::evaluation {
namespace {

template <class Row, DType D>
void apply(const Array& x, const Array& y, Array& out) {
  const auto* left = x.as<Storage<D>>();
  const auto* right = y.as<Storage<D>>();
  for (int64_t i = 0; i < out.elements(); ++i) {
    auto value = Row::of(widen<D>(left[i]), widen<D>(right[i]));
    if constexpr (Row::kResult == ResultRule::kBool)
      out.as_mutable<uint8_t>()[i] = value ? 1 : 0;
    else
      out.as_mutable<Storage<D>>()[i] = narrow<D>(value);
  }
}

template <class Row>
void apply(const Array& x, const Array& y, Array& out) {
  dispatch_dtype(x.dtype(), [&]<DType D>() {
    if constexpr (contains(Row::kDTypes, D))
      apply<Row, D>(x, y, out);
    else
      assert(false && "an op on a dtype that its row does not name");
  });
}

}  // namespace

Value elementwise(const OpCall& call) {
  Value out{.array = call.result()};
  const Array& x = call.operands[0].array;
  const Array& y = call.operands.back().array;
  switch (call.node.op) {
#define CATEN_OP(...)
#define CATEN_ELEMENTWISE(enumerator, ...)   \
  case Op::k##enumerator:                    \
    apply<enumerator##Row>(x, y, out.array); \
    break;
#include "ir/ops.def"
#undef CATEN_OP
#undef CATEN_ELEMENTWISE
    default: assert(false && "not element-wise");
  }
  if (call.bounded) out.bounds = elementwise_bounds(call, out.array, out.rounded_products);
  return out;
}

Value select(const OpCall& call) {
  const Value &condition = call.operands[0], &yes = call.operands[1], &no = call.operands[2];
  Value out{.array = call.result()};
  size_t size = dtype_size(out.array.dtype());
  for (int64_t i = 0; i < out.array.elements(); ++i) {
    const Array& chosen = condition.array.as<uint8_t>()[i] ? yes.array : no.array;
    auto at = static_cast<size_t>(i) * size;
    std::memcpy(out.array.mutable_data() + at, chosen.data() + at, size);
  }
  if (call.bounded) out.bounds = select_bounds(call, out.array);
  return out;
}

}  // namespace caten::evaluation
