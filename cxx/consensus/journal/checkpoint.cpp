#include "consensus/journal/checkpoint.hpp"

#include <algorithm>

#include "consensus/built_ins.hpp"
#include "consensus/journal/journal.hpp"
#include "consensus/journal/payload.hpp"
#include "consensus/print.hpp"
#include "consensus/read_lci.hpp"
#include "io/deflate.hpp"

namespace caten::consensus {
namespace {

using reference::Bar;
using reference::Group;
using reference::Memory;
using reference::Target;
using reference::Undo;

std::string_view text_of_bytes(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string edit_text(const RuleEdit& edit) { return edit.added ? print(to_datum(Declaration(*edit.added))) : ""; }

class Encoder {
 public:
  explicit Encoder(const Instance& instance) : instance_(instance) {}

  std::string all(const Memory& memory) {
    const State& state = memory.state;
    out_.integer(state.step);
    out_.fixed(state.seed, 4);
    out_.integer(memory.restarts);
    for (int64_t each : state.scheduled) out_.integer(each);
    for (const StoredValue& each : state.values) value(each);
    for (const auto& [number, each] : state.events) set(each, [&](const Event& element) { event(element); });
    for (const auto& [number, each] : state.edits)
      set(each, [&](const RuleEdit& edit) {
        out_.text(edit_text(edit));
        out_.text(edit.removed);
      });
    out_.number(memory.history.size());
    for (const auto& [key, undos] : memory.history) {
      group(key);
      out_.number(undos.size());
      for (const Undo& each : undos) undo(each);
    }
    out_.number(memory.bars.size());
    for (const auto& [key, each] : memory.bars) {
      group(key);
      bars(each);
    }
    return out_.take();
  }

 private:
  void value(const StoredValue& value) {
    out_.raw(text_of_bytes(value.elements));
    uint64_t byte = 0;
    for (size_t i = 0; i < value.committed.size(); ++i) {
      byte |= uint64_t{value.committed[i]} << (i % 8);
      if (i % 8 < 7 && i + 1 < value.committed.size()) continue;
      out_.fixed(byte, 1);
      byte = 0;
    }
    // Of each clock its cells, as distances: steps are few and cells are many.
    std::map<std::pair<int64_t, int32_t>, std::vector<uint64_t>> by_clock;
    std::vector<Clock> clocks = value.clocks.materialize();
    for (size_t cell = 0; cell < clocks.size(); ++cell)
      if (clocks[cell].time > 0) by_clock[{clocks[cell].time, clocks[cell].origin}].push_back(cell);
    out_.number(by_clock.size());
    for (const auto& [clock, cells] : by_clock) {
      out_.integer(clock.first);
      out_.integer(clock.second);
      out_.number(cells.size());
      uint64_t last = 0;
      for (uint64_t cell : cells) {
        out_.number(cell - last);
        last = cell;
      }
    }
  }

  void dot(const Dot& dot) {
    out_.integer(dot.clock);
    out_.integer(dot.origin);
    out_.integer(dot.sequence);
  }

  template <class T, class F>
  void set(const ReplicaSet<T>& set, F&& element) {
    out_.integer(set.clock());
    out_.integer(set.sequence());
    out_.number(set.added().size());
    for (const auto& [key, each] : set.added()) {
      dot(key);
      element(each);
    }
    out_.number(set.tombstones().size());
    for (const Dot& each : set.tombstones()) dot(each);
  }

  void maybe(const std::optional<int64_t>& value) {
    out_.fixed(value ? 1 : 0, 1);
    if (value) out_.integer(*value);
  }

  void event(const Event& event) {
    out_.text(event.strategy);
    out_.integer(event.epoch);
    out_.integer(event.phase);
    out_.integer(event.colour);
    out_.fixed(event.seed, 4);
    maybe(event.steps);
    out_.integer(event.tile);
    maybe(event.budget);
    maybe(event.total);
    out_.number(event.stratum);
  }

  void group(const Group& group) {
    out_.number(group.first);
    out_.number(group.second);
  }

  void target(const Target& target) {
    out_.number(target.value);
    out_.number(static_cast<uint64_t>(target.cell));
    std::vector<std::byte> bytes(dtype_size(instance_.values[target.value].dtype));
    for (const Scalar& each : target.elements) {
      each.store(bytes.data());
      out_.raw(text_of_bytes(bytes));
    }
  }

  void bars(const std::vector<Bar>& bars) {
    out_.number(bars.size());
    for (const Bar& each : bars) {
      out_.number(each.id.rule);
      out_.integer(each.id.origin);
      out_.number(each.id.sequence);
      out_.number(each.targets.size());
      for (const Target& of : each.targets) target(of);
    }
  }

  void undo(const Undo& undo) {
    out_.number(undo.before.size());
    for (const Undo::Before& each : undo.before) {
      target(each.target);
      out_.fixed(each.committed ? 1 : 0, 1);
      out_.integer(each.clock.time);
      out_.integer(each.clock.origin);
    }
    bars(undo.bars);
  }

  const Instance& instance_;
  PayloadWriter out_{};
};

/// Reads what Encoder writes. What does not fit the instance is refused; the reader's failure is that of all.
class Decoder {
 public:
  Decoder(const Instance& instance, std::string_view bytes) : instance_(instance), in_(bytes) {}

  std::optional<Memory> all() {
    Memory out;
    State& state = out.state;
    state.step = at_least(0);
    state.seed = static_cast<uint32_t>(in_.fixed(4));
    out.restarts = at_least(0);
    for (size_t i = 0; i < instance_.schedules.size(); ++i) state.scheduled.push_back(at_least(0));
    for (const ValueInstance& each : instance_.values) state.values.push_back(value(each));
    for (size_t i = 0; i < instance_.values.size(); ++i)
      if (std::holds_alternative<EventKind>(instance_.values[i].declaration->kind))
        state.events[i] = set<Event>([&] { return event(); });
    for (size_t i = 0; i < instance_.values.size(); ++i)
      if (std::holds_alternative<RuleKind>(instance_.values[i].declaration->kind))
        state.edits[i] = set<RuleEdit>([&] { return edit(); });
    for (uint64_t left = in_.count(); left > 0 && !in_.failed(); --left) {
      std::vector<Undo>& undos = out.history[group()];
      for (uint64_t i = in_.count(); i > 0 && !in_.failed(); --i) undos.push_back(undo());
    }
    for (uint64_t left = in_.count(); left > 0 && !in_.failed(); --left) {
      Group of = group();
      out.bars[of] = bars();
    }
    if (!in_.done()) return std::nullopt;
    return out;
  }

 private:
  int64_t at_least(int64_t least) {
    int64_t out = in_.integer();
    if (out < least) in_.refuse();
    return out;
  }
  uint64_t below(uint64_t bound) {
    uint64_t out = in_.number();
    if (out >= bound) in_.refuse();
    return in_.failed() ? 0 : out;
  }
  int32_t site() {
    int64_t out = in_.integer();
    if (out < INT32_MIN || out > INT32_MAX) in_.refuse();
    return static_cast<int32_t>(out);
  }

  /// An id is below V where the cell is committed, and at most V elsewhere; a truth is 0 or 1.
  void check(const ValueInstance& of, const std::byte* element, bool committed) {
    if (of.dtype == DType::kBool && std::to_integer<int>(*element) > 1) in_.refuse();
    if (in_.failed() || !of.token()) return;
    int64_t id = Scalar::load(of.dtype, element).as_integer();
    if (id < 0 || id > of.vocabulary - (committed ? 1 : 0)) in_.refuse();
  }

  StoredValue value(const ValueInstance& of) {
    StoredValue out{.elements = {}, .committed = {}, .clocks = Clocks(of.cells)};
    size_t width = static_cast<size_t>(of.width) * dtype_size(of.dtype);
    std::string_view elements = in_.raw(static_cast<uint64_t>(of.cells) * width);
    std::string_view committed = in_.raw((static_cast<uint64_t>(of.cells) + 7) / 8);
    if (in_.failed()) return out;
    const auto* bytes = reinterpret_cast<const std::byte*>(elements.data());
    out.elements.assign(bytes, bytes + elements.size());
    for (size_t cell = 0; cell < static_cast<size_t>(of.cells); ++cell) {
      out.committed.push_back((static_cast<unsigned char>(committed[cell / 8]) >> (cell % 8) & 1) != 0);
      for (size_t i = 0; i < width; i += dtype_size(of.dtype))
        check(of, out.elements.data() + cell * width + i, out.committed.back());
    }
    out.clocks = clocks(of);
    return out;
  }

  Clocks clocks(const ValueInstance& of) {
    std::vector<Clock> each(static_cast<size_t>(of.cells));
    for (uint64_t left = in_.count(); left > 0 && !in_.failed(); --left) {
      int64_t time = at_least(1);
      Clock clock{time, site()};
      uint64_t cell = 0;
      for (uint64_t i = in_.count(); i > 0; --i) {
        cell += in_.number();
        if (cell >= each.size()) in_.refuse();
        if (in_.failed()) return Clocks(of.cells);
        each[cell] = clock;
      }
    }
    Clocks out(of.cells);
    out.set_each(each);
    return out;
  }

  Dot dot() {
    Dot out;
    out.clock = in_.integer();
    out.origin = site();
    out.sequence = in_.integer();
    return out;
  }

  template <class T, class F>
  ReplicaSet<T> set(F&& element) {
    int64_t clock = in_.integer(), sequence = in_.integer();
    std::map<Dot, T> added;
    std::set<Dot> tombstones;
    for (uint64_t left = in_.count(); left > 0 && !in_.failed(); --left) {
      Dot key = dot();
      added.emplace(key, element());
    }
    for (uint64_t left = in_.count(); left > 0 && !in_.failed(); --left) tombstones.insert(dot());
    return {std::move(added), std::move(tombstones), clock, sequence};
  }

  std::optional<int64_t> maybe(int64_t least) { return below(2) == 1 ? std::optional(at_least(least)) : std::nullopt; }

  Event event() {
    Event out;
    out.strategy = std::string(in_.text(kMaxShort));
    std::span<const std::string_view> known = sample_strategies();
    if (!out.strategy.empty() && std::find(known.begin(), known.end(), out.strategy) == known.end()) in_.refuse();
    out.epoch = in_.integer();
    out.phase = at_least(0);
    out.colour = at_least(0);
    out.seed = static_cast<uint32_t>(in_.fixed(4));
    out.steps = maybe(1);
    out.tile = at_least(1);
    out.budget = maybe(INT64_MIN);
    out.total = maybe(0);
    out.stratum = in_.number();
    return out;
  }

  RuleEdit edit() {
    std::string added(in_.text(kMaxPayload)), removed(in_.text(kMaxShort));
    RuleEdit out{.added = {}, .removed = std::move(removed)};
    if (added.empty() || in_.failed()) return out;
    SourceMap sources;
    Diagnostics diagnostics;
    std::optional<Program> program =
        read_lci(sources, sources.add("checkpoint", "(lci edit " + added + ")"), diagnostics);
    std::vector<const Constraint*> found;
    if (program) found = program->all<Constraint>();
    if (found.size() == 1 && program->declarations.size() == 1)
      out.added = *found[0];
    else
      in_.refuse();
    return out;
  }

  Group group() {
    size_t commit = below(instance_.commits.size());
    if (in_.failed()) return {};
    return {commit, below(instance_.commits[commit].groups.size())};
  }

  Target target() {
    Target out{.value = below(instance_.values.size()), .cell = 0, .elements = {}};
    if (in_.failed()) return out;
    const ValueInstance& of = instance_.values[out.value];
    out.cell = static_cast<int64_t>(below(static_cast<uint64_t>(of.cells)));
    for (int64_t i = 0; i < of.width && !in_.failed(); ++i) {
      std::string_view bytes = in_.raw(dtype_size(of.dtype));
      if (in_.failed()) break;
      const auto* element = reinterpret_cast<const std::byte*>(bytes.data());
      check(of, element, false);
      out.elements.push_back(Scalar::load(of.dtype, element));
    }
    return out;
  }

  std::vector<Bar> bars() {
    std::vector<Bar> out;
    for (uint64_t left = in_.count(); left > 0 && !in_.failed(); --left) {
      Bar bar;
      bar.id.rule = in_.number();
      bar.id.origin = in_.integer();
      bar.id.sequence = in_.number();
      for (uint64_t i = in_.count(); i > 0 && !in_.failed(); --i) bar.targets.push_back(target());
      out.push_back(std::move(bar));
    }
    return out;
  }

  Undo undo() {
    Undo out;
    for (uint64_t left = in_.count(); left > 0 && !in_.failed(); --left) {
      Undo::Before before;
      before.target = target();
      before.committed = below(2) == 1;
      before.clock.time = at_least(0);
      before.clock.origin = site();
      const ValueInstance& of = instance_.values[before.target.value];
      if (before.committed && of.token() && !in_.failed() && before.target.elements[0].as_integer() >= of.vocabulary)
        in_.refuse();
      out.before.push_back(std::move(before));
    }
    out.bars = bars();
    return out;
  }

  const Instance& instance_;
  PayloadReader in_;
};

}  // namespace

std::string encode_checkpoint(const Instance& instance, const Memory& memory) {
  return pack_gzip(Encoder(instance).all(memory));
}

Result<Memory> decode_checkpoint(const Instance& instance, std::string_view bytes) {
  Result<std::string> unpacked =
      unpack_gzip(FileBytes::borrow("checkpoint", std::as_bytes(std::span(bytes.data(), bytes.size()))), kMaxPayload);
  if (!unpacked) return tl::make_unexpected(unpacked.error());
  std::optional<Memory> out = Decoder(instance, *unpacked).all();
  if (out) return std::move(*out);
  return fail({.code = Code::DamagedJournal,
               .message = "a checkpoint is not of this program",
               .expected = "what all of its values, sets and groups hold",
               .found = "something else",
               .remedy = "restore the file from a copy; nothing was changed"});
}

}  // namespace caten::consensus
