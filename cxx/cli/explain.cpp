#include "cli/explain.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>

namespace caten {
namespace {

constexpr Code kCodes[] = {
#define CATEN_CODE(number, name, title) Code::name,
#include "base/codes.def"
#undef CATEN_CODE
};

}  // namespace

Result<std::string> error_page(const std::string& code) {
  const char* digits = code.c_str() + (!code.empty() && (code[0] == 'E' || code[0] == 'e'));
  char* end = nullptr;
  long number = std::isdigit(static_cast<unsigned char>(*digits)) ? std::strtol(digits, &end, 10) : -1;
  std::string names;
  for (Code each : kCodes) {
    if (number == static_cast<long>(each) && !*end)
      return fmt::format("{} {}: {}\n", code_name(each), code_identifier(each), code_title(each));
    names += (names.empty() ? "" : " ") + code_name(each);
  }
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("there is no error code `{}`", code),
               .expected = names,
               .found = code,
               .remedy = "write it as messages show it: E0202"});
}

}  // namespace caten
