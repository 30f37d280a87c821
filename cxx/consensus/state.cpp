#include "consensus/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "consensus/hash.hpp"
#include "consensus/philox.hpp"
#include "consensus/print.hpp"

namespace caten::consensus {
namespace {

/// So many entries that to look through them takes as long as to look a clock up would.
constexpr size_t kMostLayers = 64;

struct InitialFacts : Facts {
  uint32_t seed = 0;
  uint32_t rule = 0;
  int64_t cell = 0;
  uint32_t word(size_t draw) const override { return draw_word(seed, rule, cell, 0, draw); }
};

std::byte* element_at(const ValueInstance& value, StoredValue& cells, int64_t cell, int64_t element) {
  return cells.elements.data() + static_cast<size_t>(cell * value.width + element) * dtype_size(value.dtype);
}

/// Large grids of equal cells, and of such that are 1 with a chance that is the same for all, without evaluating the
/// expression for each cell. False: it is another expression, or one whose numbers do not fit.
bool initialize_at_once(const Instance& instance, State& state, size_t number) {
  const ValueInstance& value = instance.values[number];
  const std::vector<Formula::Node>& nodes = instance.initial[number]->nodes;
  const Formula::Node& root = nodes.back();
  bool draws = root.function == Function::kBernoulli;
  if (root.function != Function::kConstant && !draws) return false;
  const Formula::Node& known = draws ? nodes[root.arguments[0]] : root;
  if (known.function != Function::kConstant || known.constant.list || known.constant.one.is_bot()) return false;
  if (draws && value.token() && value.vocabulary < 2) return false;
  std::optional<Scalar> zero = to_element(value.dtype, draws ? Number::of(int64_t{0}) : known.constant.one),
                        one = draws ? to_element(value.dtype, Number::of(int64_t{1})) : zero;
  if (!zero || !one || (value.token() && !draws && (zero->as_integer() < 0 || zero->as_integer() >= value.vocabulary)))
    return false;
  double p = draws ? known.constant.one.value() : 0;
  auto rule = kInitialRule + static_cast<uint32_t>(number);
  StoredValue& cells = state.values[number];
  size_t bytes = dtype_size(value.dtype);
  std::byte of_zero[16], of_one[16];
  zero->store(of_zero);
  one->store(of_one);
  for (int64_t cell = 0; cell < value.cells; ++cell) {
    bool set = draws && uniform_of(draw_word(state.seed, rule, cell, 0, root.slot)) < p;
    for (int64_t element = 0; element < value.width; ++element)
      std::memcpy(element_at(value, cells, cell, element), set ? of_one : of_zero, bytes);
  }
  cells.committed.assign(cells.committed.size(), true);
  cells.clocks.set_all({1, kInitialOrigin});
  return true;
}

Status initialize(const Instance& instance, State& state, size_t number) {
  if (initialize_at_once(instance, state, number)) return {};
  const ValueInstance& value = instance.values[number];
  InitialFacts facts;
  facts.seed = state.seed;
  facts.rule = kInitialRule + static_cast<uint32_t>(number);
  std::vector<int64_t> committed;
  const Formula& formula = *instance.initial[number];
  // A given array is the same for all cells.
  const Item* given = formula.root().function == Function::kConstant ? &formula.root().constant : nullptr;
  for (int64_t cell = 0; cell < value.cells; ++cell) {
    facts.cell = cell;
    Item computed;
    if (!given) computed = evaluate(formula, facts);
    const Item& item = given ? *given : computed;
    bool whole = item.list;
    bool bot = false;
    for (int64_t element = 0; element < value.width; ++element) {
      Number found = item.at(whole ? static_cast<size_t>(cell * value.width + element) : 0);
      bool none = found.is_bot() || (value.token() && found.is_integer() && found.integer == value.vocabulary);
      std::optional<Scalar> scalar = to_element(value.dtype, found);
      bool in = scalar && (!value.token() || scalar->as_integer() < value.vocabulary);
      if (!none && !in)
        return fail({.code = Code::WrongData,
                     .message = fmt::format("`{}` begins with what it cannot hold", value.name()),
                     .span = value.declaration->initial->place.span,
                     .expected = value.token() ? fmt::format("ids from 0 to {}", value.vocabulary)
                                               : std::string(dtype_name(value.dtype)),
                     .found = fmt::format("{} at cell {}", found.value(), cell),
                     .remedy = "change the init of the value"});
      bot = bot || none;
      if (!none) write_element(instance, state, number, cell, element, *scalar);
    }
    if (!bot) committed.push_back(cell);
  }
  for (int64_t cell : committed) state.values[number].committed[static_cast<size_t>(cell)] = true;
  state.values[number].clocks.set(std::move(committed), {1, kInitialOrigin});
  return {};
}

void take_data(const Instance& instance, State& state, size_t number) {
  const ValueInstance& value = instance.values[number];
  const Array& data = *instance.data[number];
  StoredValue& cells = state.values[number];
  std::memcpy(cells.elements.data(), data.data(), cells.elements.size());
  std::vector<int64_t> committed;
  for (int64_t cell = 0; cell < value.cells; ++cell) {
    if (value.token() && Scalar::load(value.dtype, element_at(value, cells, cell, 0)).as_integer() == value.vocabulary)
      continue;
    cells.committed[static_cast<size_t>(cell)] = true;
    committed.push_back(cell);
  }
  cells.clocks.set(std::move(committed), {1, kInitialOrigin});
}

std::string describe_event(const Event& event) {
  std::string out = fmt::format("{} {} {} {} {} {} {} {} {}", event.strategy, event.epoch, event.phase, event.seed,
                                event.steps.value_or(-1), event.tile, event.budget.value_or(-1),
                                event.total.value_or(-1), event.stratum);
  if (event.colour > 0) out += fmt::format(" colour {}", event.colour);
  return out;
}

std::string describe_edit(const RuleEdit& edit) {
  return edit.added ? print(to_datum(Declaration(*edit.added))) : "without " + edit.removed;
}

template <class T, class F>
std::string describe_set(const ReplicaSet<T>& set, F&& describe) {
  std::string out;
  for (const auto& [dot, element] : set.added())
    out += fmt::format("{} {} {} {} {}\n", dot.clock, dot.origin, dot.sequence, set.tombstones().contains(dot),
                       describe(element));
  for (const Dot& dot : set.tombstones())
    if (!set.added().contains(dot)) out += fmt::format("{} {} {} gone\n", dot.clock, dot.origin, dot.sequence);
  return out;
}

/// 12 bytes of each, many at once: the hash takes as long for few bytes as for many.
void add_clocks(Hash& hash, const std::vector<Clock>& clocks) {
  constexpr size_t kBytes = sizeof(int64_t) + sizeof(int32_t), kBlock = 4096;
  std::vector<std::byte> bytes(kBytes * std::min(kBlock, clocks.size()));
  for (size_t begin = 0; begin < clocks.size(); begin += kBlock) {
    size_t count = std::min(kBlock, clocks.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      const Clock& clock = clocks[begin + i];
      std::memcpy(bytes.data() + i * kBytes, &clock.time, sizeof clock.time);
      std::memcpy(bytes.data() + i * kBytes + sizeof clock.time, &clock.origin, sizeof clock.origin);
    }
    hash.add(bytes.data(), count * kBytes);
  }
}

}  // namespace

void Clocks::set(std::vector<int64_t> cells, Clock clock) {
  if (cells.empty()) return;
  if (static_cast<int64_t>(cells.size()) == cells_) return set_all(clock);
  if (!each_.empty()) {
    for (int64_t cell : cells) each_[static_cast<size_t>(cell)] = clock;
    return;
  }
  layers_.push_back({clock, false, std::move(cells)});
  if (layers_.size() <= kMostLayers) return;
  each_ = materialize();
  layers_.clear();
}

void Clocks::set_each(const std::vector<Clock>& clocks) {
  // Of equal clocks one entry, each cell in one.
  std::map<std::pair<int64_t, int32_t>, std::vector<int64_t>> by_clock;
  for (size_t cell = 0; cell < clocks.size(); ++cell)
    if (clocks[cell].time > 0) by_clock[{clocks[cell].time, clocks[cell].origin}].push_back(static_cast<int64_t>(cell));
  layers_.clear();
  each_.clear();
  for (auto& [key, members] : by_clock) layers_.push_back({{key.first, key.second}, false, std::move(members)});
}

void Clocks::set_all(Clock clock) {
  each_.clear();
  layers_.clear();
  layers_.push_back({clock, true, {}});
}

Clock Clocks::at(int64_t cell) const {
  if (!each_.empty()) return each_[static_cast<size_t>(cell)];
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer)
    if (layer->all || std::binary_search(layer->cells.begin(), layer->cells.end(), cell)) return layer->clock;
  return {};
}

std::vector<Clock> Clocks::materialize() const {
  if (!each_.empty()) return each_;
  std::vector<Clock> out(static_cast<size_t>(cells_));
  for (const Layer& layer : layers_) {
    if (layer.all) std::fill(out.begin(), out.end(), layer.clock);
    for (int64_t cell : layer.cells) out[static_cast<size_t>(cell)] = layer.clock;
  }
  return out;
}

Result<State> initial_state(const Instance& instance, uint32_t seed) {
  State state{.seed = seed};
  state.scheduled.resize(instance.schedules.size());
  for (size_t i = 0; i < instance.values.size(); ++i) {
    const ValueInstance& value = instance.values[i];
    auto elements = static_cast<size_t>(value.cells * value.width);
    state.values.push_back({.elements = std::vector<std::byte>(elements * dtype_size(value.dtype)),
                            .committed = std::vector<bool>(static_cast<size_t>(value.cells)),
                            .clocks = Clocks(value.cells)});
    if (value.token()) {
      Scalar none = Scalar::of_integer(value.dtype, value.vocabulary);
      for (int64_t cell = 0; cell < value.cells; ++cell) write_element(instance, state, i, cell, 0, none);
    }
    if (std::holds_alternative<EventKind>(value.declaration->kind)) state.events[i];
    if (std::holds_alternative<RuleKind>(value.declaration->kind)) state.edits[i];
    if (instance.data[i])
      take_data(instance, state, i);
    else if (instance.initial[i])
      CATEN_TRY(initialize(instance, state, i));
  }
  return state;
}

Number read_element(const Instance& instance, const State& state, size_t value, int64_t cell, int64_t element) {
  return read_element(instance.values[value], state.values[value], cell, element);
}

Number read_element(const ValueInstance& value, const StoredValue& stored, int64_t cell, int64_t element) {
  if (!stored.committed[static_cast<size_t>(cell)]) return Number::bot();
  const std::byte* from =
      stored.elements.data() + static_cast<size_t>(cell * value.width + element) * dtype_size(value.dtype);
  return Number::of(Scalar::load(value.dtype, from));
}

void write_element(const Instance& instance, State& state, size_t value, int64_t cell, int64_t element,
                   const Scalar& scalar) {
  scalar.store(element_at(instance.values[value], state.values[value], cell, element));
}

Array to_array(const Instance& instance, const State& state, size_t value) {
  return to_array(instance.values[value], state.values[value]);
}

Array to_array(const ValueInstance& value, const StoredValue& stored) {
  std::vector<int64_t> shape = value.sizes;
  if (std::holds_alternative<LatentKind>(value.declaration->kind)) shape.push_back(value.width);
  Array out = Array::zeros(value.dtype, std::move(shape));
  std::memcpy(out.mutable_data(), stored.elements.data(), stored.elements.size());
  return out;
}

std::string digest(const Instance& instance, const State& state) {
  Hash hash;
  for (size_t i = 0; i < instance.values.size(); ++i) {
    const ValueInstance& value = instance.values[i];
    hash.add_text(fmt::format("{} {} {}", value.name(), dtype_name(value.dtype), fmt::join(value.sizes, " ")));
    hash.add(state.values[i].elements.data(), state.values[i].elements.size());
    add_clocks(hash, state.values[i].clocks.materialize());
  }
  for (const auto& [value, set] : state.events) hash.add_text(describe_set(set, describe_event));
  for (const auto& [value, set] : state.edits) hash.add_text(describe_set(set, describe_edit));
  hash.add_text(fmt::format("{} {}", state.step, fmt::join(state.scheduled, " ")));
  return hash.hexadecimal();
}

CellsDigest::CellsDigest(const State& state) {
  hash_.add_number(state.step);
  hash_.add_number(state.seed);
}

void CellsDigest::add(std::span<const std::byte> elements, std::span<const uint8_t> committed) {
  hash_.add(elements.data(), elements.size());
  hash_.add(committed.data(), committed.size());
}

std::string cells_digest(const State& state) {
  CellsDigest out(state);
  for (const StoredValue& value : state.values)
    out.add(value.elements, std::vector<uint8_t>(value.committed.begin(), value.committed.end()));
  return out.bytes();
}

}  // namespace caten::consensus
