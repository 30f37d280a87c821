// Arrays from Lisp data and back.
#include <fmt/format.h>

#include "ir/array_text.hpp"
#include "ir/scalar.hpp"
#include "lisp/foreign.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

constexpr size_t kMaxRank = 32;

bool is_circular(cl_object list) {
  cl_object slow = list;
  bool step = false;
  for (cl_object rest = list; is_cons(rest); step = !step) {
    rest = tail(rest);
    if (step) slow = tail(slow);
    if (is_cons(rest) && rest == slow) return true;
  }
  return false;
}

/// How deeply conses nest: the rank of the literal. Stops at the first circle and at kMaxRank + 1.
size_t nesting(cl_object list, size_t depth = 0) {
  if (!is_cons(list) || depth > kMaxRank || is_circular(list)) return 0;
  size_t inner = 0;
  for (cl_object rest = list; is_cons(rest) && inner + depth <= kMaxRank; rest = tail(rest))
    if (is_cons(head(rest))) inner = std::max(inner, nesting(head(rest), depth + 1));
  return inner + 1;
}

class ListReader {
 public:
  explicit ListReader(size_t rank) : shape_(rank, -1) {}

  /// Collects the elements in row-major order; every list of one depth must have one length.
  Status read(cl_object object, size_t depth = 0) {
    if (depth == shape_.size()) {
      if (is_cons(object)) return ragged(depth);
      elements_.push_back(object);
      return {};
    }
    if (!ECL_LISTP(object)) return ragged(depth);
    if (shape_.size() > kMaxRank || is_circular(object))
      return fail({.code = Code::TooDeep,
                   .message = "a literal that nests too deeply or is circular",
                   .expected = fmt::format("at most {} axes", kMaxRank),
                   .remedy = "pass a finite list of rows"});
    int64_t length = 0;
    for (cl_object rest = object; is_cons(rest); rest = tail(rest), ++length) CATEN_TRY(read(head(rest), depth + 1));
    if (shape_[depth] >= 0 && shape_[depth] != length) return ragged(depth);
    shape_[depth] = length;
    return {};
  }

  std::vector<int64_t> shape() const {
    std::vector<int64_t> known = shape_;
    for (int64_t& size : known) size = std::max<int64_t>(size, 0);
    return known;
  }
  const std::vector<cl_object>& elements() const { return elements_; }

 private:
  tl::unexpected<Diagnostic> ragged(size_t depth) {
    return fail({.code = Code::ShapeMismatch,
                 .message = "a literal whose rows differ in length",
                 .expected = fmt::format("equal lengths along axis {}", depth),
                 .remedy = "make all rows equally long"});
  }

  std::vector<int64_t> shape_;
  std::vector<cl_object> elements_;  // reachable through the list being read
};

DType literal_dtype(const std::vector<cl_object>& elements) {
  bool complex = false, real = false, integer = false;
  for (cl_object element : elements) {
    cl_type type = ecl_t_of(element);
    complex |= !is_nil(cl_complexp(element));
    integer |= type == t_fixnum || type == t_bignum;
    real |= type == t_singlefloat || type == t_doublefloat || type == t_longfloat || type == t_ratio;
  }
  return complex            ? DType::kC64
         : real             ? DType::kF32
         : integer          ? DType::kI64
         : elements.empty() ? DType::kF32
                            : DType::kBool;
}

/// (array-from-list list dtype): (array dtype . shape). dtype may be nil: i64, f32, c64 or bool by the elements.
cl_object array_from_list(cl_object list, cl_object dtype) {
  return primitive([&]() -> cl_object {
    ListReader reader(is_nil(list) ? 1 : nesting(list));
    if (Status read = reader.read(list); !read) return to_lisp(read.error());
    std::optional<DType> chosen = to_dtype(dtype);
    DType type = chosen ? *chosen : literal_dtype(reader.elements());
    Array array = Array::zeros(type, reader.shape());
    size_t size = dtype_size(type);
    for (size_t i = 0; i < reader.elements().size(); ++i) {
      Result<Scalar> value = to_scalar(reader.elements()[i], type);
      if (!value) return to_lisp(value.error());
      value->store(array.mutable_data() + i * size);
    }
    return described(std::move(array));
  });
}

cl_object nested(const Array& array, size_t axis, const std::byte*& at) {
  if (axis == array.rank()) {
    cl_object element = to_lisp(Scalar::load(array.dtype(), at));
    at += dtype_size(array.dtype());
    return element;
  }
  cl_object list = ECL_NIL;
  for (int64_t i = 0; i < array.shape()[axis]; ++i) list = ecl_cons(nested(array, axis + 1, at), list);
  return cl_nreverse(list);
}

/// (array-to-list array): nested lists of numbers, the inverse of array-from-list.
cl_object array_to_list(cl_object object) {
  return primitive([&]() -> cl_object {
    const Array* array = to_array(object);
    if (!array) return ECL_NIL;
    const std::byte* at = array->data();
    return nested(*array, 0, at);
  });
}

/// (array-text array): its elements as text, cut if there are many.
cl_object array_text_primitive(cl_object object) {
  return primitive([&]() -> cl_object {
    const Array* array = to_array(object);
    return array ? to_lisp(std::string_view(array_text(*array))) : ECL_NIL;
  });
}

const Primitive kPrimitives[] = {
    {"ARRAY-FROM-LIST", array_from_list}, {"ARRAY-TO-LIST", array_to_list}, {"ARRAY-TEXT", array_text_primitive}};

}  // namespace

void define_array_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
