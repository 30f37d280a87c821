// The commands of the tools. In: the arguments of a process. Out: its exit code; data on stdout, messages on stderr.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "ir/graph.hpp"

namespace caten {

/// What makes one tool differ from the other.
struct Tool {
  std::string name;  ///< "caten"
  char letter;       ///< of Option::tools
  std::string usage;
  /// What the program that was read becomes before anything else (daten: its derivative).
  std::function<Result<Graph>(const Graph&, const Settings&)> transform;
};

/// All of main: parses, dispatches, reports.
int run_tool(const Tool& tool, int argc, char** argv);

/// `caten ops`: the op table for people, or as JSON.
std::string ops_text();
std::string ops_json();

}  // namespace caten
