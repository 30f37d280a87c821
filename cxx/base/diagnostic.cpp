#include "base/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

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

/// Control characters must not reach a terminal; tabs become one space so that the caret stays under its column.
std::string printable(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte == '\t')
      out += ' ';
    else if (byte < 0x20 || byte == 0x7F)
      out += '?';
    else
      out += c;
  }
  return out;
}

/// A window of at most kWidth characters of the line around the caret, and the caret's column in it.
struct Excerpt {
  std::string text;
  size_t column;
};

Excerpt excerpt(std::string_view line, size_t column) {
  constexpr size_t kWidth = 160;
  std::vector<size_t> starts;
  for (size_t i = 0; i < line.size(); ++i)
    if ((static_cast<unsigned char>(line[i]) & 0xC0) != 0x80) starts.push_back(i);
  if (starts.size() <= kWidth) return {printable(line), column};
  size_t first = column > kWidth / 2 ? std::min(column - kWidth / 2, starts.size() - kWidth) : 0;
  size_t last = std::min(first + kWidth, starts.size());
  size_t end = last < starts.size() ? starts[last] : line.size();
  std::string text = (first > 0 ? "…" : "") + printable(line.substr(starts[first], end - starts[first])) +
                     (last < starts.size() ? "…" : "");
  return {text, column - first + (first > 0 ? 1 : 0)};
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (byte < 0x20)
      out += fmt::format("\\u{:04x}", byte);
    else
      out += c;
  }
  return out + "\"";
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
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
    out += fmt::format("{}:{}:{}: ", sources.name(d.span.source), place.line, place.column);
  } else {
    out += "caten: ";
  }
  out += fmt::format("{}: {}\n", paint(tint, label), d.message);
  if (located) {
    std::string_view line = sources.line(d.span.source, d.span.begin);
    Excerpt shown = excerpt(line, place.column - 1);
    size_t width = std::max<size_t>(1, count_characters(sources.text(d.span)));
    size_t room = count_characters(shown.text) - std::min(count_characters(shown.text), shown.column);
    if (sources.text(d.span).find('\n') != std::string_view::npos) width = std::max<size_t>(1, room);
    width = std::max<size_t>(1, std::min(width, room));
    std::string number = std::to_string(place.line);
    out += fmt::format("  {} | {}\n", number, shown.text);
    out += fmt::format("  {} | {}{}\n", std::string(number.size(), ' '), std::string(shown.column, ' '),
                       paint(tint, "^" + std::string(width - 1, '~')));
  }
  if (!d.expected.empty()) out += fmt::format("  expected: {}\n", d.expected);
  if (!d.found.empty()) out += fmt::format("  found:    {}\n", d.found);
  if (!d.remedy.empty()) out += fmt::format("  help:     {}\n", d.remedy);
  for (const std::string& note : d.notes) out += fmt::format("  note:     {}\n", note);
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
  size_t limit = std::max<size_t>(1, word.size() / 3);
  const std::string* best = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > 64 || candidate == word) continue;
    size_t distance = edit_distance(word, candidate);
    if (distance <= limit && distance < candidate.size()) {
      best = &candidate;
      if (distance == 0) break;
      limit = distance - 1;
    }
  }
  return best ? fmt::format("did you mean `{}`?", *best) : "";
}

}  // namespace caten
