// The one pass over a text's values that builds its Graph. See check/elaborate.hpp for the language.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "check/definition.hpp"
#include "check/elaborate.hpp"
#include "check/scope.hpp"

namespace caten {

class Elaborator {
 public:
  Elaborator(const std::vector<Definition>& definitions, const ElaborateOptions& options, Diagnostics& diagnostics)
      : definitions_(definitions), options_(options), diagnostics_(diagnostics) {}

  /// The graph of one definition; incomplete if errors were reported.
  std::optional<Graph> build(const Definition& entry);

 private:
  using Node = std::optional<NodeId>;  ///< nothing: poison

  // Definitions (elaborate_definition.cpp)
  const Definition* find_definition(const std::string& name) const;
  std::vector<std::string> composite_names() const;
  /// `(:call composite (T dtype)…)`: the composite, its types put into `chosen`.
  const Definition* resolve_call_clause(const Definition& program, std::map<std::string, DType>& chosen);
  void declare_sizes(const Definition& definition, Scope& scope);
  void choose_types(const Definition& definition, const std::map<std::string, DType>& chosen, Scope& scope);
  void declare_values(const Definition& definition, Scope& scope);
  void add_conditions(const Definition& definition, Scope& scope);
  void evaluate_lets(const Definition& definition, Scope& scope);
  Node evaluate_output(const NamedValue& output, Scope& scope);
  Binding call(const Datum& form, Scope& scope);
  bool bind_signature(const Definition& callee, const std::vector<NodeId>& arguments, const Datum& form, Scope& inner);

  // Values (elaborate_value.cpp)
  Binding value(const Datum& datum, Scope& scope);
  Binding form_value(const Datum& form, Scope& scope);
  Binding op_form(Op op, const Datum& form, Scope& scope);
  Binding result_form(const Datum& form, Scope& scope);
  Binding region_form(const Datum& form, Scope& scope);
  /// The clauses of a schedule, none if they are malformed.
  std::vector<Datum> schedule(const std::vector<Datum>& clauses, const Scope& scope);
  Binding loop_form(const Datum& form, Scope& scope);
  Binding access_form(Op op, const Datum& form, Scope& scope);
  /// A value used as an operand.
  Node operand(const Datum& datum, Scope& scope);
  std::optional<std::vector<NodeId>> operands(const Datum& form, size_t first, size_t last, Scope& scope);
  std::optional<std::vector<int>> axes(const Datum& form, size_t first);
  std::optional<int> axis(const Datum& datum);

  // Sizes and types (elaborate_value.cpp)
  std::optional<Dim> size(const Datum& datum, Scope& scope);
  std::optional<Shape> shape(const Datum& form, size_t first, Scope& scope);
  std::optional<DType> dtype(const Datum& datum, Scope& scope);
  std::optional<ValueType> type(const Datum& datum, Scope& scope);

  Binding make(Op op, std::vector<NodeId> operands, Attributes attributes, const ValueType& target, const Datum& form,
               Scope& scope);
  void locate(const Datum& form, const Scope& scope);
  void report(Diagnostic diagnostic, const Scope* scope = nullptr);
  void report(Code code, std::string message, const Datum& at, std::string expected, std::string found,
              std::string remedy, const Scope* scope = nullptr);
  Binding bad_form(const Datum& form, std::string_view expected, const Scope& scope);
  bool within_limits(const Datum& form);

  const std::vector<Definition>& definitions_;
  const ElaborateOptions& options_;
  Diagnostics& diagnostics_;
  Graph graph_;
  std::vector<const Definition*> calls_;  ///< composites being expanded, outermost first
  size_t forms_ = 0;                      ///< forms elaborated so far, expansions included
  bool given_up_ = false;                 ///< a limit was reached
  std::set<std::tuple<Code, uint32_t, std::string>> reported_;
  int fresh_sizes_ = 0;
};

}  // namespace caten
