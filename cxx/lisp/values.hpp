// Tensors, sizes and attributes of Lisp as values of ir/. The Lisp side is lisp/tensor.lisp: one structure whose slots
// stand in the order of TensorSlot.
#pragma once

#include <optional>

#include "ir/node.hpp"
#include "lisp/ecl.hpp"

namespace caten::lisp {

enum TensorSlot : cl_index {
  kOpSlot,
  kOperandsSlot,
  kAttributesSlot,
  kDTypeSlot,
  kShapeSlot,
  kValueSlot,
  kNameSlot,
  kOriginSlot,
  kFreeSlot,
  kAfterSlot
};

bool is_tensor(cl_object object);
inline cl_object slot(cl_object tensor, TensorSlot index) { return tensor->instance.slots[index]; }

/// An integer, a symbol of caten/size, or an expression over them.
Result<Dim> to_dim(cl_object object);
cl_object to_lisp(const Dim& dim);
Result<Shape> to_shape(cl_object list);
cl_object to_lisp(const Shape& shape);

std::optional<DType> to_dtype(cl_object keyword);
cl_object to_lisp(DType dtype);

/// The dtype and shape slots of a tensor.
Result<ValueType> to_type(cl_object tensor);
cl_object to_lisp(const ValueType& type);  ///< (dtype . shape)

/// A number, t or nil as an element; E0210 if the dtype cannot hold it.
Result<Scalar> to_scalar(cl_object number, DType dtype);

cl_object to_lisp(const Scalar& value);  ///< the number that `to_scalar` takes

/// The op whose name is this keyword's, in lower case.
std::optional<Op> to_op(cl_object keyword);
cl_object to_lisp(Op op);  ///< that keyword
/// The attributes slot as the op's struct; `dtype` is the result's, for the literal of const.
Result<Attributes> to_attributes(Op op, cl_object attributes, DType dtype);
/// A node's attributes slot: what `to_attributes` and the builder of graphs read.
cl_object attributes_of(const Node& node);

}  // namespace caten::lisp
