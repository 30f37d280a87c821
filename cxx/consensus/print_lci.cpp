#include <fmt/format.h>

#include <algorithm>

#include "consensus/affine.hpp"
#include "consensus/print.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {
namespace {

Datum word(std::string_view name) { return Datum::symbol(std::string(name)); }
Datum form(std::string_view head, std::vector<Datum> rest) {
  rest.insert(rest.begin(), word(head));
  return Datum::list(std::move(rest));
}

template <class T, size_t N>
Datum word_of(const Word<T> (&words)[N], T meaning) {
  return word(find_meaning(words, meaning)->lci);
}

/// A list that grows by clauses.
class Form {
 public:
  explicit Form(std::string_view head) : items_{word(head)} {}
  Form& add(Datum datum) {
    items_.push_back(std::move(datum));
    return *this;
  }
  Form& add(std::string_view key, Datum datum) {
    items_.push_back(Datum::keyword(std::string(key)));
    return add(std::move(datum));
  }
  Datum done() { return Datum::list(std::move(items_)); }

 private:
  std::vector<Datum> items_;
};

Datum datum_of(const Affine& affine) { return to_datum(to_expression(affine)); }

Datum datum_of(const Subscript& subscript) {
  return std::visit(
      Overloaded{[](const Affine& affine) { return datum_of(affine); }, [](const All&) { return word("*"); },
                 [](const Range& range) {
                   return form("range", {datum_of(range.first), datum_of(range.last)});
                 },
                 [](const Region& region) { return form("region", {to_datum(*region.area)}); },
                 [](const At& at) {
                   return form("at", {word(at.tensor.text), datum_of(at.index)});
                 }},
      subscript.node);
}

std::vector<Datum> names(const std::vector<Name>& list) {
  std::vector<Datum> out;
  for (const Name& name : list) out.push_back(word(name.text));
  return out;
}

Datum datum_of(const Cells& cells) { return form(cells.value.text, names(cells.indices)); }

Datum datum_of(const Neighbourhood& neighbourhood) {
  if (!neighbourhood.name.empty()) return word(neighbourhood.name);
  Form out("offsets");
  for (const std::vector<int64_t>& offset : neighbourhood.offsets) {
    std::vector<Datum> items;
    for (int64_t step : offset) items.push_back(Datum::of(step));
    out.add(Datum::list(std::move(items)));
  }
  return out.done();
}

Datum datum_of(const Call& call) {
  Form out(call.function.text);
  for (const Expression& argument : call.arguments) out.add(to_datum(argument));
  for (const Argument& argument : call.keywords) out.add(argument.keyword.text, to_datum(argument.value));
  return out.done();
}

Datum datum_of(const Kind& kind) {
  auto dtype = [](DType d) { return word(dtype_name(d)); };
  std::vector<Datum> rest;
  if (const TokenKind* token = std::get_if<TokenKind>(&kind)) {
    rest.push_back(word(token->vocabulary.text));
    if (token->size) rest.push_back(datum_of(*token->size));
  } else if (const LatentKind* latent = std::get_if<LatentKind>(&kind)) {
    rest = {datum_of(latent->size), dtype(latent->dtype)};
  } else if (const ScalarKind* scalar = std::get_if<ScalarKind>(&kind)) {
    rest.push_back(dtype(scalar->dtype));
  } else {
    return word(kKinds[kind.index()].lci);
  }
  return form(kKinds[kind.index()].lci, std::move(rest));
}

std::vector<Datum> data_of(const std::vector<Affine>& list) {
  std::vector<Datum> out;
  for (const Affine& each : list) out.push_back(datum_of(each));
  return out;
}

Datum datum_of(const Parameter& parameter) {
  std::string_view type = find_meaning(kParameterTypes, parameter.type)->lci;
  Form out("param");
  out.add(word(parameter.name.text));
  std::vector<Datum> rest = data_of(parameter.sizes);
  rest.insert(rest.begin(), word(dtype_name(parameter.dtype)));
  bool typed = parameter.type == ParameterType::kScalar || parameter.type == ParameterType::kTensor;
  out.add(typed ? form(type, std::move(rest)) : word(type));
  if (parameter.otherwise) out.add(to_datum(*parameter.otherwise));
  return out.done();
}

Datum datum_of(const Value& value) {
  Form out("value");
  out.add(word(value.name.text)).add("dtype", datum_of(value.kind));
  out.add("shape", form(find_meaning(kShapes, value.shape.form)->lci, data_of(value.shape.sizes)));
  out.add("clock", word("lamport"));
  if (value.partition_axis) out.add("partition", form("axis", {Datum::of(*value.partition_axis)}));
  if (value.initial) out.add("init", to_datum(*value.initial));
  return out.done();
}

Datum datum_of(const Visible& edge) {
  Form out("visible");
  out.add(datum_of(edge.target)).add(to_datum(edge.source));
  if (edge.predicate) out.add("pred", to_datum(*edge.predicate));
  if (edge.optional) out.add("optional", word("t"));
  if (edge.border.form == Border::Form::kPad)
    out.add("border", form("pad", {to_datum(*edge.border.padding)}));
  else if (edge.border.form != Border::Form::kClip)
    out.add("border", word_of(kBorders, edge.border.form));
  return out.done();
}

Datum datum_of(const Read& read) {
  Form out(read.name.text);
  if (const Reference* reference = std::get_if<Reference>(&read.pattern)) out.add(to_datum(*reference));
  if (const Neighbourhood* n = std::get_if<Neighbourhood>(&read.pattern)) out.add(form("in", {datum_of(*n)}));
  if (read.optional) out.add(word("?"));
  return out.done();
}

Datum datum_of(const Rule& rule) {
  Form out("rule");
  out.add(word(rule.name.text)).add("on", datum_of(rule.on));
  std::vector<Datum> reads, locals, proposals;
  for (const Read& read : rule.reads) reads.push_back(datum_of(read));
  for (const Proposal& proposal : rule.proposals)
    proposals.push_back(form("propose", {to_datum(proposal.target), to_datum(proposal.value)}));
  for (const Local& local : rule.locals) locals.push_back(Datum::list({word(local.name.text), to_datum(local.value)}));
  out.add("reads", Datum::list(std::move(reads)));
  if (!locals.empty()) out.add("let", Datum::list(std::move(locals)));
  out.add("emit", Datum::list(std::move(proposals)));
  if (rule.score) out.add("score", to_datum(*rule.score));
  return out.done();
}

Datum datum_of(const Constraint& constraint) {
  Form out("constraint");
  out.add(word(constraint.name.text)).add("scope", to_datum(constraint.scope));
  out.add("kind", word_of(kModes, constraint.mode)).add("pred", to_datum(constraint.predicate));
  out.add("priority", Datum::of(constraint.priority));
  if (constraint.weight != 1) out.add("weight", Datum::of(constraint.weight));
  if (constraint.hard) out.add("hard", word("t"));
  return out.done();
}

Datum datum_of(const Commit& commit) {
  Form out("commit");
  out.add(to_datum(commit.target)).add("policy", form("satisfy", {word("max-constraints-then-score")}));
  if (commit.atomic != Commit::Atomic::kCell) out.add("atomic", word_of(kAtomic, commit.atomic));
  if (commit.isolation != Commit::Isolation::kSerializable) out.add("isolation", word_of(kIsolation, commit.isolation));
  if (commit.budget) out.add("budget", to_datum(*commit.budget));
  const OnUnsat& unsat = commit.on_unsat;
  bool counted = unsat.form == OnUnsat::Form::kRestart || unsat.form == OnUnsat::Form::kBacktrack;
  if (counted)
    out.add("on-unsat", form(find_meaning(kOnUnsat, unsat.form)->lci, {Datum::of(unsat.count)}));
  else if (unsat.form != OnUnsat::Form::kKeep)
    out.add("on-unsat", word_of(kOnUnsat, unsat.form));
  if (commit.colour != Commit::Colour::kNone) out.add("colour", word_of(kColours, commit.colour));
  return out.done();
}

/// On one line if it is short, else each clause on a line of its own.
std::string lines_of(const Datum& declaration) {
  constexpr size_t kWidth = 110;
  std::string line = print(declaration);
  if (line.size() <= kWidth) return line;
  std::string out = "(";
  for (size_t i = 0; i < declaration.size(); ++i)
    out += (i == 0 ? "" : declaration[i].is_keyword() ? "\n  " : " ") + print(declaration[i]);
  return out + ")";
}

/// Lists within each other; readers bound the recursion.
size_t nesting(const Datum& datum) {
  size_t most = 0;
  for (const Datum& item : datum.items) most = std::max(most, nesting(item));
  return datum.is_list() ? most + 1 : 0;
}

}  // namespace

Datum to_datum(const Reference& reference) {
  Form out(reference.value.text);
  for (const Subscript& subscript : reference.subscripts) out.add(datum_of(subscript));
  return out.done();
}

Datum to_datum(const Expression& expression) {
  return std::visit(
      Overloaded{[](int64_t value) { return Datum::of(value); }, [](const Real& real) { return Datum::of(real.value); },
                 [](const Text& text) { return Datum::string(text.content); },
                 [](const Name& name) { return word(name.text); },
                 [](const Reference& reference) {
                   Datum out = to_datum(reference);
                   out.items.insert(out.items.begin(), word("ref"));
                   return out;
                 },
                 [](const Call& call) { return datum_of(call); },
                 [](const InNeighbourhood& in) {
                   return form("in", {Datum::list(names(in.offsets)), datum_of(in.neighbourhood)});
                 }},
      expression.node);
}

Datum to_datum(const Program& program) {
  Form out("lci");
  out.add(word(program.name.text));
  for (const Declaration& declaration : program.declarations) out.add(to_datum(declaration));
  return out.done();
}

Datum to_datum(const Declaration& declaration) {
  return std::visit([](const auto& each) { return datum_of(each); }, declaration);
}

Status check_depth(const Declaration& declaration) {
  if (nesting(to_datum(declaration)) <= kMaxDepth) return {};
  return fail({.code = Code::TooDeep,
               .message = "the declaration is nested too deeply",
               .span = std::visit([](const auto& each) { return each.place.span; }, declaration),
               .expected = fmt::format("at most {} levels in LCI", kMaxDepth),
               .found = "more",
               .remedy = "divide the expression among several rules or constraints"});
}

std::string print_lci(const Program& program) {
  std::string out = fmt::format("(lci {}", print_symbol(program.name.text));
  for (const Declaration& declaration : program.declarations) out += "\n " + lines_of(to_datum(declaration));
  return out + ")\n";
}

}  // namespace caten::consensus
