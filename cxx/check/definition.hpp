// The clauses of a composite or program form, parsed but not yet elaborated.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.hpp"

namespace caten {

struct TypedName {
  std::string name;
  const Datum* type = nullptr;  ///< (dtype dims…)
  SourceSpan span{};
  bool donated = false;
};

struct NamedValue {
  std::string name;
  const Datum* value = nullptr;
  const Datum* type = nullptr;  ///< declared type of an output, if any
  SourceSpan span{};
};

struct DimDeclaration {
  std::string name;
  Interval bounds{};
  SourceSpan span{};
};

struct TypeVariable {
  std::string name;
  std::vector<DType> choices;
  SourceSpan span{};
};

struct Definition {
  std::string name;
  bool is_program = false;
  SourceSpan span{};
  std::vector<DimDeclaration> dims{};
  std::vector<TypeVariable> types{};
  std::vector<TypedName> inputs{}, states{};
  std::vector<const Datum*> conditions{};  ///< of :where
  std::vector<NamedValue> lets{}, outputs{}, nexts{};
  const Datum* schedule = nullptr;  ///< the whole (:schedule …) clause of a composite
  const Datum* call = nullptr;      ///< the whole (:call composite …) clause of a program
};

/// The definitions of a text, in its order. The forms must outlive them. Reports every error found.
std::vector<Definition> parse_definitions(const std::vector<Datum>& forms, Diagnostics& diagnostics);

}  // namespace caten
