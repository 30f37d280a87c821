#include "consensus/names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"
#include "consensus/print.hpp"
#include "consensus/resolver.hpp"
#include "consensus/visibility.hpp"
#include "consensus/words.hpp"

namespace caten::consensus {
namespace {

/// Each kind of declaration with its scope.
class Declarations : public Resolver {
 public:
  using Resolver::Resolver;

  Names run() {
    check_declared_once();
    for (const Declaration& each : program_.declarations)
      std::visit([&](const auto& declaration) { declared(declaration); }, each);
    std::sort(names_.composites.begin(), names_.composites.end());
    return std::move(names_);
  }

 private:
  void declared(const Parameter& parameter) {
    for (const Affine& each : parameter.sizes) size(each);
    if (parameter.otherwise) expression(*parameter.otherwise, {});
  }

  void declared(const Value& value) {
    if (const TokenKind* token = std::get_if<TokenKind>(&value.kind)) {
      if (token->size)
        size(*token->size);
      else
        given(token->vocabulary, Parameter::Type::kVocabulary);
    }
    if (const LatentKind* latent = std::get_if<LatentKind>(&value.kind)) size(latent->size);
    for (const Affine& each : value.shape.sizes) size(each);
    if (value.partition_axis && static_cast<size_t>(*value.partition_axis) >= value.shape.rank())
      error(Code::WrongSubscripts, value.place,
            fmt::format("`{}` has no axis {}", value.name.text, *value.partition_axis),
            fmt::format("an axis below {}", value.shape.rank()), std::to_string(*value.partition_axis),
            "count axes from 0");
    if (value.initial) expression(*value.initial, {});
  }

  void declared(const Visible& edge) {
    Scope scope{.edge = true};
    cells(edge.target, scope);
    if (const InNeighbourhood* in = neighbours_of(edge)) bring(in->offsets, scope);
    reference(edge.source, scope);
    if (edge.predicate) condition(*edge.predicate, scope);
    if (edge.border.padding) expression(*edge.border.padding, {});
  }

  /// One neighbourhood, as a part of the whole condition; anywhere else it would bring no names.
  void condition(const Expression& predicate, Scope scope) {
    const Call* call = std::get_if<Call>(&predicate.node);
    if (call && call->function.text == "and") {
      for (const Expression& each : call->arguments) {
        condition(each, scope);
        if (neighbours_of(Visible{.predicate = each})) scope.edge = false;
      }
    } else {
      if (!std::holds_alternative<InNeighbourhood>(predicate.node)) scope.edge = false;
      expression(predicate, scope);
    }
  }

  void declared(const Rule& rule) {
    RuleNames names;
    Scope scope{.rule = &rule, .names = &names};
    cells(rule.on, scope);
    for (const Read& read : rule.reads) {
      for (const Name& index : rule.on.indices)
        if (index == read.name)
          error(Code::DuplicateName, read.name.place, fmt::format("`{}` is an index already", read.name.text),
                "a new name", read.name.text, "rename the index");
      for (const Parameter* each : program_.all<Parameter>())
        if (each->name == read.name)
          error(Code::DuplicateName, read.name.place, fmt::format("`{}` is a parameter already", read.name.text),
                "a new name", read.name.text, "rename the read: NAME = …");
      names.edges.push_back(edges_of(read, rule, scope));
    }
    for (size_t i = 0; i < rule.reads.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (rule.reads[i].name == rule.reads[j].name)
          error(Code::DuplicateName, rule.reads[i].name.place,
                fmt::format("`{}` is read twice", rule.reads[i].name.text), "a new name", rule.reads[i].name.text,
                fmt::format("give one another name: NAME = {}[…]", rule.reads[i].name.text));
    for (const Local& each : rule.locals) local(each, rule, scope);
    for (const Proposal& each : rule.proposals) proposal(each, scope);
    if (rule.score) {
      const Call* model = std::get_if<Call>(&rule.proposals[0].value.node);
      scope.score = model && !find_built_in(model->function.text);
      expression(*rule.score, scope);
    }
    names_.rules.push_back(std::move(names));
  }

  /// A name that means nothing else in the rule; it is known to those behind it.
  void local(const Local& local, const Rule& rule, Scope& scope) {
    expression(local.value, scope);
    const std::string& text = local.name.text;
    bool taken =
        scope.indices.contains(text) || is_parameter(local.name) || has_value(local.name) ||
        std::any_of(rule.reads.begin(), rule.reads.end(), [&](const Read& read) { return read.name == local.name; });
    if (taken || !scope.locals.insert(text).second)
      error(Code::DuplicateName, local.name.place, fmt::format("`{}` has a meaning already", text), "a new name", text,
            "rename it");
  }

  void proposal(const Proposal& proposal, const Scope& scope) {
    reference(proposal.target, scope);
    for (const Subscript& each : proposal.target.subscripts) {
      // Where to propose is read from a value as anything else is.
      const At* at = std::get_if<At>(&each.node);
      if (at && has_value(at->tensor)) check_visible({at->tensor, {{at->index, each.place}}, each.place}, scope);
      if (!std::holds_alternative<Affine>(each.node) && !std::holds_alternative<At>(each.node))
        error(Code::WrongSubscripts, each.place, "a proposal is about one cell", "an index for each axis",
              text_of(each), "name the cell");
    }
    if (const Call* call = sample_schedule(proposal.value))
      schedule(proposal, *call, scope);
    else
      expression(proposal.value, scope);
    if (proposal.target.subscripts.empty()) {
      const Value* value = nullptr;
      for (const Value* each : program_.all<Value>())
        if (each->name == proposal.target.value) value = each;
      if (value && value->shape.rank() > 0)
        error(Code::WrongSubscripts, proposal.target.place, "a proposal is about one cell",
              fmt::format("{} subscripts", value->shape.rank()), text_of(proposal.target), "name the cell");
    }
  }

  void schedule(const Proposal& proposal, const Call& call, Scope scope) {
    auto bad = [&](const Place& place, std::string message, std::string expected, std::string found,
                   std::string remedy) {
      error(Code::BadSampleSchedule, place, std::move(message), std::move(expected), std::move(found),
            std::move(remedy));
    };
    std::vector<std::string> strategies(sample_strategies().begin(), sample_strategies().end());
    std::vector<std::string> keys(sample_arguments().begin(), sample_arguments().end());
    std::string example = "for example SampleTiles(strategy=\"red-black\", epoch=e)";
    for (const Value* each : program_.all<Value>())
      if (each->name == proposal.target.value && !std::holds_alternative<EventKind>(each->kind))
        bad(proposal.target.place, fmt::format("`{}` takes no schedule", each->name.text), "a value of kind Event",
            text_of(proposal.target), "propose it for a value such as MaskPlan : Event shape Set()");
    if (!call.arguments.empty())
      bad(call.arguments[0].place, "`SampleTiles` takes keyword arguments", fmt::format("{}", fmt::join(keys, " ")),
          text_of(call.arguments[0]), example);
    std::set<std::string> seen;
    scope.free = true;
    for (const Argument& each : call.keywords) {
      const std::string& key = each.keyword.text;
      if (std::find(keys.begin(), keys.end(), key) == keys.end() || !seen.insert(key).second) {
        bad(each.keyword.place, fmt::format("`SampleTiles` with `{}`", key),
            fmt::format("each of {} at most once", fmt::join(keys, " ")), key, suggestion(key, keys, example));
      } else if (key != "strategy") {
        expression(each.value, scope);
      } else {
        const Text* text = std::get_if<Text>(&each.value.node);
        if (!text || std::find(strategies.begin(), strategies.end(), text->content) == strategies.end())
          bad(each.value.place, "there is no such strategy", fmt::format("{}", fmt::join(strategies, " ")),
              text_of(each.value), suggestion(text ? text->content : "", strategies, "write one of these as a string"));
      }
    }
    for (const char* needed : {"strategy", "epoch"})
      if (!seen.contains(needed))
        bad(call.function.place, fmt::format("`SampleTiles` without {}", needed), fmt::format("{}=…", needed), "none",
            example);
  }

  void declared(const Constraint& constraint) {
    Scope scope{.constraint = true};
    bring_from(constraint.scope, scope);
    reference(constraint.scope, scope);
    expression(constraint.predicate, scope);
  }

  void declared(const Commit& commit) {
    Scope scope;
    bring_from(commit.target, scope);
    reference(commit.target, scope);
    if (commit.budget) expression(*commit.budget, scope);
  }

  /// The edges that a read stands for; errors with all that lead to the rule's value as candidates.
  std::vector<size_t> edges_of(const Read& read, const Rule& rule, const Scope& scope) {
    const Reference* source = std::get_if<Reference>(&read.pattern);
    if (source) reference(*source, scope);
    std::vector<size_t> into, found;
    for (size_t i = 0; i < edges_.size(); ++i)
      if (edges_[i]->target.value == rule.on.value) into.push_back(i);
    for (size_t i : into)
      if (fits(*edges_[i], read, rule)) found.push_back(i);
    // Edges from the same cells under different conditions are one read.
    if (found.size() == 1 || (source && !found.empty())) return found;
    std::vector<std::string> notes, names;
    for (size_t i : found.empty() ? into : found) {
      notes.push_back("visible: " + text_of_source(*edges_[i]));
      names.push_back(edges_[i]->source.value.text);
      if (neighbours_of(*edges_[i])) names.emplace_back("neighbors");
      if (leads_to_previous(*edges_[i])) names.emplace_back("prev_frame");
    }
    std::string what = fmt::format("a visible edge into {}", rule.on.value.text);
    if (found.empty())
      error(Code::NotVisible, read.place, fmt::format("no visible edge fits the read `{}`", read.name.text), what,
            read.name.text,
            suggestion(read.name.text, names, "declare what is visible, or read one of the edges below"),
            std::move(notes));
    else
      error(Code::AmbiguousName, read.place,
            fmt::format("the read `{}` fits more than one visible edge", read.name.text), "one visible edge",
            read.name.text, fmt::format("name its source: {} = {}[…]", read.name.text, names[0]), std::move(notes));
    return {};
  }

  bool fits(const Visible& edge, const Read& read, const Rule& rule) const {
    if (const Reference* source = std::get_if<Reference>(&read.pattern)) return shows(edge, rule.on, *source);
    const InNeighbourhood* in = neighbours_of(edge);
    if (const Neighbourhood* wanted = std::get_if<Neighbourhood>(&read.pattern))
      return in && same(in->neighbourhood, *wanted);
    switch (pattern_of(read.name.text)) {
      case ReadPattern::kNeighbours: return in != nullptr;
      case ReadPattern::kPrevious: return leads_to_previous(edge);
      case ReadPattern::kValue:
        return has_value(read.name) ? edge.source.value == read.name
                                    : equal_without_case(edge.source.value.text, read.name.text);
    }
    return false;
  }
};

}  // namespace

std::optional<Names> resolve(const Program& program, const ResolveOptions& options, Diagnostics& diagnostics) {
  size_t before = diagnostics.errors();
  Names names = Declarations(program, options, diagnostics).run();
  if (diagnostics.errors() > before) return std::nullopt;
  return names;
}

}  // namespace caten::consensus
