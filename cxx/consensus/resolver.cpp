#include "consensus/resolver.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/print.hpp"
#include "consensus/visibility.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {
namespace {

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kMost = 12;
  std::vector<std::string> first(names.begin(), names.begin() + static_cast<ptrdiff_t>(std::min(names.size(), kMost)));
  return names.empty() ? "no name" : fmt::format("{}{}", fmt::join(first, " "), names.size() > kMost ? " …" : "");
}

std::string_view type_text(Parameter::Type type) { return find_meaning(kParameterTypes, type)->text; }

}  // namespace

Resolver::Resolver(const Program& program, const ResolveOptions& options, Diagnostics& diagnostics)
    : program_(program), options_(options), edges_(program.all<Visible>()), diagnostics_(diagnostics) {
  for (const Parameter* each : program.all<Parameter>()) parameters_.emplace(each->name.text, each);
  for (const Value* each : program.all<Value>()) values_.emplace(each->name.text, each);
}

void Resolver::error(Code code, const Place& place, std::string message, std::string expected, const std::string& found,
                     std::string remedy, std::vector<std::string> notes) {
  diagnostics_.add({.code = code,
                    .message = std::move(message),
                    .span = place.span,
                    .expected = std::move(expected),
                    .found = clipped(found),
                    .remedy = std::move(remedy),
                    .notes = std::move(notes)});
}

void Resolver::check_declared_once() {
  std::set<std::string> seen;
  auto declare = [&](const Name& name) {
    if (!seen.insert(name.text).second)
      error(Code::DuplicateName, name.place, fmt::format("`{}` is declared twice", name.text), "a new name", name.text,
            "rename one of them");
  };
  for (const Declaration& declaration : program_.declarations)
    std::visit(
        [&](const auto& each) {
          if constexpr (requires { each.name; }) declare(each.name);
        },
        declaration);
  for (const Parameter* each : program_.all<Parameter>())
    if (each->type == Parameter::Type::kModel && find_built_in(each->name.text))
      error(Code::DuplicateName, each->name.place, fmt::format("`{}` is a built-in function", each->name.text),
            "a new name", each->name.text, "rename the model");
}

const Value* Resolver::value_of(const Name& name) {
  auto found = values_.find(name.text);
  if (found != values_.end()) return found->second;
  std::vector<std::string> names;
  for (const Value* each : program_.all<Value>()) names.push_back(each->name.text);
  error(Code::UnboundName, name.place, fmt::format("there is no value `{}`", name.text), listed(names), name.text,
        suggestion(name.text, names, fmt::format("declare it: value {} : …", text_of(Expression{.node = name}))));
  return nullptr;
}

std::vector<std::string> Resolver::candidates(const Scope& scope) const {
  std::vector<std::string> out(scope.indices.begin(), scope.indices.end());
  out.insert(out.end(), scope.locals.begin(), scope.locals.end());
  if (scope.rule)
    for (const Read& read : scope.rule->reads) out.push_back(read.name.text);
  for (const Parameter* each : program_.all<Parameter>()) out.push_back(each->name.text);
  return out;
}

void Resolver::bring(const std::vector<Name>& names, Scope& scope) {
  for (const Name& name : names) {
    bool taken = parameters_.contains(name.text) || values_.contains(name.text);
    if (taken || !scope.indices.insert(name.text).second)
      error(Code::DuplicateName, name.place,
            fmt::format("`{}` {}", name.text, taken ? "is declared, and cannot be an index" : "is an index already"),
            "a new name", name.text, "rename the index");
  }
}

void Resolver::cells(const Cells& cells, Scope& scope) {
  const Value* value = value_of(cells.value);
  if (value && value->shape.rank() != cells.indices.size())
    error(Code::WrongSubscripts, cells.place,
          fmt::format("`{}` with {} indices", cells.value.text, cells.indices.size()),
          fmt::format("{}, one for each axis", value->shape.rank()), std::to_string(cells.indices.size()),
          "name every axis");
  bring(cells.indices, scope);
}

void Resolver::bring_from(const Reference& reference, Scope& scope) {
  for (const Subscript& each : reference.subscripts) {
    const Affine* affine = std::get_if<Affine>(&each.node);
    if (!affine || affine->terms.size() != 1 || affine->constant != 0 || affine->terms[0].coefficient != 1) continue;
    const Name* name = std::get_if<Name>(&affine->terms[0].atom);
    if (!name || parameters_.contains(name->text)) continue;
    if (!scope.indices.contains(name->text)) bring({*name}, scope);
  }
}

void Resolver::check_rank(const Reference& reference, const Value& value) {
  const std::vector<Subscript>& subscripts = reference.subscripts;
  auto is_region = [](const Subscript& each) { return std::holds_alternative<Region>(each.node); };
  auto regions = static_cast<size_t>(std::count_if(subscripts.begin(), subscripts.end(), is_region));
  size_t rank = value.shape.rank();
  bool whole =
      subscripts.empty() || (subscripts.size() == 1 && std::holds_alternative<All>(subscripts[0].node) && rank > 0);
  bool fine = whole || (regions == 0 && subscripts.size() == rank) || (regions == 1 && subscripts.size() <= rank);
  if (!fine)
    error(Code::WrongSubscripts, reference.place,
          fmt::format("`{}` with {} subscripts", reference.value.text, subscripts.size()),
          regions > 1 ? "one region, over the axes that remain" : fmt::format("{}, one for each axis", rank),
          text_of(reference), rank == 0 ? "leave the subscripts out" : "write * for a whole axis");
}

void Resolver::reference(const Reference& reference, const Scope& scope) {
  if (const Value* value = value_of(reference.value)) check_rank(reference, *value);
  for (const Subscript& each : reference.subscripts) subscript(each, scope);
}

void Resolver::subscript(const Subscript& subscript, const Scope& scope) {
  std::visit(Overloaded{[&](const Affine& affine) { index(affine, scope, false); },  //
                        [](const All&) {},
                        [&](const Range& range) {
                          index(range.first, scope, true);
                          index(range.last, scope, true);
                        },
                        [&](const Region& region) { resource(*region.area, Parameter::Type::kRegion); },
                        [&](const At& at) {
                          auto found = parameters_.find(at.tensor.text);
                          if (found == parameters_.end())
                            value_of(at.tensor);
                          else
                            given(at.tensor, Parameter::Type::kTensor);
                          index(at.index, scope, false);
                        }},
             subscript.node);
}

void Resolver::index(const Affine& affine, const Scope& scope, bool may_be_free) {
  for_each_name(affine, [&](const Name& name) {
    if (scope.indices.contains(name.text)) return;
    if (may_be_free || parameters_.contains(name.text)) return given(name, Parameter::Type::kInt);
    error(Code::UnboundName, name.place, fmt::format("nothing gives the index `{}`", name.text),
          listed(candidates(scope)), name.text,
          suggestion(name.text, candidates(scope),
                     fmt::format("name it as an index, or declare param {} : Int", name.text)));
  });
}

void Resolver::size(const Affine& affine) {
  for_each_name(affine, [&](const Name& name) { given(name, Parameter::Type::kInt); });
}

void Resolver::given(const Name& name, Parameter::Type type) {
  auto declared = parameters_.find(name.text);
  auto free = free_.find(name.text);
  if (declared != parameters_.end() || free != free_.end()) {
    Parameter::Type other = declared != parameters_.end() ? declared->second->type : free->second;
    if (other != type)
      error(Code::UnboundName, name.place, fmt::format("`{}` is of another type here", name.text),
            std::string(type_text(type)), std::string(type_text(other)), "use another name for one of them");
    return;
  }
  if (name.text.empty() || values_.contains(name.text) || !parameters_.empty()) {
    std::vector<std::string> names;
    for (const Parameter* each : program_.all<Parameter>())
      if (each->type == type) names.push_back(each->name.text);
    bool value = values_.contains(name.text);
    error(Code::UnboundName, name.place, fmt::format("`{}` is no parameter", name.text), listed(names),
          value ? "a value" : "a name that nothing declares",
          suggestion(name.text, names,
                     fmt::format("declare it: param {} : {}", value ? "NAME" : name.text, type_text(type))),
          parameters_.empty() ? std::vector<std::string>{}
                              : std::vector<std::string>{"a program that declares parameters declares all of them"});
    return;
  }
  free_.emplace(name.text, type);
  names_.free.push_back({name, type});
}

void Resolver::resource(const Expression& expression, Parameter::Type type) {
  if (const Text* text = std::get_if<Text>(&expression.node)) return given({text->content, expression.place}, type);
  if (const Name* name = std::get_if<Name>(&expression.node)) return given(*name, type);
  error(Code::BadClause, expression.place, fmt::format("this names no {}", find_meaning(kParameterTypes, type)->lci),
        "a name or a string", text_of(expression), "name what is given at instantiation");
}

void Resolver::expression(const Expression& expression, const Scope& scope) {
  if (const Name* found = std::get_if<Name>(&expression.node)) {
    name(*found, scope);
  } else if (const Reference* ref = std::get_if<Reference>(&expression.node)) {
    size_t before = diagnostics_.errors();
    reference(*ref, scope);
    if (scope.rule && diagnostics_.errors() == before) check_visible(*ref, scope);
  } else if (const Call* found_call = std::get_if<Call>(&expression.node)) {
    call(*found_call, scope, expression.place);
  } else if (const InNeighbourhood* in = std::get_if<InNeighbourhood>(&expression.node)) {
    neighbourhood(*in, scope, expression.place);
  }
}

void Resolver::check_visible(const Reference& reference, const Scope& scope) {
  std::vector<std::string> notes;
  for (const Visible* edge : edges_) {
    if (edge->target.value != scope.rule->on.value) continue;
    if (shows(*edge, scope.rule->on, reference)) return;
    notes.push_back("visible: " + text_of_source(*edge));
  }
  error(Code::NotVisible, reference.place, fmt::format("`{}` reads what is not visible", scope.rule->name.text),
        fmt::format("a visible edge into {}", scope.rule->on.value.text), text_of(reference),
        fmt::format("declare it: visible {} <- {}", text_of(scope.rule->on), text_of(reference)), std::move(notes));
}

std::optional<size_t> Resolver::read_named(const Name& name, const Scope& scope) {
  const std::vector<Read>& reads = scope.rule->reads;
  std::vector<size_t> found;
  auto collect = [&](auto&& fits) {
    for (size_t i = 0; i < reads.size() && (found.empty() || found[0] < i); ++i)
      if (fits(reads[i].name.text)) found.push_back(i);
    return !found.empty();
  };
  if (!collect([&](const std::string& read) { return read == name.text; }) &&
      !collect([&](const std::string& read) { return equal_without_case(read, name.text); }))
    collect([&](const std::string& read) {
      return read.size() > name.text.size() && read[name.text.size()] == '_' &&
             equal_without_case(std::string_view(read).substr(0, name.text.size()), name.text);
    });
  if (found.empty()) return std::nullopt;
  if (found.size() > 1) {
    std::vector<std::string> names;
    for (size_t i : found) names.push_back(reads[i].name.text);
    error(Code::AmbiguousName, name.place, fmt::format("`{}` may mean more than one read", name.text), listed(names),
          name.text, "write the read's whole name");
  }
  return found[0];
}

void Resolver::name(const Name& name, const Scope& scope) {
  if (scope.indices.contains(name.text) || scope.locals.contains(name.text)) return;
  bool parameter = parameters_.contains(name.text);
  if (scope.rule && !parameter)
    if (std::optional<size_t> read = read_named(name, scope)) {
      scope.names->reads.emplace(name.text, *read);
      return;
    }
  if (parameter) return;
  if (name.text == "...")
    return error(Code::Misplaced, name.place, "`...` has no meaning here",
                 "a score, behind a proposal that calls a model", "...", "write the arguments");
  if (scope.free) return given(name, Parameter::Type::kInt);
  std::string remedy = values_.contains(name.text) ? fmt::format("write its subscripts, such as {}[…]", name.text)
                                                   : "declare it as a parameter, or add a read of this name";
  error(Code::UnboundName, name.place, fmt::format("nothing gives `{}`", name.text), listed(candidates(scope)),
        name.text, suggestion(name.text, candidates(scope), remedy));
}

void Resolver::neighbourhood(const InNeighbourhood& in, const Scope& scope, const Place& place) {
  if (!scope.edge)
    return error(Code::Misplaced, place, "a neighbourhood has no meaning here", "the condition of a visible edge",
                 text_of(Expression{.node = in}),
                 "write visible … <- … when (dx,dy) in N8, and a read of the neighbours");
  size_t axes = neighbourhood_offsets(in.neighbourhood)[0].size();
  if (axes != in.offsets.size())
    error(Code::WrongSubscripts, place, "as many names as the neighbourhood has axes were expected",
          std::to_string(axes), std::to_string(in.offsets.size()), "name one offset for each axis");
}

void Resolver::call(const Call& call, const Scope& scope, const Place& place) {
  const BuiltIn* row = find_built_in(call.function.text);
  if (row && row->use == BuiltIn::Use::kPredicate) {
    if (!scope.constraint)
      return error(Code::Misplaced, place, fmt::format("`{}` has no meaning here", row->text), "a constraint",
                   std::string(row->text), "write it behind forbid or require");
    if (row->name == "in-palette") resource(call.arguments[0], Parameter::Type::kPalette);
    if (row->name == "accepts") resource(call.arguments[0], Parameter::Type::kAutomaton);
    return;
  }
  if (call.function.text == kSampleTiles)
    return error(Code::Misplaced, place, "`SampleTiles` has no meaning here",
                 "the value that a rule proposes for an event", text_of(Expression{.node = call}),
                 "write emit proposal EVENT := SampleTiles(…)");
  if (row && (call.arguments.size() < row->least || call.arguments.size() > row->most || !call.keywords.empty()))
    error(Code::BadClause, place, fmt::format("`{}` with wrong arguments", row->text),
          row->least == row->most ? std::to_string(row->least) : fmt::format("{} or more", row->least),
          fmt::format("{}{}", call.arguments.size(), call.keywords.empty() ? "" : " and keywords"),
          fmt::format("it means: {}", row->meaning));
  if (!row) function(call);
  for (const Expression& argument : call.arguments) {
    const Name* rest = std::get_if<Name>(&argument.node);
    if (!(rest && rest->text == "..." && scope.score)) expression(argument, scope);
  }
  for (const Argument& argument : call.keywords) expression(argument.value, scope);
}

void Resolver::function(const Call& call) {
  const std::string& name = call.function.text;
  std::string composite = options_.composite ? options_.composite(name) : "";
  auto declared = parameters_.find(name);
  if (declared == parameters_.end() && !composite.empty()) {
    if (composites_.insert(composite).second) names_.composites.push_back(composite);
    return;
  }
  if (declared != parameters_.end() || parameters_.empty()) return given(call.function, Parameter::Type::kModel);
  std::vector<std::string> names;
  if (options_.composite_names) names = options_.composite_names();
  for (const BuiltIn& row : all_built_ins()) names.emplace_back(row.text);
  for (const auto& [each, parameter] : parameters_)
    if (parameter->type == Parameter::Type::kModel) names.push_back(each);
  error(Code::UnboundName, call.function.place, fmt::format("there is no function `{}`", name),
        "a built-in function, a composite, or a parameter of type Model", name,
        suggestion(name, names, fmt::format("declare it: param {} : Model", name)));
}

}  // namespace caten::consensus
