// In: untrusted UTF-8 text. Out: a Datum, the tree of an S-expression with a source span at every node.
//
// Invariants: a Datum holds exactly what was written (the spelling of a number is kept, so that a reader of a known
// dtype can round once); reading what print wrote gives an equal Datum; nesting, size and count are bounded, nothing
// recurses on input. Entry: read_all, read_one, print. Symbols are case-sensitive and interned nowhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/source.hpp"

namespace caten {

class Datum {
 public:
  enum class Kind : uint8_t { kList, kSymbol, kKeyword, kInteger, kFloat, kString };

  Kind kind = Kind::kList;
  /// kInteger: the value does not fit int64 and `integer` holds the bits of a uint64.
  bool is_unsigned = false;
  SourceSpan span{};
  std::string text{};  ///< symbol name, keyword name without its colon, string content, or a number's spelling
  int64_t integer = 0;
  double real = 0;
  std::vector<Datum> items{};

  static Datum list(std::vector<Datum> items, SourceSpan span = {});
  static Datum symbol(std::string name, SourceSpan span = {});
  static Datum keyword(std::string name, SourceSpan span = {});
  static Datum string(std::string content, SourceSpan span = {});
  static Datum of(int64_t value, SourceSpan span = {});
  static Datum of_unsigned(uint64_t value, SourceSpan span = {});
  static Datum of(double value, SourceSpan span = {});

  bool is_list() const { return kind == Kind::kList; }
  bool is_symbol() const { return kind == Kind::kSymbol; }
  bool is_symbol(std::string_view name) const { return is_symbol() && text == name; }
  bool is_keyword() const { return kind == Kind::kKeyword; }
  bool is_keyword(std::string_view name) const { return is_keyword() && text == name; }
  bool is_integer() const { return kind == Kind::kInteger; }
  bool is_float() const { return kind == Kind::kFloat; }
  bool is_number() const { return is_integer() || is_float(); }
  bool is_string() const { return kind == Kind::kString; }
  /// A non-empty list whose first item is this symbol.
  bool is_form(std::string_view head) const { return is_list() && !items.empty() && items[0].is_symbol(head); }

  size_t size() const { return items.size(); }
  const Datum& operator[](size_t i) const { return items[i]; }

  /// Equal content, whatever the spans. Floats are compared by bits, all NaNs alike.
  bool operator==(const Datum& other) const;
};

/// What a reader of untrusted text accepts.
struct ReadLimits {
  size_t bytes = size_t{64} << 20;
  size_t depth = 512;
  size_t data = 8'000'000;  ///< Datum count
};

/// All forms of source `source` of `sources`.
Result<std::vector<Datum>> read_all(const SourceMap& sources, uint32_t source, const ReadLimits& limits = {});
/// Exactly one form.
Result<Datum> read_one(const SourceMap& sources, uint32_t source, const ReadLimits& limits = {});

/// On one line.
std::string print(const Datum& datum);
/// Broken into lines of at most `width` columns where possible, children indented.
std::string pretty(const Datum& datum, size_t width = 100);

/// Shortest decimal that reads back as the same double or float; "+inf", "-inf", "nan"; always with '.', 'e' or a name.
std::string print_float(double value);
std::string print_float(float value);
/// Between two of these characters, with \\ before them and before itself, and \\n and \\t for what they stand for.
std::string quoted(std::string_view content, char quote);
/// A symbol as it must be written: bare, or between bars.
std::string print_symbol(std::string_view name);

}  // namespace caten
