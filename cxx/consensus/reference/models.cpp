#include "consensus/reference/models.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten::consensus::reference {
namespace {

/// i32 for ids, else i64, f32 or f64: by the value that is read, or by what was computed.
DType dtype_of(const ModelColumn& column) {
  if (column.vocabulary > 0) return DType::kI32;
  if (column.dtype)
    return !is_float(*column.dtype) ? DType::kI64 : *column.dtype == DType::kF64 ? DType::kF64 : DType::kF32;
  Number::Type widest = Number::Type::kBot;
  for (const Item& item : column.items)
    for (size_t i = 0; i < item.size(); ++i) widest = std::max(widest, item.at(i).type);
  if (widest == Number::Type::kF64) return DType::kF64;
  return widest == Number::Type::kLiteral || widest == Number::Type::kF32 ? DType::kF32 : DType::kI64;
}

Array to_column(const ModelColumn& column) {
  if (column.whole) return *column.whole;
  DType dtype = dtype_of(column);
  const Item& first = column.items[0];
  std::vector<int64_t> shape{static_cast<int64_t>(column.items.size())};
  if (first.list) shape.push_back(static_cast<int64_t>(first.size()));
  Array out = Array::zeros(dtype, shape);
  std::byte* to = out.mutable_data();
  for (const Item& item : column.items)
    for (size_t i = 0; i < item.size(); ++i, to += dtype_size(dtype)) {
      const Number& number = item.at(i);
      Scalar element = number.is_bot()       ? Scalar::of_integer(dtype, column.vocabulary)
                       : number.is_integer() ? Scalar::of_integer(dtype, number.integer)
                                             : Scalar::of_real(dtype, number.real);
      element.store(to);
    }
  return out;
}

}  // namespace

Result<Array> checked_call(const ModelCall& call, const std::vector<Array>& arguments, size_t cells) {
  Result<Array> given = call.model.call(arguments, call.keywords);
  if (!given) return given;
  size_t rank = given->rank();
  bool real = contains(kRealSet | kBoolSet, given->dtype());
  if ((rank != 1 && rank != 2) || !real || given->shape()[0] != static_cast<int64_t>(cells))
    return fail({.code = Code::ModelFailed,
                 .message = fmt::format("the model `{}` gave something of another shape", call.name),
                 .span = call.place.span,
                 .expected = fmt::format("numbers ({}), or lists of n ({}, n)", cells, cells),
                 .found = describe(*given),
                 .remedy = "let it give a number or a list for each cell: the first axis of its arguments"});
  return given;
}

Result<std::vector<Item>> call_model(const ModelCall& call, const std::vector<ModelColumn>& columns, size_t cells) {
  std::vector<Array> arguments;
  for (const ModelColumn& column : columns) arguments.push_back(to_column(column));
  Result<Array> given = checked_call(call, arguments, cells);
  if (!given) return tl::make_unexpected(given.error());
  size_t rank = given->rank();
  int64_t each = rank == 2 ? given->shape()[1] : 1;
  const std::byte* from = given->data();
  std::vector<Item> out;
  for (size_t cell = 0; cell < cells; ++cell) {
    std::vector<Number> numbers;
    for (int64_t i = 0; i < each; ++i, from += dtype_size(given->dtype()))
      numbers.push_back(Number::of(Scalar::load(given->dtype(), from)));
    out.push_back(rank == 2 ? Item(std::move(numbers)) : Item(numbers[0]));
  }
  return out;
}

}  // namespace caten::consensus::reference
