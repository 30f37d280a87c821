// From what the user named on the command line to a checked Graph, and from files to its arguments and back.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/options.hpp"
#include "driver/session.hpp"
#include "ir/call.hpp"

namespace caten {

/// The program that an operand means: a file, `-` for stdin, or the text itself when it begins with `(` or is YAML.
/// IR text is read in C++; everything else is Lisp. It is converted to the session's precision. Notes (derived sizes,
/// chosen dtypes) are added to `diagnostics`.
/// `operand`: its text is added to the session's sources first.
Result<uint32_t> read_operand(Session& session, const std::string& operand);
std::optional<Graph> load_program(Session& session, uint32_t source, const Settings& settings,
                                  Diagnostics& diagnostics);
std::optional<Graph> load_program(Session& session, const std::string& operand, const Settings& settings,
                                  Diagnostics& diagnostics);

/// Reads --in into the program's inputs and states, and -D into sizes. All errors at once.
std::optional<Arguments> load_arguments(const Graph& graph, const Settings& settings, Diagnostics& diagnostics);

/// Writes --out of these arrays by name, and returns the names that have a file. Nothing is written if one is unknown.
std::optional<std::set<std::string>> store_arrays(const std::vector<std::pair<std::string, const Array*>>& arrays,
                                                  const Settings& settings, Diagnostics& diagnostics);

/// Writes --out; what has no file is returned as text. Nothing is written if a name is unknown.
std::optional<std::string> store_results(const Graph& graph, const Results& results, const Settings& settings,
                                         Diagnostics& diagnostics);

/// The graph after the optimizers of Lisp code, unless -O0.
Result<Graph> optimised(const Session& session, const Graph& graph, const Settings& settings);

/// What --emit shows of a program: ir, graph, schedule or kernel.
Result<std::string> emitted(Session& session, const Graph& graph, std::string_view what, const Settings& settings);

/// "2.5", above 0; E0902 otherwise.
Result<double> parse_seconds(const std::string& text);
inline constexpr double kMostSeconds = 86400;

}  // namespace caten
