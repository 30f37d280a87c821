// The tables of declarations that resolve works with, and what stands in all declarations: references and expressions.
#pragma once

#include <map>
#include <set>

#include "consensus/names.hpp"

namespace caten::consensus {

/// What names may mean at one place, beside parameters.
struct Scope {
  std::set<std::string> indices{};
  std::set<std::string> locals{};  ///< of the rule, as far as they are known
  const Rule* rule = nullptr;      ///< whose reads may be named; references need visible edges
  RuleNames* names = nullptr;      ///< of that rule
  bool constraint = false;         ///< predicates about the scope are meant
  bool edge = false;               ///< neighbourhoods are meant
  bool score = false;              ///< `...` stands for the arguments of the proposal
  bool free = false;               ///< an unknown name is an integer that is given at instantiation
};

class Resolver {
 public:
  Resolver(const Program& program, const ResolveOptions& options, Diagnostics& diagnostics);

 protected:
  void error(Code code, const Place& place, std::string message, std::string expected, const std::string& found,
             std::string remedy, std::vector<std::string> notes = {});

  /// Names of parameters and values that the program declares twice.
  void check_declared_once();
  const Value* value_of(const Name& name);
  bool has_value(const Name& name) const { return values_.contains(name.text); }
  bool is_parameter(const Name& name) const { return parameters_.contains(name.text); }
  /// New index names: none twice, none that means something else.
  void bring(const std::vector<Name>& names, Scope& scope);
  /// The value, as many indices as it has axes, and the indices brought into scope.
  void cells(const Cells& cells, Scope& scope);
  /// A bare name as a subscript, if no parameter has it, is a new index.
  void bring_from(const Reference& reference, Scope& scope);
  void reference(const Reference& reference, const Scope& scope);
  /// An edge leads from these cells to the one that the scope's rule is on.
  void check_visible(const Reference& reference, const Scope& scope);
  void size(const Affine& affine);
  void index(const Affine& affine, const Scope& scope, bool may_be_free);
  void expression(const Expression& expression, const Scope& scope);
  /// Of a parameter of this type, or free.
  void resource(const Expression& expression, Parameter::Type type);
  void given(const Name& name, Parameter::Type type);

  const Program& program_;
  const ResolveOptions& options_;
  std::vector<const Visible*> edges_;
  Names names_{};

 private:
  void subscript(const Subscript& subscript, const Scope& scope);
  void check_rank(const Reference& reference, const Value& value);
  void name(const Name& name, const Scope& scope);
  void call(const Call& call, const Scope& scope, const Place& place);
  void function(const Call& call);
  void neighbourhood(const InNeighbourhood& in, const Scope& scope, const Place& place);
  std::optional<size_t> read_named(const Name& name, const Scope& scope);
  std::vector<std::string> candidates(const Scope& scope) const;

  Diagnostics& diagnostics_;
  std::map<std::string, const Parameter*> parameters_{};
  std::map<std::string, const Value*> values_{};
  std::map<std::string, Parameter::Type> free_{};
  std::set<std::string> composites_{};
};

}  // namespace caten::consensus
