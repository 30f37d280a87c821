// Expressions, bound: the part of Binder that knows the built-in functions.
#include <fmt/format.h>

#include <algorithm>

#include "consensus/binder.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/print.hpp"

namespace caten::consensus {
namespace {

struct Row {
  std::string_view name;
  Function function;
};

constexpr Row kFunctions[] = {{"+", Function::kAdd},
                              {"-", Function::kSubtract},
                              {"*", Function::kMultiply},
                              {"/", Function::kDivide},
                              {"mod", Function::kModulo},
                              {"<", Function::kLess},
                              {"<=", Function::kLessEqual},
                              {"=", Function::kEqual},
                              {"and", Function::kAnd},
                              {"or", Function::kOr},
                              {"not", Function::kNot},
                              {"change", Function::kChange},
                              {"read-future", Function::kReadFuture},
                              {"in-palette", Function::kInPalette},
                              {"all-different", Function::kAllDifferent},
                              {"accepts", Function::kAccepts},
                              {"abs", Function::kAbs},
                              {"min", Function::kMin},
                              {"max", Function::kMax},
                              {"sum", Function::kSum},
                              {"mean", Function::kMean},
                              {"count", Function::kCount},
                              {"any", Function::kAny},
                              {"all", Function::kAll},
                              {"exp", Function::kExp},
                              {"log", Function::kLog},
                              {"sqrt", Function::kSqrt},
                              {"sigmoid", Function::kSigmoid},
                              {"floor", Function::kFloor},
                              {"where", Function::kWhere},
                              {"uniform", Function::kUniform},
                              {"bernoulli", Function::kBernoulli},
                              {"categorical", Function::kCategorical},
                              {"tally", Function::kTally},
                              {"ids", Function::kIds},
                              {"committed", Function::kCommitted},
                              {"keep", Function::kKeep}};

bool folds(Function function, size_t arguments) {
  if (function == Function::kMin || function == Function::kMax) return arguments == 1;
  return function == Function::kSum || function == Function::kMean || function == Function::kCount ||
         function == Function::kAny || function == Function::kAll;
}

bool draws(Function function) {
  return function == Function::kUniform || function == Function::kBernoulli || function == Function::kCategorical;
}

Item elements(const Array& array) {
  std::vector<Number> out;
  size_t size = dtype_size(array.dtype());
  for (int64_t i = 0; i < array.elements(); ++i)
    out.push_back(Number::of(Scalar::load(array.dtype(), array.data() + static_cast<size_t>(i) * size)));
  return Item(std::move(out));
}

std::string width_text(size_t width) {
  if (width == Formula::kUnknown) return "what a model gives";
  return width == Formula::kNumber ? "a number" : fmt::format("a list of {}", width);
}

/// Whose ids a part of an expression gives, if it is a read; 0 for anything else.
int64_t read_vocabulary(const Formula::Node& node) {
  return node.function == Function::kRead || node.function == Function::kReference ? node.vocabulary : 0;
}

struct Misuse {
  std::string expected{};
  std::string found{};
  std::string remedy{};
};

/// What is wrong with a function that draws or lists ids, for these arguments and at this place.
std::optional<Misuse> misuse(const Formula::Node& node, const BindScope& scope, const Formula& formula) {
  size_t first = node.arguments.empty() ? Formula::kNumber : formula.nodes[node.arguments[0]].width;
  if (draws(node.function) && !scope.draws_allowed)
    return Misuse{"a rule, or the init of a value", "a draw", "draw in a rule"};
  if (node.function == Function::kIds && node.vocabulary == 0)
    return Misuse{"tokens", "numbers", "it lists the ids of the token that is proposed"};
  if (node.function == Function::kTally && node.vocabulary == 0)
    return Misuse{"tokens", "numbers", "give it a read of tokens"};
  if (node.function == Function::kBernoulli && first != Formula::kNumber && first != Formula::kUnknown)
    return Misuse{"a probability", width_text(first), "draw for one cell at a time"};
  if (node.function == Function::kCategorical && first != Formula::kUnknown) {
    auto ids = static_cast<size_t>(node.vocabulary);
    if (first == Formula::kNumber ? ids == 0 : ids > 0 && first != ids)
      return Misuse{ids > 0 ? fmt::format("{} logits, or one for all", ids) : "a list of logits", width_text(first),
                    "give a logit for each id"};
  }
  return std::nullopt;
}

}  // namespace

size_t Binder::add(Formula& out, Formula::Node node) {
  out.nodes.push_back(std::move(node));
  return out.nodes.size() - 1;
}

size_t Binder::splice(Formula& out, const Formula& local) {
  size_t first = out.nodes.size();
  for (Formula::Node each : local.nodes) {
    for (size_t& argument : each.arguments) argument += first;
    out.nodes.push_back(std::move(each));
  }
  return out.nodes.size() - 1;
}

Formula::Node Binder::seen_node(Function function, size_t slot, const ReadInstance& read) const {
  const ValueInstance& value = instance_.values[read.value];
  size_t width = read.single ? Formula::kNumber : read.positions * static_cast<size_t>(value.width);
  return {.function = function, .constant = {}, .slot = slot, .width = width, .vocabulary = value.vocabulary};
}

std::optional<Formula> Binder::formula(const Expression& expression, BindScope& scope) {
  Formula out;
  if (!node(expression, scope, out)) return std::nullopt;
  return out;
}

std::optional<size_t> Binder::node(const Expression& expression, BindScope& scope, Formula& out) {
  auto constant = [&](Number number) { return add(out, {.constant = number}); };
  if (const int64_t* integer = std::get_if<int64_t>(&expression.node)) return constant(Number::of(*integer));
  if (const Real* real = std::get_if<Real>(&expression.node)) return constant(Number::literal(real->value));
  if (const Name* found = std::get_if<Name>(&expression.node)) return name(*found, expression.place, scope, out);
  if (const Call* found = std::get_if<Call>(&expression.node)) return call(*found, expression.place, scope, out);
  // The offsets of a neighbourhood are gone through by the edge: here the condition holds.
  if (std::holds_alternative<InNeighbourhood>(expression.node)) return constant(Number::of(int64_t{1}));
  if (const Reference* found = std::get_if<Reference>(&expression.node)) {
    if (!scope.references_allowed) {
      error(Code::IllTyped, expression.place, "a cell is read where there are none yet", "parameters and numbers",
            text_of(*found), "read cells in rules and constraints");
      return std::nullopt;
    }
    std::optional<ReadInstance> read = seen(*found, scope);
    if (!read) return std::nullopt;
    Formula::Node made = seen_node(Function::kReference, scope.references.size(), *read);
    scope.references.push_back(std::move(*read));
    return add(out, std::move(made));
  }
  error(Code::IllTyped, expression.place, "a text where a number is needed", "a number", text_of(expression),
        "strings name regions, palettes and automata");
  return std::nullopt;
}

std::optional<size_t> Binder::name(const Name& name, const Place& place, BindScope& scope, Formula& out) {
  auto index = std::find(scope.indices.begin(), scope.indices.end(), name.text);
  if (index != scope.indices.end())
    return add(out, {.function = Function::kIndex, .slot = static_cast<size_t>(index - scope.indices.begin())});
  if (auto local = scope.locals.find(name.text); local != scope.locals.end()) return splice(out, local->second);
  if (auto read = scope.reads.find(name.text); read != scope.reads.end())
    return add(out, seen_node(Function::kRead, read->second, (*scope.read_instances)[read->second]));
  auto given = instance_.parameters.find(name.text);
  if (given == instance_.parameters.end()) return std::nullopt;  // reported where parameters are read
  if (const int64_t* integer = std::get_if<int64_t>(&given->second))
    return add(out, {.constant = Number::of(*integer)});
  if (const double* real = std::get_if<double>(&given->second)) {
    for (const Parameter* each : instance_.program->all<Parameter>())
      if (each->name == name) return add(out, {.constant = Number::of(*to_element(each->dtype, Number::f64(*real)))});
    return std::nullopt;  // scalars are declared
  }
  if (const Array* array = std::get_if<Array>(&given->second)) {
    Item items = elements(*array);
    size_t width = items.size();
    return add(out, {.constant = std::move(items), .width = width});
  }
  if (const VocabularyGiven* vocabulary = std::get_if<VocabularyGiven>(&given->second))
    return add(out, {.constant = Number::of(vocabulary->size)});
  error(Code::IllTyped, place, fmt::format("`{}` is no number", name.text), "a number or a list of numbers", name.text,
        "use it where its type has a meaning");
  return std::nullopt;
}

/// Of arguments that are combined element by element.
std::optional<size_t> Binder::width(const Formula::Node& node, const Place& place, const Formula& formula,
                                    std::string_view function) {
  size_t out = Formula::kNumber;
  for (size_t argument : node.arguments) {
    size_t here = formula.nodes[argument].width;
    // Of what a model gives nobody knows the length before it runs.
    bool unlike = here != out || here == Formula::kUnknown;
    if (here != Formula::kNumber && out != Formula::kNumber && unlike) {
      error(Code::IllTyped, place, fmt::format("`{}` of lists of different lengths", function), width_text(out),
            width_text(here),
            "combine numbers with lists, or lists of one length; sum, min, max and tally make one of many");
      return std::nullopt;
    }
    out = std::max(out, here);
  }
  return out;
}

std::optional<size_t> Binder::call(const Call& call, const Place& place, BindScope& scope, Formula& out) {
  const BuiltIn* built_in = find_built_in(call.function.text);
  if (!built_in) return model(call, place, scope, out);
  const Row* row = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                [&](const Row& each) { return each.name == built_in->name; });
  if (row == std::end(kFunctions)) return std::nullopt;  // SampleTiles, which is bound as a schedule
  Function function = row->function;
  if (built_in->use == BuiltIn::Use::kPredicate) return predicate(call, place, function, scope, out);
  Formula::Node made{.function = function};
  for (const Expression& each : call.arguments) {
    std::optional<size_t> argument = node(each, scope, out);
    if (!argument) return std::nullopt;
    made.arguments.push_back(*argument);
  }
  if (draws(function)) {
    made.slot = scope.draws++;
    made.vocabulary = scope.categories;
  }
  if (function == Function::kIds) made.vocabulary = scope.categories;
  if (function == Function::kTally) made.vocabulary = read_vocabulary(out.nodes[made.arguments[0]]);
  if (std::optional<Misuse> wrong = misuse(made, scope, out)) {
    error(Code::IllTyped, place, fmt::format("`{}` has no meaning here", built_in->text), std::move(wrong->expected),
          std::move(wrong->found), std::move(wrong->remedy));
    return std::nullopt;
  }
  if (function == Function::kIds || function == Function::kTally) {
    made.width = static_cast<size_t>(made.vocabulary);
  } else if (function != Function::kCategorical && !folds(function, made.arguments.size())) {
    std::optional<size_t> combined = width(made, place, out, built_in->text);
    if (!combined) return std::nullopt;
    made.width = *combined;
  }
  return add(out, std::move(made));
}

std::optional<size_t> Binder::predicate(const Call& call, const Place& place, Function function, BindScope& scope,
                                        Formula& out) {
  size_t slot = 0;
  auto needs_token = [&] {
    if (scope.palette_ids > 0) return true;
    error(Code::IllTyped, place, fmt::format("`{}` of numbers", call.function.text), "a scope of tokens",
          "a scope of numbers", "palettes and automata are about ids");
    return false;
  };
  if (function == Function::kInPalette) {
    if (!needs_token()) return std::nullopt;
    std::optional<std::vector<bool>> ids = palette(call.arguments[0], scope.palette_ids);
    if (!ids) return std::nullopt;
    slot = scope.palettes.size();
    scope.palettes.push_back(std::move(*ids));
  } else if (function == Function::kAccepts) {
    const AutomatonGiven* automaton = resource<AutomatonGiven>(call.arguments[0]);
    if (!automaton || !needs_token()) return std::nullopt;
    if (automaton->letters != scope.palette_ids) {
      error(Code::WrongGiven, place, "an automaton over other ids than the scope's",
            fmt::format("{} letters", scope.palette_ids), std::to_string(automaton->letters),
            "give an automaton with a column for each id of the vocabulary");
      return std::nullopt;
    }
    slot = scope.automata.size();
    scope.automata.push_back(*automaton);
  }
  return add(out, {.function = function, .slot = slot});
}

/// The tensor that this expression names, if it is one and nothing nearer has the name.
std::optional<Array> Binder::whole(const Expression& expression, const BindScope& scope) const {
  const Name* name = std::get_if<Name>(&expression.node);
  if (!name || scope.locals.contains(name->text) || scope.reads.contains(name->text)) return std::nullopt;
  if (std::find(scope.indices.begin(), scope.indices.end(), name->text) != scope.indices.end()) return std::nullopt;
  auto given = instance_.parameters.find(name->text);
  const Array* array = given == instance_.parameters.end() ? nullptr : std::get_if<Array>(&given->second);
  return array ? std::optional(*array) : std::nullopt;
}

std::optional<size_t> Binder::model(const Call& call, const Place& place, BindScope& scope, Formula& out) {
  auto given = instance_.parameters.find(call.function.text);
  const ModelGiven* model = given == instance_.parameters.end() ? nullptr : std::get_if<ModelGiven>(&given->second);
  if (!model) return std::nullopt;  // reported where parameters are read
  if (!scope.rule) {
    error(Code::IllTyped, place, fmt::format("the model `{}` is called outside of a rule", call.function.text),
          "built-in functions", call.function.text, "call models in the rules that propose");
    return std::nullopt;
  }
  ModelCall made{.name = call.function.text, .model = *model, .arguments = {}, .keywords = {}, .place = place};
  for (const Expression& each : call.arguments) {
    ModelArgument argument{.formula = {}, .whole = whole(each, scope)};
    std::optional<Formula> computed = argument.whole ? Formula() : formula(each, scope);
    if (!computed) return std::nullopt;
    argument.formula = std::move(*computed);
    made.arguments.push_back(std::move(argument));
  }
  for (const Argument& each : call.keywords) {
    BindScope constants;
    std::optional<Formula> value = formula(each.value, constants);
    if (!value) return std::nullopt;
    made.keywords.emplace_back(each.keyword.text, evaluate_number(*value, Facts()).value());
  }
  scope.models.push_back(std::move(made));
  return add(out, {.function = Function::kModel, .slot = scope.models.size() - 1, .width = Formula::kUnknown});
}

}  // namespace caten::consensus
