#include "golden.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace caten {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string describe_difference(std::string_view path, std::string_view expected, std::string_view actual) {
  std::vector<std::string> left = split_lines(expected);
  std::vector<std::string> right = split_lines(actual);
  size_t at = 0;
  while (at < left.size() && at < right.size() && left[at] == right[at]) ++at;
  auto line = [at](const std::vector<std::string>& lines) { return at < lines.size() ? lines[at] : "<end of text>"; };
  return fmt::format(
      "tests/golden/{} differs at line {}\n  expected: {}\n  found:    {}\nThe whole text found:\n{}\n"
      "`scripts/golden --update` accepts it.",
      path, at + 1, line(left), line(right), actual);
}

}  // namespace

std::string source_path(std::string_view relative) { return fmt::format("{}/{}", CATEN_SOURCE_DIR, relative); }

std::string read_source_file(std::string_view relative) {
  std::optional<std::string> content = read_file(source_path(relative));
  REQUIRE_MESSAGE(content.has_value(), "cannot read ", std::string(relative));
  return content.value_or("");
}

void check_golden(std::string_view path, std::string_view actual) {
  std::string file = source_path(fmt::format("tests/golden/{}", path));
  std::optional<std::string> expected = read_file(file);
  if (expected == actual) {
    CHECK(true);
    return;
  }
  const char* update = std::getenv("CATEN_UPDATE_GOLDEN");
  if (update && std::string_view(update) == "1") {
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << actual;
    MESSAGE("wrote tests/golden/", std::string(path));
    return;
  }
  std::string difference =
      expected ? describe_difference(path, *expected, actual)
               : fmt::format("tests/golden/{} does not exist; found:\n{}\n`scripts/golden --update` writes it.", path,
                             actual);
  FAIL_CHECK(difference);
}

}  // namespace caten
