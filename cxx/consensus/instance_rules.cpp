// Instantiation of visible edges, rules and schedules.
#include <fmt/format.h>

#include <algorithm>

#include "consensus/built_ins.hpp"
#include "consensus/instantiation.hpp"
#include "consensus/print.hpp"
#include "consensus/visibility.hpp"

namespace caten::consensus {
namespace {

std::vector<std::string> texts(const std::vector<Name>& names) {
  std::vector<std::string> out;
  for (const Name& each : names) out.push_back(each.text);
  return out;
}

/// A score's `...` becomes the arguments of the model that proposes.
Expression with_rest(const Expression& score, const Rule& rule) {
  Expression out = score;
  Call* call = std::get_if<Call>(&out.node);
  if (!call) return out;
  const Call* model = std::get_if<Call>(&rule.proposals[0].value.node);
  std::vector<Expression> arguments;
  for (const Expression& each : call->arguments) {
    const Name* name = std::get_if<Name>(&each.node);
    if (name && name->text == "..." && model)
      arguments.insert(arguments.end(), model->arguments.begin(), model->arguments.end());
    else
      arguments.push_back(with_rest(each, rule));
  }
  call->arguments = std::move(arguments);
  return out;
}

/// What a read of a rule sees; nothing after an error.
std::optional<ReadInstance> read_of(const Read& read, const std::vector<size_t>& edges, const Instance& instance,
                                    const BindScope& scope, Binder& binder) {
  ReadInstance out;
  if (const Reference* pattern = std::get_if<Reference>(&read.pattern)) {
    std::optional<ReadInstance> cells = binder.seen(*pattern, scope);
    if (!cells) return std::nullopt;
    out = std::move(*cells);
    out.edges = edges;
  } else {
    const EdgeInstance& edge = instance.edges[edges[0]];
    out = {.cells = {},
           .edges = edges,
           .value = edge.source.value,
           .single = edge.single() && instance.values[edge.source.value].width == 1,
           .positions = edge.positions()};
  }
  out.optional = read.optional;
  for (size_t edge : edges) out.optional = out.optional || instance.edges[edge].declaration->optional;
  return out;
}

class RuleBinder {
 public:
  RuleBinder(const Rule& rule, size_t number, const Names& names, Instantiation& at) : names_(names), at_(at) {
    out_.declaration = &rule;
    out_.number = number;
  }

  /// Nothing after an error.
  std::optional<RuleInstance> bind() {
    const Rule& rule = *out_.declaration;
    std::optional<size_t> on = find_value(at_.instance, rule.on.value.text);
    if (!on) return std::nullopt;
    out_.on = *on;
    scope_.indices = texts(rule.on.indices);
    scope_.rule = &rule;
    scope_.references_allowed = scope_.draws_allowed = true;
    bool fine = !at_.instance.values[*on].set;
    if (!fine)
      at_.binder.error(Code::IllTyped, rule.on.place, "a rule on a set that proposes no schedule", "SampleTiles(…)",
                       text_of(rule.on), "propose cells from a rule on a value with cells");
    fine = fine && reads() && locals() && emits();
    if (fine && rule.score) {
      scope_.categories = at_.instance.values[out_.emits[0].target.value].vocabulary;
      out_.score = at_.binder.formula(with_rest(*rule.score, rule), scope_);
      fine = out_.score && is_number(out_.score->root(), rule.score->place, "a score");
    }
    if (!fine) return std::nullopt;
    for (EmitInstance& emit : out_.emits) emit.draw = scope_.draws++;
    out_.references = std::move(scope_.references);
    out_.models = std::move(scope_.models);
    return std::move(out_);
  }

 private:
  bool reads() {
    const Rule& rule = *out_.declaration;
    const RuleNames& names = names_.rules[out_.number];
    for (size_t i = 0; i < rule.reads.size(); ++i) {
      std::optional<ReadInstance> read = read_of(rule.reads[i], names.edges[i], at_.instance, scope_, at_.binder);
      if (!read) return false;
      out_.reads.push_back(std::move(*read));
    }
    scope_.reads = names.reads;
    scope_.read_instances = &out_.reads;
    return true;
  }

  /// Drawn from and listed are the ids of the first target.
  bool locals() {
    std::optional<size_t> target = find_value(at_.instance, out_.declaration->proposals[0].target.value.text);
    if (target) scope_.categories = at_.instance.values[*target].vocabulary;
    for (const Local& each : out_.declaration->locals) {
      std::optional<Formula> formula = at_.binder.formula(each.value, scope_);
      if (!formula) return false;
      scope_.locals.emplace(each.name.text, std::move(*formula));
    }
    return true;
  }

  bool emits() {
    for (const Proposal& each : out_.declaration->proposals) {
      std::optional<BoundReference> target = at_.binder.reference(each.target, scope_);
      if (!target) return false;
      const ValueInstance& value = at_.instance.values[target->value];
      scope_.categories = value.vocabulary;
      std::optional<Formula> formula = value.set ? std::nullopt : at_.binder.formula(each.value, scope_);
      if (value.set)
        at_.binder.error(Code::IllTyped, each.place, "a proposal of a number for a set", "SampleTiles(…)",
                         text_of(each.value), "propose schedules for events only");
      if (!formula || !fits(formula->root(), value, each)) return false;
      out_.emits.push_back({.declaration = &each, .target = std::move(*target), .value = std::move(*formula)});
    }
    return true;
  }

  bool fits(const Formula::Node& root, const ValueInstance& value, const Proposal& proposal) {
    size_t width = root.width;
    auto wanted = static_cast<size_t>(value.token() ? value.vocabulary : value.width);
    if (width == Formula::kUnknown || width == Formula::kNumber || width == wanted) return true;
    at_.binder.error(Code::IllTyped, proposal.value.place, fmt::format("`{}` does not hold this", value.name()),
                     value.token()     ? fmt::format("an id, or {} logits", wanted)
                     : value.width > 1 ? fmt::format("a number or a list of {}", wanted)
                                       : "a number",
                     fmt::format("a list of {}", width), "sum, mean, min, max and tally make one of many");
    return false;
  }

  bool is_number(const Formula::Node& root, const Place& place, std::string_view what) {
    if (root.width == Formula::kNumber || root.width == Formula::kUnknown) return true;
    at_.binder.error(Code::IllTyped, place, fmt::format("{} that is a list", what), "a number",
                     fmt::format("a list of {}", root.width), "sum, mean, min or max make a number of it");
    return false;
  }

  const Names& names_;
  Instantiation& at_;
  RuleInstance out_{};
  BindScope scope_{};
};

std::optional<ScheduleInstance> schedule_of(const Rule& rule, size_t number, const Call& call, Instantiation& at) {
  std::optional<size_t> value = find_value(at.instance, rule.proposals[0].target.value.text);
  if (!value) return std::nullopt;
  ScheduleInstance out{.declaration = &rule, .number = number, .value = *value, .strategy = {}};
  for (const Argument& each : call.keywords) {
    const std::string& key = each.keyword.text;
    if (key == "strategy") {
      out.strategy = std::get<Text>(each.value.node).content;
      continue;
    }
    BindScope scope;
    std::optional<Formula> formula = at.binder.formula(each.value, scope);
    if (!formula) return std::nullopt;
    Number found = formula->root().width == Formula::kNumber ? evaluate_number(*formula, Facts()) : Number::bot();
    int64_t least = key == "steps" || key == "tile" || key == "budget" ? 1 : 0;
    if (!found.is_integer() || found.integer < least || found.integer > UINT32_MAX) {
      at.binder.error(Code::IllTyped, each.value.place, fmt::format("`{}` of a schedule", key),
                      fmt::format("an integer from {} to {}", least, UINT32_MAX), text_of(each.value),
                      "give an integer");
      return std::nullopt;
    }
    if (key == "epoch")
      out.epoch = found.integer;
    else
      (key == "phase"   ? out.phase
       : key == "seed"  ? out.seed
       : key == "steps" ? out.steps
       : key == "tile"  ? out.tile
                        : out.budget) = found.integer;
  }
  return out;
}

}  // namespace

std::vector<int64_t> EdgeInstance::sources(std::span<const int64_t> place, const Contents* contents) const {
  struct Condition : Facts {
    std::span<const int64_t> names;
    std::span<const int64_t> indices() const override { return names; }
  } facts;
  std::vector<int64_t> out;
  out.reserve(positions());
  std::vector<int64_t> names(place.begin(), place.end());
  for (const std::vector<int64_t>& offset : offsets) {
    names.resize(place.size());
    names.insert(names.end(), offset.begin(), offset.end());
    facts.names = names;
    bool holds = true;
    if (condition) {
      Number truth = evaluate_number(*condition, facts);
      holds = !truth.is_bot() && truth.truth();
    }
    source.for_each(names, contents, [&](int64_t cell) { out.push_back(holds ? cell : kAbsent); });
  }
  return out;
}

std::vector<int64_t> ReadInstance::sources(const Instance& instance, std::span<const int64_t> place,
                                           const Contents* contents) const {
  if (!cells) return instance.edges[edges[0]].sources(place, contents);
  if (cells->single()) {
    // Most reads are these, and seen through one edge.
    int64_t own = cells->cell(place, contents);
    for (size_t edge : edges) {
      const EdgeInstance& through = instance.edges[edge];
      if (through.single() && !through.condition && through.offsets[0].empty() &&
          through.source.cell(place, contents) == own)
        return {own};
    }
  }
  std::vector<int64_t> shown, out;
  for (size_t edge : edges) {
    std::vector<int64_t> here = instance.edges[edge].sources(place, contents);
    shown.insert(shown.end(), here.begin(), here.end());
  }
  cells->for_each(place, contents, [&](int64_t cell) {
    bool seen = std::find(shown.begin(), shown.end(), cell) != shown.end();
    out.push_back(seen ? cell : kAbsent);
  });
  return out;
}

void Instantiation::edges() {
  for (const Visible* each : instance.program->all<Visible>()) {
    EdgeInstance edge{.declaration = each, .number = instance.edges.size(), .offsets = {{}}};
    std::optional<size_t> target = find_value(instance, each->target.value.text);
    BindScope scope{.indices = texts(each->target.indices)};
    if (const InNeighbourhood* in = neighbours_of(*each)) {
      for (const Name& name : in->offsets) scope.indices.push_back(name.text);
      edge.offsets = neighbourhood_offsets(in->neighbourhood);
    }
    std::optional<BoundReference> source = binder.reference(each->source, scope);
    if (!target || !source) continue;
    edge.target = *target;
    edge.source = std::move(*source);
    edge.source.border = each->border.form;
    if (instance.values[edge.target].set || instance.values[edge.source.value].set) {
      binder.error(Code::IllTyped, each->place, "a visible edge of a set", "values with cells", text_of(each->source),
                   "events and rules are not read by rules");
      continue;
    }
    if (each->predicate) edge.condition = binder.formula(*each->predicate, scope);
    if (each->border.padding) {
      BindScope constants;
      if (std::optional<Formula> padding = binder.formula(*each->border.padding, constants))
        edge.padding = evaluate_number(*padding, Facts());
    }
    instance.edges.push_back(std::move(edge));
  }
}

void Instantiation::rules() {
  std::vector<const Rule*> rules = instance.program->all<Rule>();
  for (size_t number = 0; number < rules.size(); ++number) {
    if (const Call* call = sample_schedule(rules[number]->proposals[0].value)) {
      if (std::optional<ScheduleInstance> schedule = schedule_of(*rules[number], number, *call, *this))
        instance.schedules.push_back(std::move(*schedule));
    } else if (std::optional<RuleInstance> rule = RuleBinder(*rules[number], number, names, *this).bind()) {
      instance.rules.push_back(std::move(*rule));
    }
  }
}

}  // namespace caten::consensus
