#include "consensus/compiled/quantity.hpp"

#include <algorithm>
#include <limits>

namespace caten::consensus::compiled {
namespace {

using Type = Number::Type;
__extension__ using Wide = __int128;  // NOLINT: products of 64 bits

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kGreatest = std::numeric_limits<int64_t>::max();

struct Bounds {
  int64_t low = kLeast, high = kGreatest;
};

/// What does not fit may wrap: then it is any number.
Bounds bounds(Wide low, Wide high) {
  if (low < kLeast || high > kGreatest) return {};
  return {static_cast<int64_t>(low), static_cast<int64_t>(high)};
}

Bounds of_product(const Quantity& a, const Quantity& b) {
  Wide corners[] = {Wide{a.low} * b.low, Wide{a.low} * b.high, Wide{a.high} * b.low, Wide{a.high} * b.high};
  return bounds(*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4));
}

int64_t floor_of(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

Bounds bounds_of(Function function, const Quantity& a, const Quantity& b) {
  switch (function) {
    case Function::kAdd: return bounds(Wide{a.low} + b.low, Wide{a.high} + b.high);
    case Function::kSubtract: return bounds(Wide{a.low} - b.high, Wide{a.high} - b.low);
    case Function::kMultiply: return of_product(a, b);
    case Function::kMin: return {std::min(a.low, b.low), std::min(a.high, b.high)};
    case Function::kMax: return {std::max(a.low, b.low), std::max(a.high, b.high)};
    case Function::kDivide:
      if (b.low > 0)
        return {std::min(floor_of(a.low, b.low), floor_of(a.low, b.high)),
                std::max(floor_of(a.high, b.low), floor_of(a.high, b.high))};
      return {};
    case Function::kModulo:
      if (b.low > 0) return a.low >= 0 && a.high < b.low ? Bounds{a.low, a.high} : Bounds{0, b.high - 1};
      return {};
    default: return {0, 1};
  }
}

DType unsigned_of(size_t bytes) {
  return bytes == 1 ? DType::kU8 : bytes == 2 ? DType::kU16 : bytes == 4 ? DType::kU32 : DType::kU64;
}

DType real_dtype(Type type) { return type == Type::kF32 ? DType::kF32 : DType::kF64; }

/// The type in which two numbers meet: that of number.cpp.
Type common(const Quantity& a, const Quantity& b) {
  Type widest = std::max(a.type, b.type);
  return widest == Type::kLiteral && (a.is_integer() || b.is_integer()) ? Type::kF32 : widest;
}

bool compares(Function function) {
  return function == Function::kLess || function == Function::kLessEqual || function == Function::kEqual;
}

}  // namespace

DType dtype_for(int64_t low, int64_t high) {
  if (low >= INT8_MIN && high <= INT8_MAX) return DType::kI8;
  if (low >= INT16_MIN && high <= INT16_MAX) return DType::kI16;
  if (low >= INT32_MIN && high <= INT32_MAX) return DType::kI32;
  return DType::kI64;
}

std::pair<int64_t, int64_t> integers_of(DType dtype) {
  if (dtype == DType::kBool) return {0, 1};
  auto bits = static_cast<int>(8 * dtype_size(dtype));
  if (dtype_class(dtype) == DTypeClass::kUnsigned) return {0, bits == 64 ? kGreatest : (int64_t{1} << bits) - 1};
  return bits == 64 ? std::pair{kLeast, kGreatest}
                    : std::pair{-(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1};
}

Quantity Arithmetic::unsupported(const std::string& reason) const {
  obstacle_.add(reason);
  return constant(Number::of(int64_t{0}));
}

Quantity Arithmetic::constant(const Number& number) const {
  Quantity out{.type = number.type, .constant = number};
  if (number.is_integer()) out.low = out.high = number.integer;
  return out;
}

Quantity Arithmetic::of_integers(NodeId node, int64_t low, int64_t high, std::optional<NodeId> valid) const {
  return {.node = node, .dtype = b_.dtype(node), .low = low, .high = high, .valid = valid};
}

Quantity Arithmetic::condition(NodeId node, std::optional<NodeId> valid) const {
  return {.node = node, .dtype = DType::kBool, .low = 0, .high = 1, .valid = valid};
}

NodeId Arithmetic::in(const Quantity& a, DType dtype) const {
  if (!a.constant) return a.dtype == dtype ? a.node : b_.cast(a.node, dtype);
  if (a.is_bot()) return fill(Scalar::zero(dtype));
  if (a.is_integer() && !is_float(dtype)) return fill(Scalar::of_integer(dtype, a.constant->integer));
  double value = a.constant->value();
  // An integer reaches f32 as one rounding, and a literal likewise.
  return fill(Scalar::of_real(dtype, dtype == DType::kF32 ? static_cast<double>(static_cast<float>(value)) : value));
}

NodeId Arithmetic::blend(NodeId condition, NodeId a, NodeId b) const {
  if (a == b) return a;
  DType dtype = b_.dtype(a);
  auto bits = [&](NodeId mask, NodeId x, NodeId y) {
    return b_.op(Op::kXor, {y, b_.both(mask, b_.op(Op::kXor, {x, y}))});
  };
  if (dtype == DType::kBool) return bits(condition, a, b);
  DType integer = is_float(dtype) ? unsigned_of(dtype_size(dtype)) : dtype;
  NodeId mask = b_.mul(b_.cast(condition, integer), fill(Scalar::of_integer(integer, -1)));
  if (!is_float(dtype)) return bits(mask, a, b);
  return b_.bitcast(bits(mask, b_.bitcast(a, integer), b_.bitcast(b, integer)), dtype);
}

bool Arithmetic::is_truth(const Quantity& a) { return !a.constant && a.is_integer() && a.low >= 0 && a.high <= 1; }

NodeId Arithmetic::truth(const Quantity& a) const {
  if (a.constant) return bools(!a.is_bot() && a.constant->truth());
  return a.dtype == DType::kBool ? a.node : b_.negate(b_.is_zero(a.node));
}

NodeId Arithmetic::valid(const Quantity& a) const {
  return a.is_bot() ? bools(false) : a.valid ? *a.valid : bools(true);
}

std::optional<NodeId> Arithmetic::both(const std::optional<NodeId>& a, const std::optional<NodeId>& b) const {
  if (!a || !b) return a ? a : b;
  return *a == *b ? *a : b_.both(*a, *b);
}

Quantity Arithmetic::compare(Function function, NodeId a, NodeId b, std::optional<NodeId> valid) const {
  if (function == Function::kEqual) return condition(b_.eq(a, b), valid);
  if (function == Function::kLess) return condition(b_.lt(a, b), valid);
  // Not `not b < a`: NaN is not less than or equal to anything.
  return condition(either(b_.lt(a, b), b_.eq(a, b)), valid);
}

Quantity Arithmetic::of_integers(Function function, const Quantity& a, const Quantity& b) const {
  std::optional<NodeId> valid = both(a.valid, b.valid);
  auto [low, high] = bounds_of(function, a, b);
  bool compared = compares(function);
  DType dtype =
      dtype_for(std::min({a.low, b.low, compared ? a.low : low}), std::max({a.high, b.high, compared ? a.high : high}));
  NodeId x = in(a, dtype), y = in(b, dtype);
  if (function == Function::kLessEqual) return condition(b_.negate(b_.lt(y, x)), valid);
  if (compared) return compare(function, x, y, valid);
  auto made = [&](NodeId node) { return of_integers(node, low, high, valid); };
  switch (function) {
    case Function::kAdd: return made(b_.add(x, y));
    case Function::kSubtract: return made(b_.add(x, b_.mul(y, fill(Scalar::of_integer(dtype, -1)))));
    case Function::kMultiply: return made(b_.mul(x, y));
    case Function::kDivide: return made(b_.div(x, y));
    case Function::kModulo: return made(b_.op(Op::kMod, {x, y}));
    case Function::kMin: return made(b_.select(b_.lt(y, x), y, x));
    default: return made(b_.max(x, y));
  }
}

/// f32 operations round once, as those that are computed in f64 and rounded do: 53 bits are more than twice 24.
Quantity Arithmetic::of_reals(Function function, const Quantity& a, const Quantity& b, Type type) const {
  DType dtype = real_dtype(type);
  NodeId x = in(a, dtype), y = in(b, dtype);
  std::optional<NodeId> valid = both(a.valid, b.valid);
  if (compares(function)) return compare(function, x, y, valid);
  NodeId minus = fill(Scalar::of_real(dtype, -1));
  auto made = [&](NodeId node) { return Quantity{.type = type, .node = node, .dtype = dtype, .valid = valid}; };
  switch (function) {
    case Function::kAdd: return made(b_.add(x, y));
    case Function::kSubtract: return made(b_.add(x, b_.mul(y, minus)));
    case Function::kMultiply: return made(b_.mul(x, y));
    case Function::kDivide: return made(b_.div(x, y));
    case Function::kMax: return made(b_.max(x, y));
    case Function::kMin: return made(b_.mul(b_.max(b_.mul(x, minus), b_.mul(y, minus)), minus));
    default: return unsupported("the remainder of numbers with a fraction");
  }
}

/// `and` with the roles of true and false exchanged is `or`: `decides` is the operand that decides alone.
Quantity Arithmetic::kleene(const Quantity& a, const Quantity& b, bool decides) const {
  NodeId x = truth(a), y = truth(b);
  if (!a.valid && !b.valid && !a.is_bot() && !b.is_bot()) return condition(decides ? either(x, y) : b_.both(x, y));
  NodeId decided_by_a = b_.both(valid(a), decides ? x : b_.negate(x));
  NodeId decided_by_b = b_.both(valid(b), decides ? y : b_.negate(y));
  NodeId decided = either(decided_by_a, decided_by_b);
  return condition(decides ? decided : b_.negate(decided), either(decided, b_.both(valid(a), valid(b))));
}

Quantity Arithmetic::apply(Function function, const Quantity& a, const Quantity& b) const {
  if (a.constant && b.constant) return constant(consensus::apply(function, *a.constant, *b.constant));
  if (function == Function::kAnd || function == Function::kOr) return kleene(a, b, function == Function::kOr);
  if (a.is_bot() || b.is_bot()) return constant(Number::bot());
  if (a.mixed || b.mixed) return unsupported("arithmetic with what is an integer for some cells alone");
  if (a.is_integer() && b.is_integer()) return of_integers(function, a, b);
  return of_reals(function, a, b, common(a, b));
}

Quantity Arithmetic::apply(Function function, const Quantity& a) const {
  if (a.constant) return constant(consensus::apply(function, *a.constant));
  if (function == Function::kCommitted) return a.valid ? condition(*a.valid) : constant(Number::of(int64_t{1}));
  if (function == Function::kNot) return condition(b_.negate(truth(a)), a.valid);
  if (a.mixed) return unsupported("arithmetic with what is an integer for some cells alone");
  if (a.is_integer()) {
    if (function == Function::kFloor) return a;
    Quantity zero = constant(Number::of(int64_t{0}));
    if (function == Function::kSubtract) return of_integers(Function::kSubtract, zero, a);
    if (function == Function::kAbs) {
      if (a.low >= 0) return a;
      Quantity negated = of_integers(Function::kSubtract, zero, a);
      return negated.low > kLeast ? of_integers(Function::kMax, a, negated)
                                  : unsupported("abs of an integer of 64 bits");
    }
  }
  Quantity out = a;
  if (a.is_integer()) {
    out = {
        .type = Type::kF32, .node = b_.cast(in(a, DType::kI64), DType::kF32), .dtype = DType::kF32, .valid = a.valid};
  }
  return of_reals(function, out);
}

/// 2^n · 2^f for x / ln 2 = n + f, n in two parts so that only the result can overflow.
NodeId Arithmetic::exponential(NodeId x) const {
  auto all = [&](double value) { return fill(Scalar::of_real(DType::kF64, value)); };
  auto power = [&](NodeId y) { return b_.op(Op::kExp2, {y}); };
  // Beyond these it is 0 and infinity.
  NodeId least = all(-800), most = all(800);
  NodeId within = blend(b_.lt(x, least), least, blend(b_.lt(most, x), most, x));
  NodeId n = floored(b_.add(b_.mul(within, all(1.4426950408889634)), all(0.5)));
  // ln 2 in two parts, of which n times the first is exact.
  NodeId rest = b_.add(within, b_.mul(n, all(-0.6931471803691238)));
  rest = b_.add(rest, b_.mul(n, all(-1.9082149292705877e-10)));
  NodeId half = floored(b_.mul(n, all(0.5)));
  NodeId other = b_.add(n, b_.mul(half, all(-1)));
  return b_.mul(b_.mul(power(b_.mul(rest, all(1.4426950408889634))), power(half)), power(other));
}

NodeId Arithmetic::floored(NodeId x) const {
  auto all = [&](double value) { return fill(Scalar::of_real(DType::kF64, value)); };
  NodeId made = b_.add(x, b_.mul(b_.op(Op::kMod, {x, all(1)}), all(-1)));
  // From here on all numbers are whole; infinity has no remainder.
  NodeId large = either(b_.lt(all(0x1p52), x), b_.lt(x, all(-0x1p52)));
  return blend(large, x, made);
}

/// In f64, and rounded once.
Quantity Arithmetic::of_reals(Function function, const Quantity& a) const {
  Quantity out = a;
  NodeId x = in(a, DType::kF64);
  auto all = [&](double value) { return fill(Scalar::of_real(DType::kF64, value)); };
  switch (function) {
    case Function::kSubtract: x = b_.mul(x, all(-1)); break;
    case Function::kAbs: x = b_.max(x, b_.mul(x, all(-1))); break;
    case Function::kSqrt: x = b_.op(Op::kSqrt, {x}); break;
    case Function::kFloor: x = floored(x); break;
    case Function::kExp: x = exponential(x); break;
    case Function::kLog: x = b_.mul(b_.op(Op::kLog2, {x}), all(0.6931471805599453)); break;
    case Function::kSigmoid: x = b_.div(all(1), b_.add(all(1), exponential(b_.mul(x, all(-1))))); break;
    default: return unsupported("a function of numbers with a fraction that is none");
  }
  out.node = out.dtype == DType::kF64 ? x : b_.cast(x, out.dtype);
  return out;
}

/// A number of each side as it is, whatever its type.
Quantity Arithmetic::either_type(const Quantity& c, const Quantity& a, const Quantity& b) const {
  for (const Quantity* each : {&a, &b})
    if (each->is_integer() && (each->low < -(int64_t{1} << 53) || each->high > int64_t{1} << 53))
      return unsupported("`where` with a fraction and an integer of more than 53 bits");
  if (c.valid || c.is_bot()) return unsupported("`where` with sides of two types, and a condition that may be open");
  NodeId condition = truth(c);
  Quantity out{.type = Type::kF64, .dtype = DType::kF64, .mixed = true};
  out.node = blend(condition, in(a, DType::kF64), in(b, DType::kF64));
  if (a.valid || b.valid) out.valid = blend(condition, valid(a), valid(b));
  return out;
}

Quantity Arithmetic::where(const Quantity& c, const Quantity& a, const Quantity& b) const {
  if (c.constant && !c.is_bot()) return c.constant->truth() ? a : b;
  if (a.is_bot() && b.is_bot()) return a;
  Type type = a.is_bot() ? b.type : a.type;
  if (!a.is_bot() && !b.is_bot() && (a.type != b.type || a.mixed || b.mixed)) return either_type(c, a, b);
  Quantity out{.type = type, .mixed = a.mixed || b.mixed};
  if (type == Type::kInteger) {
    out.low = a.is_bot() ? b.low : b.is_bot() ? a.low : std::min(a.low, b.low);
    out.high = a.is_bot() ? b.high : b.is_bot() ? a.high : std::max(a.high, b.high);
    out.dtype = a.dtype == DType::kBool && b.dtype == DType::kBool && !a.constant && !b.constant
                    ? DType::kBool
                    : dtype_for(out.low, out.high);
  } else {
    out.dtype = real_dtype(type);
  }
  NodeId x = in(a, out.dtype), y = in(b, out.dtype);
  bool whole = !a.valid && !b.valid && !a.is_bot() && !b.is_bot();
  if (!c.valid && !c.is_bot()) {
    NodeId condition = truth(c);
    out.node = blend(condition, x, y);
    if (!whole) out.valid = blend(condition, valid(a), valid(b));
    return out;
  }
  // Where the condition is BOT both sides must agree.
  NodeId known = valid(c), no = b_.both(known, b_.negate(truth(c)));
  NodeId agree = b_.both(b_.eq(x, y), b_.both(valid(a), valid(b)));
  out.node = blend(no, y, x);
  out.valid = blend(known, blend(no, valid(b), valid(a)), agree);
  return out;
}

/// From left to right, and more than 8 as the sums of their halves. What is open is left out, of few.
Quantity Arithmetic::sum(const std::vector<Quantity>& items) const {
  std::vector<Quantity> there;
  bool open = false;
  for (const Quantity& each : items) {
    if (each.is_bot()) continue;
    open = open || each.valid;
    there.push_back(each);
  }
  if (there.empty()) return constant(Number::of(int64_t{0}));
  if (there.size() > 8) {
    if (open) return unsupported("a sum of more than 8 fractions of which some may be open");
    auto middle = there.begin() + static_cast<std::ptrdiff_t>(there.size() / 2);
    return apply(Function::kAdd, sum({there.begin(), middle}), sum({middle, there.end()}));
  }
  Quantity out = there[0];
  for (size_t i = 1; i < there.size(); ++i) {
    Quantity mine = there[i], before = out;
    std::optional<NodeId> had = before.valid, has = mine.valid;
    mine.valid.reset();
    before.valid.reset();
    out = apply(Function::kAdd, before, mine);
    if (has) out = where(condition(*has), out, before);
    if (had) out = where(condition(*had), out, mine);
    if (had && has) out.valid = either(*had, *has);
  }
  if (!out.valid) return out;
  Quantity bare = out;
  bare.valid.reset();
  return where(condition(*out.valid), bare, constant(Number::of(int64_t{0})));
}

Quantity Arithmetic::mean(const std::vector<Quantity>& items) const {
  std::vector<Quantity> ones, there;
  bool sure = false, whole = true;
  for (const Quantity& each : items) {
    if (each.is_bot()) continue;
    there.push_back(each);
    sure = sure || !each.valid;
    whole = whole && each.is_integer();
    ones.push_back(each.valid ? condition(*each.valid) : constant(Number::of(int64_t{1})));
  }
  Quantity zero = constant(Number::of(int64_t{0}));
  if (there.empty()) return zero;
  for (const Quantity& each : there)
    if (!whole && (each.valid || each.type != there[0].type))
      return unsupported("a mean of fractions that may be open");
  Quantity total = fold(Function::kSum, there), count = fold(Function::kCount, ones);
  Quantity out{.type = whole ? Type::kF32 : total.type, .dtype = whole ? DType::kF32 : total.dtype};
  if (total.constant) return unsupported("a mean of constants");
  NodeId quotient = b_.div(in(total, DType::kF64), in(count, DType::kF64));
  out.node = out.dtype == DType::kF64 ? quotient : b_.cast(quotient, out.dtype);
  if (sure) return out;
  return where(condition(b_.negate(b_.is_zero(in(count, DType::kI64)))), out, zero);
}

Quantity Arithmetic::fold(Function function, const std::vector<Quantity>& items) const {
  Quantity zero = constant(Number::of(int64_t{0}));
  bool truths = function == Function::kCount || function == Function::kAny || function == Function::kAll;
  bool sums = function == Function::kSum;
  if (function == Function::kMean) return mean(items);
  bool fractions = std::any_of(items.begin(), items.end(),
                               [](const Quantity& each) { return !each.is_bot() && !each.is_integer(); });
  if (sums && fractions) return sum(items);
  Quantity out = truths || sums ? function == Function::kAll ? constant(Number::of(int64_t{1})) : zero : zero;
  std::optional<Quantity> best;
  for (const Quantity& item : items) {
    if (item.is_bot()) continue;
    Quantity counted = item;
    counted.valid.reset();
    if (function == Function::kAll) {
      NodeId holds = item.valid ? either(truth(item), b_.negate(*item.valid)) : truth(item);
      out = kleene(out, condition(holds), false);
    } else if (function == Function::kCount && is_truth(item)) {
      out = apply(Function::kAdd, out, item.valid ? where(condition(*item.valid), counted, zero) : counted);
    } else if (truths) {
      Quantity holds = condition(item.valid ? b_.both(truth(item), *item.valid) : truth(item));
      out = function == Function::kAny ? kleene(out, holds, true) : apply(Function::kAdd, out, holds);
    } else if (sums) {
      out = apply(Function::kAdd, out, item.valid ? where(condition(*item.valid), counted, zero) : counted);
    } else if (!best) {
      best = item;
    } else {
      // What is not committed gives way to what is.
      Quantity bare = *best;
      bare.valid.reset();
      std::optional<NodeId> any;
      if (best->valid && item.valid) any = either(*best->valid, *item.valid);
      Quantity chosen = apply(function, bare, counted);
      if (item.valid) chosen = where(condition(*item.valid), chosen, bare);
      if (best->valid) chosen = where(condition(*best->valid), chosen, counted);
      chosen.valid = any;
      best = std::move(chosen);
    }
  }
  if (!best) return out;
  if (!best->valid) return *best;
  Quantity bare = *best;
  bare.valid.reset();
  return where(condition(*best->valid), bare, zero);
}

}  // namespace caten::consensus::compiled
