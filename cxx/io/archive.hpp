// What files with several arrays have in common (npz, safetensors).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/array.hpp"

namespace caten {

struct NamedArray {
  std::string name;
  Array array;
};

/// What an archive says of one of its arrays, without reading it.
struct ArrayEntry {
  std::string name;
  std::string stored;          ///< the dtype in the words of the format: "<f4", "BF16"
  std::optional<DType> dtype;  ///< absent when caten has none for it
  std::vector<int64_t> shape;
};

/// The names that are in an archive, for messages: at most a dozen of them.
std::string list_names(const std::vector<std::string>& names);

tl::unexpected<Diagnostic> no_such_array(std::string_view file, std::string_view name,
                                         const std::vector<std::string>& names);

/// Names of arrays to write: UTF-8, without NUL, each once.
Status check_names(const std::string& path, std::span<const NamedArray> arrays);

}  // namespace caten
