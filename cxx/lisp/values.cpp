#include "lisp/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace caten::lisp {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

/// Keywords live as long as Lisp does, so their addresses may be keys.
const std::unordered_map<cl_object, Op>& op_keywords() {
  static const std::unordered_map<cl_object, Op> map = [] {
    std::unordered_map<cl_object, Op> made;
    for (const OpInfo& row : all_ops()) made.emplace(to_lisp(row.op), row.op);
    return made;
  }();
  return map;
}

struct DTypeKeyword {
  DType dtype;
  cl_object keyword;
};

const std::vector<DTypeKeyword>& dtype_keywords() {
  static const std::vector<DTypeKeyword> list = {
#define CATEN_DTYPE(name, enumerator, bytes, kind, storage) {DType::enumerator, keyword(upper(#name))},
#include "ir/dtypes.def"
#undef CATEN_DTYPE
  };
  return list;
}

tl::unexpected<Diagnostic> bad(std::string message, cl_object found, std::string remedy = "") {
  return fail({.code = Code::BadArgument,
               .message = std::move(message),
               .found = print(to_datum(found)),
               .remedy = std::move(remedy)});
}

/// Item k of a list, or NIL.
cl_object item(cl_object list, int k) {
  for (; k > 0 && is_cons(list); --k) list = tail(list);
  return is_cons(list) ? head(list) : ECL_NIL;
}

int to_axis(cl_object object) {
  int64_t axis = -1;
  return to_int64(object, axis) && axis >= 0 && axis < 1 << 20 ? static_cast<int>(axis) : -1;
}

std::vector<int> to_axes(cl_object list) {
  std::vector<int> axes;
  for (; is_cons(list); list = tail(list)) axes.push_back(to_axis(head(list)));
  return axes;
}

/// A number or truth value as the literal of the IR's text form.
Datum literal_datum(cl_object value) {
  if (value == ECL_T) return Datum::symbol("true");
  if (is_nil(value)) return Datum::symbol("false");
  if (!is_nil(cl_complexp(value))) {  // complex numbers of floats are a type of their own
    cl_object re = cl_realpart(value);
    cl_object im = cl_imagpart(value);
    return Datum::list({Datum::symbol("c"), literal_datum(re), literal_datum(im)});
  }
  double real = 0;
  if (ecl_t_of(value) == t_ratio && to_double(value, real)) return Datum::of(real);
  return to_datum(value);
}

Result<Attributes> loop_attributes(cl_object list) {
  LoopAttributes loop;
  int64_t number = 0;
  if (to_int64(item(list, 0), number)) loop.level = static_cast<int>(number);
  Result<Dim> count = to_dim(item(list, 1));
  if (!count) return tl::make_unexpected(count.error());
  loop.count = *count;
  loop.runtime_count = !is_nil(item(list, 2));
  if (to_int64(item(list, 3), number)) loop.carries = static_cast<uint32_t>(number);
  loop.until = !is_nil(item(list, 4));
  if (to_int64(item(list, 5), number)) loop.collects = static_cast<uint32_t>(number);
  loop.counter_name = lower(to_utf8(item(list, 6)));
  for (cl_object names = item(list, 7); is_cons(names); names = tail(names))
    loop.carry_names.push_back(lower(to_utf8(head(names))));
  return loop;
}

Result<Attributes> slice_attributes(cl_object list) {
  SliceAttributes slice;
  for (; is_cons(list); list = tail(list)) {
    SliceRange range;
    Result<Dim> start = to_dim(item(head(list), 0));
    if (!start) return tl::make_unexpected(start.error());
    Result<Dim> stop = to_dim(item(head(list), 1));
    if (!stop) return tl::make_unexpected(stop.error());
    range.start = *start;
    range.stop = *stop;
    if (!to_int64(item(head(list), 2), range.step))
      return bad("the step of a slice must be an integer", item(head(list), 2));
    slice.ranges.push_back(std::move(range));
  }
  return slice;
}

}  // namespace

bool is_tensor(cl_object object) {
  static cl_object tensor_class = cl_find_class(1, symbol("TENSOR", "CATEN/TENSOR"));  // reachable by its name
  return ecl_t_of(object) == t_instance && object->instance.clas == tensor_class;
}

Result<Dim> to_dim(cl_object object) {
  int64_t value = 0;
  if (to_int64(object, value)) return Dim(value);
  if (ECL_SYMBOLP(object) && !is_nil(object)) return Dim::symbol(to_utf8(object));
  if (is_cons(object)) {
    Datum datum = to_datum(object);
    // The heads of expressions are lower-case names in the IR's text form.
    std::vector<Datum*> open{&datum};
    while (!open.empty()) {
      Datum* form = open.back();
      open.pop_back();
      if (form->is_list() && !form->items.empty() && form->items[0].is_symbol())
        form->items[0].text = lower(form->items[0].text);
      for (Datum& part : form->items)
        if (part.is_list()) open.push_back(&part);
    }
    return Dim::parse(datum);
  }
  return bad("a size must be an integer or an expression over named sizes", object, "sizes are numbers such as 3 or M");
}

cl_object to_lisp(const Dim& dim) { return dim.is_constant() ? to_lisp(dim.constant()) : to_lisp(dim.to_datum()); }

Result<Shape> to_shape(cl_object list) {
  Shape shape;
  for (; is_cons(list); list = tail(list)) {
    Result<Dim> dim = to_dim(head(list));
    if (!dim) return tl::make_unexpected(dim.error());
    shape.push_back(*dim);
  }
  return shape;
}

cl_object to_lisp(const Shape& shape) {
  cl_object list = ECL_NIL;
  for (size_t i = shape.size(); i-- > 0;) list = ecl_cons(to_lisp(shape[i]), list);
  return list;
}

std::optional<DType> to_dtype(cl_object object) {
  for (const DTypeKeyword& row : dtype_keywords())
    if (row.keyword == object) return row.dtype;
  return std::nullopt;
}

cl_object to_lisp(DType dtype) {
  for (const DTypeKeyword& row : dtype_keywords())
    if (row.dtype == dtype) return row.keyword;
  return ECL_NIL;
}

Result<ValueType> to_type(cl_object tensor) {
  if (!is_tensor(tensor)) return bad("an operand that is no tensor", tensor);
  std::optional<DType> dtype = to_dtype(slot(tensor, kDTypeSlot));
  if (!dtype) return bad("a tensor without a dtype", slot(tensor, kDTypeSlot));
  Result<Shape> shape = to_shape(slot(tensor, kShapeSlot));
  if (!shape) return tl::make_unexpected(shape.error());
  return ValueType{*dtype, *shape};
}

cl_object to_lisp(const ValueType& type) { return ecl_cons(to_lisp(type.dtype), to_lisp(type.shape)); }

Result<Scalar> to_scalar(cl_object number, DType dtype) { return Scalar::parse(literal_datum(number), dtype); }

cl_object to_lisp(Op op) { return keyword(upper(op_name(op))); }

std::optional<Op> to_op(cl_object object) {
  auto found = op_keywords().find(object);
  if (found == op_keywords().end()) return std::nullopt;
  return found->second;
}

Result<Attributes> to_attributes(Op op, cl_object list, DType dtype) {
  switch (op) {
    case Op::kConst: {
      Result<Scalar> value = to_scalar(item(list, 0), dtype);
      if (!value) return tl::make_unexpected(value.error());
      return ConstAttributes{*value};
    }
    case Op::kIndex: return IndexAttributes{to_axis(item(list, 0))};
    case Op::kPermute: return PermuteAttributes{to_axes(list)};
    case Op::kSlice: return slice_attributes(list);
    case Op::kTake: return AccessAttributes{to_axis(item(list, 0)), Combine::kSet};
    case Op::kPut:
    case Op::kReduce: {
      cl_object name = item(list, op == Op::kPut ? 1 : 0);
      std::optional<Combine> combine = ECL_SYMBOLP(name) ? find_combine(lower(to_utf8(name))) : std::nullopt;
      bool allowed = combine && (op == Op::kPut ? *combine != Combine::kAnd && *combine != Combine::kXor
                                                : *combine != Combine::kSet);
      if (!allowed)
        return bad(fmt::format("`{}` does not combine this way", op_name(op)), name,
                   op == Op::kPut ? "use :set, :add, :mul or :max" : "use :add, :mul, :max, :and or :xor");
      if (op == Op::kPut) return AccessAttributes{to_axis(item(list, 0)), *combine};
      return ReduceAttributes{*combine, to_axes(tail(list))};
    }
    case Op::kCopy: return CopyAttributes{is_nil(item(list, 0)) ? "" : lower(to_utf8(item(list, 0)))};
    case Op::kLoop: return loop_attributes(list);
    default: return std::monostate{};
  }
}

cl_object to_lisp(const Scalar& value) {
  DType dtype = value.dtype();
  if (is_bool(dtype)) return value.as_bool() ? ECL_T : ECL_NIL;
  if (dtype == DType::kU64) return ecl_make_uint64_t(static_cast<uint64_t>(value.as_integer()));
  if (is_integer(dtype)) return to_lisp(value.as_integer());
  if (is_complex(dtype))
    return ecl_make_complex(ecl_make_double_float(value.as_complex().real()),
                            ecl_make_double_float(value.as_complex().imag()));
  return ecl_make_double_float(value.as_real());
}

namespace {

template <class Items, class Make>
cl_object list_of(const Items& items, Make make) {
  cl_object list = ECL_NIL;
  for (size_t k = items.size(); k-- > 0;) list = ecl_cons(make(items[k]), list);
  return list;
}

cl_object loop_list(const LoopAttributes& loop) {
  cl_object names = list_of(loop.carry_names, [](const std::string& name) { return to_lisp(std::string_view(name)); });
  return cl_list(8, to_lisp(static_cast<int64_t>(loop.level)), to_lisp(loop.count),
                 loop.runtime_count ? ECL_T : ECL_NIL, to_lisp(static_cast<int64_t>(loop.carries)),
                 loop.until ? ECL_T : ECL_NIL, to_lisp(static_cast<int64_t>(loop.collects)),
                 to_lisp(std::string_view(loop.counter_name)), names);
}

cl_object region_list(const RegionAttributes& region) {
  cl_object pairs = list_of(region.attributes, [](const std::pair<std::string, Datum>& pair) {
    return cl_list(2, to_lisp(std::string_view(pair.first)), to_lisp(pair.second));
  });
  return cl_list(4, to_lisp(std::string_view(region.name)), to_lisp(static_cast<int64_t>(region.result)), pairs,
                 list_of(region.schedule, [](const Datum& clause) { return to_lisp(clause); }));
}

struct AttributeLister {
  const Node& node;
  cl_object number(int64_t value) const { return to_lisp(value); }
  cl_object axes(const std::vector<int>& list) const {
    return list_of(list, [](int axis) { return to_lisp(static_cast<int64_t>(axis)); });
  }
  cl_object word(std::string_view name) const { return keyword(upper(name)); }
  cl_object operator()(const std::monostate&) const { return ECL_NIL; }
  cl_object operator()(const ConstAttributes& a) const { return ecl_cons(to_lisp(a.value), ECL_NIL); }
  cl_object operator()(const IndexAttributes& a) const { return ecl_cons(number(a.axis), ECL_NIL); }
  cl_object operator()(const PermuteAttributes& a) const { return axes(a.axes); }
  cl_object operator()(const SliceAttributes& a) const {
    return list_of(a.ranges, [](const SliceRange& range) {
      return cl_list(3, to_lisp(range.start), to_lisp(range.stop), to_lisp(range.step));
    });
  }
  cl_object operator()(const AccessAttributes& a) const {
    if (node.is(Op::kTake)) return ecl_cons(number(a.axis), ECL_NIL);
    return cl_list(2, number(a.axis), word(combine_name(a.mode)));
  }
  cl_object operator()(const ReduceAttributes& a) const {
    return ecl_cons(word(combine_name(a.combine)), axes(a.axes));
  }
  cl_object operator()(const CopyAttributes& a) const {
    return a.device.empty() ? ECL_NIL : ecl_cons(to_lisp(std::string_view(a.device)), ECL_NIL);
  }
  cl_object operator()(const LoopAttributes& a) const { return loop_list(a); }
  cl_object operator()(const NameAttributes& a) const { return ecl_cons(to_lisp(std::string_view(a.name)), ECL_NIL); }
  cl_object operator()(const BoundAttributes& a) const {
    return cl_list(2, number(a.level), number(static_cast<int64_t>(a.index)));
  }
  cl_object operator()(const ResultAttributes& a) const {
    return ecl_cons(number(static_cast<int64_t>(a.index)), ECL_NIL);
  }
  cl_object operator()(const RegionAttributes& a) const { return region_list(a); }
};

}  // namespace

cl_object attributes_of(const Node& node) { return std::visit(AttributeLister{node}, node.attributes); }

}  // namespace caten::lisp
