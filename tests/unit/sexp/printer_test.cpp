#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "golden.hpp"
#include "random_datum.hpp"
#include "sexp/datum.hpp"

namespace caten {
namespace {

Datum read_back(const std::string& text) {
  SourceMap sources;
  Result<Datum> datum = read_one(sources, sources.add("t", text));
  REQUIRE_MESSAGE(datum.has_value(), text);
  return std::move(*datum);
}

}  // namespace

TEST_CASE("each kind prints in one way") {
  CHECK(print(Datum::symbol("add")) == "add");
  CHECK(print(Datum::keyword("dim")) == ":dim");
  CHECK(print(Datum::string("a\"b\\c\nd\te|")) == R"("a\"b\\c\nd\te|")");
  CHECK(print(Datum::of(int64_t{-5})) == "-5");
  CHECK(print(Datum::of_unsigned(UINT64_MAX)) == "18446744073709551615");
  CHECK(print(Datum::of(0.1)) == "0.1");
  CHECK(print(Datum::list({})) == "()");
  CHECK(print(Datum::list({Datum::symbol("a"), Datum::list({Datum::of(int64_t{1})})})) == "(a (1))");
  CHECK(print(read_back("(a\n #| c |# 1.50 #x1.8p3 007 +5)")) == "(a 1.50 #x1.8p3 7 5)");
}

TEST_CASE("symbols are barred exactly when they would read as something else") {
  for (const char* bare : {"a", "+", "-", "...", "-x", "+-", "a:b", "λ", "*x*", "->", "inf"})
    CHECK(print_symbol(bare) == bare);
  for (const char* barred : {"", "1", "-1", "+1.5", ".5", "-.5", "1+", ":a", "nan", "+inf", "-inf", "a b", "a(b", "\"",
                             "#x1", "a;b", "'a", "a\nb"}) {
    std::string printed = print_symbol(barred);
    CHECK(printed.front() == '|');
    CHECK(read_back(printed).is_symbol(barred));
  }
  CHECK(print_symbol("a|b\\") == R"(|a\|b\\|)");
}

TEST_CASE("floats print as the shortest decimal that reads back") {
  CHECK(print_float(0.1) == "0.1");
  CHECK(print_float(0.1F) == "0.1");
  CHECK(print_float(static_cast<double>(0.1F)) == "0.10000000149011612");
  CHECK(print_float(1.0) == "1.0");
  CHECK(print_float(-0.0) == "-0.0");
  CHECK(print_float(1e23) == "1e+23");
  CHECK(print_float(5e-324) == "5e-324");
  CHECK(print_float(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
  CHECK(print_float(std::numeric_limits<double>::infinity()) == "+inf");
  CHECK(print_float(-std::numeric_limits<float>::infinity()) == "-inf");
  CHECK(print_float(std::nan("")) == "nan");
  CHECK(print_float(-std::nan("")) == "nan");
  CHECK(print_float(100.0) == "100.0");
  CHECK(print_float(16777216.0F) == "16777216.0");

  Random random(1);
  size_t wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto value = std::bit_cast<double>(random.next());
    if (std::isnan(value) || std::isinf(value)) continue;
    std::string text = print_float(value);
    wrong += std::bit_cast<uint64_t>(read_back(text).real) != std::bit_cast<uint64_t>(value);
    wrong += text.find_first_of(".e") == std::string::npos;
    // Shortest: the standard library's own shortest form has as many digits.
    char shortest[32];
    char* end = std::to_chars(shortest, shortest + sizeof shortest, value, std::chars_format::scientific).ptr;
    auto digits = [](std::string_view s) {
      s = s.substr(0, s.find('e'));
      size_t count = 0, zeros = 0;
      bool leading = true;
      for (char c : s) {
        if (c < '0' || c > '9' || (leading && c == '0')) continue;
        leading = false;
        ++count;
        zeros = c == '0' ? zeros + 1 : 0;
      }
      return count - zeros;
    };
    wrong += digits(text) != digits({shortest, static_cast<size_t>(end - shortest)});
  }
  CHECK(wrong == 0);
}

TEST_CASE("f32 prints the shortest decimal of an f32") {
  Random random(2);
  size_t wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto value = std::bit_cast<float>(static_cast<uint32_t>(random.next()));
    if (std::isnan(value) || std::isinf(value)) continue;
    std::string text = print_float(value);
    float back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    wrong += std::bit_cast<uint32_t>(back) != std::bit_cast<uint32_t>(value);
  }
  CHECK(wrong == 0);
}

TEST_CASE("printing and reading are inverse") {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    Datum datum = random_datum(random, 1 + random.below(60));
    std::string text = print(datum);
    Datum back = read_back(text);
    REQUIRE_MESSAGE(back == datum, text);
    REQUIRE(print(back) == text);
    std::string broken = pretty(datum, 20 + random.below(80));
    Datum again = read_back(broken);
    REQUIRE_MESSAGE(again == datum, broken);
    REQUIRE(print(again) == text);
  }
}

TEST_CASE("equality is of content") {
  CHECK(read_back("(a 1 \"s\")") == read_back(" ( a  1 \"s\" ) "));
  CHECK_FALSE(read_back("1") == read_back("1.0"));
  CHECK_FALSE(read_back("a") == read_back(":a"));
  CHECK_FALSE(read_back("a") == read_back("\"a\""));
  CHECK_FALSE(read_back("0.0") == read_back("-0.0"));
  CHECK_FALSE(read_back("-1") == read_back("18446744073709551615"));  // the same bits
  CHECK(read_back("nan") == read_back("nan"));
  CHECK(read_back("0.5") == read_back("#x1p-1"));
  CHECK_FALSE(read_back("(a)") == read_back("(a a)"));
}

TEST_CASE("pretty takes time in proportion to the text, however deep it is") {
  Datum datum = Datum::symbol("x");
  for (int depth = 0; depth < 300; ++depth) {
    std::vector<Datum> items(50, Datum::symbol("y"));
    items.push_back(std::move(datum));
    datum = Datum::list(std::move(items));
  }
  CHECK(pretty(datum).size() > 300 * 50);
}

TEST_CASE("pretty breaks long forms and leaves short ones whole") {
  std::string text =
      "(ir 1 (composite axpy (:dim (M 0 *) (N 0 *)) (:type (T f16 bf16 f32 f64)) (:in (a (T)) (X (T M N)) (Y (T M N))) "
      "(:let (s (expand (reshape a 1 1) M N)) (p (mul s X)) (z (add p Y))) (:out (Z z))) (program main (:call axpy a X "
      "Y)))";
  std::string out;
  for (size_t width : {200, 100, 60, 30, 10})
    out += fmt::format("; width {}\n{}\n", width, pretty(read_back(text), width));
  check_golden("sexp/pretty.txt", out);
}

}  // namespace caten
