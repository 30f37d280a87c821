#include "base/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/utf8.hpp"

namespace caten {
namespace {

struct CodeRow {
  Code code;
  std::string_view identifier;
  std::string_view title;
};

constexpr CodeRow kCodes[] = {
#define CATEN_CODE(number, name, title) {Code::name, #name, title},
#include "base/codes.def"
#undef CATEN_CODE
};

const CodeRow* find_row(Code code) {
  for (const CodeRow& row : kCodes)
    if (row.code == code) return &row;
  return nullptr;
}

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
    case Severity::kNote: return "note";
  }
  return "error";
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Text as a terminal may see it, one character for each: what is not UTF-8 becomes U+FFFD; control characters and
/// those that turn the direction of writing become `?`; a tab becomes one space, so that the caret stays under its
/// column.
std::string printable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8_length(text, i);
    std::string_view character = text.substr(i, std::max<size_t>(1, length));
    auto last = static_cast<unsigned char>(character.back());
    bool c1 = length == 2 && character[0] == '\xC2' && last < 0xA0;
    bool turns = (character.substr(0, 2) == "\xE2\x80" && last >= 0xAA && last <= 0xAE) ||
                 (character.substr(0, 2) == "\xE2\x81" && last >= 0xA6 && last <= 0xA9);
    if (length == 0)
      out += "\uFFFD";
    else if (character == "\t")
      out += ' ';
    else if ((length == 1 && (last < 0x20 || last == 0x7F)) || c1 || turns)
      out += '?';
    else
      out += character;
    i += character.size();
  }
  return out;
}

/// The same for text that may have several lines; those after the first are indented to stand under it.
std::string printable_lines(std::string_view text) {
  std::string out;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) out += "\n            ";
    out += printable(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// A window of at most kWidth characters of a line around the caret, and the caret's column in it.
struct Excerpt {
  std::string text;
  size_t column;
};

/// `at` is the caret's byte offset in the line. Only kReach bytes around it are looked at, however long the line is.
Excerpt excerpt(std::string_view line, size_t at) {
  constexpr size_t kWidth = 160;
  constexpr size_t kReach = kWidth * 4;
  auto is_start = [&](size_t i) { return i >= line.size() || (static_cast<unsigned char>(line[i]) & 0xC0) != 0x80; };
  size_t begin = at > kReach ? at - kReach : 0;
  while (begin < at && !is_start(begin)) ++begin;
  size_t end = std::min(line.size(), at + kReach);
  while (end < line.size() && !is_start(end)) ++end;
  std::string text = printable(line.substr(begin, end - begin));
  size_t column = count_characters(printable(line.substr(begin, at - begin)));

  std::vector<size_t> starts;
  for (size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) starts.push_back(i);
  size_t first = 0;
  if (starts.size() > kWidth && column > kWidth / 2) first = std::min(column - kWidth / 2, starts.size() - kWidth);
  size_t last = std::min(first + kWidth, starts.size());
  bool more_left = begin > 0 || first > 0;
  bool more_right = end < line.size() || last < starts.size();
  size_t from = first < starts.size() ? starts[first] : text.size();
  size_t to = last < starts.size() ? starts[last] : text.size();
  return {(more_left ? "…" : "") + text.substr(from, to - from) + (more_right ? "…" : ""),
          column - first + (more_left ? 1 : 0)};
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8_length(text, i);
    std::string_view character = text.substr(i, std::max<size_t>(1, length));
    auto byte = static_cast<unsigned char>(character[0]);
    if (length == 0)
      out += "\uFFFD";
    else if (character == "\"" || character == "\\")
      (out += '\\') += character;
    else if (character == "\n")
      out += "\\n";
    else if (byte < 0x20)
      out += fmt::format("\\u{:04x}", byte);
    else
      out += character;
    i += character.size();
  }
  return out + "\"";
}

/// Insertions, deletions, substitutions and swaps of neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, last, row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::move(last);
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string code_name(Code code) { return fmt::format("E{:04}", static_cast<int>(code)); }

std::string_view code_title(Code code) {
  const CodeRow* row = find_row(code);
  return row ? row->title : "";
}

std::string_view code_identifier(Code code) {
  const CodeRow* row = find_row(code);
  return row ? row->identifier : "";
}

std::string render(const Diagnostic& d, const SourceMap& sources, bool colour) {
  auto paint = [&](std::string_view escape, std::string_view text) {
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m", escape, text) : std::string(text);
  };
  std::string_view tint = d.severity == Severity::kError ? "1;31" : d.severity == Severity::kWarning ? "1;35" : "1;36";
  std::string label(severity_name(d.severity));
  if (d.severity != Severity::kNote) label += fmt::format("[{}]", code_name(d.code));

  std::string out;
  bool located = d.span.known() && sources.contains(d.span);
  LineColumn place;
  if (located) {
    place = sources.locate(d.span.source, d.span.begin);
    out += fmt::format("{}:{}:{}: ", printable(sources.name(d.span.source)), place.line, place.column);
  } else {
    out += "caten: ";
  }
  out += fmt::format("{}: {}\n", paint(tint, label), printable(d.message));
  if (located) {
    std::string_view line = sources.line(d.span.source, d.span.begin);
    size_t at = std::min<size_t>(d.span.begin, sources.text(d.span.source).size());
    Excerpt shown = excerpt(line, at - static_cast<size_t>(line.data() - sources.text(d.span.source).data()));
    size_t shown_width = count_characters(shown.text);
    size_t room = shown_width - std::min(shown_width, shown.column);
    std::string_view covered = sources.text(d.span).substr(0, line.size() + 1);  // no more than the line is underlined
    bool past_line = covered.find('\n') != std::string_view::npos;
    size_t width = past_line || covered.size() > 4 * room ? room : std::min(room, count_characters(printable(covered)));
    width = std::max<size_t>(1, width);
    std::string number = std::to_string(place.line);
    out += fmt::format("  {} | {}\n", number, shown.text);
    out += fmt::format("  {} | {}{}\n", std::string(number.size(), ' '), std::string(shown.column, ' '),
                       paint(tint, "^" + std::string(width - 1, '~')));
  }
  if (!d.expected.empty()) out += fmt::format("  expected: {}\n", printable_lines(d.expected));
  if (!d.found.empty()) out += fmt::format("  found:    {}\n", printable_lines(d.found));
  if (!d.remedy.empty()) out += fmt::format("  help:     {}\n", printable_lines(d.remedy));
  for (const std::string& note : d.notes) out += fmt::format("  note:     {}\n", printable_lines(note));
  return out;
}

std::string render_json(const Diagnostic& d, const SourceMap& sources) {
  std::string out = fmt::format("{{\"severity\":{},\"code\":{},\"message\":{}", json_string(severity_name(d.severity)),
                                json_string(code_name(d.code)), json_string(d.message));
  if (d.span.known() && sources.contains(d.span)) {
    LineColumn place = sources.locate(d.span.source, d.span.begin);
    out += fmt::format(",\"file\":{},\"line\":{},\"column\":{}", json_string(sources.name(d.span.source)), place.line,
                       place.column);
  }
  if (!d.expected.empty()) out += ",\"expected\":" + json_string(d.expected);
  if (!d.found.empty()) out += ",\"found\":" + json_string(d.found);
  if (!d.remedy.empty()) out += ",\"help\":" + json_string(d.remedy);
  if (!d.notes.empty()) {
    out += ",\"notes\":[";
    for (size_t i = 0; i < d.notes.size(); ++i) out += (i ? "," : "") + json_string(d.notes[i]);
    out += "]";
  }
  return out + "}\n";
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 64) return "";
  const size_t limit = std::max<size_t>(1, word.size() / 3);
  const std::string* best = nullptr;
  std::pair<size_t, size_t> least;  // edits, then letters of the word behind the common beginning
  for (const std::string& candidate : candidates) {
    if (candidate.size() > 64 || candidate == word) continue;
    size_t distance = edit_distance(word, candidate);
    if (distance > limit || distance >= candidate.size()) continue;
    auto [end, unused] = std::mismatch(word.begin(), word.end(), candidate.begin(), candidate.end());
    std::pair<size_t, size_t> cost{distance, static_cast<size_t>(word.end() - end)};
    if (best && cost >= least) continue;
    best = &candidate;
    least = cost;
  }
  return best ? fmt::format("did you mean `{}`?", *best) : "";
}

}  // namespace caten
