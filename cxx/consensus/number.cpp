#include "consensus/number.hpp"

#include <algorithm>
#include <cmath>

#include "ir/arithmetic.hpp"

namespace caten::consensus {
namespace {

using NumberType = Number::Type;

/// The type in which two numbers meet.
NumberType common(const Number& a, const Number& b) {
  NumberType widest = std::max(a.type, b.type);
  bool literal = widest == NumberType::kLiteral;
  return literal && (a.is_integer() || b.is_integer()) ? NumberType::kF32 : widest;
}

double in(NumberType type, double value) {
  return type == NumberType::kF32 ? static_cast<double>(static_cast<float>(value)) : value;
}

Number rounded(NumberType type, double value) { return {.type = type, .real = in(type, value)}; }

double in(NumberType type, const Number& number) {
  if (!number.is_integer()) return in(type, number.real);
  return type == NumberType::kF32 ? static_cast<double>(static_cast<float>(number.integer))
                                  : static_cast<double>(number.integer);
}

int64_t of_integers(Function function, int64_t a, int64_t b) {
  switch (function) {
    case Function::kAdd: return arithmetic::add(a, b);
    case Function::kSubtract: return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
    case Function::kMultiply: return arithmetic::mul(a, b);
    case Function::kDivide: return arithmetic::div(a, b);
    case Function::kModulo: return arithmetic::mod(a, b);
    case Function::kMin: return std::min(a, b);
    case Function::kMax: return std::max(a, b);
    case Function::kLess: return a < b;
    case Function::kLessEqual: return a <= b;
    default: return a == b;
  }
}

double of_reals(Function function, double a, double b) {
  switch (function) {
    case Function::kAdd: return a + b;
    case Function::kSubtract: return a - b;
    case Function::kMultiply: return a * b;
    case Function::kDivide: return a / b;
    case Function::kModulo: return arithmetic::mod(a, b);
    case Function::kMin: return -arithmetic::max(-a, -b);
    default: return arithmetic::max(a, b);
  }
}

Number compared(Function function, double a, double b) {
  if (function == Function::kLess) return Number::of(int64_t{a < b});
  if (function == Function::kLessEqual) return Number::of(int64_t{a <= b});
  return Number::of(int64_t{a == b});
}

/// `and` with the roles of true and false exchanged is `or`: `decides` is the operand that decides alone.
Number kleene(const Number& a, const Number& b, bool decides) {
  for (const Number& each : {a, b})
    if (!each.is_bot() && each.truth() == decides) return Number::of(int64_t{decides});
  return a.is_bot() || b.is_bot() ? Number::bot() : Number::of(int64_t{!decides});
}

Number sum(const std::vector<Number>& numbers, size_t begin, size_t end) {
  if (end - begin > 8) {
    size_t middle = begin + (end - begin) / 2;
    return apply(Function::kAdd, sum(numbers, begin, middle), sum(numbers, middle, end));
  }
  Number out = numbers[begin];
  for (size_t i = begin + 1; i < end; ++i) out = apply(Function::kAdd, out, numbers[i]);
  return out;
}

}  // namespace

Number Number::of(const Scalar& element) {
  if (!is_float(element.dtype())) return of(element.as_integer());
  return element.dtype() == DType::kF64 ? f64(element.as_real()) : f32(element.as_real());
}

Number apply(Function function, Number a, Number b) {
  if (function == Function::kAnd || function == Function::kOr) return kleene(a, b, function == Function::kOr);
  if (a.is_bot() || b.is_bot()) return Number::bot();
  if (a.is_integer() && b.is_integer()) return Number::of(of_integers(function, a.integer, b.integer));
  NumberType type = common(a, b);
  double x = in(type, a), y = in(type, b);
  if (function == Function::kLess || function == Function::kLessEqual || function == Function::kEqual)
    return compared(function, x, y);
  return rounded(type, of_reals(function, x, y));
}

Number apply(Function function, Number a) {
  if (function == Function::kCommitted) return Number::of(int64_t{!a.is_bot()});
  if (a.is_bot()) return a;
  if (function == Function::kNot) return Number::of(int64_t{!a.truth()});
  if (a.is_integer()) {
    if (function == Function::kFloor) return a;
    if (function == Function::kSubtract || (function == Function::kAbs && a.integer < 0))
      return apply(Function::kSubtract, Number::of(int64_t{0}), a);
    if (function == Function::kAbs) return a;
    a = Number::f32(in(NumberType::kF32, a));
  }
  double x = a.real;
  switch (function) {
    case Function::kSubtract: return rounded(a.type, -x);
    case Function::kAbs: return rounded(a.type, std::fabs(x));
    case Function::kExp: return rounded(a.type, std::exp(x));
    case Function::kLog: return rounded(a.type, std::log(x));
    case Function::kSqrt: return rounded(a.type, std::sqrt(x));
    case Function::kFloor: return rounded(a.type, std::floor(x));
    default: return rounded(a.type, 1 / (1 + std::exp(-x)));
  }
}

Number where(Number condition, Number then, Number otherwise) {
  if (condition.is_bot()) return then == otherwise ? then : Number::bot();
  return condition.truth() ? then : otherwise;
}

Number fold(Function function, const Item& item) {
  std::vector<Number> committed;
  for (size_t i = 0; i < item.size(); ++i)
    if (!item.at(i).is_bot()) committed.push_back(item.at(i));
  auto trues = std::count_if(committed.begin(), committed.end(), [](const Number& each) { return each.truth(); });
  size_t count = committed.size();
  switch (function) {
    case Function::kCount: return Number::of(static_cast<int64_t>(trues));
    case Function::kAny: return Number::of(int64_t{trues > 0});
    case Function::kAll: return Number::of(int64_t{static_cast<size_t>(trues) == count});
    default: break;
  }
  if (count == 0) return Number::of(int64_t{0});
  if (function == Function::kSum) return sum(committed, 0, count);
  if (function == Function::kMean) {
    Number total = sum(committed, 0, count);
    if (total.is_integer()) return Number::f32(static_cast<double>(total.integer) / static_cast<double>(count));
    return rounded(total.type, total.real / static_cast<double>(count));
  }
  Number out = committed[0];
  for (size_t i = 1; i < count; ++i) out = apply(function, out, committed[i]);
  return out;
}

std::optional<Scalar> to_element(DType dtype, const Number& number) {
  if (number.is_bot()) return std::nullopt;
  if (is_float(dtype))
    return number.is_integer() ? Scalar::of_integer(dtype, number.integer) : Scalar::of_real(dtype, number.real);
  int64_t whole = number.integer;
  if (!number.is_integer()) {
    // 2^63 itself is the first double that no i64 holds.
    if (!(number.real >= -0x1p63 && number.real < 0x1p63) || number.real != std::floor(number.real))
      return std::nullopt;
    whole = static_cast<int64_t>(number.real);
  }
  Scalar element = Scalar::of_integer(dtype, whole);
  if (element.as_integer() != whole || (dtype == DType::kBool && whole != (whole & 1))) return std::nullopt;
  return element;
}

}  // namespace caten::consensus
