#include "consensus/text_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/utf8.hpp"
#include "consensus/words.hpp"
#include "sexp/datum.hpp"

namespace caten::consensus {
namespace {

constexpr std::string_view kTextWords[] = {
    "program", "param",     "value",     "visible", "rule",     "constraint", "commit", "shape",
    "clock",   "partition", "init",      "when",    "optional", "border",     "on",     "read",
    "let",     "emit",      "score",     "forbid",  "require",  "priority",   "weight", "hard",
    "using",   "atomic",    "isolation", "budget",  "on_unsat", "colour",     "in",     "and",
    "or",      "not",       "accepts",   "inf",     "nan"};

constexpr std::string_view kSigns[] = {"...", "..", ":=", "<=", ">=", "!=", "(", ")", "[", "]", "{", "}",
                                       ",",   ":",  "?",  "*",  "+",  "-",  "/", "%", "<", ">", "="};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) { return starts_name(c) || is_digit(c); }

class Lexer {
 public:
  Lexer(std::string_view text, uint32_t source, const TextLimits& limits)
      : text_(text), source_(source), limits_(limits) {}

  Result<std::vector<Token>> all() {
    if (text_.size() > limits_.bytes)
      return error(Code::TooLarge, "the text is too large", 0, 0, fmt::format("at most {} bytes", limits_.bytes),
                   "split the program");
    if (size_t bad = find_invalid_utf8(text_); bad != std::string_view::npos)
      return error(Code::NotUtf8, "the text is not valid UTF-8", bad, bad + 1, "UTF-8", "convert the file to UTF-8");
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte order mark, as some editors write
    std::vector<Token> out;
    bool begins_line = true;
    for (;;) {
      begins_line |= skip_blank();
      if (out.size() >= limits_.tokens)
        return error(Code::TooLarge, "the text holds too many tokens", at_, at_,
                     fmt::format("at most {}", limits_.tokens), "split the program");
      Token token{.begins_line = begins_line, .span = {source_, static_cast<uint32_t>(at_), 0}};
      begins_line = false;
      if (at_ < text_.size())
        if (Status read = next(token); !read) return fail(read.error());
      token.span.end = static_cast<uint32_t>(at_);
      bool end = token.kind == Token::Kind::kEnd;
      out.push_back(std::move(token));
      if (end) return out;
    }
  }

 private:
  tl::unexpected<Diagnostic> error(Code code, std::string message, size_t begin, size_t end, std::string expected,
                                   std::string remedy) {
    SourceSpan span{source_, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
    return fail({.code = code,
                 .message = std::move(message),
                 .span = span,
                 .expected = std::move(expected),
                 .found = begin < end ? clipped(text_.substr(begin, end - begin)) : "",
                 .remedy = std::move(remedy)});
  }

  /// True if a line ended.
  bool skip_blank() {
    bool newline = false;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '/' && text_.substr(at_, 2) == "//")
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\n')
        newline |= text_[at_++] == '\n';
      else
        break;
    }
    return newline;
  }

  Status next(Token& token) {
    char c = text_[at_];
    if (starts_name(c)) {
      size_t begin = at_;
      while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
      token.kind = Token::Kind::kName;
      token.text = std::string(text_.substr(begin, at_ - begin));
      return {};
    }
    if (is_digit(c)) return number(token);
    if (c == '"' || c == '|') return delimited(token, c);
    for (std::string_view sign : kSigns) {
      if (text_.substr(at_, sign.size()) != sign) continue;
      at_ += sign.size();
      token.kind = Token::Kind::kSign;
      token.text = std::string(sign);
      return {};
    }
    return error(Code::BadToken, "unexpected character", at_, at_ + 1, "a name, number, string or sign",
                 "comments begin with //; an unusual name stands between bars: |name|");
  }

  void digits() {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }

  Status number(Token& token) {
    size_t begin = at_;
    token.kind = Token::Kind::kInteger;
    digits();
    // `0..8` is a range, not a fraction.
    if (text_.substr(at_, 1) == "." && text_.substr(at_, 2) != "..") {
      token.kind = Token::Kind::kReal;
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      token.kind = Token::Kind::kReal;
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      digits();
    }
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;  // all of a malformed number in one message
    const char* first = text_.data() + begin;
    const char* last = text_.data() + at_;
    auto [end, status] = token.kind == Token::Kind::kInteger ? std::from_chars(first, last, token.integer)
                                                             : std::from_chars(first, last, token.real);
    if (end == last && status == std::errc{}) return {};
    return error(Code::BadNumber, "this is no number", begin, at_, "an integer of 64 bits, or a decimal such as 1.5e-3",
                 "write a name that starts with a digit between bars: |name|");
  }

  Status delimited(Token& token, char quote) {
    size_t begin = at_++;
    const char* what = quote == '"' ? "string" : "name";
    token.kind = quote == '"' ? Token::Kind::kString : Token::Kind::kName;
    token.quoted = true;
    while (at_ < text_.size() && text_[at_] != '\n') {
      char c = text_[at_++];
      if (c == quote) return {};
      if (c != '\\') {
        token.text += c;
        continue;
      }
      char escape = at_ < text_.size() ? text_[at_++] : '\0';
      if (escape == 'n' || escape == 't')
        token.text += escape == 'n' ? '\n' : '\t';
      else if (escape == '\\' || escape == '"' || escape == '|')
        token.text += escape;
      else
        return error(Code::BadString, fmt::format("unknown escape in a {}", what), at_ - (escape ? 2 : 1), at_,
                     "\\n \\t \\\\ \\\" or \\|", "write \\\\ for a backslash");
    }
    return error(Code::BadString, fmt::format("this {} is not closed on its line", what), begin, begin + 1,
                 std::string(1, quote), "close it; a line end in it is written \\n");
  }

  std::string_view text_;
  uint32_t source_;
  TextLimits limits_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> tokens_of(const SourceMap& sources, uint32_t source, const TextLimits& limits) {
  return Lexer(sources.text(source), source, limits).all();
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && starts_name(name[0]) && std::all_of(name.begin(), name.end(), continues_name);
}

bool is_text_word(std::string_view name) {
  return std::find(std::begin(kTextWords), std::end(kTextWords), name) != std::end(kTextWords);
}

std::string text_name(std::string_view name) {
  return is_plain_name(name) && !is_text_word(name) ? std::string(name) : quoted(name, '|');
}

}  // namespace caten::consensus
