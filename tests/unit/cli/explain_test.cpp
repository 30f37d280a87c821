#include "cli/explain.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace caten;

TEST_CASE("every code has a page whose example raises it") {
  std::string list = list_of_codes();
  int pages = 0;
  for (size_t begin = 0; begin < list.size(); begin = list.find('\n', begin) + 1, ++pages) {
    std::string code = list.substr(begin, 5), title = list.substr(begin + 7, list.find('\n', begin) - begin - 7);
    CAPTURE(code);
    Result<std::string> page = error_page(code);
    REQUIRE(page);
    CHECK(page->rfind(fmt::format("# {}: {}\n", code, title), 0) == 0);
    // tests/docs/run runs the examples.
    bool raised = page->find(fmt::format("error[{}]", code)) != std::string::npos ||
                  page->find(fmt::format("warning[{}]", code)) != std::string::npos;
    CHECK(raised == (page->find("No program raises this error") == std::string::npos));
    CHECK(page->find("## What to do\n") != std::string::npos);
  }
  CHECK(pages > 70);
}

TEST_CASE("codes are named as messages show them, or by their number") {
  CHECK(error_page("202").value_or("") == error_page("E0202").value_or("none"));
  CHECK(error_page("e0202").has_value());
  for (const char* code : {"", "E", "E0999", "E02O2", "E0202x", "shape"}) CHECK_FALSE(error_page(code).has_value());
}
