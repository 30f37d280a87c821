#include "consensus/compiled/ballot_program.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/reference/proposal.hpp"

namespace caten::consensus::compiled {
namespace {

bool draws_or_calls(const Formula& formula) {
  return formula.uses(Function::kUniform) || formula.uses(Function::kBernoulli) ||
         formula.uses(Function::kCategorical) || formula.uses(Function::kModel);
}

tl::unexpected<Diagnostic> not_lowered(const RuleInstance& rule, const std::string& reason) {
  return fail({.code = Code::NoSuchRuntime,
               .message = fmt::format("rule `{}` is not compiled: {}", rule.declaration->name.text, reason),
               .span = rule.declaration->place.span,
               .expected = "what kernels compute",
               .found = reason,
               .remedy = "run it with --runtime reference"});
}

/// What decides a number for each instance, if that is known.
std::optional<RuleBallot::Looks> looks_of(const Graph& graph, const ListNodes& list, NodeId result) {
  RuleBallot::Looks out;
  auto value_of = [](const std::vector<NodeId>& inputs, NodeId id) -> std::optional<size_t> {
    auto found = id.valid() ? std::find(inputs.begin(), inputs.end(), id) : inputs.end();
    return found == inputs.end() ? std::nullopt : std::optional(static_cast<size_t>(found - inputs.begin()));
  };
  auto is_who = [&](NodeId id) {
    return id == list.who || (graph[id].is(Op::kCast) && graph[id].operands[0] == list.who);
  };
  std::set<NodeId> seen;
  std::vector<NodeId> next{result};
  while (!next.empty()) {
    NodeId id = next.back();
    next.pop_back();
    if (!seen.insert(id).second) continue;
    if (id == list.step || id == list.seed || value_of(list.elements, id) || value_of(list.committed, id)) return {};
    const Node& node = graph[id];
    if (!node.is(Op::kTake)) {
      next.insert(next.end(), node.operands.begin(), node.operands.end());
      continue;
    }
    std::optional<size_t> elements = value_of(list.elements, node.operands[0]);
    std::optional<size_t> committed = value_of(list.committed, node.operands[0]);
    bool own = is_who(node.operands[1]);
    if (elements && !own) return {};
    if (elements || committed) (own ? out.own : out.committed).insert(elements ? *elements : *committed);
    if (!elements && !committed) next.push_back(node.operands[0]);
    next.push_back(node.operands[1]);
  }
  return out;
}

}  // namespace

/// What models are given (3.11): ids i32, other integers i64, floats f32 or f64; by the value that is read, or by what
/// was computed.
DType argument_dtype(const Items& items, const Formula::Node& root, const ValueInstance* read) {
  if (read && root.vocabulary > 0) return DType::kI32;
  if (read) return !is_float(read->dtype) ? DType::kI64 : read->dtype == DType::kF64 ? DType::kF64 : DType::kF32;
  Number::Type widest = Number::Type::kBot;
  for (const Quantity& each : items.each) widest = std::max(widest, each.type);
  if (widest == Number::Type::kF64) return DType::kF64;
  return widest == Number::Type::kLiteral || widest == Number::Type::kF32 ? DType::kF32 : DType::kI64;
}

/// A graph while it is made.
struct RuleBallot::Open {
  Open(const Instance& instance, const RuleInstance& rule, const ListedRule::Sources& sources,
       const std::vector<Array>& results)
      : b(graph) {
    graph.name = fmt::format("{}.{}", instance.program->name.text, rule.declaration->name.text);
    list.step = graph.add_input("step", {DType::kI64, {}});
    list.seed = graph.add_input("seed", {DType::kI64, {}});
    Dim count = Dim::symbol("M");
    graph.dims.declare("M", {1, std::nullopt});
    list.who = graph.add_input("who", {DType::kI32, {count}});
    for (const ValueInstance& value : instance.values) {
      list.elements.emplace_back();
      list.committed.emplace_back();
      if (value.set) continue;
      list.elements.back() =
          graph.add_input(value.name() + " elements", {value.dtype, {Dim(value.cells * value.width)}});
      list.committed.back() = graph.add_input(value.name() + " committed", {DType::kBool, {Dim(value.cells)}});
    }
    for (size_t call = 0; call < results.size(); ++call) {
      const Array& given = results[call];
      bool lists = given.rank() == 2;
      caten::Shape shape = lists ? caten::Shape{count, Dim(given.shape()[1])} : caten::Shape{count};
      NodeId input = graph.add_input(fmt::format("model{}", call), {given.dtype(), shape});
      std::vector<NodeId>& numbers = list.models.emplace_back();
      list.model_lists.push_back(lists);
      for (int64_t i = 0; lists && i < given.shape()[1]; ++i)
        numbers.push_back(b.reshape(b.slice(input, {{Dim(0), count, 1}, {Dim(i), Dim(i + 1), 1}}), {count}));
      if (!lists) numbers.push_back(input);
    }
    listed.emplace(instance, rule, sources, b, list, obstacle);
  }

  size_t output(NodeId node) {
    graph.outputs.push_back({fmt::format("out{}", graph.outputs.size()), node});
    return graph.outputs.size() - 1;
  }
  std::optional<size_t> output(const std::optional<NodeId>& node) {
    return node ? std::optional(output(*node)) : std::nullopt;
  }
  ListProgram done() { return {std::move(graph), std::move(list.tables)}; }

  Graph graph{};
  Build b;
  ListNodes list{};
  Obstacle obstacle{};
  std::optional<ListedRule> listed{};
};

void Lists::allocate() {
  for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
  filled_.resize(size());
  numbers_.resize(static_cast<size_t>(first_.back()));
}

RuleBallot::RuleBallot(const Instance& instance, const RuleInstance& rule, Columns& columns)
    : instance_(instance), rule_(rule) {
  for (const EmitInstance& emit : rule.emits) {
    if (depends_on_values(emit.target)) {
      obstacle_.add("it proposes for cells that values name");
      return;
    }
    sources_.targets.push_back(columns.target(emit, rule.on));
  }
  auto sources = [&](const ReadInstance& read) {
    return depends_on_values(instance, read) ? std::vector<Column>{} : columns.sources(read, rule.on);
  };
  for (const ReadInstance& read : rule.reads) sources_.reads.push_back(sources(read));
  for (const ReadInstance& read : rule.references) sources_.references.push_back(sources(read));
  find_palettes(columns);
  make_sites();
  if (obstacle_.met()) return;
  for (ProposalSite& site : sites_) find_touched(site, lanes_.emplace_back(), columns);
  make_asks();
  // Where nothing else decides how it is lowered, that it can be is known now.
  if (obstacle_.met() || !rule.models.empty()) return;
  if (Result<Ballot> made = proposals({}); !made) obstacle_.add(made.error().found);
}

void RuleBallot::find_palettes(Columns& columns) {
  reference::Palettes palettes(instance_);
  std::vector<const std::vector<bool>*> different;
  for (size_t i = 0; i < rule_.emits.size(); ++i) {
    size_t value = rule_.emits[i].target.value;
    const Column& target = sources_.targets[i];
    std::optional<Column>& out = sources_.palettes.emplace_back();
    if (!instance_.values[value].token()) continue;
    bool any = false;
    auto number = [&](int64_t cell) -> int64_t {
      const std::vector<bool>* mask = cell < 0 ? nullptr : palettes.allowed(value, cell);
      std::vector<bool> ids =
          mask ? *mask : std::vector<bool>(static_cast<size_t>(instance_.values[value].vocabulary), true);
      any = any || mask;
      auto found = std::find(sources_.masks.begin(), sources_.masks.end(), ids);
      if (found == sources_.masks.end()) found = sources_.masks.insert(found, std::move(ids));
      return found - sources_.masks.begin();
    };
    std::vector<int64_t> palette;  // in the order of the cells: that is the order of the masks
    for (int64_t cell = 0; cell < instance_.values[rule_.on].cells; ++cell) palette.push_back(number(target.at(cell)));
    Column made = columns.of(instance_.values[rule_.on].sizes, 1, [&](int64_t cell, auto, std::span<int64_t> numbers) {
      numbers[0] = palette[static_cast<size_t>(cell)];
    })[0];
    if (any) out = made;
  }
}

/// All targets of an instance are one proposal where the commit says so.
void RuleBallot::make_sites() {
  std::optional<bool> together;
  for (size_t i = 0; i < rule_.emits.size(); ++i)
    for (const auto& [commit, group] : instance_.committed_by[rule_.emits[i].target.value]) {
      if (commit < 0) continue;
      bool atomic = instance_.commits[static_cast<size_t>(commit)].declaration->atomic == Commit::Atomic::kProposal;
      if (together && *together != atomic)
        return obstacle_.add("some of its targets commit together, and others do not");
      together = atomic;
    }
  bool outside = std::any_of(rule_.emits.begin(), rule_.emits.end(), [&](const EmitInstance& emit) {
    const auto& by = instance_.committed_by[emit.target.value];
    return std::any_of(by.begin(), by.end(), [](const auto& each) { return each.first < 0; });
  });
  if (outside && rule_.emits.size() > 1)
    return obstacle_.add("targets that commit together, of which some are outside of every commit");
  if (together.value_or(false)) {
    ProposalSite& all = sites_.emplace_back();
    for (size_t i = 0; i < rule_.emits.size(); ++i) all.emits.push_back(i);
    return;
  }
  for (size_t i = 0; i < rule_.emits.size(); ++i) sites_.push_back({.sequence = i, .emits = {i}});
}

/// The instances of a constraint that the proposals of a site touch: those of each instance of the rule, ascending.
RuleBallot::Touched RuleBallot::touched_by(const ProposalSite& site, const ConstraintInstance& constraint) const {
  // Of each cell of a target's value the instances that it is of.
  std::map<size_t, Lists> of_cell;
  for (size_t emit : site.emits) {
    size_t value = rule_.emits[emit].target.value;
    of_cell.try_emplace(value, static_cast<size_t>(instance_.values[value].cells));
  }
  Touched out{.of = Lists(static_cast<size_t>(instance_.values[rule_.on].cells)), .several = {}};
  std::vector<std::pair<Lists*, std::pair<size_t, int32_t>>> entries;
  for (size_t i = 0; i < constraint.instances.size(); ++i) {
    std::vector<std::pair<size_t, int64_t>> about = constraint.cells_of(constraint.instances[i]);
    out.several.push_back(about.size() > 1);
    for (const auto& [value, cell] : about)
      if (auto found = of_cell.find(value); found != of_cell.end())
        entries.push_back({&found->second, {static_cast<size_t>(cell), static_cast<int32_t>(i)}});
  }
  for (auto& [lists, entry] : entries) lists->count(entry.first);
  for (auto& [value, lists] : of_cell) lists.allocate();
  for (auto& [lists, entry] : entries) lists->add(entry.first, entry.second);
  std::vector<int32_t> here;
  for (size_t origin = 0; origin < out.of.size(); ++origin) {
    here.clear();
    for (size_t emit : site.emits) {
      int64_t cell = sources_.targets[emit].at(static_cast<int64_t>(origin));
      if (cell < 0) continue;
      std::span<const int32_t> of = of_cell.at(rule_.emits[emit].target.value).at(static_cast<size_t>(cell));
      here.insert(here.end(), of.begin(), of.end());
    }
    std::sort(here.begin(), here.end());
    here.erase(std::unique(here.begin(), here.end()), here.end());
    out.of.append(origin, here);
  }
  return out;
}

void RuleBallot::find_touched(ProposalSite& site, std::vector<Lanes>& lanes, Columns& columns) {
  auto cells = static_cast<size_t>(instance_.values[rule_.on].cells);
  std::vector<std::vector<int64_t>> shared;
  int64_t place = 0;
  for (const ValueInstance& value : instance_.values) place += value.cells;
  for (const ConstraintInstance& constraint : instance_.constraints) {
    Touched touched = touched_by(site, constraint);
    size_t most = 0;
    for (size_t origin = 0; origin < cells; ++origin) {
      std::span<const int32_t> of = touched.of.at(origin);
      most = std::max(most, of.size());
      for (int32_t each : of) {
        if (!touched.several[static_cast<size_t>(each)]) continue;
        shared.resize(cells);
        shared[origin].push_back(place + each);
      }
    }
    place += static_cast<int64_t>(constraint.instances.size());
    if (most == 0) continue;
    if (constraint.judged_apart()) {
      site.judged_apart.push_back(constraint.number);
      continue;
    }
    Lanes& of = lanes.emplace_back(Lanes{.constraint = constraint.number, .lanes = {}});
    for (size_t lane = 0; lane < most; ++lane) of.lanes.push_back(this->lane(constraint, touched, lane, columns));
  }
  if (shared.empty()) return;
  site.first_shared.push_back(0);
  for (std::vector<int64_t>& each : shared) {
    site.shared.insert(site.shared.end(), each.begin(), each.end());
    site.first_shared.push_back(static_cast<int64_t>(site.shared.size()));
  }
}

/// What is known of the `number`th instance of the constraint that each proposal touches.
Lane RuleBallot::lane(const ConstraintInstance& constraint, const Touched& touched, size_t number,
                      Columns& columns) const {
  size_t names = constraint.instances[0].names.size(), scope = 0;
  for (const ConstraintCells& each : constraint.instances) scope = std::max(scope, each.scope.size());
  size_t count = 1 + names + scope;
  for (const ReadInstance& read : constraint.references) count += read.positions;
  auto ask = [&](int64_t origin, auto, std::span<int64_t> numbers) {
    std::fill(numbers.begin(), numbers.end(), kAbsent);
    std::span<const int32_t> here = touched.of.at(static_cast<size_t>(origin));
    if (number >= here.size()) return;
    const ConstraintCells& its = constraint.instances[static_cast<size_t>(here[number])];
    numbers[0] = here[number];
    auto to = std::copy(its.names.begin(), its.names.end(), numbers.begin() + 1);
    std::copy(its.scope.begin(), its.scope.end(), to);
    to += static_cast<std::ptrdiff_t>(scope);
    for (const ReadInstance& read : constraint.references) {
      if (read.cells->single())
        *to++ = read.cells->cell(its.names, nullptr);
      else
        read.cells->for_each(its.names, nullptr, [&](int64_t cell) { *to++ = cell; });
    }
  };
  std::vector<Column> made = columns.of(instance_.values[rule_.on].sizes, count, ask);
  Lane out{.touched = made[0]};
  auto next = made.begin() + 1;
  auto take = [&](size_t many) {
    std::vector<Column> taken(next, next + static_cast<std::ptrdiff_t>(many));
    next += static_cast<std::ptrdiff_t>(many);
    return taken;
  };
  out.names = take(names);
  out.scope = take(scope);
  for (const ReadInstance& read : constraint.references) out.references.push_back(take(read.positions));
  return out;
}

void RuleBallot::make_asks() {
  if (obstacle_.met()) return;
  Open open(instance_, rule_, sources_, {});
  std::optional<NodeId> asks = open.listed->enabled(), says;
  bool together = sites_.size() == 1, free = !rule_.models.empty();
  for (size_t i = 0; rule_.models.empty() && i < rule_.emits.size() && !open.obstacle.met(); ++i) {
    if (draws_or_calls(rule_.emits[i].value)) {
      free = true;
      continue;
    }
    std::optional<NodeId> valid = open.listed->emit(i).valid;
    if (!valid) free = true;
    if (!valid) continue;
    says = !says      ? *valid
           : together ? open.b.both(*says, *valid)
                      : open.b.negate(open.b.both(open.b.negate(*says), open.b.negate(*valid)));
  }
  obstacle_.add(open.obstacle.reason);
  // Models are called for all that are enabled.
  if (says && (together || !free) && rule_.models.empty()) asks = asks ? open.b.both(*asks, *says) : *says;
  if (!asks || obstacle_.met()) return;
  looks_at_ = looks_of(open.graph, open.list, *asks);
  open.output(*asks);
  asks_ = open.done();
}

Result<RuleBallot::ModelArguments> RuleBallot::arguments(size_t call, const std::vector<Array>& results) const {
  Open open(instance_, rule_, sources_, results);
  ModelArguments out;
  for (const ModelArgument& argument : rule_.models[call].arguments) {
    if (argument.whole) continue;
    const Formula::Node& root = argument.formula.root();
    Items made = open.listed->argument(argument);
    if (open.obstacle.met()) break;
    bool read = root.function == Function::kRead, reference = root.function == Function::kReference;
    const ValueInstance* value = read        ? &instance_.values[rule_.reads[root.slot].value]
                                 : reference ? &instance_.values[rule_.references[root.slot].value]
                                             : nullptr;
    DType dtype = argument_dtype(made, root, value);
    for (const Quantity& each : made.each) open.output(open.listed->filled(each, dtype, value ? root.vocabulary : 0));
    out.elements.push_back(made.each.size());
    out.lists.push_back(made.list);
  }
  if (open.obstacle.met()) return not_lowered(rule_, open.obstacle.reason);
  out.program = open.done();
  return out;
}

void RuleBallot::judge(Open& open, const std::vector<EmitNodes>& emits, size_t site, BallotOutputs& outputs) const {
  size_t levels = instance_.priorities.size();
  std::vector<TargetNodes> targets;
  for (size_t i : sites_[site].emits)
    targets.push_back(
        {.value = rule_.emits[i].target.value, .cell = emits[i].target.number, .elements = emits[i].elements});
  std::vector<std::optional<NodeId>> before(levels), after(levels);
  std::optional<NodeId> worsened;
  auto add = [&](std::optional<NodeId>& to, NodeId what) { to = to ? open.b.add(*to, what) : what; };
  for (const Lanes& each : lanes_[site]) {
    const ConstraintInstance& constraint = instance_.constraints[each.constraint];
    BreachNodes made =
        lower_breach(instance_, constraint, each.lanes, targets, *open.listed, open.b, open.list, open.obstacle);
    if (open.obstacle.met()) return;
    add(before[constraint.level], made.before);
    add(after[constraint.level], made.after);
    if (!constraint.declaration->hard) continue;
    worsened =
        worsened ? open.b.negate(open.b.both(open.b.negate(*worsened), open.b.negate(made.worsened))) : made.worsened;
  }
  BallotOutputs::OfSite& out = outputs.sites.emplace_back();
  for (size_t level = 0; level < levels; ++level) {
    out.before.push_back(open.output(before[level]));
    out.after.push_back(open.output(after[level]));
  }
  out.worsened = open.output(worsened);
}

Result<RuleBallot::Ballot> RuleBallot::proposals(const std::vector<Array>& results) const {
  Open open(instance_, rule_, sources_, results);
  Ballot out;
  std::vector<EmitNodes> emits;
  for (size_t i = 0; i < rule_.emits.size() && !open.obstacle.met(); ++i) {
    EmitNodes& made = emits.emplace_back(open.listed->emit(i));
    if (open.obstacle.met()) break;
    BallotOutputs::OfEmit& of = out.outputs.emits.emplace_back();
    of.valid = open.output(made.valid);
    of.fits = open.output(made.fits);
    for (NodeId each : made.elements) of.elements.push_back(open.output(each));
    of.drawn = made.drawn;
  }
  for (size_t site = 0; site < sites_.size() && !open.obstacle.met(); ++site) judge(open, emits, site, out.outputs);
  if (!open.obstacle.met()) {
    Quantity score = open.listed->score();
    if (score.constant)
      out.outputs.all_score =
          score.is_bot() ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(score.constant->value());
    else
      out.outputs.score = open.output(open.listed->score_or_nan(score));
  }
  if (open.obstacle.met()) return not_lowered(rule_, open.obstacle.reason);
  out.program = open.done();
  return out;
}

}  // namespace caten::consensus::compiled
