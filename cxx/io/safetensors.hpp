// safetensors files: 8 bytes with the length of a JSON header, the header (name → dtype, shape, offsets; metadata as
// text), then the elements without gaps. Checked as the format's specification asks: the header is an object of at most
// 100 MB without a key twice, and the arrays cover the rest of the file exactly, without overlap or hole.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "io/archive.hpp"
#include "io/file_bytes.hpp"

namespace caten {

using Metadata = std::vector<std::pair<std::string, std::string>>;

class SafetensorsFile {
 public:
  static Result<SafetensorsFile> open(const std::string& path);
  static Result<SafetensorsFile> parse(FileBytes file);

  /// In the order of their elements in the file.
  const std::vector<ArrayEntry>& entries() const { return entries_; }
  const Metadata& metadata() const { return metadata_; }
  /// Shares the mapped file where the elements are aligned.
  Result<Array> read(std::string_view name) const;
  Result<std::vector<NamedArray>> read_all() const;

 private:
  Result<Array> read_entry(size_t index) const;

  FileBytes file_;
  std::vector<ArrayEntry> entries_;
  std::vector<uint64_t> offsets_;  ///< in the file, of each entry
  Metadata metadata_;
};

/// Sorted by decreasing size of the dtype, then by name, so that all are aligned and equal arrays give equal bytes.
Status write_safetensors(const std::string& path, std::span<const NamedArray> arrays, const Metadata& metadata = {});

}  // namespace caten
