// What the command line needs of Lisp. In a build without Lisp each of these is an error that says so.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "consensus/given.hpp"
#include "driver/session.hpp"

namespace caten {

/// Was this caten built with Lisp?
bool has_lisp();

/// Starts Lisp for this session, with plugins, the init file and -fno-NAME. False if something failed.
bool start_lisp(Session& session, const Settings& settings, Diagnostics& diagnostics);

/// Traces the program that the text's last form means. `data`: gets what Lisp has for its inputs, empty arrays for
/// those that somebody has to give.
std::optional<Graph> trace_lisp(uint32_t source, const std::map<std::string, DType>& types, Diagnostics& diagnostics,
                                std::string_view entry = {}, std::vector<Array>* data = nullptr);

/// Is it the text of a training run? Its program has the derivatives in it. False while Lisp has not started.
bool is_run_text(uint32_t source);

/// The composite of this name as a model of consensual programs; E1021 if there is none, or no Lisp. Starts Lisp.
Result<consensus::ModelGiven> lisp_model(Session& session, const Settings& settings, const std::string& name);

/// Optimizers that plugins defined; the graph itself when there is no Lisp running.
Result<Graph> apply_lisp_optimizers(const Graph& graph);

/// Evaluates forms; the values of the last one, printed. An exit code if the program called (quit n).
struct LispOutcome {
  bool ok = false;
  std::optional<int> exit_code{};
  std::vector<std::string> values{};
};
/// `each`: the values of each form are printed to standard output; else those of the last are returned.
LispOutcome evaluate_lisp(uint32_t source, Diagnostics& diagnostics, bool each = false);
/// What a command of daten does with the text of a training run (lisp/daten/); the operands begin with its name.
LispOutcome run_daten(Session& session, const Settings& settings, uint32_t source, Diagnostics& diagnostics);
LispOutcome run_lisp_script(const std::string& path, const std::vector<std::string>& arguments,
                            Diagnostics& diagnostics);

/// Who is at the terminal; see lisp/lisp.hpp.
struct LispDialog {
  std::function<std::optional<uint32_t>(const std::string& prompt)> ask{};
  std::function<void(const Diagnostic&)> tell{};
  std::function<std::string(const std::string& code)> error_page{};
};
void set_lisp_dialog(LispDialog dialog);
/// Evaluates what was typed at the prompt and prints the values; errors go to the dialog.
LispOutcome evaluate_lisp_input(uint32_t source, Diagnostics& diagnostics);
/// The strings that a function of Lisp ("caten/help:completions") returns for these; none if it fails.
std::vector<std::string> call_lisp(const std::string& name, const std::vector<std::string>& arguments);

}  // namespace caten
