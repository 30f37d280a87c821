// Numbers of bytes as people write them.
#pragma once

#include <string>

#include "base/result.hpp"

namespace caten {

/// "64M" → bytes; suffixes K, M, G are powers of 1024. E0902 otherwise.
Result<size_t> parse_bytes(const std::string& text);

}  // namespace caten
