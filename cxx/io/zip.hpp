// Zip archives, as far as npz files use them: entries stored or deflated, also beyond 4 GiB (zip64). Not: encryption,
// archives in several parts, text before the first entry.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/deflate.hpp"
#include "io/file_bytes.hpp"

namespace caten {

struct ZipEntry {
  std::string name;
  bool deflated = false;
  bool encrypted = false;
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t packed_size = 0;
  uint64_t size = 0;
  uint64_t header_at = 0;   ///< of the local header
  uint64_t content_at = 0;  ///< of the bytes
};

/// The entries in the order of the directory. All of them lie in the file, none overlaps another, and the local headers
/// agree with the directory. No name is there twice.
Result<std::vector<ZipEntry>> read_zip_directory(const FileBytes& file);

/// The content of an entry, its checksum verified: a part of the file when stored, else unpacked into at most `limit`
/// bytes. Its name is "<file>: <entry>".
Result<FileBytes> read_zip_entry(const FileBytes& file, const ZipEntry& entry, uint64_t limit = kMaxUnpacked);

/// The first bytes of an entry, at most `count`; the checksum is not verified.
Result<FileBytes> read_zip_entry_start(const FileBytes& file, const ZipEntry& entry, uint64_t count);

/// Writes stored entries, their content at a multiple of 64 bytes, dated 1980-01-01.
class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  /// An entry whose content is `head` followed by `body`.
  void add(const std::string& name, std::string_view head, std::span<const std::byte> body);
  /// The directory; nothing may be added after it.
  void finish();

 private:
  AtomicFile& file_;
  std::string directory_;
  uint64_t count_ = 0;
};

}  // namespace caten
