#include "consensus/built_ins.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten::consensus {
namespace {

using Use = BuiltIn::Use;
constexpr size_t kAny = SIZE_MAX;

constexpr BuiltIn kBuiltIns[] = {
    {"+", "+", Use::kOperator, 2, kAny, "sum"},
    {"-", "-", Use::kOperator, 1, 2, "difference; of one argument its negation"},
    {"*", "*", Use::kOperator, 2, kAny, "product"},
    {"/", "/", Use::kOperator, 2, 2, "quotient, of integers its floor"},
    {"mod", "%", Use::kOperator, 2, 2, "remainder with the sign of the divisor"},
    {"<", "<", Use::kOperator, 2, 2, "less"},
    {"<=", "<=", Use::kOperator, 2, 2, "less or equal"},
    {"=", "=", Use::kOperator, 2, 2, "equal"},
    {"and", "and", Use::kOperator, 2, kAny, "all hold"},
    {"or", "or", Use::kOperator, 2, kAny, "one holds"},
    {"not", "not", Use::kOperator, 1, 1, "does not hold"},
    {"change", "change", Use::kPredicate, 0, 0, "a cell of the scope gets another value"},
    {"read-future", "read_future", Use::kPredicate, 0, 0, "a cell of the scope reads a later time"},
    {"in-palette", "in_palette", Use::kPredicate, 1, 1, "the cells of the scope are of a palette"},
    {"all-different", "all_different", Use::kPredicate, 0, 0, "no two cells of the scope are equal"},
    {"accepts", "accepts", Use::kPredicate, 1, 1, "an automaton accepts the scope as a word"},
    {"abs", "abs", Use::kFunction, 1, 1, "absolute value"},
    {"min", "min", Use::kFunction, 1, kAny, "least of the arguments, or of the cells read"},
    {"max", "max", Use::kFunction, 1, kAny, "greatest of the arguments, or of the cells read"},
    {"sum", "sum", Use::kFunction, 1, 1, "sum of the cells read"},
    {"mean", "mean", Use::kFunction, 1, 1, "mean of the cells read"},
    {"count", "count", Use::kFunction, 1, 1, "how many of the cells read are true"},
    {"any", "any", Use::kFunction, 1, 1, "one of the cells read is true"},
    {"all", "all", Use::kFunction, 1, 1, "all of the cells read are true"},
    {"exp", "exp", Use::kFunction, 1, 1, "exponential"},
    {"log", "log", Use::kFunction, 1, 1, "natural logarithm"},
    {"sqrt", "sqrt", Use::kFunction, 1, 1, "square root"},
    {"sigmoid", "sigmoid", Use::kFunction, 1, 1, "1/(1+exp(-x))"},
    {"floor", "floor", Use::kFunction, 1, 1, "greatest integer that is not above"},
    {"where", "where", Use::kFunction, 3, 3, "the second argument where the first holds, else the third"},
    {"tally", "tally", Use::kFunction, 1, 1,
     "how many of the cells read hold each id: a list as long as the vocabulary"},
    {"ids", "ids", Use::kFunction, 0, 0, "the ids of the token that is proposed, as a list"},
    {"committed", "committed", Use::kFunction, 1, 1, "1 where a cell is committed and visible, else 0"},
    {"keep", "keep", Use::kFunction, 0, 0, "no proposal"},
    {"uniform", "uniform", Use::kFunction, 0, 0, "a number drawn from [0, 1)"},
    {"bernoulli", "bernoulli", Use::kFunction, 1, 1, "1 with this probability, else 0"},
    {"categorical", "categorical", Use::kFunction, 1, 1, "an index drawn with these logits"},
    {kSampleTiles, kSampleTiles, Use::kFunction, 0, 0, "the tiles that the next steps work on"},
};

constexpr std::string_view kWords[] = {"?", "...", "ref", "in", ">", ">=", "/=", "!="};

constexpr std::string_view kStrategies[] = {"red-black", "four-colour", "raster",
                                            "random",    "wavefront",   "maskgit-cosine"};
constexpr std::string_view kScheduleArguments[] = {"strategy", "epoch", "phase", "seed", "steps", "tile", "budget"};

std::vector<std::vector<int64_t>> named_offsets(std::string_view name) {
  if (name == "N4") return {{-1, 0}, {0, -1}, {0, 1}, {1, 0}};
  if (name == "N8") return {{-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, -1}, {1, 0}, {1, 1}};
  return {};
}

std::string count_text(const BuiltIn& row) {
  if (row.least == row.most) return fmt::format("{} argument{}", row.least, row.least == 1 ? "" : "s");
  if (row.most == kAny) return fmt::format("{} arguments or more", row.least);
  return fmt::format("{} to {} arguments", row.least, row.most);
}

}  // namespace

std::span<const BuiltIn> all_built_ins() { return kBuiltIns; }

const BuiltIn* find_built_in(std::string_view name) {
  for (const BuiltIn& row : kBuiltIns)
    if (row.name == name || row.text == name) return &row;
  return nullptr;
}

bool is_reserved(std::string_view name) {
  const BuiltIn* row = find_built_in(name);
  return (row && row->use == Use::kOperator) ||
         std::find(std::begin(kWords), std::end(kWords), name) != std::end(kWords);
}

std::vector<std::string> neighbourhood_names() { return {"N4", "N8"}; }

std::vector<std::vector<int64_t>> neighbourhood_offsets(const Neighbourhood& neighbourhood) {
  return neighbourhood.name.empty() ? neighbourhood.offsets : named_offsets(neighbourhood.name);
}

Result<Expression> make_call(Name function, std::vector<Expression> arguments, std::vector<Argument> keywords,
                             Place place) {
  bool turned = function.text == ">" || function.text == ">=";
  bool unequal = function.text == "/=" || function.text == "!=";
  if (turned) function.text = function.text == ">" ? "<" : "<=";
  if (unequal) function.text = "=";
  const BuiltIn* row = find_built_in(function.text);
  if (row && (row->use != Use::kFunction || (row->name != kSampleTiles && !keywords.empty()))) {
    function.text = std::string(row->name);
    bool rest = std::any_of(arguments.begin(), arguments.end(), [](const Expression& argument) {
      const Name* name = std::get_if<Name>(&argument.node);
      return name && name->text == "...";
    });
    if (rest || arguments.size() < row->least || arguments.size() > row->most || !keywords.empty())
      return fail({.code = Code::BadClause,
                   .message = fmt::format("`{}` with wrong arguments", row->text),
                   .span = place.span,
                   .expected = count_text(*row),
                   .found = fmt::format("{}{}{}", arguments.size(), keywords.empty() ? "" : " and keywords",
                                        rest ? " with `...`" : ""),
                   .remedy = row->use == Use::kPredicate ? "the cells that it is about stand in the constraint's scope"
                                                         : "give it its arguments"});
  }
  if (turned) std::swap(arguments[0], arguments[1]);
  Expression made{.node = Call{std::move(function), std::move(arguments), std::move(keywords)}, .place = place};
  if (!unequal) return made;
  return Expression{.node = Call{Name{"not", place}, {std::move(made)}, {}}, .place = place};
}

std::span<const std::string_view> sample_strategies() { return kStrategies; }
std::span<const std::string_view> sample_arguments() { return kScheduleArguments; }

const Call* sample_schedule(const Expression& value) {
  const Call* call = std::get_if<Call>(&value.node);
  return call && call->function.text == kSampleTiles ? call : nullptr;
}

}  // namespace caten::consensus
