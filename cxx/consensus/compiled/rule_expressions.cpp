#include <algorithm>
#include <cmath>
#include <limits>

#include "consensus/compiled/rule_lowering.hpp"

namespace caten::consensus::compiled {
namespace {

constexpr int64_t kMostTabulated = 4096;

bool draws(Function function) {
  return function == Function::kUniform || function == Function::kBernoulli || function == Function::kCategorical;
}

}  // namespace

Quantity RuleLowering::number(const Formula& formula, std::span<const int64_t> offset) {
  Scope scope{formula, offset, std::vector<std::vector<Quantity>>(formula.nodes.size()),
              std::vector<bool>(formula.nodes.size())};
  for (size_t i = 0; i < formula.nodes.size() && !obstacle_.met(); ++i) lower_node(scope, i);
  if (obstacle_.met()) return arithmetic_.constant(Number::of(int64_t{0}));
  if (scope.list.back()) obstacle_.add("a list where a number is proposed");
  return scope.known.back()[0];
}

/// The integer that all of a part depends on, if there is only one, and its values are few.
std::optional<size_t> RuleLowering::basis_of(const Scope& scope, size_t index) const {
  std::optional<size_t> out;
  std::vector<size_t> pending{index};
  while (!pending.empty()) {
    size_t at = pending.back();
    pending.pop_back();
    const Formula::Node& node = scope.formula.nodes[at];
    const Quantity* q = scope.list[at] || scope.known[at].empty() ? nullptr : &scope.known[at][0];
    if (q && q->constant) continue;
    if (q && q->is_integer() && at != index) {
      bool few = !q->valid && q->low > std::numeric_limits<int32_t>::min() &&
                 q->high < std::numeric_limits<int32_t>::max() && q->high - q->low < kMostTabulated;
      if (!few || (out && *out != at)) return std::nullopt;
      out = at;
      continue;
    }
    if (node.arguments.empty() || draws(node.function)) return std::nullopt;
    pending.insert(pending.end(), node.arguments.begin(), node.arguments.end());
  }
  return out;
}

/// What a part is for each of the numbers that its basis can be: computed by the expression itself.
std::vector<Number> RuleLowering::numbers_of(const Scope& scope, size_t index, size_t basis) const {
  Formula formula = scope.formula;
  for (size_t i = 0; i < index; ++i)
    if (!scope.list[i] && !scope.known[i].empty() && scope.known[i][0].constant)
      formula.nodes[i] = {.function = Function::kConstant, .constant = *scope.known[i][0].constant};
  const Quantity& integer = scope.known[basis][0];
  std::vector<Number> out;
  for (int64_t value = integer.low; value <= integer.high; ++value) {
    formula.nodes[basis] = {.function = Function::kConstant, .constant = Number::of(value)};
    out.push_back(evaluate(formula, index, Facts()).at(0));
  }
  return out;
}

/// A function of one integer with few values, as a table.
std::optional<Quantity> RuleLowering::tabulated(Scope& scope, size_t index) {
  std::optional<size_t> basis = basis_of(scope, index);
  if (!basis) return std::nullopt;
  const Quantity& integer = scope.known[*basis][0];
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

/// 1 if a word's upper 24 bits, times 2^-24, are below p (2.3): where p has few values, so are the thresholds.
Quantity RuleLowering::bernoulli(Scope& scope, size_t argument, size_t draw) {
  const Shape& shape = arithmetic_.shape();
  NodeId bits = b_.cast(b_.div(word(draw), b_.constant(Scalar::of_integer(DType::kU32, 256), shape)), DType::kI32);
  auto threshold = [](double p) {
    return p > 0 ? static_cast<int64_t>(std::ceil(std::min(p, 1.0) * 0x1p24)) : int64_t{0};
  };
  const Quantity p = scope.known[argument][0];
  if (p.is_bot()) return p;
  if (p.constant)
    return arithmetic_.condition(
        b_.lt(bits, b_.constant(Scalar::of_integer(DType::kI32, threshold(p.constant->value())), shape)));
  if (std::optional<size_t> basis = basis_of(scope, argument); basis && !p.is_integer()) {
    const Quantity& integer = scope.known[*basis][0];
    std::vector<Number> numbers = numbers_of(scope, argument, *basis);
    if (std::none_of(numbers.begin(), numbers.end(), [](const Number& each) { return each.is_bot(); })) {
      Array table = Array::zeros(DType::kI32, {static_cast<int64_t>(numbers.size())});
      for (size_t i = 0; i < numbers.size(); ++i)
        table.as_mutable<int32_t>()[i] = static_cast<int32_t>(threshold(numbers[i].value()));
      return arithmetic_.condition(b_.lt(bits, looked_up(std::move(table), integer, integer.low)));
    }
  }
  NodeId uniform = b_.mul(b_.cast(bits, DType::kF64), b_.constant(Scalar::of_real(DType::kF64, 0x1p-24), shape));
  return arithmetic_.condition(b_.lt(uniform, arithmetic_.in(p, DType::kF64)), p.valid);
}

/// Lists of one length and numbers combine element by element (2.6).
std::vector<Quantity> RuleLowering::element_wise(const Scope& scope, const Formula::Node& node, bool& list) const {
  size_t width = 1;
  for (size_t each : node.arguments)
    if (scope.list[each]) {
      width = scope.known[each].size();
      list = true;
    }
  std::vector<Quantity> out;
  for (size_t i = 0; i < width; ++i) {
    auto argument = [&](size_t k) {
      const std::vector<Quantity>& known = scope.known[node.arguments[k]];
      return scope.list[node.arguments[k]] ? known[i] : known[0];
    };
    if (node.function == Function::kWhere) {
      out.push_back(arithmetic_.where(argument(0), argument(1), argument(2)));
      continue;
    }
    Quantity made = argument(0);
    if (node.arguments.size() == 1) made = arithmetic_.apply(node.function, made);
    for (size_t k = 1; k < node.arguments.size(); ++k) made = arithmetic_.apply(node.function, made, argument(k));
    out.push_back(made);
  }
  return out;
}

void RuleLowering::lower_node(Scope& scope, size_t index) {
  const Formula::Node& node = scope.formula.nodes[index];
  std::vector<Quantity>& out = scope.known[index];
  auto of_read = [&](const std::vector<Quantity>& items, const ReadInstance& read) {
    out = items;
    scope.list[index] = !read.single;
  };
  switch (node.function) {
    case Function::kConstant:
      scope.list[index] = node.constant.list;
      for (size_t i = 0; i < node.constant.size(); ++i) out.push_back(arithmetic_.constant(node.constant.at(i)));
      return;
    case Function::kIndex: {
      size_t rank = on_.sizes.size();
      if (node.slot >= rank && node.slot - rank < scope.offset.size())
        out = {arithmetic_.constant(Number::of(scope.offset[node.slot - rank]))};
      else if (node.slot < rank)
        out = {arithmetic_.of_integers(coordinate(node.slot), 0, on_.sizes[node.slot] - 1)};
      else
        obstacle_.add("an index of another scope");
      return;
    }
    case Function::kRead: return of_read(reads_[node.slot], rule_.reads[node.slot]);
    case Function::kReference: return of_read(references_[node.slot], rule_.references[node.slot]);
    case Function::kKeep: out = {arithmetic_.constant(Number::bot())}; return;
    case Function::kUniform: {
      const Shape& shape = arithmetic_.shape();
      NodeId bits = b_.div(word(node.slot), b_.constant(Scalar::of_integer(DType::kU32, 256), shape));
      NodeId unit = b_.constant(Scalar::of_real(DType::kF32, 0x1p-24), shape);
      out.push_back(
          {.type = Number::Type::kF32, .node = b_.mul(b_.cast(bits, DType::kF32), unit), .dtype = DType::kF32});
      return;
    }
    case Function::kBernoulli:
      if (scope.list[node.arguments[0]]) return obstacle_.add("a draw from a list");
      out = {bernoulli(scope, node.arguments[0], node.slot)};
      return;
    case Function::kModel:
    case Function::kCategorical:
    case Function::kTally:
    case Function::kIds:
    case Function::kChange:
    case Function::kReadFuture:
    case Function::kInPalette:
    case Function::kAllDifferent:
    case Function::kAccepts: return obstacle_.add("a function that is not compiled");
    case Function::kSum:
    case Function::kMean:
    case Function::kCount:
    case Function::kAny:
    case Function::kAll: out = {arithmetic_.fold(node.function, scope.known[node.arguments[0]])}; return;
    case Function::kMin:
    case Function::kMax:
      if (node.arguments.size() == 1) {
        out = {arithmetic_.fold(node.function, scope.known[node.arguments[0]])};
        return;
      }
      break;
    default: break;
  }
  // What depends on one small integer alone is looked up, if it has a fraction.
  bool list = false;
  std::vector<Quantity> made;
  std::optional<Quantity> known = tabulated(scope, index);
  if (known)
    made = {*known};
  else
    made = element_wise(scope, node, list);
  out = std::move(made);
  scope.list[index] = list;
}

/// Where the number is an element of the value (3.4); nothing: everywhere.
std::optional<NodeId> RuleLowering::fits(const Quantity& q, const ValueInstance& value) const {
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
std::optional<NodeId> RuleLowering::scored() {
  if (!rule_.score) return std::nullopt;
  Quantity score = number(*rule_.score);
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

/// Where no constraint forbids what changes.
std::optional<NodeId> RuleLowering::unlocked(NodeId proposed) {
  Array locked = Array::zeros(DType::kBool, on_.sizes);
  bool any = false;
  for (const ConstraintInstance& constraint : instance_.constraints) {
    if (constraint.value != rule_.on) continue;
    for (const ConstraintCells& each : constraint.instances)
      for (int64_t cell : each.scope) {
        locked.as_mutable<uint8_t>()[cell] = 1;
        any = true;
      }
  }
  if (!any) return std::nullopt;
  const StoredNodes& stored = step_.values[rule_.on];
  Array computed = Array::zeros(DType::kBool, layout_.computed());
  layout_.for_each_row([&](int64_t cell, int64_t, int64_t element) {
    std::copy_n(locked.as<uint8_t>() + cell, on_.sizes.back(), computed.as_mutable<uint8_t>() + element);
  });
  NodeId changes = b_.negate(b_.eq(proposed, layout_.seen(b_, stored.elements, here())));
  if (stored.committed) changes = b_.both(changes, layout_.seen(b_, *stored.committed, here()));
  return b_.negate(b_.both(table(std::move(computed)), changes));
}

}  // namespace caten::consensus::compiled
