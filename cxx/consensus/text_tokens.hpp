// The tokens of the text form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace caten::consensus {

struct Token {
  enum class Kind : uint8_t { kName, kInteger, kReal, kString, kSign, kEnd };
  Kind kind = Kind::kEnd;
  bool quoted = false;       ///< a name between bars: no word of the grammar
  bool begins_line = false;  ///< nothing but blanks stands before it
  SourceSpan span{};
  std::string text{};  ///< of names and strings their content; of signs the sign
  uint64_t integer = 0;
  double real = 0;
};

struct TextLimits {
  size_t bytes = size_t{4} << 20;
  size_t tokens = 1'000'000;
};

/// All tokens, the last of them kEnd.
Result<std::vector<Token>> tokens_of(const SourceMap& sources, uint32_t source, const TextLimits& limits = {});

/// May a name stand without bars, if it is none of the words of the grammar?
bool is_plain_name(std::string_view name);
/// Words that begin a declaration or one of its clauses, or stand in expressions.
bool is_text_word(std::string_view name);
/// A name as the text form writes it, between bars if need be.
std::string text_name(std::string_view name);

}  // namespace caten::consensus
