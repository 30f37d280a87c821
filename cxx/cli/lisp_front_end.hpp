// What the command line needs of Lisp. In a build without Lisp each of these is an error that says so.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "driver/session.hpp"

namespace caten {

/// Starts Lisp for this session, with plugins, the init file and -fno-NAME. False if something failed.
bool start_lisp(Session& session, const Settings& settings, Diagnostics& diagnostics);

/// Traces the program that the text's last form means.
std::optional<Graph> trace_lisp(uint32_t source, const std::map<std::string, DType>& types, Diagnostics& diagnostics);

/// Optimizers that plugins defined; the graph itself when there is no Lisp running.
Result<Graph> apply_lisp_optimizers(const Graph& graph);

/// Evaluates forms; the values of the last one, printed. An exit code if the program called (quit n).
struct LispOutcome {
  bool ok = false;
  std::optional<int> exit_code{};
  std::vector<std::string> values{};
};
LispOutcome evaluate_lisp(uint32_t source, Diagnostics& diagnostics);
LispOutcome run_lisp_script(const std::string& path, const std::vector<std::string>& arguments,
                            Diagnostics& diagnostics);

}  // namespace caten
