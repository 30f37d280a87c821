#include "base/diagnostic.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/result.hpp"
#include "golden.hpp"

namespace caten {
namespace {

/// The caret line of the rendered diagnostic at bytes [begin, end) of `text`, without its gutter.
std::string caret_line(const std::string& text, uint32_t begin, uint32_t end) {
  SourceMap sources;
  uint32_t id = sources.add("t", text);
  std::string out = render({.code = Code::BadToken, .message = "m", .span = {id, begin, end}}, sources);
  size_t last = out.rfind(" | ");
  return out.substr(last + 3, out.size() - last - 4);
}

std::string source_line(const std::string& text, uint32_t begin, uint32_t end) {
  SourceMap sources;
  uint32_t id = sources.add("t", text);
  std::string out = render({.code = Code::BadToken, .message = "m", .span = {id, begin, end}}, sources);
  size_t first = out.find(" | ") + 3;
  return out.substr(first, out.find('\n', first) - first);
}

}  // namespace

TEST_CASE("every code has a distinct number, a name and a title of one line") {
  std::set<int> numbers;
  std::set<std::string_view> identifiers;
  int count = 0;
  for (int number = 0; number < 10000; ++number) {
    auto code = static_cast<Code>(number);
    if (code_identifier(code).empty()) continue;
    ++count;
    CHECK(identifiers.insert(code_identifier(code)).second);
    CHECK(code_name(code) == fmt::format("E{:04}", number));
    std::string_view title = code_title(code);
    CHECK_FALSE(title.empty());
    CHECK(title.find('\n') == std::string_view::npos);
    CHECK(title.back() != '.');
  }
  int rows = 0;
#define CATEN_CODE(number, name, title) \
  ++rows;                               \
  CHECK(numbers.insert(number).second);
#include "base/codes.def"
#undef CATEN_CODE
  CHECK(count == rows);
  CHECK(code_title(static_cast<Code>(60000)) == "");
}

TEST_CASE("a diagnostic with every part") {
  SourceMap sources;
  uint32_t id = sources.add("model.ir", "(ir 1\n (:let (y (ad x 1))))\n");
  Diagnostic d{.code = Code::UnknownOp,
               .message = "`ad` is no op and no composite",
               .span = {id, 17, 19},
               .expected = "an op or a composite",
               .found = "`ad`",
               .remedy = "did you mean `add`?",
               .notes = {"in composite `main`", "called from line 9"}};
  check_golden("diagnostics/every_part.txt", render(d, sources));
  check_golden("diagnostics/every_part.json", render_json(d, sources));
  check_golden("diagnostics/every_part_coloured.txt", render(d, sources, true));
}

TEST_CASE("a diagnostic without a place, and the other severities") {
  SourceMap sources;
  Diagnostic d{.code = Code::CannotRead, .message = "cannot open x.npy", .remedy = "check the path"};
  CHECK(render(d, sources) == "caten: error[E0501]: cannot open x.npy\n  help:     check the path\n");
  d.severity = Severity::kWarning;
  CHECK(render(d, sources) == "caten: warning[E0501]: cannot open x.npy\n  help:     check the path\n");
  d.severity = Severity::kNote;
  CHECK(render(d, sources) == "caten: note: cannot open x.npy\n  help:     check the path\n");
  d.span = {7, 0, 1};  // a source that this map does not hold
  CHECK(render(d, sources) == "caten: note: cannot open x.npy\n  help:     check the path\n");
}

TEST_CASE("the caret stands under what the span covers") {
  CHECK(caret_line("(add x y)", 1, 4) == " ^~~");
  CHECK(caret_line("(add x y)", 5, 6) == "     ^");
  CHECK(caret_line("(add x y)", 5, 5) == "     ^");  // an empty span still shows
  CHECK(caret_line("ab", 2, 2) == "  ^");            // the end of the text
  CHECK(caret_line("", 0, 0) == "^");
  CHECK(caret_line("\tx", 1, 2) == " ^");               // a tab is printed as one space
  CHECK(caret_line("(é ψψ x)", 4, 8) == "   ^~");       // characters, not bytes
  CHECK(caret_line("(a\n bcd\n e)", 5, 99) == "  ^~");  // past the line: up to its end
  CHECK(caret_line("(a\n b)", 0, 6) == "^~");
}

TEST_CASE("control characters do not reach the terminal") {
  CHECK(source_line("a\x1b[31mb\x7f\r", 0, 1) == "a?[31mb??");
  SourceMap sources;
  uint32_t id = sources.add("\x1b]0;name", "x");
  Diagnostic d{.code = Code::BadToken, .message = "`\x1b[2J`\nsecond line", .span = {id, 0, 1}, .found = "\x07"};
  std::string out = render(d, sources);
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(out.find('\x07') == std::string::npos);
  CHECK(out.find("\nsecond") == std::string::npos);
}

TEST_CASE("what is not UTF-8, and what turns the direction of writing, is replaced") {
  CHECK(source_line("a\xff\xfe b", 3, 4) == "a\uFFFD\uFFFD b");
  CHECK(caret_line("a\xff\xfe b", 1, 2) == " ^");
  CHECK(caret_line("a\xff\xfe b", 4, 5) == "    ^");
  CHECK(source_line("a\u202e\u2066\u0085z\u00a0", 0, 1) == "a???z\u00a0");
  SourceMap sources;
  uint32_t id = sources.add("\xff.ir", "x");
  Diagnostic d{.code = Code::BadToken, .message = "\x80", .span = {id, 0, 1}, .notes = {"first\nsecond"}};
  CHECK(render(d, sources) ==
        "\uFFFD.ir:1:1: error[E0003]: \uFFFD\n  1 | x\n    | ^\n  note:     first\n            second\n");
  CHECK(nlohmann::json::parse(render_json(d, sources))["message"] == "\uFFFD");
}

TEST_CASE("an error in a text of one huge line is shown at once") {
  SourceMap sources;
  uint32_t id = sources.add("t", std::string(20'000'000, 'a'));
  for (uint32_t at : {0U, 10'000'000U, 19'999'999U}) {
    std::string out = render({.code = Code::BadToken, .message = "m", .span = {id, at, 20'000'000}}, sources);
    CHECK(out.size() < 1000);
  }
}

TEST_CASE("long lines are cut around the caret") {
  std::string text(400, 'a');
  for (uint32_t at : {0u, 79u, 80u, 81u, 200u, 318u, 319u, 320u, 399u}) {
    text[at] = 'X';
    std::string line = source_line(text, at, at + 1);
    std::string caret = caret_line(text, at, at + 1);
    // Compare in characters: an ellipsis is one.
    size_t column = caret.find('^');
    std::string plain;
    for (size_t i = 0; i < line.size(); ++i)
      if (line.compare(i, 3, "…") == 0)
        plain += '.', i += 2;
      else
        plain += line[i];
    CHECK(plain.size() <= 162);
    REQUIRE(column < plain.size());
    CHECK(plain[column] == 'X');
    text[at] = 'a';
  }
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "é";
  CHECK(source_line(wide, 200, 202).find("\xa9\xe2\x80\xa6") != std::string::npos);  // cut between characters
  CHECK(caret_line(text, 390, 400) == std::string(151, ' ') + "^~~~~~~~~~");
}

TEST_CASE("JSON is one line, escaped, and reads back") {
  SourceMap sources;
  uint32_t id = sources.add("dir\\\"odd\" name.ir", "x");
  Diagnostic d{
      .code = Code::BadString, .message = "a \"quoted\"\\ \x01\n\tthing é", .span = {id, 0, 1}, .notes = {"n1", "n2"}};
  std::string out = render_json(d, sources);
  CHECK(out.find('\n') == out.size() - 1);
  nlohmann::json parsed = nlohmann::json::parse(out);
  CHECK(parsed["message"] == d.message);
  CHECK(parsed["file"] == "dir\\\"odd\" name.ir");
  CHECK(parsed["line"] == 1);
  CHECK(parsed["column"] == 1);
  CHECK(parsed["code"] == "E0004");
  CHECK(parsed["severity"] == "error");
  CHECK(parsed["notes"].size() == 2);
  CHECK_FALSE(parsed.contains("help"));
}

TEST_CASE("Diagnostics counts errors only") {
  Diagnostics list;
  CHECK_FALSE(list.failed());
  list.add({.code = Code::BadToken, .message = "w", .severity = Severity::kWarning});
  CHECK_FALSE(list.failed());
  list.add({.code = Code::BadToken, .message = "e"});
  CHECK(list.failed());
  CHECK(list.errors() == 1);
  CHECK(list.list().size() == 2);
}

TEST_CASE("did_you_mean finds the nearest name and stays silent otherwise") {
  std::vector<std::string> ops{"add", "mul", "max", "mod", "exp2", "reshape", "permute", "expand"};
  CHECK(did_you_mean("ad", ops) == "did you mean `add`?");
  CHECK(did_you_mean("reshpae", ops) == "did you mean `reshape`?");
  CHECK(did_you_mean("mud", ops) == "did you mean `mul`?");  // mul and mod are equally near: the first
  CHECK(did_you_mean("sinn", {"asin", "sign", "sin"}) == "did you mean `sin`?");
  CHECK(did_you_mean("expond", ops) == "did you mean `expand`?");
  CHECK(did_you_mean("zzzzzz", ops) == "");
  CHECK(did_you_mean("x", ops) == "");
  CHECK(did_you_mean("", ops) == "");
  CHECK(did_you_mean("add", {"add"}) == "");  // the word itself is no suggestion
  CHECK(did_you_mean("add", {}) == "");
  CHECK(did_you_mean(std::string(100'000, 'a'), ops) == "");
  CHECK(did_you_mean("add", {std::string(100'000, 'a')}) == "");
}

}  // namespace caten
