// The op table for lisp/ops.lisp, and typing one op for lisp/tensor.lisp.
#include "ir/infer.hpp"
#include "lisp/ecl.hpp"
#include "lisp/foreign.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

/// (infer op operands attributes dtype shape env): (dtype . shape), for loop a list of these; dtype and shape are the
/// target of ops that have one, else nil.
cl_object infer(cl_object op_name, cl_object operands, cl_object attributes, cl_object dtype, cl_object shape,
                cl_object env) {
  return primitive([&]() -> cl_object {
    std::optional<Op> op = to_op(op_name);
    if (!op) return to_lisp(Diagnostic{.code = Code::UnknownOp, .message = "no such op: " + to_utf8(op_name)});
    ValueType target;
    if (!is_nil(dtype)) {
      std::optional<DType> found = to_dtype(dtype);
      if (!found)
        return to_lisp(Diagnostic{.code = Code::UnknownDType,
                                  .message = "`" + print(to_datum(dtype)) + "` is no dtype",
                                  .expected = describe(kAnySet),
                                  .remedy = "dtypes are keywords such as :f32"});
      target.dtype = *found;
    }
    Result<Shape> target_shape = to_shape(shape);
    if (!target_shape) return to_lisp(target_shape.error());
    target.shape = std::move(*target_shape);
    std::vector<ValueType> types;
    for (cl_object rest = operands; is_cons(rest); rest = tail(rest)) {
      Result<ValueType> type = to_type(head(rest));
      if (!type) return to_lisp(type.error());
      types.push_back(std::move(*type));
    }
    std::vector<const ValueType*> places;
    for (const ValueType& type : types) places.push_back(&type);
    Result<Attributes> converted = to_attributes(*op, attributes, target.dtype);
    if (!converted) return to_lisp(converted.error());
    DimEnv empty;
    DimEnv* dims = to_dim_env(env);
    Result<ValueType> type = infer_type(*op, *converted, places, target, dims ? *dims : empty);
    if (!type) return to_lisp(type.error());
    if (*op != Op::kLoop) return to_lisp(*type);
    std::vector<ValueType> results = loop_results(std::get<LoopAttributes>(*converted), places);
    cl_object list = ECL_NIL;
    for (size_t i = results.size(); i-- > 0;) list = ecl_cons(to_lisp(results[i]), list);
    return list;
  });
}

/// (elementwise-ops): (keyword arity floats-only form summary) for each element-wise op of ir/ops.def.
cl_object elementwise_ops() {
  cl_object list = ECL_NIL;
  const std::vector<OpInfo>& ops = all_ops();
  for (size_t k = ops.size(); k-- > 0;) {
    const OpInfo& op = ops[k];
    if (op.category != OpCategory::kElementwise) continue;
    cl_object row = cl_list(5, to_lisp(op.op), to_lisp(int64_t{op.arity}), op.dtypes == kFloatSet ? ECL_T : ECL_NIL,
                            to_lisp(op.form), to_lisp(op.summary));
    list = ecl_cons(row, list);
  }
  return list;
}

const Primitive kPrimitives[] = {{"ELEMENTWISE-OPS", elementwise_ops}, {"INFER", infer}};

}  // namespace

void define_type_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
