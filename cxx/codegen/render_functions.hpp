// The functions that kernels call: one per used op and dtype, conversion and prelude entry, each emitted once.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codegen/dialect.hpp"
#include "ir/scalar.hpp"

namespace caten {

class FunctionTable {
 public:
  explicit FunctionTable(const Dialect& dialect) : dialect_(&dialect) {}

  using Operands = std::vector<std::string>;  ///< texts: names, elements, literals

  // The value of operands: an expression of the dialect where that is short, else the call of a function, which is
  // emitted from now on.
  std::string elementwise(Op op, DType from, DType to, const Operands& operands);
  /// div and mod of integers without sign, by one that is not 0.
  std::string divided(Op op, DType dtype, const Operands& operands);
  std::string abs(DType dtype, const std::string& x);
  std::string max_number(DType dtype, const Operands& operands);
  std::string min_number(DType dtype, const Operands& operands);
  std::string multiply_add(DType dtype, const Operands& operands);
  std::string cast(DType from, DType to, const std::string& x);

  // The name of a function, which is emitted from now on.
  std::string bitcast(DType from, DType to);
  std::string complex(DType from, DType to);
  std::string part(DType from, DType to);
  /// A text of the dialect that may use entries of the prelude.
  std::string text_with(std::string_view text, const std::map<std::string, std::string>& values);
  /// A prelude entry by its name.
  std::string prelude(const std::string& name);

  std::string literal(const Scalar& scalar);

  /// Adds the functions of another table that are not here.
  void merge(const FunctionTable& other);

  /// Header, the prelude that is needed, each entry behind those it uses, and the functions in the order of first use.
  std::string text() const;

 private:
  /// What an expression over x and y computes.
  struct Spelling {
    std::string name{};  ///< of the function
    DType operands{}, result{};
    DType computed{};  ///< T
    std::string_view expression{};
    bool narrow = false;  ///< the result is rounded to its dtype
  };
  std::string apply(const Spelling& spelling, const Operands& operands);
  /// The function if it is new.
  void add(const Spelling& spelling, size_t parameters);
  /// The type that a dtype is computed in.
  const std::string& computed(DType dtype) const;
  /// T, U and S as a function's body names them: of what is computed, and of what is stored.
  std::string typedefs(DType from, DType to, std::string_view body) const;
  std::string stored_typedefs(DType from, DType to, std::string_view body) const;
  void note_prelude(std::string_view text);
  /// What the entry uses, then the entry.
  void emit_prelude(const Dialect::Prelude& entry, std::string& out, std::set<std::string>& emitted) const;

  const Dialect* dialect_;
  std::set<std::string> known_;
  std::vector<std::pair<std::string, std::string>> functions_;  ///< name and text
  std::set<std::string> needed_;                                ///< prelude entries
};

/// `text` with each {name} replaced.
std::string substitute(std::string_view text, const std::map<std::string, std::string>& values);

}  // namespace caten
