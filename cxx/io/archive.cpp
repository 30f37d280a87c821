#include "io/archive.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "io/file_bytes.hpp"

namespace caten {

std::string list_names(const std::vector<std::string>& names) {
  constexpr size_t kShown = 12;
  std::string out;
  for (size_t i = 0; i < names.size() && i < kShown; ++i)
    out += fmt::format("{}{}", i == 0 ? "" : " ", quote_briefly(names[i]));
  if (names.size() > kShown) out += fmt::format(" and {} more", names.size() - kShown);
  return out.empty() ? "no arrays" : out;
}

tl::unexpected<Diagnostic> no_such_array(std::string_view file, std::string_view name,
                                         const std::vector<std::string>& names) {
  std::string suggestion = did_you_mean(name, names);
  return fail({.code = Code::NoSuchArray,
               .message = fmt::format("{} has no array {}", file, quote_briefly(name)),
               .expected = "the name of an array in the file",
               .found = list_names(names),
               .remedy = suggestion.empty() ? "choose one of them" : suggestion});
}

Status check_names(const std::string& path, std::span<const NamedArray> arrays) {
  std::vector<std::string> names;
  for (const NamedArray& named : arrays) {
    if (find_invalid_utf8(named.name) != std::string_view::npos || named.name.find('\0') != std::string::npos)
      return fail({.code = Code::FormatCannotHold,
                   .message = fmt::format("cannot write {}: a name that is no text", path),
                   .expected = "UTF-8 without NUL",
                   .found = quote_briefly(named.name),
                   .remedy = "rename the array"});
    names.push_back(named.name);
  }
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return fail({.code = Code::DuplicateName,
               .message = fmt::format("cannot write {}: two arrays have one name", path),
               .expected = "a name for each array",
               .found = quote_briefly(*twice),
               .remedy = "rename one of them"});
}

}  // namespace caten
