// Writes a journal: each record is on disk when its function returns.
#pragma once

#include "consensus/journal/journal.hpp"

namespace caten::consensus {

class JournalWriter {
 public:
  /// A new journal. E0502 if the file holds one already, E1040 if it holds anything else: nothing is overwritten but
  /// the torn beginning of a journal.
  static Result<JournalWriter> create(const std::string& path, const RunStart& start);
  /// Goes on behind the last whole record of a journal that was just read from this file; what was torn is cut off.
  static Result<JournalWriter> resume(const std::string& path, const Journal& journal);
  JournalWriter(JournalWriter&& other) noexcept;
  JournalWriter& operator=(JournalWriter&&) = delete;
  ~JournalWriter();

  /// On failure the file ends where it did before, and nothing more can be written.
  Status append(const Record& record);
  /// Of the file.
  uint64_t size() const { return size_; }

 private:
  JournalWriter(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  static Result<JournalWriter> open(const std::string& path, int flags);
  Status write(std::string_view bytes);
  tl::unexpected<Diagnostic> cannot_write(std::string found) const;

  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
  bool failed_ = false;
};

}  // namespace caten::consensus
