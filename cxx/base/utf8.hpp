// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace caten {

/// Bytes of the character that starts at `at` (1–4), or 0 when the bytes there are not valid. `at` must be inside the
/// text.
size_t utf8_length(std::string_view text, size_t at);

/// Offset of the first byte that is not valid UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text);

}  // namespace caten
