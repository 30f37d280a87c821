#include "ir/infer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten {
namespace {

using Inferred = Result<ValueType>;

tl::unexpected<Diagnostic> error(Code code, std::string message, std::string expected, std::string found,
                                 std::string remedy) {
  return fail({.code = code,
               .message = std::move(message),
               .expected = std::move(expected),
               .found = std::move(found),
               .remedy = std::move(remedy)});
}

/// One rule application: knows the op's name and the sizes, so that its errors are complete.
struct Rules {
  std::string_view name;
  OperandTypes operands;
  DimEnv& dims;

  Status arity(size_t expected) const {
    if (operands.size() == expected) return {};
    return error(Code::WrongArity, fmt::format("`{}` takes {} operand{}", name, expected, expected == 1 ? "" : "s"),
                 fmt::format("{} operand{}", expected, expected == 1 ? "" : "s"), fmt::format("{}", operands.size()),
                 "add or remove operands");
  }

  Status takes(DType dtype, DTypeSet set) const {
    if (contains(set, dtype)) return {};
    return error(Code::UnsupportedDType, fmt::format("`{}` does not take {}", name, dtype_name(dtype)),
                 "one of " + describe(set), std::string(dtype_name(dtype)),
                 "cast the operand, or use a composite for this dtype");
  }

  Status same_dtype(const ValueType& a, const ValueType& b) const {
    if (a.dtype == b.dtype) return {};
    return error(Code::DTypeMismatch, fmt::format("`{}` needs operands of one dtype", name), "equal dtypes",
                 describe(a) + " and " + describe(b),
                 fmt::format("cast one of them: (cast x {}) or (cast y {})", dtype_name(b.dtype), dtype_name(a.dtype)));
  }

  Status same_dim(const Dim& a, const Dim& b, const std::string& what, Code code = Code::ShapeMismatch) const {
    if (dims.equate(a, b, [&] { return fmt::format("`{}`: {}", name, what); }) != DimEnv::Outcome::kContradiction)
      return {};
    return error(code, fmt::format("`{}`: {}", name, what), fmt::format("{} = {}", a.describe(), b.describe()),
                 fmt::format("{} ≠ {}", dims.resolve(a).describe(), dims.resolve(b).describe()), "correct the sizes");
  }

  Status same_shape(const ValueType& a, const ValueType& b) const {
    if (a.shape.size() != b.shape.size()) return shape_error(a, b);
    auto reason = [&] {
      return fmt::format("`{}` needs equal shapes {} and {}", name, describe(a.shape), describe(b.shape));
    };
    for (size_t i = 0; i < a.shape.size(); ++i)
      if (dims.equate(a.shape[i], b.shape[i], reason) == DimEnv::Outcome::kContradiction) return shape_error(a, b);
    return {};
  }

  tl::unexpected<Diagnostic> shape_error(const ValueType& a, const ValueType& b) const {
    return error(Code::ShapeMismatch, fmt::format("`{}` needs operands of one shape", name), "equal shapes",
                 describe(a) + " and " + describe(b), "reshape and expand one of them to the other's shape");
  }

  Result<int> axis(int axis, size_t rank, const char* what = "axis") const {
    if (axis >= 0 && static_cast<size_t>(axis) < rank) return axis;
    return error(Code::BadAxis, fmt::format("`{}`: {} {} is outside rank {}", name, what, axis, rank),
                 rank == 0 ? "a value with axes" : fmt::format("0 to {}", rank - 1), std::to_string(axis),
                 "correct the axis");
  }

  Status valid_shape(const Shape& shape) const {
    for (const Dim& dim : shape) {
      if (dim.overflowed())
        return error(Code::SizeOverflow, fmt::format("`{}`: a size leaves 64 bits", name), "sizes below 2^63",
                     describe(shape), "use smaller sizes");
      Dim size = dims.resolve(dim);
      if (dims.require_le(Dim(0), size, [&] { return fmt::format("`{}`: sizes are 0 or more", name); }) ==
          DimEnv::Outcome::kContradiction)
        return error(Code::NegativeSize, fmt::format("`{}` would have a negative size", name), "sizes of 0 or more",
                     describe(shape), "correct the sizes");
    }
    if (dims.resolve(element_count(shape)).overflowed() &&
        std::none_of(shape.begin(), shape.end(), [](const Dim& dim) { return dim.is(0); }))
      return error(Code::SizeOverflow, fmt::format("`{}`: the number of elements leaves 64 bits", name),
                   "fewer than 2^63 elements", describe(shape), "use smaller sizes");
    return {};
  }
};

Inferred elementwise(const Rules& rules, const OpInfo& row) {
  CATEN_TRY(rules.arity(static_cast<size_t>(row.arity)));
  const ValueType& x = *rules.operands[0];
  CATEN_TRY(rules.takes(x.dtype, row.dtypes));
  for (const ValueType* other : rules.operands.subspan(1)) {
    CATEN_TRY(rules.same_dtype(x, *other));
    CATEN_TRY(rules.same_shape(x, *other));
  }
  return ValueType{row.result == ResultRule::kBool ? DType::kBool : x.dtype, rules.dims.resolve(x.shape)};
}

Inferred select(const Rules& rules) {
  CATEN_TRY(rules.arity(3));
  const ValueType& condition = *rules.operands[0];
  if (!is_bool(condition.dtype))
    return error(Code::DTypeMismatch, "`if` needs a bool condition", "bool", describe(condition),
                 "compare first, or (cast c bool)");
  const ValueType &yes = *rules.operands[1], &no = *rules.operands[2];
  CATEN_TRY(rules.same_dtype(yes, no));
  CATEN_TRY(rules.same_shape(yes, no));
  CATEN_TRY(rules.same_shape(condition, yes));
  return ValueType{yes.dtype, rules.dims.resolve(yes.shape)};
}

Inferred loop(const Rules& rules, const LoopAttributes& a) {
  size_t expected = (a.runtime_count ? 1u : 0u) + 2u * a.carries + (a.until ? 1u : 0u) + a.collects;
  CATEN_TRY(rules.arity(expected));
  if (a.level < 0 || a.level >= 64)
    return error(Code::TooDeep, "loops are nested too deeply", "at most 64 levels", std::to_string(a.level + 1),
                 "split the program");
  CATEN_TRY(rules.valid_shape({a.count}));
  size_t at = 0;
  if (a.runtime_count) {
    const ValueType& count = *rules.operands[at++];
    if (count.dtype != DType::kI64 || !count.shape.empty())
      return error(Code::BadLoop, "a loop's count must be a scalar", "i64[] or a size", describe(count),
                   "(cast n i64), and reshape to no axes");
  }
  for (uint32_t k = 0; k < a.carries; ++k) {
    const ValueType& init = *rules.operands[at + k];
    const ValueType& next = *rules.operands[at + a.carries + k];
    std::string which = k < a.carry_names.size() && !a.carry_names[k].empty()
                            ? fmt::format("carry `{}`", a.carry_names[k])
                            : fmt::format("carry {}", k);
    auto mismatch = [&] {
      return error(Code::BadLoop, fmt::format("{}: its next value does not fit", which),
                   "the type of its initial value, " + describe(init), describe(next),
                   "cast or reshape the next value; carries keep their type");
    };
    if (init.dtype != next.dtype || init.shape.size() != next.shape.size()) return mismatch();
    for (size_t i = 0; i < init.shape.size(); ++i)
      if (rules.dims.equate(init.shape[i], next.shape[i], which) == DimEnv::Outcome::kContradiction) return mismatch();
  }
  at += size_t{2} * a.carries;
  if (a.until) {
    const ValueType& until = *rules.operands[at++];
    if (!is_bool(until.dtype) || !until.shape.empty())
      return error(Code::BadLoop, ":until needs a scalar condition", "bool[]", describe(until),
                   "reduce the condition to one value");
  }
  return loop_results(a, rules.operands)[0];
}

Inferred bitcast(const Rules& rules, DType to) {
  CATEN_TRY(rules.arity(1));
  const ValueType& x = *rules.operands[0];
  auto part = [](DType dtype) { return dtype == DType::kC64 ? DType::kF32 : DType::kF64; };
  if (is_complex(x.dtype) && to == part(x.dtype)) {
    Shape shape = x.shape;
    shape.push_back(Dim(2));
    return ValueType{to, shape};
  }
  if (is_complex(to) && x.dtype == part(to)) {
    if (x.shape.empty() ||
        rules.dims.equate(x.shape.back(), Dim(2), "`bitcast` to complex") == DimEnv::Outcome::kContradiction)
      return error(Code::BadBitcast, "`bitcast` to complex needs a last axis of size 2",
                   fmt::format("{}[… 2]", dtype_name(x.dtype)), describe(x),
                   "stack real and imaginary parts along a last axis");
    return ValueType{to, Shape(x.shape.begin(), x.shape.end() - 1)};
  }
  bool to_bool = is_bool(to) && !is_bool(x.dtype);
  if (dtype_size(to) != dtype_size(x.dtype) || to_bool)
    return error(Code::BadBitcast, fmt::format("`bitcast` cannot turn {} into {}", dtype_name(x.dtype), dtype_name(to)),
                 to_bool
                     ? "a dtype whose every bit pattern is a value"
                     : fmt::format("a dtype of {} byte{}", dtype_size(x.dtype), dtype_size(x.dtype) == 1 ? "" : "s"),
                 fmt::format("{}, {} byte{}", dtype_name(to), dtype_size(to), dtype_size(to) == 1 ? "" : "s"),
                 "use cast to convert values");
  return ValueType{to, x.shape};
}

Inferred reshape(const Rules& rules, const Shape& shape) {
  CATEN_TRY(rules.arity(1));
  CATEN_TRY(rules.valid_shape(shape));
  const ValueType& x = *rules.operands[0];
  Dim before = element_count(x.shape), after = element_count(shape);
  auto reason = [&] { return fmt::format("`reshape` of {} to {}", describe(x.shape), describe(shape)); };
  if (rules.dims.equate(before, after, reason) == DimEnv::Outcome::kContradiction)
    return error(Code::BadReshape, "`reshape` must keep the number of elements",
                 fmt::format("{} elements, as {} has", rules.dims.resolve(before).describe(), describe(x)),
                 fmt::format("{} in {}", rules.dims.resolve(after).describe(), describe(shape)), "correct the sizes");
  return ValueType{x.dtype, rules.dims.resolve(shape)};
}

Inferred permute(const Rules& rules, const PermuteAttributes& a) {
  CATEN_TRY(rules.arity(1));
  const ValueType& x = *rules.operands[0];
  std::vector<bool> seen(x.shape.size(), false);
  bool fine = a.axes.size() == x.shape.size();
  for (int axis : a.axes) {
    fine = fine && axis >= 0 && static_cast<size_t>(axis) < x.shape.size() && !seen[static_cast<size_t>(axis)];
    if (!fine) break;
    seen[static_cast<size_t>(axis)] = true;
  }
  if (!fine)
    return error(Code::BadPermutation, "`permute` needs each axis once",
                 fmt::format("a permutation of 0 … {}", static_cast<int>(x.shape.size()) - 1),
                 fmt::format("({}) for {}", fmt::join(a.axes, " "), describe(x)), "list every axis exactly once");
  Shape shape;
  for (int axis : a.axes) shape.push_back(x.shape[static_cast<size_t>(axis)]);
  return ValueType{x.dtype, shape};
}

Inferred expand(const Rules& rules, const Shape& shape) {
  CATEN_TRY(rules.arity(1));
  CATEN_TRY(rules.valid_shape(shape));
  const ValueType& x = *rules.operands[0];
  auto bad = [&] {
    return error(Code::BadExpand, "`expand` repeats axes of size 1 only", "each axis equal, or 1 in the operand",
                 describe(x.shape) + " to " + describe(shape), "reshape first, to add axes of size 1");
  };
  if (x.shape.size() != shape.size()) return bad();
  auto reason = [&] { return fmt::format("`expand` of {} to {}", describe(x.shape), describe(shape)); };
  for (size_t i = 0; i < shape.size(); ++i) {
    if (rules.dims.resolve(x.shape[i]).is(1)) continue;
    if (rules.dims.equate(x.shape[i], shape[i], reason) == DimEnv::Outcome::kContradiction) return bad();
  }
  return ValueType{x.dtype, rules.dims.resolve(shape)};
}

Inferred slice(const Rules& rules, const SliceAttributes& a) {
  CATEN_TRY(rules.arity(1));
  const ValueType& x = *rules.operands[0];
  if (a.ranges.size() != x.shape.size())
    return error(Code::BadSlice, "`slice` needs a range for each axis",
                 fmt::format("{} ranges for {}", x.shape.size(), describe(x)), fmt::format("{}", a.ranges.size()),
                 "write (0 size 1) for a whole axis");
  Shape shape;
  for (size_t i = 0; i < a.ranges.size(); ++i) {
    SliceRange range{rules.dims.resolve(a.ranges[i].start), rules.dims.resolve(a.ranges[i].stop), a.ranges[i].step};
    Dim size = rules.dims.resolve(x.shape[i]);
    auto text = [&] {
      return fmt::format("({} {} {}) of axis {}, size {}", range.start.describe(), range.stop.describe(), range.step, i,
                         size.describe());
    };
    auto bad = [&](std::string expected) {
      return error(Code::BadSlice, fmt::format("`slice` leaves axis {}", i), std::move(expected), text(),
                   "correct the range");
    };
    if (range.step == 0) return bad("a step other than 0");
    if (range.step == INT64_MIN) return bad("a step above -2^63");
    bool forward = range.step > 0;
    std::string expected = forward ? "0 ≤ start ≤ stop ≤ size" : "-1 ≤ stop ≤ start < size";
    auto need = [&](const Dim& low, const Dim& high) {
      return rules.dims.require_le(low, high, [&] { return "`slice` " + text(); }) != DimEnv::Outcome::kContradiction;
    };
    bool fine = forward
                    ? need(Dim(0), range.start) && need(range.start, range.stop) && need(range.stop, size)
                    : need(Dim(-1), range.stop) && need(range.stop, range.start) && need(range.start, size - Dim(1));
    if (!fine) return bad(expected);
    shape.push_back(slice_length(range));
  }
  CATEN_TRY(rules.valid_shape(shape));
  return ValueType{x.dtype, shape};
}

/// The shape of what take reads and put writes.
Result<Shape> accessed_shape(const Rules& rules, const AccessAttributes& a, const ValueType& x, OperandTypes indices) {
  if (indices.empty())
    return error(Code::WrongArity, fmt::format("`{}` needs indices", rules.name), "one or more", "none",
                 "give index values");
  CATEN_TRY(rules.axis(a.axis, x.shape.size()));
  CATEN_TRY(rules.axis(a.axis + static_cast<int>(indices.size()) - 1, x.shape.size(), "the last indexed axis"));
  const Shape& places = indices[0]->shape;
  for (const ValueType* index : indices) {
    if (index->dtype != DType::kI64)
      return error(Code::DTypeMismatch, fmt::format("`{}` needs i64 indices", rules.name), "i64", describe(*index),
                   "(cast indices i64)");
    CATEN_TRY(rules.same_shape(*indices[0], *index));
  }
  Shape shape(x.shape.begin(), x.shape.begin() + a.axis);
  shape.insert(shape.end(), places.begin(), places.end());
  shape.insert(shape.end(), x.shape.begin() + a.axis + static_cast<std::ptrdiff_t>(indices.size()), x.shape.end());
  return rules.dims.resolve(shape);
}

Inferred put(const Rules& rules, const AccessAttributes& a) {
  if (rules.operands.size() < 3)
    return error(Code::WrongArity, "`put` takes a target, a value and indices", "3 or more operands",
                 std::to_string(rules.operands.size()), "(put x axis indices v mode)");
  const ValueType& x = *rules.operands[0];
  const ValueType& v = *rules.operands[1];
  CATEN_TRY(rules.same_dtype(x, v));
  DTypeSet set = a.mode == Combine::kSet ? kAnySet : a.mode == Combine::kMax ? kRealSet : kNumericSet;
  if (a.mode == Combine::kAnd || a.mode == Combine::kXor)
    return error(Code::BadForm, "`put` does not know this mode", "set, add, mul or max",
                 std::string(combine_name(a.mode)), "choose one of them");
  CATEN_TRY(rules.takes(x.dtype, set));
  Result<Shape> shape = accessed_shape(rules, a, x, rules.operands.subspan(2));
  if (!shape) return tl::make_unexpected(shape.error());
  ValueType wanted{x.dtype, *shape};
  if (v.shape.size() != wanted.shape.size())
    return error(Code::ShapeMismatch, "`put`: the value does not fit the indices", describe(wanted), describe(v),
                 "give one value per index");
  for (size_t i = 0; i < wanted.shape.size(); ++i)
    if (rules.dims.equate(v.shape[i], wanted.shape[i], "`put`: the value's shape") == DimEnv::Outcome::kContradiction)
      return error(Code::ShapeMismatch, "`put`: the value does not fit the indices", describe(wanted), describe(v),
                   "give one value per index");
  return ValueType{x.dtype, rules.dims.resolve(x.shape)};
}

Inferred reduce(const Rules& rules, const ReduceAttributes& a) {
  CATEN_TRY(rules.arity(1));
  const ValueType& x = *rules.operands[0];
  DTypeSet set = a.combine == Combine::kMax                                 ? kRealSet
                 : a.combine == Combine::kAnd || a.combine == Combine::kXor ? (kBoolSet | kIntegerSet)
                                                                            : kNumericSet;
  if (a.combine == Combine::kSet)
    return error(Code::BadForm, "`reduce` does not know this combination", "add, mul, max, and or xor", "set",
                 "choose one of them");
  CATEN_TRY(rules.takes(x.dtype, set));
  Shape shape;
  int last = -1;
  for (int axis : a.axes) {
    CATEN_TRY(rules.axis(axis, x.shape.size()));
    if (axis <= last)
      return error(Code::BadAxis, "`reduce` needs ascending, distinct axes", "for example 0 2",
                   fmt::format("{}", fmt::join(a.axes, " ")), "sort them, drop repetitions");
    last = axis;
  }
  for (size_t i = 0; i < x.shape.size(); ++i)
    if (std::find(a.axes.begin(), a.axes.end(), static_cast<int>(i)) == a.axes.end()) shape.push_back(x.shape[i]);
  return ValueType{x.dtype, shape};
}

}  // namespace

std::vector<ValueType> loop_results(const LoopAttributes& a, OperandTypes operands) {
  std::vector<ValueType> out;
  size_t at = a.runtime_count ? 1 : 0;
  for (uint32_t k = 0; k < a.carries; ++k) out.push_back(*operands[at + k]);
  at += 2u * a.carries + (a.until ? 1u : 0u);
  for (uint32_t k = 0; k < a.collects; ++k) {
    ValueType type = *operands[at + k];
    type.shape.insert(type.shape.begin(), a.count);
    out.push_back(std::move(type));
  }
  out.push_back({DType::kI64, {}});
  return out;
}

Inferred infer_type(Op op, const Attributes& attributes, OperandTypes operands, const ValueType& target, DimEnv& dims) {
  Rules rules{op_name(op), operands, dims};
  switch (op) {
    case Op::kConst:
      CATEN_TRY(rules.arity(0));
      CATEN_TRY(rules.valid_shape(target.shape));
      return ValueType{std::get<ConstAttributes>(attributes).value.dtype(), dims.resolve(target.shape)};
    case Op::kIndex:
      CATEN_TRY(rules.arity(0));
      CATEN_TRY(rules.valid_shape(target.shape));
      CATEN_TRY(rules.axis(std::get<IndexAttributes>(attributes).axis, target.shape.size()));
      return ValueType{DType::kI64, dims.resolve(target.shape)};
    case Op::kIf: return select(rules);
    case Op::kLoop: return loop(rules, std::get<LoopAttributes>(attributes));
    case Op::kCast:
      CATEN_TRY(rules.arity(1));
      if (is_complex(operands[0]->dtype) && !is_complex(target.dtype) && !is_bool(target.dtype))
        return error(Code::UnsupportedDType, "`cast` from complex to real would drop the imaginary part",
                     "a complex dtype or bool", std::string(dtype_name(target.dtype)),
                     "(bitcast x real) gives both parts along a last axis");
      return ValueType{target.dtype, operands[0]->shape};
    case Op::kBitcast: return bitcast(rules, target.dtype);
    case Op::kReshape: return reshape(rules, target.shape);
    case Op::kPermute: return permute(rules, std::get<PermuteAttributes>(attributes));
    case Op::kExpand: return expand(rules, target.shape);
    case Op::kSlice: return slice(rules, std::get<SliceAttributes>(attributes));
    case Op::kTake: {
      if (operands.size() < 2)
        return error(Code::WrongArity, "`take` takes a value and indices", "2 or more operands",
                     std::to_string(operands.size()), "(take x axis indices)");
      Result<Shape> shape =
          accessed_shape(rules, std::get<AccessAttributes>(attributes), *operands[0], operands.subspan(1));
      if (!shape) return tl::make_unexpected(shape.error());
      return ValueType{operands[0]->dtype, *shape};
    }
    case Op::kPut: return put(rules, std::get<AccessAttributes>(attributes));
    case Op::kCopy: CATEN_TRY(rules.arity(1)); return *operands[0];
    case Op::kReduce: return reduce(rules, std::get<ReduceAttributes>(attributes));
    default: return elementwise(rules, info(op));
  }
}

}  // namespace caten
