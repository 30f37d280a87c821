// What every fuzz target of a file reader asks for.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/diagnostic.hpp"
#include "base/utf8.hpp"
#include "io/file_bytes.hpp"
#include "ir/array.hpp"

namespace caten {

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline FileBytes fuzz_file(const uint8_t* data, size_t size) {
  return FileBytes::borrow("fuzz", std::as_bytes(std::span(data, size)));
}

/// A diagnostic that can be shown and tells what to do.
inline void require_shown(const Diagnostic& diagnostic) {
  SourceMap sources;
  require(!diagnostic.message.empty() && !diagnostic.remedy.empty() && !diagnostic.expected.empty());
  require(find_invalid_utf8(render(diagnostic, sources)) == std::string_view::npos);
  require(find_invalid_utf8(render_json(diagnostic, sources)) == std::string_view::npos);
}

/// All elements are there to be read, and they are not more than `limit` bytes.
inline void require_sound(const Array& array, size_t limit) {
  auto bytes = checked_bytes(array.dtype(), array.shape());
  require(bytes && *bytes == array.bytes() && *bytes <= limit);
  volatile uint8_t sum = 0;
  for (size_t i = 0; i < *bytes; ++i) sum = static_cast<uint8_t>(sum + std::to_integer<uint8_t>(array.data()[i]));
}

}  // namespace caten
