#include "codegen/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <map>
#include <set>
#include <utility>

#include "codegen/hand_written.hpp"
#include "codegen/hoisting.hpp"
#include "codegen/kernel_head.hpp"
#include "codegen/placing.hpp"
#include "codegen/render_functions.hpp"

namespace caten {
namespace {

class KernelRenderer {
 public:
  KernelRenderer(const LoopNest& nest, const Dialect& dialect, FunctionTable& functions, bool open_sizes)
      : nest_(nest), dialect_(dialect), functions_(functions), open_sizes_(open_sizes) {}

  /// The kernel's text with {name} for its own name.
  std::string run() {
    for (const Slot& slot : nest_.slots) buffers.push_back(slot.buffer);
    for (const ScalarValue& value : nest_.values) {
      bool changes = value.kind == ValueKind::kAccumulator;
      for (ValueId operand : value.operands) changes = changes || changes_[operand.value];
      for (ValueId named : values_in(value.index)) changes = changes || changes_[named.value];
      changes_.push_back(changes);
    }
    if (nest_.by_hand) return hand_written_text(nest_, dialect_, sizes);
    render_body(nest_.body, 1);
    std::vector<std::string> buffer_names, size_names;
    for (size_t i = 0; i < nest_.slots.size(); ++i) buffer_names.push_back(fmt::format("b{}", i));
    for (const Argument& argument : sizes_) {
      size_names.push_back(fmt::format("n{}", size_names.size()));
      sizes.push_back(argument.size);
    }
    std::string out = kernel_head(dialect_, nest_.slots, buffer_names, size_names) + team_memory_;
    if (streams_ && !dialect_.streamed.empty()) line(1, dialect_.streamed);
    return out + text_ + "}\n";
  }

  std::vector<BufferId> buffers;
  std::vector<Dim> sizes;

 private:
  struct Argument {
    std::string place{};  ///< of a number
    Dim size{};
    bool operator==(const Argument&) const = default;
  };

  void line(int depth, const std::string& text) {
    text_ += std::string(static_cast<size_t>(depth) * 2, ' ') + text + "\n";
  }

  /// What text is written about, while this lives. A number that is large for a loop's form is a size there, which
  /// other calls may give another value: an argument. The same number in two places may be two sizes, so that the
  /// arguments of numbers belong to places; elsewhere numbers are part of the text.
  class At {
   public:
    At(KernelRenderer& renderer, std::string place, int64_t small = kSmallSize)
        : place_(renderer.place_),
          small_(renderer.small_),
          before_(std::exchange(place_, std::move(place))),
          small_before_(std::exchange(small_, small)) {}
    ~At() {
      place_ = std::move(before_);
      small_ = small_before_;
    }
    At(const At&) = delete;
    At& operator=(const At&) = delete;

   private:
    std::string& place_;
    int64_t& small_;
    std::string before_;
    int64_t small_before_;
  };

  bool is_open(int64_t number) const { return open_sizes_ && !place_.empty() && (number > small_ || number < -small_); }

  std::string size(const Dim& dim) {
    bool number = dim.is_constant();
    if (number && !is_open(dim.constant()))
      return dim.constant() < 0 ? fmt::format("({})", dim.constant()) : std::to_string(dim.constant());
    Argument wanted{number ? place_ : "", dim};
    auto found = std::find(sizes_.begin(), sizes_.end(), wanted);
    if (found == sizes_.end()) found = sizes_.insert(sizes_.end(), std::move(wanted));
    return fmt::format("n{}", found - sizes_.begin());
  }

  std::string atom(const Dim::Atom& atom) {
    switch (atom.kind) {
      case Dim::Atom::Kind::kSymbol:
        if (reserved::is_value(atom.name)) return value_name(values_in(Dim::symbol(atom.name))[0]);
        return fmt::format("{}{}", atom.name[1], atom.name.substr(2));
      case Dim::Atom::Kind::kDiv: return division(Op::kDiv, atom.operands[0], atom.operands[1]);
      case Dim::Atom::Kind::kMod: return division(Op::kMod, atom.operands[0], atom.operands[1]);
      default: break;
    }
    assert(false && "indices do not take minima");
    return "";
  }

  /// ⌊a/b⌋ or a mod b for b > 0; C's operators round towards zero. Divisors that are numbers stay so where there are
  /// many divisions: processors divide by what is not known in advance much more slowly.
  std::string division(Op op, const Dim& a, const Dim& b) {
    const std::vector<Dim>& may_be_negative = nest_.signed_dividends;
    if (std::find(may_be_negative.begin(), may_be_negative.end(), a) == may_be_negative.end()) {
      std::string dividend = index(a);
      At form(*this, rarely_divides_ ? place_ : "", small_);
      return fmt::format("({} {} {})", dividend, op == Op::kDiv ? "/" : "%", index(b));
    }
    if (b.is_constant() && std::has_single_bit(static_cast<uint64_t>(b.constant()))) {
      auto by = static_cast<uint64_t>(b.constant());
      return op == Op::kDiv ? fmt::format("({} >> {})", index(a), std::countr_zero(by))
                            : fmt::format("({} & {})", index(a), by - 1);
    }
    return "(" + functions_.elementwise(op, DType::kI64, DType::kI64, {index(a), index(b)}) + ")";
  }

  /// Of loops that have further loops inside, small factors are arguments too: nothing depends on them there. A factor
  /// of 1 or -1 says that elements are next to each other.
  std::string factor(const Dim& coefficient, const std::vector<Dim::Atom>& of, const std::string& variables) {
    if (form_factors_) {
      At form(*this, "", small_);
      return size(coefficient);
    }
    std::set<std::string> names;
    for (const Dim::Atom& atom : of) Dim::from_terms({{1, {atom}}}).collect_symbols(names);
    bool outside = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return !reserved::is_variable(name) || outer_.contains(name);
    });
    bool small = coefficient.is_constant() && std::abs(coefficient.constant()) <= kSmallSize;
    At place(*this, outside && small && !place_.empty() ? place_ + " * " + variables : place_,
             outside ? std::min<int64_t>(small_, 1) : small_);
    return size(coefficient);
  }

  /// What is added to an index: an argument in any case, but for the form of a tile.
  std::string offset(const Dim& rest) {
    bool small = rest.is_constant() && std::abs(rest.constant()) <= kSmallSize;
    At place(*this, small && !place_.empty() ? place_ + " +" : place_, form_factors_ ? small_ : 0);
    return size(rest);
  }

  /// Terms with the same variables share one factor, a size.
  std::string index(const Dim& dim) {
    if (!varies(dim)) return size(dim);
    struct Group {
      std::string variables;
      std::vector<Dim::Atom> atoms;
      Dim coefficient;
    };
    std::vector<Group> groups;
    Dim rest(0);
    for (const Dim::Term& term : dim.terms()) {
      std::string variables;
      std::vector<Dim::Atom> constant, varying;
      for (const Dim::Atom& factor : term.factors) {
        if (varies(Dim::from_terms({{1, {factor}}}))) {
          variables += (variables.empty() ? "" : " * ") + atom(factor);
          varying.push_back(factor);
        } else {
          constant.push_back(factor);
        }
      }
      Dim coefficient = Dim::from_terms({{term.coefficient, std::move(constant)}});
      if (variables.empty()) {
        rest = rest + coefficient;
        continue;
      }
      auto found =
          std::find_if(groups.begin(), groups.end(), [&](const Group& group) { return group.variables == variables; });
      if (found == groups.end())
        groups.push_back({variables, std::move(varying), coefficient});
      else
        found->coefficient = found->coefficient + coefficient;
    }
    std::string out;
    for (const auto& [variables, atoms, coefficient] : groups)
      out += (out.empty() ? "" : " + ") +
             (coefficient.is(1) ? variables : variables + " * " + factor(coefficient, atoms, variables));
    if (!rest.is(0)) out += " + " + offset(rest);
    return "(" + out + ")";
  }

  /// An index inside brackets needs no parentheses of its own.
  std::string subscript(const Dim& dim) {
    std::string text = index(dim);
    return text.size() > 1 && varies(dim) ? text.substr(1, text.size() - 2) : text;
  }

  std::string accumulator(uint32_t slot, const Dim& lane) {
    At form(*this, "");
    return several_.contains(slot) ? fmt::format("a{}[{}]", slot, subscript(lane)) : fmt::format("a{}", slot);
  }

  std::string element(uint32_t slot, const Dim& index) {
    At buffer(*this, fmt::format("b{}", slot));
    return fmt::format("b{}[{}]", slot, subscript(index));
  }

  std::string name(ValueId id, int64_t small = kSmallSize) {
    const ScalarValue& value = nest_[id];
    if (value.kind == ValueKind::kConstant) {
      At constant(*this, fmt::format("c{}", id.value), small);
      return value.dtype == DType::kI64 && is_open(value.constant.as_integer()) ? size(Dim(value.constant.as_integer()))
                                                                                : functions_.literal(value.constant);
    }
    if (value.kind == ValueKind::kAccumulator) return accumulator(value.slot, value.index);
    if (value.kind == ValueKind::kResult) return fmt::format("r{}", value.slot);
    return value_name(id);
  }

  /// Values are numbered as they appear: which of them happen to be equal, as numbers do, is no part of the text.
  std::string value_name(ValueId id) {
    auto known = numbers_.try_emplace(id.value, static_cast<uint32_t>(numbers_.size())).first;
    return fmt::format("v{}", known->second);
  }

  std::string expression(ValueId id) {
    const ScalarValue& value = nest_[id];
    std::vector<std::string> operands;
    // An index is compared with sizes, and with how many blocks they have.
    bool bounds = value.kind == ValueKind::kElementwise && value.op == Op::kLt &&
                  nest_[value.operands[0]].kind == ValueKind::kIndex;
    for (ValueId operand : value.operands) operands.push_back(name(operand, bounds ? 0 : kSmallSize));
    At place(*this, name(id));
    switch (value.kind) {
      case ValueKind::kIndex: return subscript(value.index);
      case ValueKind::kLoad: {
        std::string load = element(value.slot, value.index);
        return is_bool(value.dtype) ? substitute(dialect_.load_bool, {{"x", load}}) : load;
      }
      case ValueKind::kElementwise:
        return divides_simply(value) ? functions_.divided(value.op, value.from, operands)
                                     : functions_.elementwise(value.op, value.from, value.dtype, operands);
      case ValueKind::kAbs: return functions_.abs(value.dtype, operands[0]);
      case ValueKind::kMaxNumber: return functions_.max_number(value.dtype, operands);
      case ValueKind::kMinNumber: return functions_.min_number(value.dtype, operands);
      case ValueKind::kMultiplyAdd: return functions_.multiply_add(value.dtype, operands);
      case ValueKind::kSelect: return fmt::format("{} ? {} : {}", operands[0], operands[1], operands[2]);
      case ValueKind::kCast: return functions_.cast(value.from, value.dtype, operands[0]);
      case ValueKind::kBitcast: return fmt::format("{}({})", functions_.bitcast(value.from, value.dtype), operands[0]);
      case ValueKind::kPart:
        return fmt::format("{}({}, {})", functions_.part(value.from, value.dtype), operands[0], index(value.index));
      case ValueKind::kComplex:
        return fmt::format("{}({}, {})", functions_.complex(value.from, value.dtype), operands[0], operands[1]);
      case ValueKind::kClamp: return bounded("caten_clamp", operands[0], value.index);
      case ValueKind::kInRange: return bounded("caten_in_range", operands[0], value.index);
      case ValueKind::kCount: {
        At rest(*this, place_, 0);
        return fmt::format("{} ? {} : {}", operands[0], value.constant.as_integer(), index(value.index));
      }
      case ValueKind::kDistinct: return fmt::format("b0 != b{}", value.slot);
      case ValueKind::kMember: return dialect_.team.member;
      case ValueKind::kConstant:
      case ValueKind::kResult:
      case ValueKind::kAccumulator: break;
    }
    assert(false && "constants and accumulators have no line of their own");
    return "";
  }

  std::string bounded(const std::string& function, const std::string& what, const Dim& limit) {
    At any(*this, place_, 0);
    return fmt::format("{}({}, {})", functions_.prelude(function), what, index(limit));
  }

  /// By a number without sign, other than 0: what C's operators do.
  bool divides_simply(const ScalarValue& value) const {
    if ((value.op != Op::kDiv && value.op != Op::kMod) || dtype_class(value.from) != DTypeClass::kUnsigned)
      return false;
    const ScalarValue& by = nest_[value.operands[1]];
    return by.kind == ValueKind::kConstant && by.constant.as_integer() != 0;
  }

  void render_branch(const Placing& placing, uint32_t branch, int depth) {
    for (uint32_t id : placing.branches[branch].values) {
      const ScalarValue& value = nest_.values[id];
      if (!has_line(value)) continue;
      const std::string& type = dialect_.type(value.dtype);
      if (value.kind == ValueKind::kSelect)
        if (auto sides = placing.sides(id)) {
          line(depth, fmt::format("{} {};", type, name({id})));
          line(depth, fmt::format("if ({}) {{", name(value.operands[0])));
          render_branch(placing, sides->first, depth + 1);
          line(depth + 1, fmt::format("{} = {};", name({id}), name(value.operands[1])));
          line(depth, "} else {");
          render_branch(placing, sides->second, depth + 1);
          line(depth + 1, fmt::format("{} = {};", name({id}), name(value.operands[2])));
          line(depth, "}");
          continue;
        }
      std::string what = expression({id});
      line(depth, fmt::format("const {} {} = {};", type, name({id}), what));
    }
  }

  /// Computes what statements need and is not there yet. What reads an accumulator is computed anew each time.
  void compute(const std::vector<ValueId>& wanted, int depth, const std::set<uint32_t>& safe = {}) {
    Placing placing(nest_, wanted, available_, safe);
    render_branch(placing, 0, depth);
    for (uint32_t id : placing.branches[0].values)
      if (!changes_[id]) available_.insert(id);
  }

  /// Loads that a loop's body repeats are computed before it, where it runs at all. Whether the loop has a condition of
  /// its own now, which the caller closes.
  bool hoist(const Statement& loop, int depth) {
    std::vector<ValueId> fixed = fixed_values(nest_, loop, {available_, changes_, known_results_});
    bool reads =
        std::any_of(fixed.begin(), fixed.end(), [&](ValueId id) { return Placing::must_be_guarded(nest_[id]); });
    if (!reads) return false;
    bool runs = loop.extent.is_constant() && loop.extent.constant() > 0;
    if (!runs) line(depth, fmt::format("if (0 < {}) {{", extent_of(loop)));
    compute(fixed, depth + (runs ? 0 : 1));
    return !runs;
  }

  /// How often an innermost loop runs decides how it is unrolled, if that is not often. Of other loops it decides
  /// nothing.
  std::string extent_of(const Statement& loop) {
    bool form = loop.extent_is == Extent::kForm;
    At place(*this, form ? "" : loop.variable, form || decides_unrolling(loop) ? kSmallSize : 0);
    return index(loop.extent);
  }

  void render_loop_head(const Statement& loop, int depth) {
    std::string variable = atom(Dim::Atom{.name = loop.variable});
    bool only_sets = true, innermost = true;
    for (const Statement& inner : loop.body) {
      bool binds = inner.kind == StatementKind::kBind;
      only_sets = only_sets && (binds || inner.kind == StatementKind::kLet || inner.kind == StatementKind::kStore ||
                                inner.kind == StatementKind::kSet);
      innermost = innermost && (binds || at_once(inner));
    }
    if (loop.independent && only_sets && !loop.one_by_one && !bits_of_complex() && !dialect_.independent.empty())
      line(depth, dialect_.independent);
    if (loop.one_by_one && !dialect_.one_by_one.empty()) line(depth, dialect_.one_by_one);
    bool rests = loop.extent_is == Extent::kRest || loop.much;
    if (rests && innermost && !loop.one_by_one && !dialect_.rest.empty()) line(depth, dialect_.rest);
    const std::string& range = nest_.team > 0 ? dialect_.team.range : dialect_.range;
    if (&loop == nest_.range() && !range.empty())
      line(depth, substitute(range, {{"type", dialect_.type(DType::kI64)}, {"variable", variable}}));
    else
      line(depth, fmt::format("for ({0} {1} = 0; {1} < {2}; ++{1}) {{", dialect_.type(DType::kI64), variable,
                              extent_of(loop)));
  }

  /// The bits of a complex number taken as another's are a variable in memory to compilers, which iterations that are
  /// said to be independent would share.
  bool bits_of_complex() const {
    return std::any_of(nest_.values.begin(), nest_.values.end(), [](const ScalarValue& value) {
      return value.kind == ValueKind::kBitcast && is_complex(value.dtype) != is_complex(value.from);
    });
  }

  /// Turns of the whole team, in each of which a thread has one iteration, or none at the end. So all threads take as
  /// many turns: PoCL leaves out loops within loops that threads take differently often between two barriers.
  void render_team_loop(const Statement& loop, int depth) {
    std::string variable = atom(Dim::Atom{.name = loop.variable}), extent = extent_of(loop);
    const std::string& integer = dialect_.type(DType::kI64);
    line(depth, fmt::format("for ({0} t{1} = 0; t{1} < {2}; t{1} += {3}) {{", integer, variable, extent, nest_.team));
    line(depth + 1, fmt::format("const {0} {1} = t{1} + {2};", integer, variable, dialect_.team.member));
    bool all = loop.extent.is_constant() && loop.extent.constant() % nest_.team == 0;
    if (!all) line(depth + 1, fmt::format("if ({} < {}) {{", variable, extent));
    render_body(loop.body, depth + (all ? 1 : 2));
    if (!all) line(depth + 1, "}");
    line(depth, "}");
  }

  void render_loop(const Statement& loop, int depth) {
    std::set<uint32_t> before = available_;
    bool guarded = &loop != nest_.range() && hoist(loop, depth);
    if (has_open_loop(loop.body)) outer_.insert(loop.variable);
    if (guarded) ++depth;
    if (loop.of_team && &loop != nest_.range()) {
      render_team_loop(loop, depth);
    } else {
      render_loop_head(loop, depth);
      render_body(loop.body, depth + 1);
      line(depth, "}");
    }
    if (guarded) {
      line(depth - 1, "}");
      available_ = std::move(before);
    }
  }

  /// Accumulators that are declared together and have as many elements get their first values in one loop.
  void render_declarations(const std::vector<Statement>& body, size_t begin, size_t end, int depth) {
    for (size_t i = begin; i < end;) {
      size_t same = i;
      std::string values;
      for (; same < end && body[same].lanes == body[i].lanes && body[same].value.valid() == body[i].value.valid();
           ++same) {
        const Statement& statement = body[same];
        const std::string& type = dialect_.type(statement.dtype);
        if (statement.of_team) {
          several_.insert(statement.slot);
          team_memory_ += "  " +
                          substitute(dialect_.team.memory, {{"type", type},
                                                            {"name", fmt::format("a{}", statement.slot)},
                                                            {"count", std::to_string(statement.lanes)}}) +
                          "\n";
          continue;
        }
        if (statement.lanes == 1) {
          line(depth, fmt::format("{} a{} = {};", type, statement.slot, name(statement.value)));
          continue;
        }
        several_.insert(statement.slot);
        line(depth, fmt::format("{} a{}[{}];", type, statement.slot, statement.lanes));
        if (statement.value.valid()) values += fmt::format(" a{}[i] = {};", statement.slot, name(statement.value));
      }
      if (!values.empty())
        line(depth, fmt::format("for ({0} i = 0; i < {1}; ++i){2}", dialect_.type(DType::kI64), body[i].lanes,
                                same == i + 1 ? values : " {" + values + " }"));
      i = same;
    }
  }

  void render_bind(const Statement& bind, int depth) {
    bool counts = bind.extent_is == Extent::kCount;
    At place(*this, bind.variable, counts ? 1 : bind.extent_is == Extent::kRest ? 0 : kSmallSize);
    std::set<std::string> names;
    bind.index.collect_symbols(names);
    if (std::all_of(names.begin(), names.end(), [&](const std::string& name) { return outer_.contains(name); }))
      outer_.insert(bind.variable);
    form_factors_ = !counts;
    // Where a tile or a row comes next, a division more is nothing.
    const Statement* range = nest_.range();
    auto repeats = [](const Statement& inner) { return !inner.body.empty(); };
    rarely_divides_ = counts && range && std::any_of(range->body.begin(), range->body.end(), repeats);
    line(depth, fmt::format("const {} {} = {};", dialect_.type(DType::kI64), atom(Dim::Atom{.name = bind.variable}),
                            subscript(bind.index)));
    rarely_divides_ = form_factors_ = false;
  }

  /// A statement that the dialect spells, with pointers to elements.
  void render_stream(const Statement& stream, int depth) {
    streams_ = true;
    line(depth, functions_.text_with(dialect_.stream, {{"to", "&" + element(stream.slot, stream.index)},
                                                       {"from", "&" + accumulator(stream.source, stream.from)},
                                                       {"count", extent_of(stream)},
                                                       {"size", std::to_string(dtype_size(stream.dtype))}}));
  }

  void render_fetch(const Statement& fetch, int depth) {
    if (dialect_.fetch.empty()) return;
    line(depth, functions_.text_with(dialect_.fetch, {{"from", "&" + element(fetch.slot, fetch.index)}}));
  }

  void render_turn(const Statement& turn, int depth) {
    std::string from = "&" + element(turn.source, turn.from);
    At buffer(*this, fmt::format("b{}", turn.source));
    line(depth, functions_.text_with(dialect_.turn, {{"to", "&" + accumulator(turn.slot, turn.index)},
                                                     {"columns", std::to_string(turn.lanes)},
                                                     {"from", from},
                                                     {"step", index(turn.step)},
                                                     {"side", index(turn.extent)},
                                                     {"size", std::to_string(dtype_size(turn.dtype))}}));
  }

  static bool at_once(const Statement& statement) {
    return statement.kind == StatementKind::kSet || statement.kind == StatementKind::kStore;
  }

  void render_body(const std::vector<Statement>& body, int depth) {
    std::set<uint32_t> before = available_;
    std::set<uint32_t> results = known_results_;
    for (size_t i = 0; i < body.size(); ++i) {
      const Statement& statement = body[i];
      if (at_once(statement) && (i == 0 || !at_once(body[i - 1]))) {
        std::vector<ValueId> wanted;
        std::set<uint32_t> safe;
        for (size_t k = i; k < body.size() && at_once(body[k]); ++k) {
          if (body[k].kind == StatementKind::kStore) {
            for (ValueId id : values_in(body[k].index)) wanted.push_back(id);
            collect_loads_of(nest_, body[k], safe);
          }
          wanted.push_back(body[k].value);
        }
        compute(wanted, depth, safe);
      }
      switch (statement.kind) {
        case StatementKind::kLoop: render_loop(statement, depth); break;
        case StatementKind::kBind: render_bind(statement, depth); break;
        case StatementKind::kIf:
          compute({statement.value}, depth);
          line(depth, fmt::format("if ({}) {{", name(statement.value)));
          render_body(statement.body, depth + 1);
          if (!statement.otherwise.empty()) {
            line(depth, "} else {");
            render_body(statement.otherwise, depth + 1);
          }
          line(depth, "}");
          break;
        case StatementKind::kDeclare: {
          size_t end = i;
          std::vector<ValueId> initial;
          for (; end < body.size() && body[end].kind == StatementKind::kDeclare; ++end)
            if (body[end].value.valid()) initial.push_back(body[end].value);
          compute(initial, depth);
          render_declarations(body, i, end, depth);
          i = end - 1;
          break;
        }
        case StatementKind::kLet:
          compute({statement.value}, depth);
          line(depth, fmt::format("const {} r{} = {};", dialect_.type(statement.dtype), statement.slot,
                                  name(statement.value)));
          known_results_.insert(statement.slot);
          break;
        case StatementKind::kKeep: compute({statement.value}, depth); break;
        case StatementKind::kSet:
          line(depth, fmt::format("{} = {};", accumulator(statement.slot, statement.index), name(statement.value)));
          break;
        case StatementKind::kStore:
          line(depth, fmt::format("{} = {};", element(statement.slot, statement.index), name(statement.value)));
          break;
        case StatementKind::kStream: render_stream(statement, depth); break;
        case StatementKind::kFetch: render_fetch(statement, depth); break;
        case StatementKind::kTurn: render_turn(statement, depth); break;
        case StatementKind::kBarrier: line(depth, dialect_.team.barrier); break;
      }
    }
    available_ = std::move(before);
    known_results_ = std::move(results);
  }

  const LoopNest& nest_;
  const Dialect& dialect_;
  FunctionTable& functions_;
  std::set<uint32_t> available_;      ///< values that have been computed where the text is now
  std::set<uint32_t> known_results_;  ///< numbers that kLet has named there
  std::set<uint32_t> several_;        ///< accumulators of more than one element
  std::vector<bool> changes_;         ///< of each value: whether it reads an accumulator
  std::vector<Argument> sizes_;
  std::set<std::string> outer_;           ///< variables of loops with further loops inside, whose extents are arguments
  std::map<uint32_t, uint32_t> numbers_;  ///< of values in the text; only looked up
  bool open_sizes_;
  std::string place_;            ///< where numbers are written now; empty: they are part of the text
  int64_t small_ = kSmallSize;   ///< and so are these
  bool rarely_divides_ = false;  ///< what is written now runs once for many elements
  bool streams_ = false;         ///< something is written past the caches
  bool form_factors_ = false;    ///< factors that are written now are those of the kernel's form
  std::string text_;
  std::string team_memory_;  ///< declared where the kernel begins
};

}  // namespace

RenderedProgram render(const std::vector<LoopNest>& nests, const Dialect& dialect, const RenderOptions& options) {
  struct Function {
    uint32_t unit;
    std::string name, name_in_unit;
  };
  RenderedProgram out;
  FunctionTable all(dialect), of_unit(dialect);
  std::map<std::string, Function> known;
  std::string kernels, kernels_of_unit;
  size_t in_unit = 0;
  auto close_unit = [&] {
    if (in_unit == 0) return;
    out.units.push_back(of_unit.text() + kernels_of_unit);
    of_unit = FunctionTable(dialect);
    kernels_of_unit.clear();
    in_unit = 0;
  };
  for (const LoopNest& nest : nests) {
    if (nest.call) {
      RenderedKernel& kernel = out.kernels.emplace_back();
      for (const Slot& slot : nest.slots) kernel.buffers.push_back(slot.buffer);
      kernel.sizes = nest.call->sizes;
      kernel.call = nest.call;
      kernel.name = fmt::format("{} of {}", nest.call->routine, nest.call->library);
      kernels += fmt::format("\n// {}, {}\n", kernel.name, nest.call->attributes);
      continue;
    }
    FunctionTable functions(dialect);
    KernelRenderer renderer(nest, dialect, functions, options.open_sizes);
    std::string text = renderer.run();
    Function next{static_cast<uint32_t>(out.units.size()), fmt::format("kernel_{}", known.size()),
                  fmt::format("kernel_{}", in_unit)};
    auto [function, added] = known.try_emplace(text, std::move(next));
    if (added) {
      all.merge(functions);
      of_unit.merge(functions);
      kernels += "\n" + substitute(text, {{"name", function->second.name}});
      kernels_of_unit += "\n" + substitute(text, {{"name", function->second.name_in_unit}});
      if (++in_unit == options.unit_kernels) close_unit();
    }
    const auto& [unit, name, name_in_unit] = function->second;
    RenderedKernel& kernel = out.kernels.emplace_back(
        RenderedKernel{name, unit, name_in_unit, std::move(renderer.buffers), std::move(renderer.sizes)});
    if (nest.by_hand && !dialect.range.empty()) {
      kernel.range = nest.by_hand->range;
      kernel.range_work = nest.by_hand->range_work;
    }
    kernel.team = nest.team;
    if (const Statement* loop = nest.range(); loop && !dialect.range.empty()) {
      kernel.range = loop->extent;
      kernel.range_work = work_of(nest, loop->body) * Dim(static_cast<int64_t>(nest.values.size() + 1));
    }
  }
  close_unit();
  out.source = all.text() + kernels;
  return out;
}

}  // namespace caten
