#include "cli/form_scanner.hpp"

#include <doctest/doctest.h>

using namespace caten;

namespace {

FormScanner scan(std::string_view text) {
  FormScanner scanner;
  scanner.feed(text);
  return scanner;
}

}  // namespace

TEST_CASE("complete forms") {
  for (const char* text :
       {"",          "5",         "(+ 1 2)",     "(a) (b)\n",      "\"a (\"", "#\\(", "(list #\\) 1)", "; (\n",
        "(a ; )\n)", "#| ( |# 1", "|a(|",        "\\( ",           ")",       "a)",   "{T} [M, N]",    "'a",
        "#'car",     "`(a ,b)",   "(a |b ; c|)", "#|a #|b|# c|# d"})
    CHECK_MESSAGE(scan(text).complete(), text);
}

TEST_CASE("forms that want more") {
  for (const char* text : {"(", "(+ 1 ", "\"a", "(a \"b)\" ", "'", "#'", "`", "#| a", "#| a #| b |#", "|a", "((a)",
                           "{T", "[M", "(a ; )\n", "(list #\\)", "\"a \\\""})
    CHECK_MESSAGE(!scan(text).complete(), text);
}

TEST_CASE("what stands at the end") {
  FormScanner scanner = scan("(let ((x 1))\n  (soft");
  CHECK(scanner.word() == "soft");
  CHECK(scanner.operator_position());
  scanner = scan("(softmax (f x) :ax");
  CHECK(scanner.word() == ":ax");
  CHECK(!scanner.operator_position());
  CHECK(scanner.head() == "softmax");
  CHECK(scan("(ones 2 :dtype :f").previous_word() == ":dtype");
  CHECK(scan("(ones 2 :dtype ").previous_word() == ":dtype");
  CHECK(scan("(mapcar #'re").word() == "re");
  CHECK(scan("(load-npy \"data/x").in_string());
  CHECK(scan("(load-npy \"data/x").open_string() == "data/x");
  CHECK(scan("5 ; (").in_comment());
  CHECK(scan("x").head().empty());
}
