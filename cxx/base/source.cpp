#include "base/source.hpp"

#include <algorithm>

namespace caten {

uint32_t SourceMap::add(std::string name, std::string text, uint32_t first_line) {
  sources_.push_back({std::move(name), std::move(text), first_line});
  return static_cast<uint32_t>(sources_.size() - 1);
}

std::string_view SourceMap::text(const SourceSpan& span) const {
  std::string_view whole = text(span.source);
  size_t begin = std::min<size_t>(span.begin, whole.size());
  size_t end = std::clamp<size_t>(span.end, begin, whole.size());
  return whole.substr(begin, end - begin);
}

LineColumn SourceMap::locate(uint32_t source, uint32_t offset) const {
  const std::string& text = sources_[source].text;
  size_t stop = std::min<size_t>(offset, text.size());
  LineColumn place{sources_[source].first_line, 1};
  for (size_t i = 0; i < stop; ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

std::string_view SourceMap::line(uint32_t source, uint32_t offset) const {
  std::string_view whole = text(source);
  size_t at = std::min<size_t>(offset, whole.size());
  size_t begin = at == 0 ? std::string_view::npos : whole.rfind('\n', at - 1);
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  size_t end = whole.find('\n', at);
  if (end == std::string_view::npos) end = whole.size();
  return whole.substr(begin, end - begin);
}

}  // namespace caten
