// The op table as data: one OpInfo per row of ir/ops.def, in its order.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ir/dtype.hpp"

namespace caten {

enum class Op : uint8_t {
#define CATEN_OP(enumerator, ...) k##enumerator,
#define CATEN_ELEMENTWISE(enumerator, ...) k##enumerator,
#include "ir/ops.def"
#undef CATEN_OP
#undef CATEN_ELEMENTWISE
};

enum class OpCategory : uint8_t { kLeaf, kElementwise, kSelect, kControl, kConvert, kView, kAccess, kMemory, kReduce };

enum class ResultRule : uint8_t { kSame, kBool };

struct OpInfo {
  Op op;
  std::string_view name;
  OpCategory category;
  std::string_view form;  ///< for an element-wise op made from its name and arity: "(add x y)"
  std::string_view summary;
  // Element-wise ops only:
  int arity = 0;
  DTypeSet dtypes = 0;
  ResultRule result = ResultRule::kSame;
  std::string_view real_spelling{};
  std::string_view integer_spelling{};
  std::string_view vjp{};
  double ulp = 0;
};

/// Rows in the order of the table.
const std::vector<OpInfo>& all_ops();
const OpInfo& info(Op op);
std::string_view op_name(Op op);
std::string_view category_name(OpCategory category);
std::optional<Op> find_op(std::string_view name);
inline bool is_elementwise(Op op) { return info(op).category == OpCategory::kElementwise; }

}  // namespace caten
