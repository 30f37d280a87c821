#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "golden.hpp"
#include "sexp/datum.hpp"

namespace caten {
namespace {

Result<std::vector<Datum>> read(const std::string& text, const ReadLimits& limits = {}) {
  SourceMap sources;
  return read_all(sources, sources.add("t.ir", text), limits);
}

Datum one(const std::string& text) {
  SourceMap sources;
  Result<Datum> datum = read_one(sources, sources.add("t.ir", text));
  REQUIRE_MESSAGE(datum.has_value(), text);
  return std::move(*datum);
}

Code code_of(const std::string& text, const ReadLimits& limits = {}) {
  Result<std::vector<Datum>> forms = read(text, limits);
  return forms ? Code{} : forms.error().code;
}

}  // namespace

TEST_CASE("every kind of token") {
  CHECK(one("foo").is_symbol("foo"));
  CHECK(one("+").is_symbol("+"));
  CHECK(one("-").is_symbol("-"));
  CHECK(one("...").is_symbol("..."));
  CHECK(one("-x").is_symbol("-x"));
  CHECK(one("<=>!?%&_.~^$@").is_symbol("<=>!?%&_.~^$@"));
  CHECK(one("λ→x").is_symbol("λ→x"));
  CHECK(one("a:b").is_symbol("a:b"));
  CHECK(one("Foo").is_symbol("Foo"));  // case counts
  CHECK_FALSE(one("Foo").is_symbol("foo"));
  CHECK(one("|a b(\"|").is_symbol("a b(\""));
  CHECK(one("|1|").is_symbol("1"));
  CHECK(one("||").is_symbol(""));
  CHECK(one(R"(|a\|b\\|)").is_symbol("a|b\\"));
  CHECK(one(":dim").is_keyword("dim"));
  CHECK_FALSE(one(":dim").is_symbol());
  CHECK(one(R"("a\n\t\\\"\|b")").text == "a\n\t\\\"|b");
  CHECK(one("\"line\nbreak é\"").text == "line\nbreak é");
  CHECK(one("\"\"").is_string());
  CHECK(one("()").is_list());
  CHECK(one("()").size() == 0);
  CHECK(one("(a (b c) ())").size() == 3);
  CHECK(one("(a b)").is_form("a"));
  CHECK_FALSE(one("((a) b)").is_form("a"));
}

TEST_CASE("integers, to the ends of 64 bits") {
  CHECK(one("0").integer == 0);
  CHECK(one("-0").integer == 0);
  CHECK(one("+7").integer == 7);
  CHECK(one("007").integer == 7);
  CHECK(one("007").text == "7");  // an integer has one spelling
  CHECK(one("9223372036854775807").integer == INT64_MAX);
  CHECK(one("-9223372036854775808").integer == INT64_MIN);
  Datum large = one("9223372036854775808");
  CHECK(large.is_unsigned);
  CHECK(static_cast<uint64_t>(large.integer) == uint64_t{1} << 63);
  CHECK(static_cast<uint64_t>(one("18446744073709551615").integer) == UINT64_MAX);
  CHECK_FALSE(one("5").is_unsigned);
  CHECK(code_of("18446744073709551616") == Code::BadNumber);
  CHECK(code_of("-9223372036854775809") == Code::BadNumber);
  CHECK(code_of("12ab") == Code::BadNumber);
  CHECK(code_of("1-2") == Code::BadNumber);
  CHECK(code_of("+-1") == Code{});  // a symbol
}

TEST_CASE("decimal floats keep their spelling and their bits") {
  CHECK(one("1.5").real == 1.5);
  CHECK(one("1.").real == 1.0);
  CHECK(one(".5").real == 0.5);
  CHECK(one("-.5").real == -0.5);
  CHECK(one("+1.5e3").real == 1500);
  CHECK(one("1e3").is_float());
  CHECK(one("1E3").real == 1000);
  CHECK(one("1e-400").real == 0);
  CHECK(std::signbit(one("-1e-400").real));
  CHECK(std::signbit(one("-0.0").real));
  CHECK(one("5e-324").real == std::numeric_limits<double>::denorm_min());
  CHECK(one("2.2250738585072011e-308").real == 2.2250738585072011e-308);
  CHECK(one("1.7976931348623157e308").real == std::numeric_limits<double>::max());
  CHECK(one("0.1000000000000000055511151231257827").real == 0.1);
  CHECK(one("0.10").text == "0.10");
  CHECK(one("+inf").real == std::numeric_limits<double>::infinity());
  CHECK(one("-inf").real == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(one("nan").real));
  CHECK(one("inf").is_symbol("inf"));
  CHECK(code_of("1e400") == Code::BadNumber);
  CHECK(code_of("1.5.2") == Code::BadNumber);
  CHECK(code_of("1e") == Code::BadNumber);
  CHECK(code_of("1.0f") == Code::BadNumber);
  CHECK(code_of("0x10") == Code::BadNumber);
}

TEST_CASE("hexadecimal floats are exact bits") {
  CHECK(one("#x1.8p3").real == 12.0);
  CHECK(one("#x-1.8p3").real == -12.0);
  CHECK(one("#x1p-1074").real == std::numeric_limits<double>::denorm_min());
  CHECK(one("#x1.fffffffffffffp1023").real == std::numeric_limits<double>::max());
  CHECK(one("#x0p0").real == 0);
  CHECK(one("#xff").real == 255);
  CHECK(std::signbit(one("#x-0p0").real));
  CHECK(one("#x1.8p3").text == "#x1.8p3");
  CHECK(code_of("#x") == Code::BadNumber);
  CHECK(code_of("#x-") == Code::BadNumber);
  CHECK(code_of("#x--1") == Code::BadNumber);
  CHECK(code_of("#x+1") == Code::BadNumber);
  CHECK(code_of("#xinf") == Code::BadNumber);
  CHECK(code_of("#xnan") == Code::BadNumber);
  CHECK(code_of("#x1p1024") == Code::BadNumber);
  CHECK(code_of("#x1.8p") == Code::BadNumber);
}

TEST_CASE("blanks and comments separate, and mean nothing") {
  CHECK(read("").value().empty());
  CHECK(read(" \t\r\n\f; only a comment").value().empty());
  CHECK(read("#| block ; |#").value().empty());
  CHECK(read("a ; x\nb #| c |# d").value().size() == 3);
  CHECK(read("(a;)\n)").value().size() == 1);
  CHECK(read("a(b)\"c\"|d|e").value().size() == 5);  // delimiters need no blank
  CHECK(read("\"a\"\"b\"").value().size() == 2);
}

TEST_CASE("spans cover each datum") {
  SourceMap sources;
  std::string text = " (add \"é\" (mul 1 2.0))  :k ";
  uint32_t id = sources.add("t", text);
  std::vector<Datum> forms = read_all(sources, id).value();
  auto covered = [&](const Datum& datum) { return sources.text(datum.span); };
  CHECK(covered(forms[0]) == "(add \"é\" (mul 1 2.0))");
  CHECK(covered(forms[0][1]) == "\"é\"");
  CHECK(covered(forms[0][2]) == "(mul 1 2.0)");
  CHECK(covered(forms[0][2][2]) == "2.0");
  CHECK(covered(forms[1]) == ":k");
}

TEST_CASE("read_one takes exactly one form") {
  SourceMap sources;
  CHECK(read_one(sources, sources.add("t", " (a) ; end")).has_value());
  CHECK(read_one(sources, sources.add("t", "")).error().code == Code::UnexpectedEnd);
  CHECK(read_one(sources, sources.add("t", "(a) b")).error().code == Code::TrailingText);
  CHECK(read_one(sources, sources.add("t", "(a))")).error().code != Code{});
}

TEST_CASE("limits of bytes, depth and count") {
  ReadLimits limits{.bytes = 20, .depth = 3, .data = 5};
  CHECK(code_of("(((a)))", limits) == Code{});
  CHECK(code_of("((((a))))", limits) == Code::TooDeep);
  CHECK(code_of(std::string(20, ' '), limits) == Code{});
  CHECK(code_of(std::string(21, ' '), limits) == Code::TooLarge);
  CHECK(code_of("a b c d e", limits) == Code{});
  CHECK(code_of("a b c d e f", limits) == Code::TooLarge);
  CHECK(code_of("()()()()()", limits) == Code{});
  CHECK(code_of("()()()()()()", limits) == Code::TooLarge);
  CHECK(code_of("(a (b) c)", limits) == Code{});
  CHECK(code_of(std::string(1'000'000, '(')) == Code::TooDeep);
  CHECK(code_of(std::string(512, '(') + std::string(512, ')')) == Code{});
}

TEST_CASE("text that is not UTF-8 is refused with its offset") {
  for (const char* bad :
       {"(a \x80)", "(a \xC0\xAF)", "(a \xED\xA0\x80)", "(a \xF5\x80\x80\x80)", "\"\xE2\x82\"", "; \xFF"}) {
    Result<std::vector<Datum>> forms = read(bad);
    REQUIRE_FALSE(forms.has_value());
    CHECK(forms.error().code == Code::NotUtf8);
    CHECK(forms.error().span.begin < std::string_view(bad).size());
  }
}

TEST_CASE("every diagnostic of the reader") {
  const std::vector<std::string> texts = {
      "(a (b c)",  // never closed
      "(ir 1\n  (composite f\n    (:in (x (f32)))\n",
      "a) b",             // closed too often
      "#| never closed",  //
      "\"never closed\nanother line",
      "|never closed",
      "(a \"b\\qc\")",
      "(a |b\\q|)",
      "(a \"b\\",
      "(a [b])",
      "(a 'b)",
      "(a `b)",
      "(a #(1 2))",
      "(a :)",
      "(a 12ab)",
      "(a 99999999999999999999)",
      "(a 1e999)",
      "(a #xzz)",
      "(a \x80)",
      "(a " + std::string(59, 'x') + "éé[" + std::string(300, 'z') + ")",
  };
  std::string out;
  for (const std::string& text : texts) {
    SourceMap sources;
    Result<std::vector<Datum>> forms = read_all(sources, sources.add("program.ir", text));
    REQUIRE_MESSAGE(!forms.has_value(), text);
    CHECK_FALSE(forms.error().remedy.empty());
    out += render(forms.error(), sources) + "\n";
  }
  for (const std::string& text : {std::string("  ; nothing"), std::string("(a) (b)")}) {
    SourceMap sources;
    out += render(read_one(sources, sources.add("one.ir", text)).error(), sources) + "\n";
  }
  for (const std::string& text : {std::string("a b c d"), std::string("((()("), std::string(65, ' ')}) {
    SourceMap sources;
    ReadLimits limits{.bytes = 64, .depth = 2, .data = 3};
    out += render(read_all(sources, sources.add("large.ir", text), limits).error(), sources) + "\n";
  }
  check_golden("diagnostics/reader.txt", out);
}

}  // namespace caten
