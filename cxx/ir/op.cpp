#include "ir/op.hpp"

namespace caten {
namespace {

constexpr std::string_view elementwise_form(std::string_view one, std::string_view two, int arity) {
  return arity == 1 ? one : two;
}

}  // namespace

const std::vector<OpInfo>& all_ops() {
  static const std::vector<OpInfo> rows = {
#define CATEN_OP(enumerator, name, category, form, summary) \
  {Op::k##enumerator, #name, OpCategory::category, form, summary},
#define CATEN_ELEMENTWISE(enumerator, name, arity, dtypes, result, value, real, integer, vjp, ulp, summary) \
  {Op::k##enumerator,                                                                                       \
   #name,                                                                                                   \
   OpCategory::kElementwise,                                                                                \
   elementwise_form("(" #name " x)", "(" #name " x y)", arity),                                             \
   summary,                                                                                                 \
   arity,                                                                                                   \
   dtypes,                                                                                                  \
   ResultRule::result,                                                                                      \
   real,                                                                                                    \
   integer,                                                                                                 \
   vjp,                                                                                                     \
   ulp},
#include "ir/ops.def"
#undef CATEN_OP
#undef CATEN_ELEMENTWISE
  };
  return rows;
}

const OpInfo& info(Op op) { return all_ops()[static_cast<size_t>(op)]; }
std::string_view op_name(Op op) { return info(op).name; }

std::optional<Op> find_op(std::string_view name) {
  for (const OpInfo& row : all_ops())
    if (row.name == name) return row.op;
  return std::nullopt;
}

std::string_view category_name(OpCategory category) {
  switch (category) {
    case OpCategory::kLeaf: return "leaf";
    case OpCategory::kElementwise: return "element-wise";
    case OpCategory::kSelect: return "select";
    case OpCategory::kControl: return "control";
    case OpCategory::kConvert: return "convert";
    case OpCategory::kView: return "view";
    case OpCategory::kAccess: return "access";
    case OpCategory::kMemory: return "memory";
    case OpCategory::kReduce: return "reduce";
  }
  return "";
}

}  // namespace caten
