// What the tools print: data on stdout, messages on stderr, in colour on a terminal unless told otherwise.
#pragma once

#include <csignal>
#include <string>

#include "base/diagnostic.hpp"
#include "cli/options.hpp"

namespace caten {

/// Exit codes of every tool.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

class Console {
 public:
  explicit Console(const Settings& settings);

  void message(const Diagnostic& diagnostic, const SourceMap& sources) const;
  void messages(const Diagnostics& diagnostics, const SourceMap& sources) const;
  /// A line on stderr, with --verbose only.
  void trace(const std::string& line) const;
  bool colour() const { return colour_; }
  /// To stdout, or with -o atomically to that file.
  Status write(const std::string& text) const;

 private:
  std::string output_file_;
  bool json_;
  bool verbose_;
  bool colour_;
};

/// The file appears as a whole, or not at all.
Status write_file(const std::string& path, const std::string& text);

/// While it lives, Ctrl-C ends the process at once: for waiting on input with nothing to lose.
class InterruptEnds {
 public:
  InterruptEnds() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptEnds() { sigaction(SIGINT, &before_, nullptr); }
  InterruptEnds(const InterruptEnds&) = delete;
  InterruptEnds& operator=(const InterruptEnds&) = delete;

 private:
  struct sigaction before_ {};
};

/// 2 for usage errors (E09xx), 130 for interruption, 1 for all others.
int exit_code(const Diagnostic& diagnostic);
int exit_code(const Diagnostics& diagnostics);

}  // namespace caten
