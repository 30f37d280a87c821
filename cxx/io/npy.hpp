// NumPy's .npy files. Read: versions 1.0 to 3.0, row-major and column-major, little- and big-endian, bool, integers,
// f16 f32 f64 c64 c128. The elements stay in the mapped file where their layout is that of an Array. Written: version
// 1.0, row-major, little-endian, the elements at a multiple of 64 bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/file_bytes.hpp"
#include "ir/array.hpp"

namespace caten {

Result<Array> read_npy(const std::string& path);
Status write_npy(const std::string& path, const Array& array);

Result<Array> parse_npy(const FileBytes& file);

/// What the header says, before its dtype is judged.
struct NpyHeader {
  std::string descr;           ///< "<f4", or the text of a structured dtype
  std::optional<DType> dtype;  ///< absent when caten has none for it
  bool big_endian = false;
  bool column_major = false;
  std::vector<int64_t> shape;
  uint64_t descr_at = 0;  ///< places in the file, for messages
  uint64_t shape_at = 0;
  uint64_t elements_at = 0;
};
Result<NpyHeader> parse_npy_header(const FileBytes& file);

/// The header of a file that holds such elements; fails for a dtype that NumPy has not. `path` is for messages.
Result<std::string> format_npy_header(const std::string& path, DType dtype, const std::vector<int64_t>& shape);

}  // namespace caten
