// The Lisp front end: ECL embedded, with the compiled Lisp code of lisp/ and composites/.
//
// In: source texts (already in the session's SourceMap), files, script arguments, calls of Lisp functions with strings.
// Out: printed values, an exit code when the program called (quit n), and Diagnostics.
//
// Invariants: ECL starts at the first use and not before; there is one Lisp per process and it runs on the thread that
// booted it. Nothing of ECL is seen outside this folder. Every form is read and evaluated under a guard: no Lisp exit
// crosses a C++ frame of the caller, no C++ exception crosses a Lisp frame. Lisp is code: it has the user's rights.
// Entry: boot, evaluate.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/source.hpp"
#include "driver/session.hpp"

namespace caten::lisp {

/// Starts Lisp if it is not running. From now on lazy tensors are computed by `session`, and places of diagnostics are
/// spans of its sources; it must outlive all calls.
void boot(Session& session);
bool booted();

enum class Show : uint8_t {
  kNothing,
  kLast,  ///< `values` holds the printed values of the last form
  kEach,  ///< the values of each form are printed to standard output, as a REPL does
};

struct EvaluateOptions {
  Show show = Show::kNothing;
};

struct Outcome {
  bool ok = true;                  ///< false: a diagnostic was added
  std::optional<int> exit_code{};  ///< the program called (quit code)
  std::vector<std::string> values{};
};

/// Reads and evaluates the forms of `source` one by one in the package caten-user, and stops at the first that fails.
Outcome evaluate(uint32_t source, Diagnostics& diagnostics, const EvaluateOptions& options = {});

/// Reads the file into the SourceMap and evaluates it.
Outcome load(const std::string& path, Diagnostics& diagnostics);

/// load, with `arguments` as the value of caten:*arguments*.
Outcome run_script(const std::string& path, const std::vector<std::string>& arguments, Diagnostics& diagnostics);

/// Loads $XDG_CONFIG_HOME/caten/init.lisp (or ~/.config/caten/init.lisp) if there is one.
Outcome load_init_file(Diagnostics& diagnostics);

/// Who is at the terminal, for evaluate_input.
struct Dialog {
  /// Reads a form, a number or an empty line after this prompt into the session's sources; nothing at the end of input.
  std::function<std::optional<uint32_t>(const std::string& prompt)> ask{};
  std::function<void(const Diagnostic&)> tell{};
  std::function<std::string(const std::string& code)> error_page{};
};
/// The dialog must outlive all inputs; null: nobody is there.
void set_dialog(Dialog* dialog);

/// Evaluates the forms of `source` as typed at a prompt and prints their values. Errors go to the dialog with a choice
/// of restarts. `values` holds the name of the package if in-package chose one.
Outcome evaluate_input(uint32_t source, Diagnostics& diagnostics);

/// Calls the function that `name` ("caten/repl:complete") names with strings; the values it returns, printed (strings
/// bare).
Outcome call(std::string_view name, const std::vector<std::string>& arguments, Diagnostics& diagnostics);

/// A program that Lisp code describes: what a text's last form evaluates to, a composite (for all sizes) or a tensor.
struct Traced {
  Graph graph;
  std::vector<Array> data{};           ///< of the graph's inputs; empty arrays for those that somebody has to give
  std::vector<std::string> derived{};  ///< "N = K = 2M"
};
/// Is it the text of a training run (lisp/daten/)?
bool is_run_text(uint32_t source);

/// Traces the text of a training run; or evaluates the forms of `source`, or of the YAML it holds (lisp/yaml.hpp), and
/// traces the last value, or the
/// composite that `entry` names. `types` chooses dtypes for type variables. All errors of a composite's body are
/// reported. Nothing if there are errors, or if the program quit.
std::optional<Traced> trace(uint32_t source, const std::map<std::string, DType>& types, Diagnostics& diagnostics,
                            std::string_view entry = {});

/// The program after the optimizers that Lisp code defined (defoptimizer) and that are switched on.
Result<Graph> apply_optimizers(const Graph& graph);
/// Switches an optimizer off or on by name (-fno-NAME); it need not be defined yet.
void switch_optimizer(const std::string& name, bool on);
/// Is told of every application, "name: before → after" (--trace-rewrites); empty: nobody.
void trace_optimizers(std::function<void(const std::string&)> listener);

/// From now on Ctrl-C ends the form that is being evaluated with E0805 and keeps all state.
void install_interrupt_handler();
/// What Ctrl-C does; may be called from any thread.
void interrupt();

}  // namespace caten::lisp
