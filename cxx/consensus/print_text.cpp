#include <fmt/format.h>

#include <cmath>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/print.hpp"
#include "consensus/text_tokens.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {
namespace {

/// How strongly an expression holds together, as read_text has it.
enum Strength { kOr = 1, kAnd, kNot, kComparison, kSum, kProduct, kSign, kPrimary };

Strength strength_of(const Expression& expression) {
  if (const int64_t* value = std::get_if<int64_t>(&expression.node)) return *value < 0 ? kSign : kPrimary;
  if (const Real* real = std::get_if<Real>(&expression.node)) return std::signbit(real->value) ? kSign : kPrimary;
  if (std::holds_alternative<InNeighbourhood>(expression.node)) return kComparison;
  const Call* call = std::get_if<Call>(&expression.node);
  if (!call) return kPrimary;
  const std::string& name = call->function.text;
  if (name == "or") return kOr;
  if (name == "and") return kAnd;
  if (name == "not") return kNot;
  if (name == "<" || name == "<=" || name == "=") return kComparison;
  if (name == "+") return kSum;
  if (name == "-") return call->arguments.size() == 1 ? kSign : kSum;
  if (name == "*" || name == "/" || name == "mod") return kProduct;
  return kPrimary;
}

std::string in_parentheses(const Expression& expression) { return fmt::format("({})", text_of(expression)); }

/// In parentheses unless it holds together more strongly than what is around it.
std::string operand(const Expression& expression, Strength around) {
  return strength_of(expression) > around ? text_of(expression) : in_parentheses(expression);
}

std::string real_text(double value) {
  std::string text = print_float(value);
  return text == "+inf" ? "inf" : text;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

std::string text_of(const Neighbourhood& neighbourhood) {
  if (!neighbourhood.name.empty()) return text_name(neighbourhood.name);
  std::vector<std::string> offsets;
  for (const std::vector<int64_t>& offset : neighbourhood.offsets)
    offsets.push_back(fmt::format("({})", fmt::join(offset, ",")));
  return fmt::format("{{{}}}", fmt::join(offsets, ", "));
}

/// `key = …` behind an opening parenthesis or a comma would be a keyword argument.
std::string argument_text(const Expression& expression) {
  Strength strength = strength_of(expression);
  bool call = std::holds_alternative<Call>(expression.node);
  return call && (strength <= kAnd || strength == kComparison) ? in_parentheses(expression) : text_of(expression);
}

std::string call_text(const Call& call) {
  std::vector<std::string> arguments;
  for (const Expression& each : call.arguments) arguments.push_back(argument_text(each));
  for (const Argument& each : call.keywords) {
    const std::string& key = each.keyword.text;
    arguments.push_back(fmt::format("{}={}", is_plain_name(key) ? key : quoted(key, '|'), argument_text(each.value)));
  }
  const BuiltIn* row = find_built_in(call.function.text);
  return fmt::format("{}({})", text_name(row ? row->text : call.function.text), joined(arguments, ", "));
}

std::string text_of_call(const Call& call, Strength strength) {
  if (strength == kPrimary) return call_text(call);
  const std::vector<Expression>& arguments = call.arguments;
  if (strength == kNot) return "not " + operand(arguments[0], kNot);
  if (strength == kSign) {
    bool number = std::holds_alternative<int64_t>(arguments[0].node) || std::holds_alternative<Real>(arguments[0].node);
    return "-" + (number ? in_parentheses(arguments[0]) : operand(arguments[0], kSign));
  }
  std::vector<std::string> operands;
  for (const Expression& each : arguments) operands.push_back(operand(each, strength));
  return joined(operands, fmt::format(" {} ", find_built_in(call.function.text)->text));
}

std::string term_text(const Affine::Term& term) {
  std::string atom;
  if (const Name* name = std::get_if<Name>(&term.atom)) {
    atom = text_name(name->text);
  } else {
    const auto& q = std::get<Quotient>(term.atom);
    const std::vector<Affine::Term>& terms = q.dividend->terms;
    bool plain = terms.size() == 1 && terms[0].coefficient == 1 && q.dividend->constant == 0 &&
                 std::holds_alternative<Name>(terms[0].atom);
    std::string dividend = text_of(*q.dividend);
    atom = fmt::format("{}{}{}", plain ? dividend : fmt::format("({})", dividend), q.remainder ? "%" : "/", q.divisor);
    if (term.coefficient != 1) atom = fmt::format("({})", atom);
  }
  if (term.coefficient == 1) return atom;
  return term.coefficient == -1 ? "-" + atom : fmt::format("{}*{}", term.coefficient, atom);
}

std::string subscripts_text(const std::vector<Subscript>& subscripts) {
  std::vector<std::string> parts;
  for (const Subscript& each : subscripts) parts.push_back(text_of(each));
  return parts.empty() ? "" : fmt::format("[{}]", joined(parts, ","));
}

std::string sizes_text(const std::vector<Affine>& sizes) {
  std::vector<std::string> parts;
  for (const Affine& size : sizes) parts.push_back(text_of(size));
  return fmt::format("({})", joined(parts, ", "));
}

std::string kind_text(const Kind& kind) {
  std::string word(kKinds[kind.index()].text);
  if (const TokenKind* token = std::get_if<TokenKind>(&kind))
    return fmt::format("{}[{}{}]", word, text_name(token->vocabulary.text),
                       token->size ? ", " + text_of(*token->size) : "");
  if (const LatentKind* latent = std::get_if<LatentKind>(&kind))
    return fmt::format("{}[{}, {}]", word, text_of(latent->size), dtype_name(latent->dtype));
  if (const ScalarKind* scalar = std::get_if<ScalarKind>(&kind))
    return fmt::format("{}[{}]", word, dtype_name(scalar->dtype));
  return word;
}

std::string declaration_text(const Parameter& parameter) {
  return fmt::format("param {} : {}{}\n", text_name(parameter.name.text), text_of_type(parameter),
                     parameter.otherwise ? " = " + text_of(*parameter.otherwise) : "");
}

std::string declaration_text(const Value& value) {
  std::string out =
      fmt::format("value {} : {} shape {}{} clock Lamport", text_name(value.name.text), kind_text(value.kind),
                  find_meaning(kShapes, value.shape.form)->text, sizes_text(value.shape.sizes));
  if (value.partition_axis) out += fmt::format(" partition axis {}", *value.partition_axis);
  if (value.initial) out += " init " + text_of(*value.initial);
  return out + "\n";
}

std::string declaration_text(const Visible& edge) {
  std::string out = fmt::format("visible {} <- {}", text_of(edge.target), text_of_source(edge));
  if (edge.optional) out += " optional";
  if (edge.border.form == Border::Form::kWrap) out += " border wrap";
  if (edge.border.form == Border::Form::kPad) out += fmt::format(" border pad({})", text_of(*edge.border.padding));
  return out + "\n";
}

std::string read_text_of(const Read& read) {
  std::string out = text_name(read.name.text);
  if (const Reference* reference = std::get_if<Reference>(&read.pattern)) {
    bool same = reference->value == read.name && !reference->subscripts.empty();
    out = same ? text_of(*reference) : fmt::format("{} = {}", out, text_of(*reference));
  }
  if (const Neighbourhood* neighbourhood = std::get_if<Neighbourhood>(&read.pattern))
    out += " in " + text_of(*neighbourhood);
  return out + (read.optional ? "?" : "");
}

std::string declaration_text(const Rule& rule) {
  std::string out = fmt::format("rule {}:\n  on {}\n", text_name(rule.name.text), text_of(rule.on));
  std::vector<std::string> reads;
  for (const Read& read : rule.reads) reads.push_back(read_text_of(read));
  if (!reads.empty()) out += fmt::format("  read {{{}}}\n", joined(reads, ", "));
  for (const Local& local : rule.locals)
    out += fmt::format("  let {} = {}\n", text_name(local.name.text), text_of(local.value));
  for (const Proposal& proposal : rule.proposals)
    out += fmt::format("  emit proposal {} := {}\n", text_of(proposal.target), text_of(proposal.value));
  if (rule.score) out += fmt::format("  score {}\n", text_of(*rule.score));
  return out;
}

/// A predicate about the scope, with the scope inside; "" for any other.
std::string about_scope(const Constraint& constraint) {
  const Call* call = std::get_if<Call>(&constraint.predicate.node);
  if (!call) return "";
  const std::string& name = call->function.text;
  std::string scope = text_of(constraint.scope);
  if (name == "change" || name == "read-future" || name == "all-different")
    return fmt::format("{}({})", find_built_in(name)->text, scope);
  if (name == "in-palette") return fmt::format("{} in Palette({})", scope, argument_text(call->arguments[0]));
  if (name == "accepts") return fmt::format("{} accepts {}", scope, operand(call->arguments[0], kComparison));
  return "";
}

std::string declaration_text(const Constraint& constraint) {
  std::string out = fmt::format("constraint {}:\n", text_name(constraint.name.text));
  std::string condition = about_scope(constraint);
  if (condition.empty()) {
    out += fmt::format("  on {}\n", text_of(constraint.scope));
    condition = text_of(constraint.predicate);
  }
  out +=
      fmt::format("  {} {} priority {}", find_meaning(kModes, constraint.mode)->text, condition, constraint.priority);
  if (constraint.weight != 1) out += fmt::format(" weight {}", constraint.weight);
  return out + (constraint.hard ? " hard\n" : "\n");
}

std::string declaration_text(const Commit& commit) {
  std::string out = fmt::format("commit {} using satisfy(max_constraints_then_score)", text_of(commit.target));
  if (commit.atomic != Commit::Atomic::kCell)
    out += fmt::format(" atomic {}", find_meaning(kAtomic, commit.atomic)->text);
  if (commit.isolation != Commit::Isolation::kSerializable)
    out += fmt::format(" isolation {}", find_meaning(kIsolation, commit.isolation)->text);
  if (commit.budget) out += " budget " + text_of(*commit.budget);
  const OnUnsat& unsat = commit.on_unsat;
  bool counted = unsat.form == OnUnsat::Form::kRestart || unsat.form == OnUnsat::Form::kBacktrack;
  if (unsat.form != OnUnsat::Form::kKeep)
    out += fmt::format(" on_unsat {}{}", find_meaning(kOnUnsat, unsat.form)->text,
                       counted ? fmt::format("({})", unsat.count) : "");
  if (commit.colour != Commit::Colour::kNone)
    out += fmt::format(" colour {}", find_meaning(kColours, commit.colour)->text);
  return out + "\n";
}

/// Do two declarations belong to blocks of their own? Values and edges stand together, rules and constraints apart.
bool apart(const Declaration& before, const Declaration& after) {
  bool block = std::holds_alternative<Rule>(after) || std::holds_alternative<Constraint>(after);
  return block || before.index() != after.index();
}

}  // namespace

std::string text_of(const Affine& affine) {
  std::string out;
  for (const Affine::Term& term : affine.terms) {
    std::string text = term_text(term);
    out += (out.empty() || text[0] == '-' ? "" : "+") + text;
  }
  if (affine.constant != 0 || out.empty())
    out += fmt::format("{}{}", out.empty() || affine.constant < 0 ? "" : "+", affine.constant);
  return out;
}

std::string text_of(const Subscript& subscript) {
  return std::visit(
      Overloaded{[](const Affine& affine) { return text_of(affine); }, [](const All&) { return std::string("*"); },
                 [](const Range& range) { return fmt::format("{}..{}", text_of(range.first), text_of(range.last)); },
                 [](const Region& region) { return fmt::format("region({})", argument_text(*region.area)); },
                 [](const At& at) { return fmt::format("{}[{}]", text_name(at.tensor.text), text_of(at.index)); }},
      subscript.node);
}

std::string text_of(const Reference& reference) {
  return text_name(reference.value.text) + subscripts_text(reference.subscripts);
}

std::string text_of(const Cells& cells) {
  std::vector<std::string> names;
  for (const Name& name : cells.indices) names.push_back(text_name(name.text));
  return text_name(cells.value.text) + (names.empty() ? "" : fmt::format("[{}]", joined(names, ",")));
}

std::string text_of(const Expression& expression) {
  return std::visit(
      Overloaded{
          [](int64_t value) { return std::to_string(value); }, [](const Real& real) { return real_text(real.value); },
          [](const Text& text) { return quoted(text.content, '"'); },
          [](const Name& name) { return name.text == "..." ? name.text : text_name(name.text); },
          [](const Reference& reference) { return text_of(reference) + (reference.subscripts.empty() ? "[]" : ""); },
          [&](const Call& call) { return text_of_call(call, strength_of(expression)); },
          [](const InNeighbourhood& in) {
            std::vector<std::string> names;
            for (const Name& name : in.offsets) names.push_back(text_name(name.text));
            return fmt::format("({}) in {}", joined(names, ","), text_of(in.neighbourhood));
          }},
      expression.node);
}

std::string text_of_source(const Visible& edge) {
  return text_of(edge.source) + (edge.predicate ? " when " + text_of(*edge.predicate) : "");
}

std::string text_of_type(const Parameter& parameter) {
  std::string out(find_meaning(kParameterTypes, parameter.type)->text);
  bool tensor = parameter.type == ParameterType::kTensor;
  if (tensor || parameter.type == ParameterType::kScalar) out += fmt::format("[{}]", dtype_name(parameter.dtype));
  return tensor ? out + sizes_text(parameter.sizes) : out;
}

std::string print_text(const Program& program) {
  std::string out = program.name.text == "main" ? "" : fmt::format("program {}\n", text_name(program.name.text));
  const Declaration* before = nullptr;
  for (const Declaration& declaration : program.declarations) {
    if (before ? apart(*before, declaration) : !out.empty()) out += "\n";
    out += std::visit([](const auto& each) { return declaration_text(each); }, declaration);
    before = &declaration;
  }
  return out;
}

}  // namespace caten::consensus
