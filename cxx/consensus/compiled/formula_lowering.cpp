#include "consensus/compiled/formula_lowering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "consensus/compiled/layout.hpp"

namespace caten::consensus::compiled {
namespace {

constexpr int64_t kMostTabulated = 4096;
/// A table with more entries is read by index.
constexpr int64_t kMostCompared = 16;

bool is_draw(Function function) {
  return function == Function::kUniform || function == Function::kBernoulli || function == Function::kCategorical;
}

bool is_predicate(Function function) {
  return function == Function::kChange || function == Function::kReadFuture || function == Function::kInPalette ||
         function == Function::kAllDifferent || function == Function::kAccepts;
}

}  // namespace

Items FormulaLowering::refused(size_t) {
  obstacle_.add("an expression that asks for what is not there");
  return {.each = {arithmetic_.constant(Number::of(int64_t{0}))}};
}

Quantity FormulaLowering::predicate(Function, size_t slot) { return refused(slot).each[0]; }

Items FormulaLowering::part(const Formula& formula, size_t node) {
  Scope scope{formula, {}, std::vector<Items>(formula.nodes.size())};
  for (size_t i = 0; i <= node && !obstacle_.met(); ++i) lower_node(scope, i);
  if (obstacle_.met()) return {.each = {arithmetic_.constant(Number::of(int64_t{0}))}};
  return std::move(scope.known[node]);
}

Items FormulaLowering::items(const Formula& formula, std::span<const int64_t> offset) {
  Scope scope{formula, offset, std::vector<Items>(formula.nodes.size())};
  for (size_t i = 0; i < formula.nodes.size() && !obstacle_.met(); ++i) lower_node(scope, i);
  if (obstacle_.met()) return {.each = {arithmetic_.constant(Number::of(int64_t{0}))}};
  return std::move(scope.known.back());
}

Quantity FormulaLowering::number(const Formula& formula, std::span<const int64_t> offset) {
  Items out = items(formula, offset);
  if (out.list) obstacle_.add("a list where a number is asked for");
  return out.each[0];
}

/// The integer that all of a part depends on, if there is only one, and its values are few.
std::optional<size_t> FormulaLowering::basis_of(const Scope& scope, size_t index) const {
  std::optional<size_t> out;
  std::vector<size_t> pending{index};
  while (!pending.empty()) {
    size_t at = pending.back();
    pending.pop_back();
    const Formula::Node& node = scope.formula.nodes[at];
    const Items& known = scope.known[at];
    const Quantity* q = known.list || known.each.empty() ? nullptr : known.each.data();
    if (q && q->constant) continue;
    if (q && q->is_integer() && at != index) {
      bool few = !q->valid && q->low > std::numeric_limits<int32_t>::min() &&
                 q->high < std::numeric_limits<int32_t>::max() && q->high - q->low < kMostTabulated;
      if (!few || (out && *out != at)) return std::nullopt;
      out = at;
      continue;
    }
    if (node.arguments.empty() || is_draw(node.function)) return std::nullopt;
    pending.insert(pending.end(), node.arguments.begin(), node.arguments.end());
  }
  return out;
}

/// What a part is for each of the numbers that its basis can be: computed by the expression itself.
std::vector<Number> FormulaLowering::numbers_of(const Scope& scope, size_t index, size_t basis) const {
  Formula formula = scope.formula;
  for (size_t i = 0; i < index; ++i) {
    const Items& known = scope.known[i];
    if (!known.list && !known.each.empty() && known.each[0].constant)
      formula.nodes[i] = {.function = Function::kConstant, .constant = *known.each[0].constant};
  }
  const Quantity& integer = scope.known[basis].each[0];
  std::vector<Number> out;
  for (int64_t value = integer.low; value <= integer.high; ++value) {
    formula.nodes[basis] = {.function = Function::kConstant, .constant = Number::of(value)};
    out.push_back(evaluate(formula, index, Facts()).at(0));
  }
  return out;
}

/// A function of one integer with few values, as a table.
std::optional<Quantity> FormulaLowering::tabulated(Scope& scope, size_t index) {
  std::optional<size_t> basis = basis_of(scope, index);
  if (!basis) return std::nullopt;
  const Quantity& integer = scope.known[*basis].each[0];
  std::vector<Number> numbers = numbers_of(scope, index, *basis);
  auto count = static_cast<int64_t>(numbers.size());
  Number::Type type = numbers[0].type;
  for (const Number& each : numbers)
    if (each.type != type) return std::nullopt;
  if (type == Number::Type::kBot || type == Number::Type::kInteger) return std::nullopt;
  DType dtype = type == Number::Type::kF32 ? DType::kF32 : DType::kF64;
  Array table = Array::zeros(dtype, {count});
  for (int64_t i = 0; i < count; ++i)
    Scalar::of_real(dtype, numbers[static_cast<size_t>(i)].real)
        .store(table.mutable_data() + static_cast<size_t>(i) * dtype_size(dtype));
  return Quantity{.type = type, .node = looked_up(std::move(table), integer, integer.low), .dtype = dtype};
}

/// Lists of one length and numbers combine element by element (2.6).
Items FormulaLowering::element_wise(const Scope& scope, const Formula::Node& node) const {
  Items out;
  size_t width = 1;
  for (size_t each : node.arguments)
    if (scope.known[each].list) {
      width = scope.known[each].each.size();
      out.list = true;
    }
  for (size_t i = 0; i < width; ++i) {
    auto argument = [&](size_t k) {
      const Items& known = scope.known[node.arguments[k]];
      return known.each[known.list ? i : 0];
    };
    if (node.function == Function::kWhere) {
      out.each.push_back(arithmetic_.where(argument(0), argument(1), argument(2)));
      continue;
    }
    Quantity made = argument(0);
    if (node.arguments.size() == 1) made = arithmetic_.apply(node.function, made);
    for (size_t k = 1; k < node.arguments.size(); ++k) made = arithmetic_.apply(node.function, made, argument(k));
    out.each.push_back(made);
  }
  return out;
}

/// How often each id is among them.
Items FormulaLowering::tally(const Items& ids, int64_t vocabulary) const {
  Items out{.each = {}, .list = true};
  for (int64_t id = 0; id < vocabulary; ++id) {
    std::vector<Quantity> same;
    Quantity wanted = arithmetic_.constant(Number::of(id));
    for (const Quantity& each : ids.each)
      if (each.is_integer()) same.push_back(arithmetic_.apply(Function::kEqual, each, wanted));
    out.each.push_back(arithmetic_.fold(Function::kCount, same));
  }
  return out;
}

void FormulaLowering::lower_node(Scope& scope, size_t at) {
  const Formula::Node& node = scope.formula.nodes[at];
  Items& out = scope.known[at];
  auto argument = [&](size_t k) -> const Items& { return scope.known[node.arguments[k]]; };
  if (is_predicate(node.function)) {
    out.each = {predicate(node.function, node.slot)};
    return;
  }
  switch (node.function) {
    case Function::kConstant:
      out.list = node.constant.list;
      for (size_t i = 0; i < node.constant.size(); ++i) out.each.push_back(arithmetic_.constant(node.constant.at(i)));
      return;
    case Function::kIndex: {
      // Behind the indices of a cell stand those of a neighbourhood's offset.
      bool offset = node.slot >= rank_ && node.slot - rank_ < scope.offset.size();
      out.each = {offset ? arithmetic_.constant(Number::of(scope.offset[node.slot - rank_])) : index(node.slot)};
      return;
    }
    case Function::kRead: out = read(node.slot); return;
    case Function::kReference: out = reference(node.slot); return;
    case Function::kModel: out = model(node.slot); return;
    case Function::kKeep: out.each = {arithmetic_.constant(Number::bot())}; return;
    case Function::kIds:
      out.list = true;
      for (int64_t id = 0; id < node.vocabulary; ++id) out.each.push_back(arithmetic_.constant(Number::of(id)));
      return;
    case Function::kUniform: {
      const Shape& shape = arithmetic_.shape();
      NodeId bits = b_.div(word(node.slot), b_.constant(Scalar::of_integer(DType::kU32, 256), shape));
      NodeId unit = b_.constant(Scalar::of_real(DType::kF32, 0x1p-24), shape);
      out.each.push_back(
          {.type = Number::Type::kF32, .node = b_.mul(b_.cast(bits, DType::kF32), unit), .dtype = DType::kF32});
      return;
    }
    case Function::kBernoulli:
      if (argument(0).list) return obstacle_.add("a draw from a list");
      out.each = {bernoulli(scope, node.arguments[0], node.slot)};
      return;
    case Function::kCategorical: {
      bool whole = at + 1 == scope.formula.nodes.size();
      size_t categories =
          argument(0).list ? argument(0).each.size() : static_cast<size_t>(std::max<int64_t>(node.vocabulary, 1));
      out.each = {drawn(argument(0), categories, whole ? allowed() : std::vector<NodeId>(), node.slot)};
      return;
    }
    case Function::kTally: out = tally(argument(0), node.vocabulary); return;
    case Function::kSum:
    case Function::kMean:
    case Function::kCount:
    case Function::kAny:
    case Function::kAll: out.each = {arithmetic_.fold(node.function, argument(0).each)}; return;
    case Function::kMin:
    case Function::kMax:
      if (node.arguments.size() > 1) break;
      out.each = {arithmetic_.fold(node.function, argument(0).each)};
      return;
    default: break;
  }
  // What depends on one small integer alone is looked up, if it has a fraction.
  if (std::optional<Quantity> known = tabulated(scope, at))
    out.each = {*known};
  else
    out = element_wise(scope, node);
}

Quantity FormulaLowering::stored(const ValueInstance& value, NodeId element) const {
  Quantity out{.node = element, .dtype = value.dtype};
  if (is_float(value.dtype)) {
    out.type = value.dtype == DType::kF64 ? Number::Type::kF64 : Number::Type::kF32;
    if (out.type == Number::Type::kF32 && value.dtype != DType::kF32)
      out.node = b_.cast(element, out.dtype = DType::kF32);
  } else if (value.token()) {
    out.high = value.vocabulary - 1;
    out.dtype = dtype_for(0, out.high);
    out.node = b_.cast(element, out.dtype);
  } else if (value.dtype == DType::kBool) {
    out.high = 1;
  } else {
    std::tie(out.low, out.high) = integers_of(value.dtype);
    out.dtype = dtype_for(out.low, out.high);
    out.node = b_.cast(element, out.dtype);
  }
  return out;
}

/// Where the number is an element of the value (3.4); nothing: everywhere.
std::optional<NodeId> FormulaLowering::fits(const Quantity& q, const ValueInstance& value) const {
  if (q.is_bot()) return std::nullopt;
  if (is_float(value.dtype)) {
    // What f32 does not hold exactly may be rounded twice on the way.
    constexpr int64_t kExact = int64_t{1} << 24;
    bool exact = q.is_integer() ? q.low >= -kExact && q.high <= kExact
                                : q.type == Number::Type::kF32 || dtype_size(value.dtype) >= 4;
    if (!exact) obstacle_.add("a number that is rounded twice");
    return std::nullopt;
  }
  int64_t low = 0, high = value.vocabulary - 1;
  if (!value.token()) std::tie(low, high) = integers_of(value.dtype);
  if (!q.is_integer()) {
    obstacle_.add("a number with a fraction for an integer");
    return std::nullopt;
  }
  std::optional<NodeId> out;
  const Shape& shape = arithmetic_.shape();
  if (q.low < low) {
    NodeId x = arithmetic_.in(q, DType::kI64);
    out = b_.negate(b_.lt(x, b_.integer(low, shape)));
  }
  if (q.high > high) {
    NodeId x = arithmetic_.in(q, DType::kI64);
    out = arithmetic_.both(out, b_.negate(b_.lt(b_.integer(high, shape), x)));
  }
  return out;
}

/// Where the score is one that beats keeping (3.4, 3.5).
std::optional<NodeId> FormulaLowering::scored(const Formula& formula) {
  Quantity score = number(formula);
  if (score.constant) {
    auto value = score.is_bot() ? std::nanf("") : static_cast<float>(score.constant->value());
    bool beats = value > -std::numeric_limits<float>::infinity();
    if (beats) return std::nullopt;
    return b_.constant(Scalar::of_integer(DType::kBool, 0), arithmetic_.shape());
  }
  if (score.is_integer()) return score.valid;
  NodeId value = arithmetic_.in(score, DType::kF32);
  NodeId least =
      b_.constant(Scalar::of_real(DType::kF32, -std::numeric_limits<double>::infinity()), arithmetic_.shape());
  return arithmetic_.both(score.valid, b_.lt(least, value));
}

NodeId FormulaLowering::table(Array array) {
  std::string name = fmt::format("table{}", tables_.size());
  NodeId out = b_.graph().add_input(name, {array.dtype(), shape_of(array.shape())});
  tables_.push_back(std::move(array));
  return out;
}

NodeId FormulaLowering::looked_up(Array array, const Quantity& index, int64_t low) {
  const Shape& shape = arithmetic_.shape();
  int64_t entries = array.elements();
  NodeId entry = table(std::move(array));
  if (entries > kMostCompared) {
    NodeId i = arithmetic_.in(index, DType::kI64);
    if (low != 0) i = b_.add(i, b_.integer(-low, shape));
    return b_.take(entry, 0, {i});
  }
  // Vectors are compared and blended faster than gathered.
  auto at = [&](int64_t k) { return b_.fill(b_.reshape(b_.slice(entry, {{Dim(k), Dim(k + 1), 1}}), {}), shape); };
  DType dtype = dtype_for(low, low + entries - 1);
  NodeId i = arithmetic_.in(index, dtype), out = at(0);
  for (int64_t k = 1; k < entries; ++k)
    out = arithmetic_.blend(b_.lt(i, b_.constant(Scalar::of_integer(dtype, low + k), shape)), out, at(k));
  return out;
}

}  // namespace caten::consensus::compiled
