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
  std::string name;     ///< "caten"
  char letter;          ///< of Option::tools
  std::string title;    ///< "a tensor compiler"
  std::string purpose;  ///< a paragraph for the manual page
  std::vector<std::pair<std::string, std::string>>
      forms;  ///< of the command line, besides commands: what is written, what it does
  std::vector<std::string> examples;
  /// What the program that was read becomes before anything else (daten: its derivative).
  std::function<Result<Graph>(const Graph&, const Settings&)> transform;
};

/// All of main: parses, dispatches, reports.
int run_tool(const Tool& tool, int argc, char** argv);

/// `caten ops`: the op table for people, or as JSON.
std::string ops_text();
std::string ops_json();

/// --help; `man`, for man -l -; `completion SHELL` for bash, zsh or fish.
std::string help_text(const Tool& tool);
std::string manual_page(const Tool& tool);
Result<std::string> completion_script(const Tool& tool, const std::string& shell);

}  // namespace caten
