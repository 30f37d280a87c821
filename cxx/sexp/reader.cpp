#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/utf8.hpp"
#include "sexp/datum.hpp"

namespace caten {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool ends_token(char c) { return is_space(c) || c == '(' || c == ')' || c == '"' || c == ';' || c == '|'; }

bool is_symbol_byte(char c) {
  auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) return true;
  if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || is_digit(c)) return true;
  return std::string_view("+-*/<>=!?%&_.~^$@:").find(c) != std::string_view::npos;
}

/// The beginning of a token, for messages.
std::string clip(std::string_view token) {
  constexpr size_t kRoom = 60;
  if (token.size() <= kRoom) return std::string(token);
  size_t end = kRoom;
  while ((static_cast<unsigned char>(token[end]) & 0xC0) == 0x80) --end;
  return std::string(token.substr(0, end)) + "…";
}

class Reader {
 public:
  Reader(const SourceMap& sources, uint32_t source, const ReadLimits& limits)
      : text_(sources.text(source)), source_(source), limits_(limits) {}

  Result<std::vector<Datum>> read(bool only_one) {
    if (text_.size() > limits_.bytes)
      return error(Code::TooLarge, "the text is too large", 0, 0, fmt::format("at most {} bytes", limits_.bytes),
                   fmt::format("{} bytes", text_.size()),
                   "split the program, or store data in .npy or .safetensors files");
    if (size_t bad = find_invalid_utf8(text_); bad != std::string_view::npos)
      return error(Code::NotUtf8, "the text is not valid UTF-8", bad, bad + 1, "UTF-8",
                   fmt::format("byte 0x{:02x} at offset {}", static_cast<unsigned char>(text_[bad]), bad),
                   "convert the file to UTF-8");
    std::vector<Datum> forms;
    std::vector<Datum> open;  // lists not yet closed, outermost first
    size_t count = 0;
    for (;;) {
      if (Status skipped = skip_blank(); !skipped) return tl::make_unexpected(skipped.error());
      if (at_ >= text_.size()) break;
      if (text_[at_] != ')' && ++count > limits_.data)
        return error(Code::TooLarge, "the text holds too many forms", at_, at_ + 1,
                     fmt::format("at most {}", limits_.data), "", "split the program");
      char c = text_[at_];
      if (only_one && open.empty() && !forms.empty())
        return error(Code::TrailingText, "text after the end of the form", at_, at_ + 1, "one form", "more text",
                     "remove what follows");
      if (c == '(') {
        if (open.size() >= limits_.depth)
          return error(Code::TooDeep, "the text is nested too deeply", at_, at_ + 1,
                       fmt::format("at most {} levels", limits_.depth), "",
                       "name inner values in (:let …) instead of nesting them");
        open.push_back(Datum::list({}, {source_, static_cast<uint32_t>(at_), 0}));
        ++at_;
        continue;
      }
      Datum done;
      if (c == ')') {
        if (open.empty())
          return error(Code::UnexpectedClose, "unexpected `)`", at_, at_ + 1, "a form or the end of the text", "`)`",
                       "remove it, or add the missing `(` before it");
        ++at_;
        done = std::move(open.back());
        open.pop_back();
        done.span.end = static_cast<uint32_t>(at_);
      } else {
        Result<Datum> token = c == '"' ? read_string() : c == '|' ? read_quoted_symbol() : read_token();
        if (!token) return tl::make_unexpected(token.error());
        done = std::move(*token);
      }
      (open.empty() ? forms : open.back().items).push_back(std::move(done));
    }
    if (!open.empty()) {
      uint32_t begin = open.back().span.begin;
      return error(Code::UnexpectedEnd, "this `(` is never closed", begin, begin + 1, "`)`", "the end of the text",
                   fmt::format("add {} `)`", open.size()));
    }
    if (only_one && forms.empty())
      return error(Code::UnexpectedEnd, "the text is empty", 0, 0, "one form", "nothing",
                   "write a form such as (ir 1 …)");
    return forms;
  }

 private:
  tl::unexpected<Diagnostic> error(Code code, std::string message, size_t begin, size_t end, std::string expected,
                                   std::string found, std::string remedy) {
    return fail({.code = code,
                 .message = std::move(message),
                 .span = {source_, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)},
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .remedy = std::move(remedy)});
  }

  Status skip_blank() {
    while (at_ < text_.size()) {
      if (is_space(text_[at_])) {
        ++at_;
      } else if (text_[at_] == ';') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (text_.substr(at_, 2) == "#|") {
        size_t end = text_.find("|#", at_ + 2);
        if (end == std::string_view::npos)
          return error(Code::UnexpectedEnd, "this comment is never closed", at_, at_ + 2, "`|#`", "the end of the text",
                       "close it");
        at_ = end + 2;
      } else {
        break;
      }
    }
    return {};
  }

  SourceSpan span_from(size_t begin) const {
    return {source_, static_cast<uint32_t>(begin), static_cast<uint32_t>(at_)};
  }

  /// Text up to `close`, with \\ escapes.
  Result<std::string> read_delimited(char close, const char* what) {
    size_t begin = at_++;
    std::string out;
    while (at_ < text_.size()) {
      char c = text_[at_++];
      if (c == close) return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ >= text_.size()) break;
      char escape = text_[at_++];
      if (escape == 'n')
        out += '\n';
      else if (escape == 't')
        out += '\t';
      else if (escape == '\\' || escape == '"' || escape == '|')
        out += escape;
      else
        return error(Code::BadString, fmt::format("unknown escape in {}", what), at_ - 2, at_,
                     "\\n \\t \\\\ \\\" or \\|", "", "write \\\\ for a backslash");
    }
    return error(Code::BadString, fmt::format("this {} is never closed", what), begin, begin + 1, std::string(1, close),
                 "the end of the text", "close it");
  }

  Result<Datum> read_string() {
    size_t begin = at_;
    Result<std::string> content = read_delimited('"', "string");
    if (!content) return tl::make_unexpected(content.error());
    return Datum::string(std::move(*content), span_from(begin));
  }

  Result<Datum> read_quoted_symbol() {
    size_t begin = at_;
    Result<std::string> name = read_delimited('|', "symbol");
    if (!name) return tl::make_unexpected(name.error());
    return Datum::symbol(std::move(*name), span_from(begin));
  }

  Result<Datum> read_token() {
    size_t begin = at_;
    while (at_ < text_.size() && !ends_token(text_[at_])) ++at_;
    std::string_view token = text_.substr(begin, at_ - begin);
    SourceSpan span = span_from(begin);
    if (token == "+inf" || token == "-inf" || token == "nan") {
      double value = token == "nan" ? std::numeric_limits<double>::quiet_NaN()
                                    : (token[0] == '-' ? -1 : 1) * std::numeric_limits<double>::infinity();
      return Datum::of(value, span);
    }
    if (token.substr(0, 2) == "#x") return read_hex_float(token, span);
    char first = token[0];
    char second = token.size() > 1 ? token[1] : '\0';
    char third = token.size() > 2 ? token[2] : '\0';
    bool sign = first == '+' || first == '-';
    if (is_digit(first) || (first == '.' && is_digit(second)) ||
        (sign && (is_digit(second) || (second == '.' && is_digit(third)))))
      return read_number(token, span);
    for (size_t i = 0; i < token.size(); ++i)
      if (!is_symbol_byte(token[i]))
        return error(Code::BadToken, fmt::format("unexpected character in `{}`", clip(token)), begin + i, begin + i + 1,
                     "a symbol, number, string or list", "", "write an unusual name between bars: |name|");
    if (first == ':') {
      if (token.size() == 1)
        return error(Code::BadToken, "a keyword without a name", begin, at_, ":name", ":", "name it");
      return Datum::keyword(std::string(token.substr(1)), span);
    }
    return Datum::symbol(std::string(token), span);
  }

  Result<Datum> bad_number(std::string_view token, SourceSpan span, std::string why) {
    return error(Code::BadNumber, fmt::format("`{}` is no number", clip(token)), span.begin, span.end,
                 "an integer, a decimal such as 1.5e-3, or hexadecimal such as #x1.8p3", std::move(why),
                 "write a name that starts with a digit between bars: |name|");
  }

  Result<Datum> read_hex_float(std::string_view token, SourceSpan span) {
    std::string_view body = token.substr(2);
    bool negative = !body.empty() && body[0] == '-';
    if (negative) body.remove_prefix(1);
    double value = 0;
    auto [end, status] = std::from_chars(body.data(), body.data() + body.size(), value, std::chars_format::hex);
    bool digits =
        !body.empty() && (is_hex_digit(body[0]) || (body[0] == '.' && body.size() > 1 && is_hex_digit(body[1])));
    if (!digits || status != std::errc{} || end != body.data() + body.size())
      return bad_number(token, span, "malformed or out of the range of f64");
    Datum datum = Datum::of(negative ? -value : value, span);
    datum.text = std::string(token);
    return datum;
  }

  Result<Datum> read_number(std::string_view token, SourceSpan span) {
    std::string_view body = token[0] == '+' ? token.substr(1) : token;
    const char* first = body.data();
    const char* last = body.data() + body.size();
    if (body.find_first_of(".eE") == std::string_view::npos) {
      int64_t value = 0;
      auto [end, status] = std::from_chars(first, last, value);
      if (end == last && status == std::errc{}) return Datum::of(value, span);
      uint64_t large = 0;
      auto [end_large, status_large] = std::from_chars(first, last, large);
      if (end_large == last && status_large == std::errc{}) return Datum::of_unsigned(large, span);
      return bad_number(token, span, end == last ? "an integer beyond 64 bits" : "other characters in it");
    }
    double value = 0;
    auto [end, status] = std::from_chars(first, last, value);
    if (end != last) return bad_number(token, span, "other characters in it");
    if (status == std::errc::result_out_of_range) {
      errno = 0;
      value = std::strtod(std::string(body).c_str(), nullptr);  // gives 0, a denormal or infinity
      if (std::isinf(value)) return bad_number(token, span, "beyond the range of f64; write +inf if that is meant");
    } else if (status != std::errc{}) {
      return bad_number(token, span, "other characters in it");
    }
    Datum datum = Datum::of(value, span);
    datum.text = std::string(body);
    return datum;
  }

  std::string_view text_;
  uint32_t source_;
  ReadLimits limits_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Datum>> read_all(const SourceMap& sources, uint32_t source, const ReadLimits& limits) {
  return Reader(sources, source, limits).read(false);
}

Result<Datum> read_one(const SourceMap& sources, uint32_t source, const ReadLimits& limits) {
  Result<std::vector<Datum>> forms = Reader(sources, source, limits).read(true);
  if (!forms) return tl::make_unexpected(forms.error());
  return std::move(forms->front());
}

}  // namespace caten
