#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "check/elaborator.hpp"

namespace caten {

const Definition* Elaborator::find_definition(const std::string& name) const {
  for (const Definition& d : definitions_)
    if (d.name == name) return &d;
  return nullptr;
}

std::vector<std::string> Elaborator::composite_names() const {
  std::vector<std::string> out;
  for (const Definition& d : definitions_)
    if (!d.is_program) out.push_back(d.name);
  return out;
}

std::optional<Graph> Elaborator::build(const Definition& entry) {
  std::map<std::string, DType> chosen = options_.types;
  const Definition* body = &entry;
  if (entry.call) body = resolve_call_clause(entry, chosen);
  if (!body) return std::nullopt;
  graph_.name = entry.name;
  calls_.push_back(body);

  Scope scope;
  declare_sizes(*body, scope);
  choose_types(*body, chosen, scope);
  declare_values(*body, scope);
  add_conditions(*body, scope);
  evaluate_lets(*body, scope);
  for (const NamedValue& output : body->outputs)
    if (Node node = evaluate_output(output, scope)) graph_.outputs.push_back({output.name, *node});
  for (const NamedValue& next : body->nexts) {
    Node node = operand(*next.value, scope);
    auto state = std::find_if(graph_.states.begin(), graph_.states.end(),
                              [&](const Graph::State& s) { return s.name == next.name; });
    if (state == graph_.states.end()) {
      std::vector<std::string> names;
      for (const Graph::State& s : graph_.states) names.push_back(s.name);
      report({.code = Code::UnknownName,
              .message = fmt::format("`{}` is no state", next.name),
              .span = next.span,
              .expected = "a name of (:state …)",
              .found = next.name,
              .remedy = did_you_mean(next.name, names)});
      continue;
    }
    if (!node) continue;
    if (state->next.valid()) {
      report({.code = Code::DuplicateName,
              .message = fmt::format("state `{}` is replaced twice", next.name),
              .span = next.span,
              .expected = "one next value",
              .found = "two",
              .remedy = "remove one"});
      continue;
    }
    const ValueType& have = graph_.type(*node);
    const ValueType& want = graph_.type(state->node);
    bool fits = have.dtype == want.dtype && have.shape.size() == want.shape.size();
    for (size_t i = 0; fits && i < have.shape.size(); ++i)
      fits = graph_.dims.equate(have.shape[i], want.shape[i], "the next value of state " + next.name, next.span) !=
             DimEnv::Outcome::kContradiction;
    if (!fits)
      report({.code = Code::ShapeMismatch,
              .message = fmt::format("the next value of state `{}` does not fit it", next.name),
              .span = next.value->span,
              .expected = describe(want),
              .found = describe(have),
              .remedy = "cast or reshape it"});
    else
      state->next = *node;
  }
  for (const auto& [name, value] : options_.sizes)
    if (!graph_.dims.declared(name))
      report({.code = Code::UnknownDim,
              .message = fmt::format("there is no size `{}` to set", name),
              .expected = graph_.dims.symbols().empty() ? "no -D: the program has no sizes"
                                                        : fmt::format("one of {}", fmt::join(graph_.dims.names(), " ")),
              .found = name,
              .remedy = did_you_mean(name, graph_.dims.names())});
  if (diagnostics_.failed()) return std::nullopt;
  for (const std::string& line : graph_.dims.derived())
    diagnostics_.add({.message = "derived " + line, .span = body->span, .severity = Severity::kNote});
  return resolve_dims(std::move(graph_));
}

const Definition* Elaborator::resolve_call_clause(const Definition& program, std::map<std::string, DType>& chosen) {
  const Datum& clause = *program.call;
  if (clause.size() < 2 || !clause[1].is_symbol()) {
    report(Code::BadForm, "malformed :call", clause, "(:call composite (T dtype)…)", print(clause), "");
    return nullptr;
  }
  if (!program.inputs.empty() || !program.lets.empty() || !program.outputs.empty()) {
    report(Code::BadForm, "a program with :call has no other clauses", clause, "(:call …) alone", "more clauses",
           "call the composite in (:let …) instead");
    return nullptr;
  }
  const Definition* callee = find_definition(clause[1].text);
  if (!callee || callee->is_program) {
    report(Code::UnknownComposite, fmt::format("there is no composite `{}`", clause[1].text), clause[1],
           "a composite of this text", clause[1].text, did_you_mean(clause[1].text, composite_names()));
    return nullptr;
  }
  for (size_t i = 2; i < clause.size(); ++i) {
    const Datum& item = clause[i];
    std::optional<DType> dtype = item.is_list() && item.size() == 2 && item[0].is_symbol() && item[1].is_symbol()
                                     ? find_dtype(item[1].text)
                                     : std::nullopt;
    bool known = dtype && std::any_of(callee->types.begin(), callee->types.end(),
                                      [&](const TypeVariable& v) { return v.name == item[0].text; });
    if (!known) {
      report(Code::TypeVariable, "malformed choice of a type", item,
             fmt::format("(name dtype) with a type variable of `{}`", callee->name), print(item),
             "for example (T f32)");
      continue;
    }
    chosen.emplace(item[0].text, *dtype);
  }
  return callee;
}

void Elaborator::declare_sizes(const Definition& d, Scope& scope) {
  for (const DimDeclaration& dim : d.dims) {
    graph_.dims.declare(dim.name, dim.bounds, dim.span);
    scope.sizes.emplace(dim.name, Dim::symbol(dim.name));
    auto given = options_.sizes.find(dim.name);
    if (given == options_.sizes.end()) continue;
    int64_t value = given->second;
    bool fits = value >= *dim.bounds.lo && (!dim.bounds.hi || value <= *dim.bounds.hi);
    if (!fits ||
        graph_.dims.equate(Dim::symbol(dim.name), Dim(value), "-D", dim.span) == DimEnv::Outcome::kContradiction)
      report({.code = Code::SizeOutOfBounds,
              .message = fmt::format("size `{}` cannot be {}", dim.name, value),
              .span = dim.span,
              .expected =
                  fmt::format("{} to {}", *dim.bounds.lo, dim.bounds.hi ? std::to_string(*dim.bounds.hi) : "any size"),
              .found = std::to_string(value),
              .remedy = "give another value with -D"});
  }
}

void Elaborator::choose_types(const Definition& d, const std::map<std::string, DType>& chosen, Scope& scope) {
  for (const TypeVariable& variable : d.types) {
    DTypeSet choices = 0;
    for (DType dtype : variable.choices) choices |= set_of(dtype);
    auto given = chosen.find(variable.name);
    if (given != chosen.end()) {
      if (!contains(choices, given->second))
        report({.code = Code::TypeVariable,
                .message = fmt::format("`{}` cannot be {}", variable.name, dtype_name(given->second)),
                .span = variable.span,
                .expected = "one of " + describe(choices),
                .found = std::string(dtype_name(given->second)),
                .remedy = "choose one of them"});
      scope.dtypes[variable.name] = given->second;
      continue;
    }
    DType dtype = contains(choices, DType::kF32) ? DType::kF32 : variable.choices.front();
    scope.dtypes[variable.name] = dtype;
    if (variable.choices.size() > 1)
      diagnostics_.add({.message = fmt::format("{} = {}; choose another with -D {}=dtype", variable.name,
                                               dtype_name(dtype), variable.name),
                        .span = variable.span,
                        .severity = Severity::kNote});
  }
}

void Elaborator::declare_values(const Definition& d, Scope& scope) {
  auto declare = [&](const TypedName& item, bool state) {
    std::optional<ValueType> wanted = type(*item.type, scope);
    if (!wanted) {
      scope.define(item.name, {});
      return;
    }
    graph_.set_origin({item.span, ""});
    NodeId node = state ? graph_.add_state(item.name, *wanted) : graph_.add_input(item.name, *wanted, item.donated);
    graph_.clear_origin();
    scope.define(item.name, Binding::value(node));
  };
  for (const TypedName& item : d.inputs) declare(item, false);
  for (const TypedName& item : d.states) declare(item, true);
}

void Elaborator::add_conditions(const Definition& d, Scope& scope) {
  for (const Datum* condition : d.conditions) {
    std::optional<Dim> left = size((*condition)[1], scope);
    std::optional<Dim> right = size((*condition)[2], scope);
    if (!left || !right) continue;
    std::string text = "the condition " + print(*condition);
    bool equal = (*condition)[0].is_symbol("=");
    DimEnv::Outcome outcome = equal ? graph_.dims.equate(*left, *right, text, condition->span)
                                    : graph_.dims.require_le(*left, *right, text, condition->span);
    if (outcome == DimEnv::Outcome::kContradiction)
      report(Code::ContradictingSizes, "the sizes contradict this condition", *condition, print(*condition),
             fmt::format("{} and {}", graph_.dims.resolve(*left).describe(), graph_.dims.resolve(*right).describe()),
             "correct the sizes or the condition", &scope);
  }
}

void Elaborator::evaluate_lets(const Definition& d, Scope& scope) {
  for (const NamedValue& let : d.lets) {
    Binding binding = value(*let.value, scope);
    if (binding.kind == Binding::Kind::kValue && scope.composite_path.empty())
      graph_.set_name(binding.nodes[0], let.name);
    scope.define(let.name, std::move(binding));
  }
}

Elaborator::Node Elaborator::evaluate_output(const NamedValue& output, Scope& scope) {
  Node node = operand(*output.value, scope);
  if (!node || !output.type) return node;
  std::optional<ValueType> wanted = type(*output.type, scope);
  if (!wanted) return std::nullopt;
  const ValueType& have = graph_.type(*node);
  bool fits = have.dtype == wanted->dtype && have.shape.size() == wanted->shape.size();
  for (size_t i = 0; fits && i < have.shape.size(); ++i)
    fits = graph_.dims.equate(have.shape[i], wanted->shape[i], "the declared shape of output " + output.name,
                              output.span) != DimEnv::Outcome::kContradiction;
  if (fits) return node;
  report(have.dtype == wanted->dtype ? Code::ShapeMismatch : Code::DTypeMismatch,
         fmt::format("output `{}` is not what is declared", output.name), *output.type, describe(*wanted),
         describe(have), "correct the declaration or the value", &scope);
  return std::nullopt;
}

bool Elaborator::bind_signature(const Definition& callee, const std::vector<NodeId>& arguments, const Datum& form,
                                Scope& inner) {
  bool fine = true;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const TypedName& parameter = callee.inputs[i];
    const Datum& wanted = *parameter.type;
    const ValueType& have = graph_.type(arguments[i]);
    auto variable = std::find_if(callee.types.begin(), callee.types.end(),
                                 [&](const TypeVariable& v) { return wanted[0].is_symbol(v.name); });
    if (variable != callee.types.end()) {
      DType bound = inner.dtypes.emplace(variable->name, have.dtype).first->second;
      bool allowed =
          std::find(variable->choices.begin(), variable->choices.end(), have.dtype) != variable->choices.end();
      if (bound != have.dtype || !allowed) {
        report(Code::TypeVariable,
               fmt::format("argument `{}` of `{}` has the wrong dtype", parameter.name, callee.name), form[i + 2],
               allowed ? fmt::format("{} = {}", variable->name, dtype_name(bound))
                       : fmt::format("{} one of the declared dtypes", variable->name),
               describe(have), "cast it", &inner);
        fine = false;
      }
    }
    if (wanted.size() - 1 != have.shape.size()) {
      report(Code::RankMismatch, fmt::format("argument `{}` of `{}` has the wrong rank", parameter.name, callee.name),
             form[i + 2], fmt::format("{} axes, {}", wanted.size() - 1, print(wanted)), describe(have), "reshape it",
             &inner);
      fine = false;
      continue;
    }
    for (size_t k = 1; k < wanted.size(); ++k) {
      bool declared =
          wanted[k].is_symbol() && std::any_of(callee.dims.begin(), callee.dims.end(),
                                               [&](const DimDeclaration& d) { return d.name == wanted[k].text; });
      if (declared) inner.sizes.emplace(wanted[k].text, have.shape[k - 1]);
    }
  }
  if (!fine) return false;
  for (const DimDeclaration& dim : callee.dims) {
    if (!inner.sizes.contains(dim.name)) {
      std::string name = fmt::format("{}.{}.{}", callee.name, dim.name, ++fresh_sizes_);
      graph_.dims.declare(name, dim.bounds, dim.span);
      inner.sizes.emplace(dim.name, Dim::symbol(name));
      continue;
    }
    const Dim& bound = inner.sizes.at(dim.name);
    auto reason = [&] { return fmt::format("the bounds of `{}` in `{}`", dim.name, callee.name); };
    bool low = graph_.dims.require_le(Dim(*dim.bounds.lo), bound, reason, form.span) != DimEnv::Outcome::kContradiction;
    bool high = !dim.bounds.hi || graph_.dims.require_le(bound, Dim(*dim.bounds.hi), reason, form.span) !=
                                      DimEnv::Outcome::kContradiction;
    if (!low || !high) {
      report(Code::SizeOutOfBounds, fmt::format("size `{}` of `{}` is out of its bounds", dim.name, callee.name), form,
             fmt::format("{} to {}", *dim.bounds.lo, dim.bounds.hi ? std::to_string(*dim.bounds.hi) : "any size"),
             bound.describe(), "use another size", &inner);
      fine = false;
    }
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::optional<ValueType> wanted = type(*callee.inputs[i].type, inner);
    if (!wanted) return false;
    const ValueType& have = graph_.type(arguments[i]);
    bool fits = have.dtype == wanted->dtype;
    for (size_t k = 0; fits && k < have.shape.size(); ++k)
      fits = graph_.dims.equate(
                 have.shape[k], wanted->shape[k],
                 [&] { return fmt::format("argument `{}` of `{}`", callee.inputs[i].name, callee.name); },
                 form.span) != DimEnv::Outcome::kContradiction;
    if (!fits) {
      report(have.dtype == wanted->dtype ? Code::ShapeMismatch : Code::DTypeMismatch,
             fmt::format("argument `{}` of `{}` does not fit", callee.inputs[i].name, callee.name), form[i + 2],
             fmt::format("{}, {} here", print(*callee.inputs[i].type), describe(*wanted)), describe(have),
             "reshape or cast it", &inner);
      fine = false;
    }
  }
  return fine;
}

Binding Elaborator::call(const Datum& form, Scope& scope) {
  if (form.size() < 2 || !form[1].is_symbol()) return bad_form(form, "(call composite value…)", scope);
  const Definition* callee = find_definition(form[1].text);
  if (!callee || callee->is_program) {
    report(Code::UnknownComposite, fmt::format("there is no composite `{}`", form[1].text), form[1],
           "a composite of this text", form[1].text, did_you_mean(form[1].text, composite_names()), &scope);
    return {};
  }
  if (std::find(calls_.begin(), calls_.end(), callee) != calls_.end()) {
    std::string circle;
    for (auto it = std::find(calls_.begin(), calls_.end(), callee); it != calls_.end(); ++it)
      circle += (*it)->name + " → ";
    report(Code::CyclicComposite, "composites call each other in a circle", form[1], "calls that come to an end",
           circle + callee->name, "use (loop …) for repetition", &scope);
    return {};
  }
  if (!callee->states.empty()) {
    report(Code::BadForm, fmt::format("`{}` has states and can only be a program", callee->name), form[1],
           "a composite without :state", "states", "pass the state as an argument and return its next value", &scope);
    return {};
  }
  if (calls_.size() >= options_.max_call_depth) {
    report(Code::TooDeep, "composites call each other too deeply", form[1],
           fmt::format("at most {} levels", options_.max_call_depth), "", "call less deeply", &scope);
    return {};
  }
  std::optional<std::vector<NodeId>> arguments = operands(form, 2, form.size(), scope);
  if (!arguments) return {};
  if (arguments->size() != callee->inputs.size()) {
    std::vector<std::string> names;
    for (const TypedName& input : callee->inputs) names.push_back(input.name);
    report(Code::WrongArity, fmt::format("`{}` takes {} arguments", callee->name, names.size()), form,
           fmt::format("({} {})", callee->name, fmt::join(names, " ")), fmt::format("{} arguments", arguments->size()),
           "add or remove arguments", &scope);
    return {};
  }
  Scope inner;
  inner.outer_loops = scope.loop_depth();
  inner.composite_path = scope.composite_path.empty() ? callee->name : scope.composite_path + "/" + callee->name;
  if (!bind_signature(*callee, *arguments, form, inner)) return {};
  calls_.push_back(callee);
  choose_types(*callee, inner.dtypes, inner);
  for (size_t i = 0; i < arguments->size(); ++i) inner.define(callee->inputs[i].name, Binding::value((*arguments)[i]));
  add_conditions(*callee, inner);
  evaluate_lets(*callee, inner);
  std::vector<NodeId> results;
  std::vector<Datum> clauses =
      callee->schedule ? schedule({callee->schedule->items.begin() + 1, callee->schedule->items.end()}, inner)
                       : std::vector<Datum>();
  for (const NamedValue& output : callee->outputs)
    if (Node node = evaluate_output(output, inner)) {
      locate(form, scope);
      results.push_back(
          graph_.make_region({callee->name, {}, static_cast<uint32_t>(results.size()), clauses}, *node, *arguments));
    }
  calls_.pop_back();
  if (results.size() != callee->outputs.size()) return {};
  return results.size() == 1 ? Binding::value(results[0]) : Binding::results(std::move(results));
}

}  // namespace caten
