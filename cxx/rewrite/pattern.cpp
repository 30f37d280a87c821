// From the Datum of an optimizer to its patterns.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "rewrite/bad_optimizer.hpp"
#include "rewrite/optimizer.hpp"

namespace caten {
namespace {

constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"+", "add"}, {"*", "mul"}, {"/", "div"}, {"<", "lt"}, {"=", "eq"}};

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
          return bad_optimizer(datum, fmt::format("the pattern has no variable {}", out.name),
                               fmt::format("one of {}", fmt::join(variables, " ")),
                               suggest_or(out.name, variables, "use a variable of the pattern"));
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
      return bad_optimizer(datum[0], fmt::format("`{}` is neither an op nor a composite", out.name),
                           "an op or a composite", suggest_or(out.name, known, "define the composite first"));
    }
    if (out.op && (*out.op == Op::kLoop || *out.op == Op::kConst))
      return bad_optimizer(datum, fmt::format("patterns have no `{}`", out.name),
                           *out.op == Op::kConst ? "the constant's value" : "an op of values", "match around it");
    for (size_t i = 1; i < datum.size(); ++i) {
      if (datum[i].is_keyword()) {
        if (i + 1 == datum.size())
          return bad_optimizer(datum[i], fmt::format("keyword :{} has no value", datum[i].text), "a value",
                               "give it a value");
        Result<Pattern> value = read(datum[i + 1], replacement);
        if (!value) return value;
        out.keywords.emplace_back(datum[i].text, std::move(*value));
        ++i;
        continue;
      }
      Result<Pattern> item = read(datum[i], replacement);
      if (!item) return item;
      out.items.push_back(std::move(*item));
    }
    return out;
  }

  const CompositeHooks& hooks_;
};

/// ((?x f32 4 4) (?k 1) …): once for each variable.
Status check_inputs(const Datum& inputs, const std::vector<std::string>& variables) {
  const std::string form = "((?x f32 4 4) …) with every variable of the pattern";
  if (!inputs.is_list()) return bad_optimizer(inputs, ":inputs is a list", form, "list the variables");
  std::set<std::string> named;
  for (const Datum& input : inputs.items) {
    if (!input.is_list() || input.size() < 2 || !input[0].is_symbol())
      return bad_optimizer(input, "an input of the wrong form", "(?x dtype sizes…) or (?k attribute)", "write it so");
    if (std::find(variables.begin(), variables.end(), input[0].text) == variables.end())
      return bad_optimizer(input[0], fmt::format("the pattern has no variable {}", input[0].text),
                           fmt::format("one of {}", fmt::join(variables, " ")),
                           suggest_or(input[0].text, variables, "use a variable of the pattern"));
    named.insert(input[0].text);
    bool type = input[1].is_symbol() && find_dtype(input[1].text);
    for (size_t i = 2; i < input.size(); ++i)
      if (!type || !input[i].is_integer() || input[i].integer < 0 || input[i].integer > 4096)
        return bad_optimizer(input[i], "not a size", "an integer from 0 to 4096 behind a dtype", "write a small size");
  }
  for (const std::string& variable : variables)
    if (!named.contains(variable))
      return bad_optimizer(inputs, fmt::format(":inputs leaves out {}", variable), form, "give its type or attribute");
  return {};
}

}  // namespace

Result<Optimizer> parse_optimizer(const Datum& form, const CompositeHooks& hooks) {
  if (!form.is_list() || form.size() < 3 || !form[0].is_symbol() || form.size() % 2 == 0)
    return bad_optimizer(form, "an optimizer of the wrong form",
                         "(name pattern replacement [:runtime r] [:when guard] [:inputs types])",
                         "write name, pattern and replacement");
  Optimizer out;
  out.name = form[0].text;
  out.source = form;
  Reader reader(hooks);
  Result<Pattern> pattern = reader.read(form[1], false);
  if (!pattern) return tl::make_unexpected(std::move(pattern.error()));
  if (pattern->kind != Pattern::Kind::kForm)
    return bad_optimizer(form[1], "the pattern of an optimizer is a form", "(op …) or (composite …)",
                         "match an op or composite");
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
    } else if (form[i].is_keyword("inputs")) {
      CATEN_TRY(check_inputs(form[i + 1], reader.variables));
      out.inputs = form[i + 1].items;
    } else {
      return bad_optimizer(form[i], "an optimizer has no such option", ":runtime name, :when guard or :inputs types",
                           suggest_or(form[i].text, {"runtime", "when", "inputs"}, "use one of them"));
    }
  }
  return out;
}

}  // namespace caten
