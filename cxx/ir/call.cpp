#include "ir/call.hpp"

#include <fmt/format.h>

#include <cassert>
#include <set>

namespace caten {
namespace {

/// left = right, as one axis of an argument or one explicit size says it.
struct Equation {
  Dim left;
  int64_t right;
  std::string source;  ///< "axis 1 of input `x`"
  std::string whole;   ///< the argument's type, "f32[3 5]"
};

/// A size that is known, and what said so.
struct Binding {
  int64_t value;
  std::string source;
};

class Binder {
 public:
  Binder(const Graph& graph, const Arguments& arguments) : graph_(graph), arguments_(arguments) {}

  Result<DimValues> bind() {
    CATEN_TRY(collect());
    CATEN_TRY(solve());
    CATEN_TRY(complete());
    CATEN_TRY(check());
    return std::move(values_);
  }

 private:
  /// One equation per axis of every argument and per explicit size, in the order in which the program declares them.
  Status collect() {
    for (const auto& [name, value] : arguments_.sizes) {
      if (!graph_.dims.declared(name))
        return fail({.code = Code::UnknownDim,
                     .message = fmt::format("the program has no size `{}`", name),
                     .expected = graph_.dims.names().empty()
                                     ? "a program with named sizes"
                                     : fmt::format("one of {}", fmt::join(graph_.dims.names(), " ")),
                     .found = fmt::format("{} = {}", name, value),
                     .remedy = unknown_remedy(name)});
      equations_.push_back({graph_.dims.resolve(Dim::symbol(name)), value, fmt::format("the given size `{}`", name),
                            fmt::format("{} = {}", name, value)});
    }
    CATEN_TRY(collect("input", graph_.inputs, arguments_.inputs));
    return collect("state", graph_.states, arguments_.states);
  }

  std::string unknown_remedy(const std::string& name) const {
    std::string near = did_you_mean(name, graph_.dims.names());
    return near.empty() ? "leave it out" : near;
  }

  template <class Declarations>
  Status collect(const char* kind, const Declarations& declared, const std::vector<Array>& given) {
    for (size_t i = 0; i < declared.size(); ++i) {
      const std::string& name = declared[i].name;
      const ValueType& type = graph_.type(declared[i].node);
      if (i >= given.size() || (!given[i].data() && given[i].bytes() > 0))
        return fail({.code = Code::MissingInput,
                     .message = fmt::format("{} `{}` was not given", kind, name),
                     .expected = describe(type),
                     .found = fmt::format("{} {}{}", given.size(), kind, given.size() == 1 ? "" : "s"),
                     .remedy = fmt::format("give a value for `{}`", name)});
      const Array& array = given[i];
      if (array.dtype() != type.dtype)
        return fail({.code = Code::InputMismatch,
                     .message = fmt::format("{} `{}` has dtype {}, not {}", kind, name, dtype_name(array.dtype()),
                                            dtype_name(type.dtype)),
                     .expected = describe(type),
                     .found = describe(array),
                     .remedy = fmt::format("convert it to {}", dtype_name(type.dtype))});
      if (array.rank() != type.shape.size())
        return fail({.code = Code::InputMismatch,
                     .message = fmt::format("{} `{}` has {} {}, not {}", kind, name, array.rank(),
                                            array.rank() == 1 ? "axis" : "axes", type.shape.size()),
                     .expected = describe(type),
                     .found = describe(array),
                     .remedy = "reshape it"});
      for (size_t axis = 0; axis < array.rank(); ++axis)
        equations_.push_back({graph_.dims.resolve(type.shape[axis]), array.shape()[axis],
                              fmt::format("axis {} of {} `{}`", axis, kind, name), describe(array)});
    }
    if (given.size() > declared.size())
      return fail({.code = Code::InputMismatch,
                   .message = fmt::format("more {}s than program `{}` has", kind, graph_.name),
                   .expected = fmt::format("{} {}{}", declared.size(), kind, declared.size() == 1 ? "" : "s"),
                   .found = fmt::format("{}", given.size()),
                   .remedy = "leave the others out"});
    return {};
  }

  /// The equation solved for its only unknown symbol, if it has one and that occurs once, as coefficient · symbol.
  Status solve_for_one(const Dim& left, const Dim& right, const std::string& source, bool& progress) {
    Dim rest = (left - right).substitute(known_);
    std::set<std::string> unknown;
    rest.collect_symbols(unknown);
    if (unknown.size() != 1) return {};
    int64_t coefficient = 0, constant = 0;
    for (const Dim::Term& term : rest.terms()) {
      if (term.factors.empty()) {
        constant = term.coefficient;
      } else if (coefficient == 0 && term.factors.size() == 1 && term.factors[0].kind == Dim::Atom::Kind::kSymbol) {
        coefficient = term.coefficient;
      } else {
        return {};
      }
    }
    if (coefficient == 0 || constant == INT64_MIN) return {};
    const std::string& name = *unknown.begin();
    if (constant % coefficient != 0)
      return fail({.code = Code::InputMismatch,
                   .message = fmt::format("{} leaves no integer for size `{}`", source, name),
                   .expected = fmt::format("{} = {} for some integer {}", left.describe(), right.describe(), name),
                   .found = fmt::format("{}, not divisible by {}", -constant, coefficient),
                   .remedy = "give arrays whose sizes agree",
                   .notes = notes()});
    int64_t value = -constant / coefficient;
    values_[name] = value;
    known_[name] = Dim(value);
    bindings_.insert_or_assign(name, Binding{value, source});
    progress = true;
    return {};
  }

  Status solve() {
    for (const Equation& equation : equations_) {
      auto symbol = equation.left.as_symbol();
      if (!symbol || values_.contains(*symbol)) continue;
      bool progress = false;
      CATEN_TRY(solve_for_one(equation.left, Dim(equation.right), equation.source, progress));
    }
    for (const DimEnv::Symbol& symbol : graph_.dims.symbols())
      if (symbol.bounds.lo && symbol.bounds.hi && *symbol.bounds.lo == *symbol.bounds.hi &&
          !graph_.dims.solution().contains(symbol.name) && !values_.contains(symbol.name)) {
        values_[symbol.name] = *symbol.bounds.lo;
        known_[symbol.name] = Dim(*symbol.bounds.lo);
        bindings_.insert_or_assign(symbol.name, Binding{*symbol.bounds.lo, "its declared bounds"});
      }
    for (bool progress = true; progress;) {
      progress = false;
      for (const Equation& equation : equations_)
        CATEN_TRY(solve_for_one(equation.left, Dim(equation.right), equation.source, progress));
      for (const Guard& guard : graph_.dims.guards())
        if (guard.kind == Guard::Kind::kEqual)
          CATEN_TRY(solve_for_one(guard.left, guard.right, guard.reason, progress));
    }
    return {};
  }

  /// Sizes that were replaced by others get their value; the rest must not occur in the program.
  Status complete() {
    std::set<std::string> used;
    bool collected = false;
    for (const DimEnv::Symbol& symbol : graph_.dims.symbols()) {
      if (values_.contains(symbol.name)) continue;
      Dim solved = graph_.dims.resolve(Dim::symbol(symbol.name)).substitute(known_);
      if (solved.is_constant()) {
        values_[symbol.name] = solved.constant();
        continue;
      }
      if (solved.overflowed()) return overflow(symbol.name);
      if (!collected) used = used_symbols();
      collected = true;
      std::set<std::string> open;
      solved.collect_symbols(open);
      for (const std::string& name : open)
        if (used.contains(name))
          return fail({.code = Code::UnboundDim,
                       .message = fmt::format("nothing decides the size `{}`", name),
                       .span = symbol.span,
                       .expected = "a size that follows from the shape of an input or a state",
                       .found = arguments_described(),
                       .remedy = fmt::format("give it: -D {}=…", name),
                       .notes = notes()});
    }
    return {};
  }

  std::set<std::string> used_symbols() const {
    std::set<std::string> used;
    auto note = [&](const Dim& dim) { graph_.dims.resolve(dim).collect_symbols(used); };
    for (NodeId id : graph_.reachable()) {
      const Node& node = graph_[id];
      for (const Dim& dim : node.type.shape) note(dim);
      if (const auto* loop = std::get_if<LoopAttributes>(&node.attributes)) note(loop->count);
      if (const auto* slice = std::get_if<SliceAttributes>(&node.attributes))
        for (const SliceRange& range : slice->ranges) {
          note(range.start);
          note(range.stop);
        }
    }
    for (const Guard& guard : graph_.dims.guards()) {
      note(guard.left);
      note(guard.right);
    }
    return used;
  }

  Status check() const {
    for (const Equation& equation : equations_) {
      std::optional<int64_t> value = equation.left.evaluate(values_);
      if (!value && equation.left.substitute(known_).overflowed()) return overflow(equation.left.describe());
      if (!value || *value == equation.right) continue;
      std::string rule = equation.left.is_constant() ? fmt::format("{}", *value)
                                                     : fmt::format("{} = {}", equation.left.describe(), *value);
      return fail({.code = Code::InputMismatch,
                   .message = fmt::format("{} is {}, not {}", equation.source, equation.right, *value),
                   .expected = rule + why(equation.left),
                   .found = equation.whole,
                   .remedy = "give arrays whose sizes agree",
                   .notes = notes()});
    }
    for (const DimEnv::Symbol& symbol : graph_.dims.symbols()) {
      auto found = values_.find(symbol.name);
      if (found == values_.end()) continue;
      int64_t value = found->second;
      bool low = symbol.bounds.lo && value < *symbol.bounds.lo;
      bool high = symbol.bounds.hi && value > *symbol.bounds.hi;
      if (!low && !high) continue;
      auto bound = [](const std::optional<int64_t>& b) { return b ? std::to_string(*b) : std::string("*"); };
      return fail(
          {.code = Code::SizeOutOfBounds,
           .message = fmt::format("size `{}` = {} is {} its declared {}", symbol.name, value, low ? "below" : "above",
                                  low ? "minimum" : "maximum"),
           .span = symbol.span,
           .expected = fmt::format("(dim {} {} {})", symbol.name, bound(symbol.bounds.lo), bound(symbol.bounds.hi)),
           .found = fmt::format("{}{}", value, why(graph_.dims.resolve(Dim::symbol(symbol.name)))),
           .remedy = "give arrays of other sizes, or declare wider bounds",
           .notes = notes()});
    }
    for (const Guard& guard : graph_.dims.guards()) {
      std::optional<int64_t> left = guard.left.evaluate(values_), right = guard.right.evaluate(values_);
      if (!left || !right) return overflow(!left ? guard.left.describe() : guard.right.describe());
      bool equal = guard.kind == Guard::Kind::kEqual;
      if (equal ? *left == *right : *left <= *right) continue;
      return fail(
          {.code = Code::GuardFailed,
           .message = "the sizes of this call break a condition of the program: " + guard.reason,
           .span = guard.span,
           .expected = fmt::format("{} {} {}", guard.left.describe(), equal ? "=" : "≤", guard.right.describe()),
           .found = fmt::format("{} and {}", *left, *right),
           .remedy = "give arrays of other sizes",
           .notes = notes()});
    }
    return {};
  }

  tl::unexpected<Diagnostic> overflow(const std::string& what) const {
    return fail({.code = Code::SizeOverflow,
                 .message = fmt::format("the size {} leaves 64 bits", what),
                 .expected = "sizes below 2^63",
                 .found = arguments_described(),
                 .remedy = "use smaller sizes",
                 .notes = notes()});
  }

  /// ", from axis 0 of input `a`" for the symbols of the size.
  std::string why(const Dim& dim) const {
    std::set<std::string> names;
    dim.collect_symbols(names);
    std::string out;
    for (const std::string& name : names)
      if (auto found = bindings_.find(name); found != bindings_.end())
        out += fmt::format("{}{} = {} from {}", out.empty() ? ", as " : " and ", name, found->second.value,
                           found->second.source);
    return out;
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> lines;
    for (const std::string& line : graph_.dims.derived()) lines.push_back("derived: " + line);
    return lines;
  }

  std::string arguments_described() const {
    std::string out;
    auto add = [&](const auto& declared, const std::vector<Array>& given) {
      for (size_t i = 0; i < declared.size(); ++i)
        out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", declared[i].name, describe(given[i]));
    };
    add(graph_.inputs, arguments_.inputs);
    add(graph_.states, arguments_.states);
    return out.empty() ? "no inputs" : out;
  }

  const Graph& graph_;
  const Arguments& arguments_;
  std::vector<Equation> equations_;
  DimValues values_;
  std::map<std::string, Dim> known_;
  std::map<std::string, Binding> bindings_;
};

}  // namespace

Result<DimValues> bind_sizes(const Graph& graph, const Arguments& arguments) { return Binder(graph, arguments).bind(); }

Result<std::vector<int64_t>> checked_concrete(const Shape& shape, const DimValues& sizes) {
  std::vector<int64_t> out;
  out.reserve(shape.size());
  for (const Dim& dim : shape) {
    std::optional<int64_t> value = dim.evaluate(sizes);
    if (value && *value >= 0) {
      out.push_back(*value);
      continue;
    }
    return fail({.code = value ? Code::NegativeSize : Code::SizeOverflow,
                 .message = fmt::format("the size {} {} in this call", dim.describe(),
                                        value ? "is negative" : "leaves 64 bits"),
                 .expected = value ? "sizes of 0 or more" : "sizes below 2^63",
                 .found = describe(shape) + (value ? fmt::format(", with {} = {}", dim.describe(), *value) : ""),
                 .remedy = "give arrays of other sizes"});
  }
  return out;
}

std::vector<int64_t> concrete(const Shape& shape, const DimValues& sizes) {
  Result<std::vector<int64_t>> out = checked_concrete(shape, sizes);
  assert(out && "a size that was not bound or not checked");
  return std::move(*out);
}

}  // namespace caten
