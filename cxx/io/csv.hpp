// Tables of numbers as text: csv, and csv.gz. One row a line, fields between delimiters, blanks around them ignored,
// a field perhaps in double quotes; empty lines and comments are skipped. Numbers are rounded once, to the dtype
// wanted. Always read as an array of rank 2.
#pragma once

#include <string>

#include "io/deflate.hpp"
#include "ir/array.hpp"

namespace caten {

struct CsvOptions {
  char delimiter = ',';    ///< ' ' means any run of blanks
  int64_t skip_lines = 0;  ///< a header, mostly
  char comment = '#';      ///< from here to the end of the line nothing counts; '\0' for none
  DType dtype = DType::kF64;
  uint64_t max_unpacked = kMaxUnpacked;
};

/// Text, or gzip recognised by its first bytes.
Result<Array> read_csv(const std::string& path, const CsvOptions& options = {});
Result<Array> parse_csv(const FileBytes& file, const CsvOptions& options = {});

/// Rank 0 to 2; a vector becomes one column. Numbers are as short as reads back the same. Compressed when the path ends
/// in .gz.
Status write_csv(const std::string& path, const Array& array, char delimiter = ',');

}  // namespace caten
