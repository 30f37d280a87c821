#include "cli/history.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/utf8.hpp"

namespace caten {
namespace {

constexpr size_t kMaxEntryBytes = 64 << 10;

std::string encode(const std::string& entry) {
  std::string line;
  for (char c : entry) line += c == '\n' ? "\\n" : c == '\\' ? "\\\\" : std::string(1, c);
  return line + "\n";
}

std::string decode(const std::string& line) {
  std::string entry;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size())
      entry += line[++i] == 'n' ? '\n' : line[i];
    else
      entry += line[i];
  }
  return entry;
}

Status write_lines(const std::string& path, const std::string& text, int flags) {
  auto cannot = [&] {
    return fail({.code = Code::CannotWrite,
                 .message = fmt::format("cannot write the history {}", path),
                 .found = std::strerror(errno),
                 .remedy = "set XDG_STATE_HOME to a folder that can be written"});
  };
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (file < 0) return cannot();
  bool written = fchmod(file, 0600) == 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return written ? Status{} : cannot();
}

}  // namespace

std::string history_path() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state) return std::string(state) + "/caten/history";
  if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.local/state/caten/history";
  return "";
}

std::vector<std::string> HistoryFile::load() {
  std::vector<std::string> lines;
  std::ifstream file(path_, std::ios::binary);
  size_t total = 0;
  for (std::string line; std::getline(file, line); ++total) {
    if (line.empty() || find_invalid_utf8(line) != std::string_view::npos) continue;
    lines.push_back(decode(line));
  }
  if (lines.size() > limit_) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit_));
  if (total > 2 * limit_) {
    std::string text;
    for (const std::string& line : lines) text += encode(line);
    std::string fresh = fmt::format("{}.{}", path_, getpid());
    if (write_lines(fresh, text, O_TRUNC)) std::rename(fresh.c_str(), path_.c_str());
  }
  return lines;
}

Status HistoryFile::append(const std::string& entry) {
  if (path_.empty() || entry.size() > kMaxEntryBytes) return {};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  return write_lines(path_, encode(entry), O_APPEND);  // one write: entries of several sessions do not mix
}

}  // namespace caten
