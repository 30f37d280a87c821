// Reading lines from a terminal with editing, history and completion; the only includer of libedit.
//
// In: prompts, and hooks that know what may stand at the cursor. Out: lines without their line feed. While a line is
// edited Ctrl-C is a key and raises no signal; otherwise the terminal is as it was. On a terminal without cursor
// movement (TERM=dumb) lines are read plainly.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caten {

struct Completions {
  std::string word{};                     ///< what they replace: the end of the text before the cursor
  std::vector<std::string> candidates{};  ///< whole words, sorted
};

class LineEditor {
 public:
  struct Hooks {
    std::function<Completions(const std::string& before_cursor)> complete{};
    /// A line for the right margin, "" for none; asked after a blank or bracket.
    std::function<std::string(const std::string& before_cursor)> hint{};
  };
  enum class Outcome : unsigned char { kLine, kEnd, kInterrupted };

  LineEditor(Hooks hooks, bool colour);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  Outcome read(const std::string& prompt, std::string& line);
  /// Makes the entry, which may have several lines, the newest of what the arrow keys bring back.
  void remember(const std::string& entry);

 private:
  class Terminal;
  std::unique_ptr<Terminal> terminal_;
};

}  // namespace caten
