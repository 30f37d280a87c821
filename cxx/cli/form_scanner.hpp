// The lexical structure of Lisp text as far as a prompt needs it: is a form complete, and what stands at the end?
//
// In: text, piece by piece. Out: whether the reader would want more, and where the end stands: in a string, a comment,
// which call. It never fails; what is no Lisp counts as complete, so that the reader says what is wrong with it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caten {

class FormScanner {
 public:
  void feed(std::string_view text);

  /// No open bracket, string or comment, and no quote without its form.
  bool complete() const;
  bool in_string() const { return state_ == State::kString; }
  bool in_comment() const { return state_ == State::kLineComment || state_ == State::kBlockComment; }
  /// What was fed since the opening quote of the string that the end stands in.
  std::string open_string() const { return text_.substr(string_begin_); }

  /// The symbol (or part of one) that ends where the text ends; "" after a blank or bracket.
  std::string word() const;
  /// Is that word the first of a list, as in `(soft`?
  bool operator_position() const;
  /// The first word of the innermost open list, "" if there is none; with `(softmax x :ax` it is softmax.
  std::string head() const;
  /// The token before the word at the end: `:dtype` in `(ones 2 :dtype :f`.
  std::string previous_word() const;

 private:
  enum class State : unsigned char { kPlain, kString, kBars, kLineComment, kBlockComment };

  void plain(char c);

  std::string text_{};
  std::vector<size_t> open_{};  ///< offsets of open brackets
  State state_ = State::kPlain;
  size_t string_begin_ = 0;
  int comment_depth_ = 0;
  bool escaped_ = false;   ///< the next character has no meaning of its own
  char previous_ = ' ';    ///< the character before, of what may begin #| or #\ .
  bool prefixed_ = false;  ///< a quote stands before the form to come
  bool too_many_ = false;  ///< a closing bracket without an opening one
};

}  // namespace caten
