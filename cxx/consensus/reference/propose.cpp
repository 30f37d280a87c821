#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "consensus/philox.hpp"
#include "consensus/reference/models.hpp"
#include "consensus/reference/proposal.hpp"

namespace caten::consensus::reference {
namespace {

/// What an instance of a rule knows: what it sees, what its models gave, and its draws.
struct RuleFacts : Facts {
  const RuleReader::View* view = nullptr;
  const std::vector<Item>* models = nullptr;
  const std::vector<bool>* ids = nullptr;
  std::vector<int64_t> place{};
  uint32_t seed = 0;
  uint32_t rule = 0;
  int64_t cell = 0;
  int64_t step = 0;

  std::span<const int64_t> indices() const override { return place; }
  Item read(size_t slot) const override { return view->reads[slot]; }
  Item reference(size_t slot) const override { return view->references[slot]; }
  Item model(size_t slot) const override { return (*models)[slot]; }
  uint32_t word(size_t draw) const override { return draw_word(seed, rule, cell, step, draw); }
  const std::vector<bool>* allowed() const override { return ids; }
};

/// What one emit of an instance comes to.
struct Emitted {
  std::optional<Target> target{};  ///< nothing: it proposes nothing
  bool unfit = false;
  bool stuck = false;
};

class RuleProposals {
 public:
  RuleProposals(const Instance& instance, const RuleInstance& rule, const RuleReader& reader, const Palettes& palettes,
                const State& snapshot, int64_t step, Observer* observer, Proposals& out)
      : instance_(instance),
        rule_(rule),
        reader_(reader),
        palettes_(palettes),
        snapshot_(snapshot),
        observer_(observer),
        out_(out) {
    facts_.seed = snapshot.seed;
    facts_.rule = static_cast<uint32_t>(rule.number);
    facts_.step = step;
  }

  Status run(const ActiveCells* active) {
    const ValueInstance& on = instance_.values[rule_.on];
    std::vector<int64_t> cells;
    std::vector<RuleReader::View> views;
    for (int64_t cell = 0; cell < on.cells; ++cell) {
      if (active && !(*active)(cell, snapshot_.committed(rule_.on, cell))) {
        silent(Silence::Reason::kInactive, cell);
        continue;
      }
      ++out_.active;
      RuleReader::View view = reader_.look(snapshot_, cell);
      if (!view.enabled) {
        silent(Silence::Reason::kDisabled, cell);
        continue;
      }
      cells.push_back(cell);
      views.push_back(std::move(view));
    }
    out_.enabled += static_cast<int64_t>(cells.size());
    Result<std::vector<std::vector<Item>>> models = call_models(cells, views);
    if (!models) return tl::make_unexpected(models.error());
    for (size_t i = 0; i < cells.size(); ++i) CATEN_TRY(instance(cells[i], views[i], (*models)[i]));
    return {};
  }

  void wait() {
    for (int64_t cell = 0; observer_ && cell < instance_.values[rule_.on].cells; ++cell)
      silent(Silence::Reason::kWaits, cell);
  }

 private:
  void silent(Silence::Reason reason, int64_t cell, std::optional<size_t> sequence = {}) {
    if (observer_) observer_->silent({reason, static_cast<size_t>(&rule_ - instance_.rules.data()), cell, sequence});
  }

  void look_from(int64_t cell, const RuleReader::View& view, const std::vector<Item>& models) {
    facts_.view = &view;
    facts_.models = &models;
    facts_.cell = cell;
    facts_.place = coordinates(cell, instance_.values[rule_.on].sizes);
    facts_.ids = nullptr;
  }

  ModelColumn column_of(const Formula& formula) const {
    const Formula::Node& root = formula.root();
    bool read = root.function == Function::kRead, reference = root.function == Function::kReference;
    if (!read && !reference) return {};
    const ReadInstance& seen = read ? rule_.reads[root.slot] : rule_.references[root.slot];
    return {.vocabulary = root.vocabulary, .dtype = instance_.values[seen.value].dtype, .items = {}, .whole = {}};
  }

  /// Of each instance the results of all calls; each call is made once, for all instances.
  Result<std::vector<std::vector<Item>>> call_models(const std::vector<int64_t>& cells,
                                                     const std::vector<RuleReader::View>& views) {
    std::vector<std::vector<Item>> out(cells.size());
    if (cells.empty()) return out;
    for (const ModelCall& call : rule_.models) {
      std::vector<ModelColumn> columns;
      for (const ModelArgument& argument : call.arguments) {
        if (argument.whole) {
          columns.push_back({.items = {}, .whole = argument.whole});
          continue;
        }
        ModelColumn column = column_of(argument.formula);
        for (size_t i = 0; i < cells.size(); ++i) {
          look_from(cells[i], views[i], out[i]);
          column.items.push_back(evaluate(argument.formula, facts_));
        }
        columns.push_back(std::move(column));
      }
      Result<std::vector<Item>> results = call_model(call, columns, cells.size());
      if (!results) return tl::make_unexpected(results.error());
      for (size_t i = 0; i < cells.size(); ++i) out[i].push_back(std::move((*results)[i]));
    }
    return out;
  }

  Status instance(int64_t cell, const RuleReader::View& view, const std::vector<Item>& models) {
    look_from(cell, view, models);
    std::vector<Emitted> emitted;
    for (const EmitInstance& emit : rule_.emits) {
      Result<Emitted> made = this->emit(emit);
      if (!made) return tl::make_unexpected(made.error());
      if (made->stuck) {
        const Target& at = *made->target;
        if (!snapshot_.committed(at.value, at.cell)) out_.stuck.push_back({at.value, at.cell});
        made->target.reset();
      }
      if (!made->target)
        silent(made->stuck ? Silence::Reason::kNothingLeft : Silence::Reason::kNoValue, cell, emitted.size());
      emitted.push_back(std::move(*made));
    }
    facts_.ids = nullptr;
    bool together = is_atomic(emitted);
    if (together) return propose_together(emitted, view);
    for (size_t i = 0; i < emitted.size(); ++i)
      if (emitted[i].target) add(i, {*emitted[i].target}, emitted[i].unfit, view);
    return {};
  }

  /// The commit of the first target decides whether all of an instance is one proposal.
  bool is_atomic(const std::vector<Emitted>& emitted) const {
    for (const Emitted& each : emitted)
      if (each.target)
        return commit_of(*each.target).first >= 0 &&
               instance_.commits[static_cast<size_t>(commit_of(*each.target).first)].declaration->atomic ==
                   Commit::Atomic::kProposal;
    return false;
  }

  const std::pair<int32_t, int32_t>& commit_of(const Target& target) const {
    return instance_.committed_by[target.value][static_cast<size_t>(target.cell)];
  }

  /// One proposal, if every emit has something to say; a cell that two of them name makes it unfit.
  Status propose_together(const std::vector<Emitted>& emitted, const RuleReader::View& view) {
    std::vector<Target> targets;
    bool unfit = false;
    if (!std::all_of(emitted.begin(), emitted.end(), [](const Emitted& each) { return each.target.has_value(); })) {
      for (size_t i = 0; i < emitted.size(); ++i)
        if (emitted[i].target) silent(Silence::Reason::kIncomplete, facts_.cell, i);
      return {};
    }
    for (const Emitted& each : emitted) {
      for (const Target& other : targets)
        unfit = unfit || (other.value == each.target->value && other.cell == each.target->cell);
      unfit = unfit || each.unfit;
      targets.push_back(*each.target);
    }
    add(0, std::move(targets), unfit, view);
    return {};
  }

  void add(size_t sequence, std::vector<Target> targets, bool unfit, const RuleReader::View& view) {
    std::pair<int32_t, int32_t> by = commit_of(targets[0]);
    for (const Target& each : targets)
      if (commit_of(each).first < 0) {  // nobody can agree to it
        silent(Silence::Reason::kNoCommit, facts_.cell, sequence);
        return;
      }
    Item item = rule_.score ? evaluate(*rule_.score, facts_) : Item(Number::of(int64_t{0}));
    Number score = item.size() == 1 ? item.at(0) : Number::bot();
    auto value = static_cast<float>(score.value());
    uint64_t draw = kTieDraw + 4 * sequence;
    out_.list.push_back({.id = {rule_.number, facts_.cell, sequence},
                         .targets = std::move(targets),
                         .score = value == 0 ? 0.0F : value,
                         .snapshot = snapshot_.step,
                         .tie = draw_word(facts_.seed, facts_.rule, facts_.cell, facts_.step, draw),
                         .unfit = unfit || score.is_bot() || std::isnan(value),
                         .reads_future = view.reads_future,
                         .edges = view.edges,
                         .commit = static_cast<size_t>(by.first),
                         .group = static_cast<size_t>(by.second)});
  }

  Result<Emitted> emit(const EmitInstance& emit) {
    int64_t cell = target_cell(instance_, snapshot_, emit, facts_.place);
    if (cell < 0) return Emitted{};
    const ValueInstance& value = instance_.values[emit.target.value];
    facts_.ids = value.token() ? palettes_.allowed(emit.target.value, cell) : nullptr;
    const Formula::Node& root = emit.value.root();
    if (root.function == Function::kCategorical && value.token()) {
      Item logits = evaluate(emit.value, root.arguments[0], facts_);
      if (logits.list && logits.size() != static_cast<size_t>(value.vocabulary))
        return wrong_size(emit, logits.size(), value.vocabulary);
    }
    Item item = evaluate(emit.value, facts_);
    Emitted out{.target = Target{.value = emit.target.value, .cell = cell, .elements = {}}};
    bool drawn = root.function == Function::kCategorical;
    if (value.token() && item.list) {
      if (item.size() != static_cast<size_t>(value.vocabulary)) return wrong_size(emit, item.size(), value.vocabulary);
      item = draw_categorical(item, item.size(), facts_.ids, facts_.word(emit.draw));
      drawn = true;
    }
    if (item.list && item.size() != static_cast<size_t>(value.width)) return wrong_size(emit, item.size(), value.width);
    for (int64_t i = 0; i < value.width; ++i) {
      const Number& number = item.at(static_cast<size_t>(i));
      if (number.is_bot()) {
        if (drawn) return Emitted{.target = out.target, .stuck = true};
        return Emitted{};
      }
      std::optional<Scalar> element = to_element(value.dtype, number);
      bool fits = element && (!value.token() || element->as_integer() < value.vocabulary);
      out.unfit = out.unfit || !fits;
      out.target->elements.push_back(element.value_or(Scalar::zero(value.dtype)));
    }
    return out;
  }

  tl::unexpected<Diagnostic> wrong_size(const EmitInstance& emit, size_t found, int64_t wanted) const {
    return fail(
        {.code = Code::ModelFailed,
         .message = fmt::format("`{}` does not hold what the model gave", instance_.values[emit.target.value].name()),
         .span = emit.declaration->value.place.span,
         .expected = fmt::format("a number, or a list of {}, for each cell", wanted),
         .found = fmt::format("a list of {}", found),
         .remedy = "let the model give an array (B) or (B, n)"});
  }

  const Instance& instance_;
  const RuleInstance& rule_;
  const RuleReader& reader_;
  const Palettes& palettes_;
  const State& snapshot_;
  Observer* observer_;
  Proposals& out_;
  RuleFacts facts_{};
};

}  // namespace

int64_t target_cell(const Instance& instance, const State& snapshot, const EmitInstance& emit,
                    std::span<const int64_t> place) {
  int64_t cell = kAbsent;
  Contents contents = [&](size_t value, int64_t at) -> std::optional<int64_t> {
    if (at >= instance.values[value].cells) return std::nullopt;
    Number number = read_element(instance, snapshot, value, at);
    return number.is_integer() ? std::optional(number.integer) : std::nullopt;
  };
  emit.target.for_each(place, &contents, [&](int64_t found) { cell = found; });
  return cell;
}

Result<Proposals> propose(const Instance& instance, const std::vector<RuleReader>& readers, const Palettes& palettes,
                          const State& snapshot, const Event* event, int64_t step, Observer* observer) {
  Proposals out;
  size_t open = open_stratum(instance, snapshot);
  for (size_t i = 0; i < instance.rules.size(); ++i) {
    const RuleInstance& rule = instance.rules[i];
    RuleProposals proposals(instance, rule, readers[i], palettes, snapshot, step, observer, out);
    if (instance.strata[rule.emits[0].target.value] > open) {
      proposals.wait();
      continue;
    }
    std::optional<ActiveCells> active;
    const Colouring* colouring = instance.colouring(rule.on);
    Event all{.strategy = {}, .colour = colouring ? (step - 1) % colouring->modulus : 0};
    if (event || colouring) active.emplace(event ? *event : all, instance.values[rule.on].sizes, colouring);
    CATEN_TRY(proposals.run(active ? &*active : nullptr));
  }
  return out;
}

}  // namespace caten::consensus::reference
