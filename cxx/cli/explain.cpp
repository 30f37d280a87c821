#include "cli/explain.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace caten {
namespace {

constexpr Code kCodes[] = {
#define CATEN_CODE(number, name, title) Code::name,
#include "base/codes.def"
#undef CATEN_CODE
};

struct Page {
  int number;
  std::string_view text;
};
constexpr Page kPages[] = {
#include <error_pages.inc>  // docs/errors/, embedded by the build
};

}  // namespace

Result<std::string> error_page(const std::string& code) {
  const char* digits = code.c_str() + (!code.empty() && (code[0] == 'E' || code[0] == 'e'));
  char* end = nullptr;
  int64_t number = std::isdigit(static_cast<unsigned char>(*digits)) ? std::strtol(digits, &end, 10) : -1;
  std::vector<std::string> names;
  for (Code each : kCodes) {
    if (number == static_cast<int64_t>(each) && !*end) {
      for (const Page& page : kPages)
        if (page.number == number) return std::string(page.text);
    }
    names.push_back(code_name(each));
  }
  return fail({.code = Code::BadOptionValue,
               .message = fmt::format("there is no error code `{}`", code),
               .expected = "a code that `caten explain` lists, as messages show it",
               .found = code,
               .remedy = did_you_mean(code, names)});
}

std::string list_of_codes() {
  std::string out;
  for (Code each : kCodes) out += fmt::format("{}  {}\n", code_name(each), code_title(each));
  return out;
}

}  // namespace caten
