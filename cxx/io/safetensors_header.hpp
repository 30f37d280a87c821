// The JSON header of a safetensors file, as it stands: whether the offsets make sense is for the reader of the file.
#pragma once

#include "io/safetensors.hpp"

namespace caten {

struct SafetensorsEntry {
  std::string name;
  std::string dtype{};
  std::vector<int64_t> shape{};
  uint64_t begin = 0;  ///< of the elements, from the end of the header
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  ///< sorted by (begin, end, name); no name twice
  Metadata metadata;                      ///< sorted by key; no key twice
};

/// The header in the bytes [offset, offset + count) of the file.
Result<SafetensorsHeader> parse_safetensors_header(const FileBytes& file, uint64_t offset, uint64_t count);

std::string format_safetensors_header(const SafetensorsHeader& header);

}  // namespace caten
