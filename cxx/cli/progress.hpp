// A line on a terminal that says what is being done, written over and over; gone when that is done, and nothing where
// stderr is no terminal.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

namespace caten {

class Progress {
 public:
  Progress() : shown_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() { say(""); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// "": nothing.
  void say(const std::string& text) const {
    if (!shown_) return;
    std::fprintf(stderr, "\r\x1b[2K%s", text.c_str());
    std::fflush(stderr);
  }

 private:
  bool shown_;
};

}  // namespace caten
