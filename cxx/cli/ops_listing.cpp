#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "ir/op.hpp"

namespace caten {

std::string ops_text() {
  std::string out;
  int number = 0;
  for (const OpInfo& op : all_ops())
    out += fmt::format("{:>2}  {:<8} {:<12} {}\n    {:<8} {:<12} {}\n", ++number, op.name, category_name(op.category),
                       op.form, "", "", op.summary);
  return out;
}

std::string ops_json() {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const OpInfo& op : all_ops()) {
    nlohmann::ordered_json row{
        {"name", op.name}, {"category", category_name(op.category)}, {"form", op.form}, {"summary", op.summary}};
    if (op.category == OpCategory::kElementwise) {
      row["arity"] = op.arity;
      nlohmann::ordered_json dtypes = nlohmann::ordered_json::array();
      for (DType dtype : all_dtypes())
        if (contains(op.dtypes, dtype)) dtypes.push_back(dtype_name(dtype));
      row["dtypes"] = std::move(dtypes);
      row["result"] = op.result == ResultRule::kBool ? "bool" : "same";
      row["adjoints"] = op.vjp;
      row["ulp"] = op.ulp;
    }
    list.push_back(std::move(row));
  }
  return list.dump(2) + "\n";
}

}  // namespace caten
