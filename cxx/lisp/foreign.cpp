#include "lisp/foreign.hpp"

#include <gc/gc.h>

#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

/// A collection is due when this much foreign memory was handed out since the last one.
constexpr size_t kCollectAfter = size_t{256} << 20;

cl_object tag() { return keyword("CATEN"); }

void finalise(void* object, void*) {
  auto* lisp_object = static_cast<cl_object>(object);
  delete static_cast<Owned*>(static_cast<void*>(lisp_object->foreign.data));
  lisp_object->foreign.data = nullptr;
}

Owned* owned(cl_object object) {
  if (ecl_t_of(object) != t_foreign || object->foreign.tag != tag()) return nullptr;
  return static_cast<Owned*>(static_cast<void*>(object->foreign.data));
}

}  // namespace

cl_object give_to_lisp(std::unique_ptr<Owned> object, size_t bytes) {
  static size_t handed_out = 0;
  handed_out += bytes;
  if (handed_out > kCollectAfter) {
    handed_out = bytes;
    GC_gcollect();
    GC_invoke_finalizers();
  }
  cl_object result = ecl_make_foreign_data(tag(), 0, object.release());
  GC_register_finalizer_no_order(result, finalise, nullptr, nullptr, nullptr);
  return result;
}

const Array* to_array(cl_object object) {
  Owned* found = owned(object);
  return found && found->kind == Owned::Kind::kArray ? &static_cast<OwnedArray*>(found)->array : nullptr;
}

LiveWorld* to_world(cl_object object) {
  Owned* found = owned(object);
  return found && found->kind == Owned::Kind::kWorld ? static_cast<OwnedWorld*>(found)->world.get() : nullptr;
}

OwnedStepper* to_stepper(cl_object object) {
  Owned* found = owned(object);
  return found && found->kind == Owned::Kind::kStepper ? static_cast<OwnedStepper*>(found) : nullptr;
}

DimEnv* to_dim_env(cl_object object) {
  Owned* found = owned(object);
  return found && found->kind == Owned::Kind::kDimEnv ? &static_cast<OwnedDimEnv*>(found)->dims : nullptr;
}

cl_object described(Array array) {
  cl_object shape = ECL_NIL;
  for (size_t k = array.rank(); k-- > 0;) shape = ecl_cons(to_lisp(array.shape()[k]), shape);
  cl_object type = ecl_cons(to_lisp(array.dtype()), shape);
  size_t bytes = array.bytes();
  return ecl_cons(give_to_lisp(std::make_unique<OwnedArray>(std::move(array)), bytes), type);
}

}  // namespace caten::lisp
