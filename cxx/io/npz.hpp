// NumPy's .npz files: zip archives of npy files. Read: stored and deflated, also beyond 4 GiB. Written: stored, in the
// order given, without the time, so that equal arrays give equal bytes.
#pragma once

#include <string>
#include <vector>

#include "io/archive.hpp"
#include "io/zip.hpp"

namespace caten {

class NpzFile {
 public:
  /// `max_unpacked` bounds each deflated array.
  static Result<NpzFile> open(const std::string& path, uint64_t max_unpacked = kMaxUnpacked);
  static Result<NpzFile> parse(FileBytes file, uint64_t max_unpacked = kMaxUnpacked);

  /// Without the ".npy" of the names in the archive, whose other files do not count.
  const std::vector<std::string>& names() const { return names_; }
  /// What the headers of the arrays say.
  Result<std::vector<ArrayEntry>> entries() const;
  /// A stored array shares the mapped file.
  Result<Array> read(std::string_view name) const;
  Result<std::vector<NamedArray>> read_all() const;

 private:
  Result<Array> read_entry(size_t index) const;

  FileBytes file_;
  std::vector<ZipEntry> entries_;
  std::vector<std::string> names_;
  uint64_t max_unpacked_ = kMaxUnpacked;
};

Status write_npz(const std::string& path, std::span<const NamedArray> arrays);

}  // namespace caten
