// Source texts and places in them. A SourceSpan is a pair of byte offsets; lines and columns are computed only when a
// diagnostic is printed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caten {

struct SourceSpan {
  static constexpr uint32_t kNoSource = UINT32_MAX;
  uint32_t source = kNoSource;  ///< index into a SourceMap
  uint32_t begin = 0;           ///< byte offset of the first byte
  uint32_t end = 0;             ///< byte offset past the last byte

  bool known() const { return source != kNoSource; }
  bool operator==(const SourceSpan&) const = default;
};

/// 1-based; the column counts UTF-8 characters, as editors do.
struct LineColumn {
  uint32_t line = 0;
  uint32_t column = 0;
};

/// The texts that a session has read. Owned by the session, passed to readers and to the printing of diagnostics.
class SourceMap {
 public:
  /// `name` is what messages print ("model.ir", "<command line>"). `first_line` is the line number of the text's first
  /// line.
  uint32_t add(std::string name, std::string text, uint32_t first_line = 1);

  const std::string& name(uint32_t source) const { return sources_[source].name; }
  std::string_view text(uint32_t source) const { return sources_[source].text; }
  std::string_view text(const SourceSpan& span) const;
  LineColumn locate(uint32_t source, uint32_t offset) const;
  /// The whole line that holds the offset, without its newline.
  std::string_view line(uint32_t source, uint32_t offset) const;
  bool contains(const SourceSpan& span) const { return span.source < sources_.size(); }

 private:
  struct Source {
    std::string name;
    std::string text;
    uint32_t first_line;
  };
  std::vector<Source> sources_;
};

}  // namespace caten
