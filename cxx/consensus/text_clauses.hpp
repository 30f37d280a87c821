// What the declarations of the text form are made of: names, subscripts, references and expressions.
#pragma once

#include "consensus/program.hpp"
#include "consensus/text_tokens.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {

/// Goes through the tokens of a program. The first error of a declaration is kept until flush; behind it nothing is
/// taken and what is read has no meaning.
class TextClauses {
 public:
  explicit TextClauses(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  bool failed() const { return error_.has_value(); }
  void flush(Diagnostics& diagnostics);

 protected:
  const Token& token(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool at_end() const { return token().kind == Token::Kind::kEnd; }
  void skip() {
    if (!at_end()) ++at_;
  }
  bool is_sign(std::string_view sign, size_t ahead = 0) const {
    return !failed() && token(ahead).kind == Token::Kind::kSign && token(ahead).text == sign;
  }
  /// A name without bars, be it a word of the grammar or not.
  bool is_word(std::string_view word, size_t ahead = 0) const {
    const Token& t = token(ahead);
    return !failed() && t.kind == Token::Kind::kName && !t.quoted && t.text == word;
  }
  bool take_sign(std::string_view sign);
  bool take_word(std::string_view word);
  void expect_sign(std::string_view sign, const char* remedy);
  void expect_word(std::string_view word, const char* remedy);

  void reject(std::string message, std::string expected, std::string remedy, Code code = Code::BadClause);
  void reject_at(SourceSpan span, std::string message, std::string expected, std::string found, std::string remedy,
                 Code code = Code::BadClause);

  Name name(const char* what);
  int64_t integer(int64_t least);
  DType dtype();
  Affine affine();
  Cells cells();
  Reference reference();
  Neighbourhood neighbourhood();
  /// Operators that hold together at least as strongly as this are taken.
  Expression expression(int least = 1);

  template <class T, size_t N>
  T choose(const Word<T> (&words)[N], const char* what) {
    const Token& t = token();
    if (!failed() && t.kind == Token::Kind::kName && !t.quoted)
      if (std::optional<T> found = find_word(words, &Word<T>::text, t.text)) {
        skip();
        return *found;
      }
    std::vector<std::string> all = all_words(words, &Word<T>::text);
    reject(fmt::format("this is not {}", what), fmt::format("{}", fmt::join(all, ", ")),
           suggestion(t.text, all, "use one of these words"));
    return words[0].meaning;
  }

  /// From the token with this number to the last one taken.
  Place place_from(size_t begin) const;
  size_t position() const { return at_; }

 private:
  std::vector<Subscript> subscripts();
  Subscript subscript();
  Expression operand();
  Expression negative();
  Expression primary();
  Expression number(bool negated);
  Expression named();
  Expression call(Name function, size_t begin);
  bool neighbours_ahead() const;
  Expression in_neighbourhood();
  Expression made(Name function, std::vector<Expression> arguments, std::vector<Argument> keywords, Place place);
  std::string found() const;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t depth_ = 0;
  std::optional<Diagnostic> error_{};
};

}  // namespace caten::consensus
