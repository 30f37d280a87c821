#include "consensus/instance.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/instantiation.hpp"
#include "consensus/print.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {
namespace {

bool is_of(const GivenValue& value, Parameter::Type type) {
  switch (type) {
    case Parameter::Type::kInt: return std::holds_alternative<int64_t>(value);
    case Parameter::Type::kScalar:
      return std::holds_alternative<int64_t>(value) || std::holds_alternative<double>(value);
    case Parameter::Type::kTensor: return std::holds_alternative<Array>(value);
    case Parameter::Type::kModel: return std::holds_alternative<ModelGiven>(value);
    case Parameter::Type::kRegion: return std::holds_alternative<RegionGiven>(value);
    case Parameter::Type::kPalette: return std::holds_alternative<PaletteGiven>(value);
    case Parameter::Type::kVocabulary: return std::holds_alternative<VocabularyGiven>(value);
    case Parameter::Type::kAutomaton: return std::holds_alternative<AutomatonGiven>(value);
  }
  return false;
}

/// The default of an Int or Scalar, which may use the parameters before it.
std::optional<GivenValue> default_of(const Parameter& parameter, Binder& binder) {
  BindScope scope;
  std::optional<Formula> formula = binder.formula(*parameter.otherwise, scope);
  if (!formula) return std::nullopt;
  bool number = parameter.type == Parameter::Type::kInt || parameter.type == Parameter::Type::kScalar;
  Number value =
      number && formula->root().width == Formula::kNumber ? evaluate_number(*formula, Facts()) : Number::bot();
  bool fits = parameter.type != Parameter::Type::kScalar || to_element(parameter.dtype, value);
  if (value.is_bot() || !fits || (parameter.type == Parameter::Type::kInt && !value.is_integer())) {
    binder.error(Code::IllTyped, parameter.otherwise->place,
                 fmt::format("`{}` has a default of another type", parameter.name.text),
                 parameter.type == Parameter::Type::kInt ? "an integer" : std::string(dtype_name(parameter.dtype)),
                 text_of(*parameter.otherwise), "give Int and Scalar parameters a number, and others none");
    return std::nullopt;
  }
  return parameter.type == Parameter::Type::kInt ? GivenValue(value.integer) : GivenValue(value.value());
}

bool fits_tensor(const Parameter& parameter, const Array& array, Binder& binder) {
  std::vector<int64_t> sizes;
  for (const Affine& each : parameter.sizes) {
    std::optional<int64_t> size = binder.integer(each);
    if (!size) return true;  // reported there
    sizes.push_back(*size);
  }
  if (array.dtype() == parameter.dtype && array.shape() == sizes) return true;
  binder.error(Code::WrongGiven, parameter.place, fmt::format("`{}` is given as another array", parameter.name.text),
               describe_type(parameter.dtype, sizes), describe(array), "convert the array, or change the sizes given");
  return false;
}

void missing(const Name& name, Parameter::Type type, Binder& binder) {
  binder.error(Code::MissingGiven, name.place, fmt::format("`{}` is not given", name.text), given_form(type), "nothing",
               fmt::format("write --param {}={}, for example", name.text, given_example(type)));
}

std::vector<std::string> known_names(const Instance& instance, const Names& names) {
  std::vector<std::string> out;
  for (const Parameter* each : instance.program->all<Parameter>()) out.push_back(each->name.text);
  for (const FreeName& each : names.free) out.push_back(each.name.text);
  return out;
}

}  // namespace

void Instantiation::parameters() {
  auto take = [&](const Name& name, Parameter::Type type, const Parameter* declared) {
    auto found = given.parameters.find(name.text);
    if (found == given.parameters.end()) {
      if (!declared || !declared->otherwise) return missing(name, type, binder);
      if (std::optional<GivenValue> value = default_of(*declared, binder)) instance.parameters[name.text] = *value;
      return;
    }
    if (!is_of(found->second, type))
      return binder.error(Code::WrongGiven, name.place, fmt::format("`{}` is given as what it cannot be", name.text),
                          given_form(type), "a value of another type",
                          fmt::format("it is a parameter of type {}", find_meaning(kParameterTypes, type)->text));
    GivenValue value = found->second;
    if (type == Parameter::Type::kScalar && std::holds_alternative<int64_t>(value))
      value = static_cast<double>(std::get<int64_t>(value));
    if (type == Parameter::Type::kScalar && !to_element(declared->dtype, Number::f64(std::get<double>(value))))
      return binder.error(Code::WrongGiven, name.place, fmt::format("`{}` is given as what it cannot be", name.text),
                          std::string(dtype_name(declared->dtype)), fmt::format("{}", std::get<double>(value)),
                          "give a number that this dtype holds");
    if (type == Parameter::Type::kTensor && !fits_tensor(*declared, std::get<Array>(value), binder)) return;
    instance.parameters[name.text] = std::move(value);
  };
  for (const Parameter* each : instance.program->all<Parameter>()) take(each->name, each->type, each);
  for (const FreeName& each : names.free) take(each.name, each.type, nullptr);
  std::vector<std::string> known = known_names(instance, names);
  for (const auto& [name, value] : given.parameters)
    if (std::find(known.begin(), known.end(), name) == known.end())
      binder.error(Code::UnknownGiven, {}, fmt::format("the program has no parameter `{}`", name),
                   known.empty() ? "no parameter" : fmt::format("{}", fmt::join(known, " ")), name,
                   suggestion(name, known, "leave it out"));
}

void Instantiation::strata() {
  size_t count = instance.values.size();
  std::vector<bool> proposed(count);
  for (const RuleInstance& rule : instance.rules)
    for (const EmitInstance& emit : rule.emits) proposed[emit.target.value] = true;
  // after[a][b]: b is read, over any number of edges, by what a is made of.
  std::vector<std::vector<bool>> after(count, std::vector<bool>(count));
  for (const EdgeInstance& edge : instance.edges) after[edge.target][edge.source.value] = true;
  for (size_t k = 0; k < count; ++k)
    for (size_t i = 0; i < count; ++i)
      for (size_t j = 0; j < count; ++j)
        if (after[i][k] && after[k][j]) after[i][j] = true;
  instance.strata.assign(count, 0);
  // The longest way over values that do not read back; those that do are as late as the latest of them.
  for (size_t round = 0; round < 2 * count; ++round)
    for (size_t i = 0; i < count; ++i)
      for (size_t j = 0; j < count; ++j)
        if (proposed[i] && proposed[j] && after[i][j])
          instance.strata[i] = std::max(instance.strata[i], instance.strata[j] + (after[j][i] ? 0 : 1));
}

std::optional<Instance> instantiate(const Program& program, const Names& names, Given given,
                                    const InstanceOptions& options, Diagnostics& diagnostics) {
  Instance instance{.program = &program};
  size_t before = diagnostics.errors();
  Binder binder(instance, diagnostics);
  Instantiation steps{instance, names, given, options, binder, diagnostics};
  // Each part needs the ones before it whole; the errors of one part are reported together.
  for (void (Instantiation::*step)() :
       {&Instantiation::parameters, &Instantiation::composites, &Instantiation::values, &Instantiation::edges,
        &Instantiation::rules, &Instantiation::constraints, &Instantiation::commits, &Instantiation::strata}) {
    (steps.*step)();
    if (diagnostics.errors() > before) return std::nullopt;
  }
  return instance;
}

std::optional<size_t> find_value(const Instance& instance, std::string_view name) {
  for (size_t i = 0; i < instance.values.size(); ++i)
    if (instance.values[i].name() == name) return i;
  return std::nullopt;
}

}  // namespace caten::consensus
