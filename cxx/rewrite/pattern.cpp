// From the Datum of an optimizer to its patterns.
#include <fmt/format.h>

#include <algorithm>

#include "rewrite/optimizer.hpp"

namespace caten {
namespace {

constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"+", "add"}, {"*", "mul"}, {"/", "div"}, {"<", "lt"}, {"=", "eq"}};
const std::vector<std::string> kGuardWords{"and",      "or",      "not",      "<",   "<=",   ">", ">=", "=",
                                           "dtype-in", "rank-in", "constant", "dim", "rank", "+", "*"};

tl::unexpected<Diagnostic> bad(const Datum& at, std::string message, std::string expected, std::string remedy) {
  return fail({.code = Code::BadOptimizer,
               .message = std::move(message),
               .span = at.span,
               .expected = std::move(expected),
               .found = print(at),
               .remedy = std::move(remedy)});
}

std::string guess(const std::string& word, const std::vector<std::string>& candidates, std::string otherwise) {
  std::string found = did_you_mean(word, candidates);
  return found.empty() ? otherwise : found;
}

class Reader {
 public:
  explicit Reader(const CompositeHooks& hooks) : hooks_(hooks) {}

  Result<Pattern> read(const Datum& datum, bool replacement) {
    Pattern out;
    out.span = datum.span;
    out.datum = datum;
    if (datum.is_symbol()) {
      bool segment = datum.text.starts_with("??");
      if (segment || datum.text.starts_with("?")) {
        out.kind = segment ? Pattern::Kind::kSegment : Pattern::Kind::kVariable;
        out.name = datum.text;
        if (replacement && std::find(variables.begin(), variables.end(), out.name) == variables.end())
          return bad(datum, fmt::format("the pattern has no variable {}", out.name),
                     fmt::format("one of {}", fmt::join(variables, " ")),
                     guess(out.name, variables, "use a variable of the pattern"));
        if (!replacement && std::find(variables.begin(), variables.end(), out.name) == variables.end())
          variables.push_back(out.name);
        return out;
      }
      bool literal = datum.text == "true" || datum.text == "false";
      out.kind = literal ? Pattern::Kind::kLiteral : Pattern::Kind::kWord;
      return out;
    }
    if (datum.is_number() || datum.is_form("c")) {
      out.kind = Pattern::Kind::kLiteral;
      return out;
    }
    if (!datum.is_list() || datum.items.empty() || !datum[0].is_symbol()) {
      out.kind = Pattern::Kind::kWord;
      return out;
    }
    return form(datum, std::move(out), replacement);
  }

  std::vector<std::string> variables;

 private:
  Result<Pattern> form(const Datum& datum, Pattern out, bool replacement) {
    out.kind = Pattern::Kind::kForm;
    out.name = datum[0].text;
    for (auto [alias, op] : kAliases)
      if (out.name == alias) out.name = op;
    out.op = find_op(out.name);
    if (!out.op && hooks_.known && !hooks_.known(out.name)) {
      std::vector<std::string> known = hooks_.names;
      for (const OpInfo& row : all_ops()) known.emplace_back(row.name);
      return bad(datum[0], fmt::format("`{}` is neither an op nor a composite", out.name), "an op or a composite",
                 guess(out.name, known, "define the composite first"));
    }
    if (out.op && (*out.op == Op::kLoop || *out.op == Op::kConst))
      return bad(datum, fmt::format("patterns have no `{}`", out.name),
                 *out.op == Op::kConst ? "the constant's value" : "an op of values", "match around it");
    for (size_t i = 1; i < datum.size(); ++i) {
      if (datum[i].is_keyword()) {
        if (i + 1 == datum.size())
          return bad(datum[i], fmt::format("keyword :{} has no value", datum[i].text), "a value", "give it a value");
        Result<Pattern> value = read(datum[i + 1], replacement);
        if (!value) return value;
        out.keywords.emplace_back(datum[i].text, std::move(*value));
        ++i;
        continue;
      }
      Result<Pattern> item = read(datum[i], replacement);
      if (!item) return item;
      if (!replacement && item->kind == Pattern::Kind::kSegment && i + 1 < datum.size() && !datum[i + 1].is_keyword())
        return bad(datum[i], "a segment variable takes all that follows", "the last operand", "move it to the end");
      out.items.push_back(std::move(*item));
    }
    return out;
  }

  const CompositeHooks& hooks_;
};

Status check_guard(const Datum& guard, const std::vector<std::string>& variables) {
  if (guard.is_symbol() && guard.text.starts_with("?")) {
    if (std::find(variables.begin(), variables.end(), guard.text) != variables.end()) return {};
    return bad(guard, fmt::format("the pattern has no variable {}", guard.text),
               fmt::format("one of {}", fmt::join(variables, " ")),
               guess(guard.text, variables, "use a variable of the pattern"));
  }
  if (!guard.is_list()) return {};
  if (guard.items.empty() || !guard[0].is_symbol() ||
      std::find(kGuardWords.begin(), kGuardWords.end(), guard[0].text) == kGuardWords.end())
    return bad(guard, "a guard of an unknown form", fmt::format("one of {}", fmt::join(kGuardWords, " ")),
               guard.items.empty() ? "write a condition" : guess(guard[0].text, kGuardWords, "use one of these words"));
  const std::string& word = guard[0].text;
  bool on_value = word == "dtype-in" || word == "rank-in" || word == "constant" || word == "dim" || word == "rank";
  if (on_value && (guard.size() < 2 || !guard[1].is_symbol() || !guard[1].text.starts_with("?")))
    return bad(guard, fmt::format("`{}` is about a variable", word), fmt::format("({} ?x …)", word),
               "name a variable of the pattern");
  if (word == "dim" && (guard.size() != 3 || !guard[2].is_integer()))
    return bad(guard, "`dim` takes a variable and an axis", "(dim ?x 0)", "give the number of the axis");
  if (word == "dtype-in") {
    std::vector<std::string> names;
    for (DType dtype : all_dtypes()) names.emplace_back(dtype_name(dtype));
    for (size_t i = 2; i < guard.size(); ++i)
      if (!guard[i].is_symbol() || !find_dtype(guard[i].text))
        return bad(guard[i], "not a dtype", fmt::format("{}", fmt::join(names, " ")),
                   guess(guard[i].text, names, "use one of them"));
    return check_guard(guard[1], variables);
  }
  for (size_t i = 1; i < guard.size(); ++i) CATEN_TRY(check_guard(guard[i], variables));
  return {};
}

}  // namespace

Result<Optimizer> parse_optimizer(const Datum& form, const CompositeHooks& hooks) {
  if (!form.is_list() || form.size() < 3 || !form[0].is_symbol() || form.size() % 2 == 0)
    return bad(form, "an optimizer of the wrong form", "(name pattern replacement [:runtime r] [:when guard])",
               "write name, pattern and replacement");
  Optimizer out;
  out.name = form[0].text;
  out.source = form;
  Reader reader(hooks);
  Result<Pattern> pattern = reader.read(form[1], false);
  if (!pattern) return tl::make_unexpected(std::move(pattern.error()));
  if (pattern->kind != Pattern::Kind::kForm)
    return bad(form[1], "the pattern of an optimizer is a form", "(op …) or (composite …)", "match an op or composite");
  out.pattern = std::move(*pattern);
  Result<Pattern> replacement = reader.read(form[2], true);
  if (!replacement) return tl::make_unexpected(std::move(replacement.error()));
  out.replacement = std::move(*replacement);
  for (size_t i = 3; i < form.size(); i += 2) {
    if (form[i].is_keyword("runtime") && form[i + 1].is_symbol()) {
      out.runtime = form[i + 1].text;
    } else if (form[i].is_keyword("when")) {
      CATEN_TRY(check_guard(form[i + 1], reader.variables));
      out.when = form[i + 1];
    } else {
      return bad(form[i], "an optimizer has no such option", ":runtime name or :when guard",
                 guess(form[i].text, {"runtime", "when"}, "use one of them"));
    }
  }
  return out;
}

}  // namespace caten
