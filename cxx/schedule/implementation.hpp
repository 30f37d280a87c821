// An implementation of a composite that somebody wrote (ops/*.toml): a schedule for its kernels, or the text of a
// kernel, for some runtimes, types and sizes. driver/implementation_file reads them, driver/claims gives them to the
// regions that they are for, lisp/ops_primitives compares them with the composite before either.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ir/graph.hpp"

namespace caten {

struct Implementation {
  /// "A f32[M K]": the sizes are names and integers.
  struct Operand {
    std::string name;
    ValueType type;
  };
  /// "N >= 64", "N % 16 = 0"
  struct Condition {
    std::string text, size;
    enum class Relation : uint8_t { kLeast, kMost, kEqual, kMultiple } relation;
    int64_t value = 0;
  };

  std::string composite{}, documentation{}, path{};
  std::vector<std::string> runtimes{};
  std::vector<Operand> inputs{};
  Operand output{};
  std::vector<Condition> conditions{};
  std::vector<Datum> schedule{};  ///< clauses; none: `code`
  std::string code{};
  std::string shared{};  ///< the size whose range the kernel is called for; "": it is called once
  std::string test_code{};
  std::vector<std::map<std::string, int64_t>> requirements{};
  std::vector<std::pair<std::string, Datum>> attributes{};  ///< keyword arguments of the call that was tested

  /// Names of sizes, in the order in which operands name them.
  std::vector<std::string> sizes() const;
};

/// What the sizes are for operands of these types, or why it is not made for them.
struct Fit {
  std::map<std::string, Dim> sizes{};
  std::string reason{};  ///< "": it fits
};
Fit fit(const Implementation& implementation, const std::vector<ValueType>& inputs, const ValueType& output);

}  // namespace caten
