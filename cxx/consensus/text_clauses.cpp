#include "consensus/text_clauses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"
#include "sexp/datum.hpp"

namespace caten::consensus {
namespace {

/// Parentheses, brackets and signs within each other, of which several may stand for one level of LCI.
constexpr size_t kTextDepth = 3 * kMaxDepth;

struct Infix {
  std::string_view sign;
  int strength;
  bool joins;  ///< `a + b + c` is one sum
};
constexpr Infix kInfix[] = {{"or", 1, true},  {"and", 2, true}, {"<", 4, false},  {"<=", 4, false}, {">", 4, false},
                            {">=", 4, false}, {"=", 4, false},  {"!=", 4, false}, {"+", 5, true},   {"-", 5, false},
                            {"*", 6, true},   {"/", 6, false},  {"%", 6, false}};
constexpr int kNotStrength = 3;
constexpr int kComparisonStrength = 4;
constexpr int kSumStrength = 5;

const Infix* infix_of(const Token& token) {
  if (token.quoted || (token.kind != Token::Kind::kName && token.kind != Token::Kind::kSign)) return nullptr;
  for (const Infix& each : kInfix)
    if (each.sign == token.text) return &each;
  return nullptr;
}

bool is_symbol_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_plain_name(std::string("a") + c) ||
           std::string_view("+-*/<>=!?%&.~^$@:").find(c) != std::string_view::npos;
  });
}

}  // namespace

void TextClauses::flush(Diagnostics& diagnostics) {
  if (error_) diagnostics.add(std::move(*error_));
  error_.reset();
  depth_ = 0;
}

std::string TextClauses::found() const {
  const Token& t = token();
  switch (t.kind) {
    case Token::Kind::kEnd: return "the end of the text";
    case Token::Kind::kInteger: return std::to_string(t.integer);
    case Token::Kind::kReal: return print_float(t.real);
    case Token::Kind::kString: return clipped(quoted(t.text, '"'));
    default: return clipped(t.quoted ? quoted(t.text, '|') : t.text);
  }
}

void TextClauses::reject_at(SourceSpan span, std::string message, std::string expected, std::string what,
                            std::string remedy, Code code) {
  if (!error_)
    error_ = Diagnostic{.code = code,
                        .message = std::move(message),
                        .span = span,
                        .expected = std::move(expected),
                        .found = std::move(what),
                        .remedy = std::move(remedy)};
}

void TextClauses::reject(std::string message, std::string expected, std::string remedy, Code code) {
  reject_at(token().span, std::move(message), std::move(expected), found(), std::move(remedy), code);
}

Place TextClauses::place_from(size_t begin) const {
  SourceSpan span = tokens_[begin].span;
  if (at_ > begin) span.end = tokens_[at_ - 1].span.end;
  return {span};
}

bool TextClauses::take_sign(std::string_view sign) {
  if (!is_sign(sign)) return false;
  skip();
  return true;
}

bool TextClauses::take_word(std::string_view word) {
  if (!is_word(word)) return false;
  skip();
  return true;
}

void TextClauses::expect_sign(std::string_view sign, const char* remedy) {
  if (!take_sign(sign)) reject(fmt::format("`{}` was expected", sign), fmt::format("`{}`", sign), remedy);
}

void TextClauses::expect_word(std::string_view word, const char* remedy) {
  if (!take_word(word)) reject(fmt::format("`{}` was expected", word), fmt::format("`{}`", word), remedy);
}

Name TextClauses::name(const char* what) {
  const Token& t = token();
  if (t.kind != Token::Kind::kName) {
    reject(fmt::format("{} was expected", what), "a name", "write one; an unusual name stands between bars: |name|");
    return {};
  }
  if ((!t.quoted && is_text_word(t.text)) || is_reserved(t.text) || t.text.empty()) {
    reject(fmt::format("{} was expected", what), "a name that is no word of the grammar",
           t.quoted || t.text.empty() ? "choose another name" : fmt::format("write |{}| if that is the name", t.text));
    return {};
  }
  if (failed()) return {};
  Name out{t.text, {t.span}};
  skip();
  return out;
}

int64_t TextClauses::integer(int64_t least) {
  size_t begin = at_;
  bool negative = take_sign("-");
  const Token& t = token();
  if (!failed() && t.kind == Token::Kind::kInteger && t.integer <= static_cast<uint64_t>(INT64_MAX) + negative) {
    auto value = static_cast<int64_t>(negative ? ~t.integer + 1 : t.integer);
    skip();
    if (value >= least) return value;
    reject_at(place_from(begin).span, "this number is too small", fmt::format("{} or more", least),
              std::to_string(value), "write a larger one");
    return least;
  }
  reject("an integer was expected", least == INT64_MIN ? "an integer of 64 bits" : fmt::format("{} or more", least),
         "write such a number");
  return least;
}

DType TextClauses::dtype() {
  const Token& t = token();
  if (!failed() && t.kind == Token::Kind::kName)
    if (std::optional<DType> out = find_dtype(t.text)) {
      skip();
      return *out;
    }
  std::vector<std::string> names;
  for (DType each : all_dtypes()) names.emplace_back(dtype_name(each));
  reject("this is no dtype", fmt::format("{}", fmt::join(names, " ")), suggestion(t.text, names, "use one of these"),
         Code::UnknownDType);
  return DType{};
}

Affine TextClauses::affine() {
  Result<Affine> out = to_affine(expression(kSumStrength));
  if (out) return std::move(*out);
  if (!error_) error_ = std::move(out).error();
  return {};
}

Cells TextClauses::cells() {
  size_t begin = at_;
  Cells out;
  out.value = name("the name of a value");
  if (take_sign("[") && !take_sign("]")) {
    do out.indices.push_back(name("the name of an index"));
    while (take_sign(","));
    expect_sign("]", "here stand index names only; conditions on them stand behind `when`");
  }
  out.place = place_from(begin);
  return out;
}

Reference TextClauses::reference() {
  size_t begin = at_;
  Reference out;
  out.value = name("the name of a value");
  if (is_sign("[")) out.subscripts = subscripts();
  out.place = place_from(begin);
  return out;
}

std::vector<Subscript> TextClauses::subscripts() {
  std::vector<Subscript> out;
  skip();
  if (take_sign("]")) return out;
  do out.push_back(subscript());
  while (take_sign(","));
  expect_sign("]", "close the subscripts");
  return out;
}

Subscript TextClauses::subscript() {
  size_t begin = at_;
  Subscript out;
  auto converted = [&](const Expression& from) {
    Result<Affine> index = to_affine(from);
    if (!index && !error_) error_ = index.error();
    return index ? *index : Affine{};
  };
  if (is_sign("*") && (is_sign(",", 1) || is_sign("]", 1))) {
    skip();
    out.node = All{};
    out.place = place_from(begin);
    return out;
  }
  Expression first = expression(kSumStrength);
  const Call* call = std::get_if<Call>(&first.node);
  const Reference* tensor = std::get_if<Reference>(&first.node);
  if (failed()) return out;
  if (take_sign("..")) {
    Affine from = converted(first);
    out.node = Range{std::move(from), affine()};
  } else if (call && call->function.text == "region") {
    if (call->arguments.size() != 1 || !call->keywords.empty())
      reject_at(first.place.span, "`region` with wrong arguments", "one name or string",
                std::to_string(call->arguments.size()), "for example region(\"sky\")", Code::BadSubscript);
    else
      out.node = Region{call->arguments[0]};
  } else if (tensor && tensor->subscripts.size() == 1 && std::holds_alternative<Affine>(tensor->subscripts[0].node)) {
    out.node = At{tensor->value, std::get<Affine>(tensor->subscripts[0].node)};
  } else {
    out.node = converted(first);
  }
  out.place = place_from(begin);
  return out;
}

Neighbourhood TextClauses::neighbourhood() {
  size_t begin = at_;
  Neighbourhood out;
  std::vector<std::string> known = neighbourhood_names();
  if (take_sign("{")) {
    do {
      expect_sign("(", "an offset is written (1,0)");
      std::vector<int64_t> offset;
      do offset.push_back(integer(INT64_MIN));
      while (take_sign(","));
      expect_sign(")", "close the offset");
      if (!out.offsets.empty() && offset.size() != out.offsets[0].size())
        reject("offsets with different numbers of steps", std::to_string(out.offsets[0].size()),
               "write as many steps as there are names");
      out.offsets.push_back(std::move(offset));
    } while (take_sign(","));
    expect_sign("}", "close the offsets");
  } else if (token().kind == Token::Kind::kName && std::find(known.begin(), known.end(), token().text) != known.end()) {
    out.name = token().text;
    skip();
  } else {
    reject("this is no neighbourhood", fmt::format("{}, or offsets such as {{(1,0), (0,1)}}", fmt::join(known, ", ")),
           suggestion(token().text, known, "list the offsets"));
  }
  out.place = place_from(begin);
  return out;
}

// ---- expressions

Expression TextClauses::made(Name function, std::vector<Expression> arguments, std::vector<Argument> keywords,
                             Place place) {
  Expression none{.node = int64_t{0}, .place = place};
  if (failed()) return none;
  Result<Expression> out = make_call(std::move(function), std::move(arguments), std::move(keywords), place);
  if (out) return std::move(*out);
  error_ = std::move(out).error();
  return none;
}

Expression TextClauses::expression(int least) {
  size_t begin = at_;
  Expression left = operand();
  std::vector<Expression> operands;  // of the operator that `left` stands before
  Name joining;                      // that operator, while more operands of the same may follow
  size_t levels = 0;
  bool compared = false;
  auto finish = [&] {
    if (operands.empty()) return;
    operands.push_back(std::move(left));
    left = made(joining, std::move(operands), {}, place_from(begin));
    operands.clear();
  };
  while (!failed()) {
    const Infix* infix = infix_of(token());
    if (!infix || infix->strength < least) break;
    if (infix->strength == kComparisonStrength && compared) {
      reject("comparisons do not follow each other", "`and` between two comparisons", "write a < b and b < c");
      break;
    }
    compared = infix->strength == kComparisonStrength;
    Name sign{std::string(infix->sign), {token().span}};
    if (operands.empty() || joining.text != sign.text || !infix->joins) {
      finish();
      if (++levels > kMaxDepth) {
        reject("expressions are nested too deeply", fmt::format("at most {} operators that are not alike", kMaxDepth),
               "divide the expression among several rules or constraints", Code::TooDeep);
        break;
      }
      joining = sign;
    }
    operands.push_back(std::move(left));
    skip();
    left = expression(infix->strength + 1);
  }
  finish();
  return left;
}

Expression TextClauses::operand() {
  size_t begin = at_;
  if (++depth_ > kTextDepth)
    reject("expressions are nested too deeply", fmt::format("at most {} levels", kTextDepth),
           "divide the expression among several rules or constraints", Code::TooDeep);
  Expression out{.node = int64_t{0}, .place = {token().span}};
  if (failed()) return out;
  if (take_word("not")) {
    Expression inner = expression(kNotStrength);
    out = made(Name{"not", place_from(begin)}, {std::move(inner)}, {}, place_from(begin));
  } else if (is_sign("-")) {
    out = negative();
  } else {
    out = primary();
  }
  if (!failed()) --depth_;
  return out;
}

/// A sign belongs to the number behind it; before anything else it is an operator.
Expression TextClauses::negative() {
  size_t begin = at_;
  skip();
  if (token().kind == Token::Kind::kInteger || token().kind == Token::Kind::kReal || is_word("inf") || is_word("nan")) {
    Expression out = number(true);
    out.place = place_from(begin);
    return out;
  }
  Name sign{"-", place_from(begin)};
  Expression inner = operand();
  return made(std::move(sign), {std::move(inner)}, {}, place_from(begin));
}

Expression TextClauses::number(bool negated) {
  const Token& t = token();
  Expression out{.node = int64_t{0}, .place = {t.span}};
  if (t.kind == Token::Kind::kInteger) {
    if (t.integer > static_cast<uint64_t>(INT64_MAX) + negated)
      reject("an integer beyond 64 bits", "-2^63 to 2^63-1", "write it as a decimal", Code::BadNumber);
    else
      out.node = static_cast<int64_t>(negated ? ~t.integer + 1 : t.integer);
  } else if (is_word("nan")) {
    out.node = Real{std::numeric_limits<double>::quiet_NaN()};
  } else {
    double value = is_word("inf") ? std::numeric_limits<double>::infinity() : t.real;
    out.node = Real{negated ? -value : value};
  }
  if (!failed()) skip();
  return out;
}

bool TextClauses::neighbours_ahead() const {
  if (!is_sign("(")) return false;
  for (size_t ahead = 1;; ahead += 2) {
    if (token(ahead).kind != Token::Kind::kName) return false;
    if (is_sign(")", ahead + 1)) return is_word("in", ahead + 2);
    if (!is_sign(",", ahead + 1)) return false;
  }
}

Expression TextClauses::in_neighbourhood() {
  size_t begin = at_;
  InNeighbourhood out;
  skip();
  do out.offsets.push_back(name("the name of an offset"));
  while (take_sign(","));
  expect_sign(")", "close the names");
  expect_word("in", "write the neighbourhood behind `in`");
  out.neighbourhood = neighbourhood();
  return {.node = std::move(out), .place = place_from(begin)};
}

Expression TextClauses::primary() {
  const Token& t = token();
  if (neighbours_ahead()) return in_neighbourhood();
  if (take_sign("(")) {
    Expression inner = expression();
    expect_sign(")", "close the parenthesis");
    return inner;
  }
  if (t.kind == Token::Kind::kString) {
    Expression out{.node = Text{t.text}, .place = {t.span}};
    skip();
    return out;
  }
  if (t.kind == Token::Kind::kInteger || t.kind == Token::Kind::kReal || is_word("inf") || is_word("nan"))
    return number(false);
  return named();
}

Expression TextClauses::named() {
  size_t begin = at_;
  if (token().kind != Token::Kind::kName) {
    reject("an expression was expected", "a number, string, name or parenthesis", "write what is meant here");
    return {.node = int64_t{0}, .place = {token().span}};
  }
  if (is_sign("[", 1)) {
    Reference out = reference();
    Place place = out.place;
    return {.node = std::move(out), .place = place};
  }
  Name out = name("an expression");
  if (is_sign("(")) return call(std::move(out), begin);
  Place place = out.place;
  return {.node = std::move(out), .place = place};
}

Expression TextClauses::call(Name function, size_t begin) {
  std::vector<Expression> arguments;
  std::vector<Argument> keywords;
  // Of the built-in functions the schedule alone has keywords: in all others `a = b` compares.
  const BuiltIn* row = find_built_in(function.text);
  bool compares = row && row->name != kSampleTiles;
  skip();
  if (!take_sign(")")) {
    do {
      const Token& t = token();
      if (!compares && t.kind == Token::Kind::kName && is_sign("=", 1)) {
        if (!is_symbol_text(t.text)) reject("this cannot be a keyword", "letters, digits and _", "choose another word");
        skip();
        skip();
        keywords.push_back({Name{t.text, {t.span}}, expression()});
      } else if (!keywords.empty()) {
        reject("an argument behind keywords", "keywords last", "write it before the keywords");
      } else if (is_sign("...")) {
        arguments.push_back({.node = Name{"...", {t.span}}, .place = {t.span}});
        skip();
      } else {
        arguments.push_back(expression());
      }
    } while (take_sign(","));
    expect_sign(")", "close the arguments, or write a comma before the next one");
  }
  return made(std::move(function), std::move(arguments), std::move(keywords), place_from(begin));
}

}  // namespace caten::consensus
