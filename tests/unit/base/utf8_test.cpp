#include "base/utf8.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace caten {
namespace {

std::string encode(uint32_t code, size_t length) {
  std::string out;
  if (length == 1) return {static_cast<char>(code)};
  constexpr unsigned kLead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLead[length] | (code >> (6 * (length - 1))));
  for (size_t k = length - 1; k-- > 0;) out += static_cast<char>(0x80 | ((code >> (6 * k)) & 0x3F));
  return out;
}

size_t shortest(uint32_t code) { return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4; }

}  // namespace

TEST_CASE("exactly the shortest forms of the Unicode scalar values are UTF-8") {
  size_t wrong = 0;
  for (uint32_t code = 0; code < 0x200000; ++code) {
    bool scalar = code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
    for (size_t length = shortest(code); length <= 4; ++length) {
      bool valid = scalar && length == shortest(code);
      wrong += utf8_length(encode(code, length), 0) != (valid ? length : 0);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("truncated characters and stray bytes are found where they are") {
  CHECK(find_invalid_utf8("") == std::string_view::npos);
  CHECK(find_invalid_utf8("aé€😀") == std::string_view::npos);
  CHECK(find_invalid_utf8("a\x80") == 1);
  CHECK(find_invalid_utf8("é\xC3") == 2);
  CHECK(find_invalid_utf8("\xE2\x82") == 0);
  CHECK(find_invalid_utf8("ok\xF0\x9F\x98") == 2);
  CHECK(find_invalid_utf8("\xF8\x88\x80\x80\x80") == 0);
  CHECK(find_invalid_utf8("\xC3(") == 0);
  CHECK(find_invalid_utf8("\xFF") == 0);
}

}  // namespace caten
