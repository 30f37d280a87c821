#include "base/bytes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace caten {

Result<size_t> parse_bytes(const std::string& text) {
  size_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string suffix(end, text.data() + text.size());
  int shift = suffix.empty() ? 0 : suffix == "K" ? 10 : suffix == "M" ? 20 : suffix == "G" ? 30 : -1;
  if (status != std::errc{} || shift < 0 || value > (SIZE_MAX >> shift))
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("`{}` is no number of bytes", text),
                 .expected = "digits, and perhaps K, M or G",
                 .found = text,
                 .remedy = "for example 512M"});
  return value << shift;
}

}  // namespace caten
