// What was typed in earlier sessions: a text file, one entry a line, in which a line feed is written \n and a backslash
// \\ . It holds a bounded number of entries and nobody else may read it. Several sessions may add to it at once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace caten {

/// $XDG_STATE_HOME/caten/history or ~/.local/state/caten/history; "" if there is no home.
std::string history_path();

class HistoryFile {
 public:
  explicit HistoryFile(std::string path, size_t limit = 1000) : path_(std::move(path)), limit_(limit) {}

  /// The last entries, oldest first; none if there is no file. A file of more than twice the limit is shortened.
  std::vector<std::string> load();
  Status append(const std::string& entry);

 private:
  std::string path_;
  size_t limit_;
};

}  // namespace caten
