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

  // The name of a function, which is emitted from now on.
  std::string elementwise(Op op, DType from, DType to);
  std::string abs(DType dtype);
  std::string max_number(DType dtype);
  std::string cast(DType from, DType to);
  std::string bitcast(DType from, DType to);
  std::string complex(DType from, DType to);
  std::string part(DType from, DType to);
  /// A prelude entry by its name.
  std::string prelude(const std::string& name);

  std::string literal(const Scalar& scalar);

  /// Adds the functions of another table that are not here.
  void merge(const FunctionTable& other);

  /// Header, the prelude that is needed, each entry behind those it uses, and the functions in the order of first use.
  std::string text() const;

 private:
  /// Adds the function if it is new. `parameters` are the dtypes of x and y.
  void add(const std::string& name, const std::vector<DType>& parameters, DType result, std::string_view expression,
           bool narrow);
  std::string typedefs(DType from, DType to) const;
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
