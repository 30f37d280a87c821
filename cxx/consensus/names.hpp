// What the names of a program mean: the second pass, after all declarations are known.
//
// In: a program as a reader gave it. Out: what must be given at instantiation, which visible edges each read stands
// for, and which read a name in a rule means; or all errors, with candidates. Precondition: none. Postcondition: every
// name is a parameter, a value, an index, an offset of a neighbourhood, a read, a built-in function, a composite or a
// free name.
#pragma once

#include <functional>
#include <map>

#include "base/result.hpp"
#include "consensus/program.hpp"

namespace caten::consensus {

/// What a name of the program that declares nothing of this name must be given as. A program that declares parameters
/// declares all of them: there, free names are errors.
struct FreeName {
  Name name{};
  Parameter::Type type = Parameter::Type::kInt;
};

/// What the reads and names of one rule mean.
struct RuleNames {
  std::vector<std::vector<size_t>> edges{};  ///< of each read: the edges, by their number in Program::all<Visible>()
  std::map<std::string, size_t> reads{};     ///< what an expression of the rule calls a read, to its number
};

struct Names {
  std::vector<FreeName> free{};           ///< in the order of their first use
  std::vector<RuleNames> rules{};         ///< in the order of Program::all<Rule>()
  std::vector<std::string> composites{};  ///< those that expressions call, sorted, each once
};

struct ResolveOptions {
  /// The composite that a function of this name means, or "": `layer_norm` may mean `layer-norm`. Without it there are
  /// no composites.
  std::function<std::string(const std::string&)> composite{};
  std::function<std::vector<std::string>()> composite_names{};  ///< for suggestions
};

/// All errors are reported; nothing is returned if there are any.
std::optional<Names> resolve(const Program& program, const ResolveOptions& options, Diagnostics& diagnostics);

}  // namespace caten::consensus
