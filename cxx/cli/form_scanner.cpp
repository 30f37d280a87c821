#include "cli/form_scanner.hpp"

namespace caten {
namespace {

bool is_blank(char c) { return std::string_view(" \t\r\n\f").find(c) != std::string_view::npos; }
/// What ends a symbol.
bool is_delimiter(char c) { return is_blank(c) || std::string_view("()[]{}\"'`,;").find(c) != std::string_view::npos; }

std::string word_before(const std::string& text, size_t end) {
  size_t begin = end;
  while (begin > 0 && !is_delimiter(text[begin - 1])) --begin;
  std::string word = text.substr(begin, end - begin);
  return word.rfind("#'", 0) == 0 ? word.substr(2) : word;
}

}  // namespace

void FormScanner::plain(char c) {
  if (previous_ == '#' && c == '|') {
    state_ = State::kBlockComment;
    comment_depth_ = 1;
    previous_ = ' ';
    return;
  }
  if (previous_ == '#' && c == '\\') {  // #\( is a character
    escaped_ = true;
    previous_ = c;
    return;
  }
  switch (c) {
    case '(':
    case '[':
    case '{':
      open_.push_back(text_.size() - 1);
      prefixed_ = false;
      break;
    case ')':
    case ']':
    case '}':
      if (open_.empty())
        too_many_ = true;
      else
        open_.pop_back();
      prefixed_ = false;
      break;
    case '"':
      state_ = State::kString;
      string_begin_ = text_.size();
      prefixed_ = false;
      break;
    case '|': state_ = State::kBars; break;
    case '\\': escaped_ = true; break;
    case ';': state_ = State::kLineComment; break;
    case '\'':
    case '`': prefixed_ = true; break;
    default:
      if (!is_blank(c) && c != ',' && c != '#') prefixed_ = false;
  }
  previous_ = c;
}

void FormScanner::feed(std::string_view text) {
  for (char c : text) {
    text_ += c;
    if (escaped_) {
      escaped_ = false;
      prefixed_ = false;
      previous_ = ' ';
      continue;
    }
    switch (state_) {
      case State::kPlain: plain(c); break;
      case State::kString:
        if (c == '\\')
          escaped_ = true;
        else if (c == '"')
          state_ = State::kPlain, previous_ = ' ';
        break;
      case State::kBars:
        if (c == '\\')
          escaped_ = true;
        else if (c == '|')
          state_ = State::kPlain, prefixed_ = false, previous_ = ' ';
        break;
      case State::kLineComment:
        if (c == '\n') state_ = State::kPlain, previous_ = ' ';
        break;
      case State::kBlockComment:
        if (previous_ == '|' && c == '#') {
          if (--comment_depth_ == 0) state_ = State::kPlain;
          previous_ = ' ';
        } else if (previous_ == '#' && c == '|') {
          ++comment_depth_;
          previous_ = ' ';
        } else {
          previous_ = c;
        }
        break;
    }
  }
}

bool FormScanner::complete() const {
  if (too_many_) return true;
  return open_.empty() && !prefixed_ && (state_ == State::kPlain || state_ == State::kLineComment);
}

std::string FormScanner::word() const { return state_ == State::kPlain ? word_before(text_, text_.size()) : ""; }

bool FormScanner::operator_position() const {
  size_t begin = text_.size() - word().size();
  return begin > 0 && text_[begin - 1] == '(' && (begin < 2 || text_[begin - 2] != '\'');
}

std::string FormScanner::head() const {
  if (open_.empty() || text_[open_.back()] != '(') return "";
  size_t begin = open_.back() + 1, end = begin;
  while (end < text_.size() && !is_delimiter(text_[end])) ++end;
  return text_.substr(begin, end - begin);
}

std::string FormScanner::previous_word() const {
  size_t end = text_.size() - word().size();
  while (end > 0 && is_blank(text_[end - 1])) --end;
  return word_before(text_, end);
}

}  // namespace caten
