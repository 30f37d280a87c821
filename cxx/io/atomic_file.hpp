// A file that appears whole or not at all: the bytes go into a temporary file in the same folder, which `commit` brings
// to disk and renames. Without a successful commit nothing remains. Readers of the old file keep what they had.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace caten {

class AtomicFile {
 public:
  /// Refuses what is no regular file, such as a folder or a device. A symbolic link is followed. The new file has the
  /// permissions of the one it replaces.
  static Result<AtomicFile> create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// A failure is kept for commit, so that writers need not look at each write.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }
  uint64_t written() const { return written_; }
  Status commit();

 private:
  AtomicFile() = default;
  tl::unexpected<Diagnostic> cannot_write(int error) const;

  std::string path_;       ///< as the user wrote it
  std::string target_;     ///< with links resolved
  std::string temporary_;  ///< "" after commit
  int fd_ = -1;
  int error_ = 0;
  uint64_t written_ = 0;
};

}  // namespace caten
