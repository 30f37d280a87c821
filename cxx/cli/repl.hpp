// The prompt: reads forms, evaluates them, prints their values, until Ctrl-D or (quit).
//
// In: a session with Lisp running. On a terminal with line editing, history, completion and restarts; from a pipe the
// forms are evaluated one by one as they arrive, without prompts, and the first error ends it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/console.hpp"
#include "cli/form_scanner.hpp"
#include "cli/history.hpp"
#include "cli/line_editor.hpp"
#include "driver/session.hpp"

namespace caten {

class Repl {
 public:
  Repl(Session& session, const Settings& settings, const Console& console,
       std::function<std::string(const std::string&)> error_page);

  /// True if a person sits at both ends.
  static bool at_terminal();
  /// The exit code.
  int run(const std::string& greeting);
  int run_pipe();

 private:
  enum class Read : unsigned char { kInput, kNothing, kEnd };

  /// An input after this prompt; further lines after a prompt of the same width until its forms are complete.
  Read read_input(const std::string& prompt, std::string& input);
  void remember(const std::string& input);
  void evaluate(const std::string& input);
  /// `?name` and `,command`; false if it is neither.
  bool command(const std::string& input);
  void show(const std::string& what, const std::string& form);
  Completions complete(const std::string& before);
  std::string hint(const std::string& before);
  uint32_t add_source(const std::string& input);
  std::string prompt() const;

  Session& session_;
  const Settings& settings_;
  const Console& console_;
  std::function<std::string(const std::string&)> error_page_;
  HistoryFile history_;
  LineEditor editor_;
  std::string pending_{};  ///< the lines of the input before the one that is edited
  std::string package_{};  ///< of the prompt, "" for caten-user
  std::optional<int> exit_code_{};
  int inputs_ = 0;
  bool history_works_ = true;
};

}  // namespace caten
