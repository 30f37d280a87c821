// What expressions compute with: integers of 64 bits, f32, f64, and BOT for what is not committed or not visible.
//
// Integers wrap and divide as the ops do (floor; by zero: 0). A literal with a point is held in f64 until it meets a
// number: it becomes f32 beside integers and f32, and stays f64 beside f64. Results of f32 are computed in f64 and
// rounded once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/scalar.hpp"

namespace caten::consensus {

struct Number {
  enum class Type : uint8_t { kBot, kInteger, kLiteral, kF32, kF64 };
  Type type = Type::kBot;
  int64_t integer = 0;
  double real = 0;  ///< of the last three

  static Number bot() { return {}; }
  static Number of(int64_t value) { return {.type = Type::kInteger, .integer = value}; }
  static Number literal(double value) { return {.type = Type::kLiteral, .real = value}; }
  static Number f32(double value) {
    return {.type = Type::kF32, .real = static_cast<double>(static_cast<float>(value))};
  }
  static Number f64(double value) { return {.type = Type::kF64, .real = value}; }
  /// An element of an array: all floats but f64 are f32.
  static Number of(const Scalar& element);

  bool is_bot() const { return type == Type::kBot; }
  bool is_integer() const { return type == Type::kInteger; }
  /// As a double: exact but for large integers, which round once.
  double value() const { return is_integer() ? static_cast<double>(integer) : real; }
  bool truth() const { return is_integer() ? integer != 0 : real != 0; }
  bool operator==(const Number&) const = default;
};

/// A number, or what a read of several cells gives.
struct Item {
  bool list = false;
  Number one{};
  std::vector<Number> many{};

  Item() = default;
  Item(Number number) : one(number) {}  // NOLINT: a number is an item
  explicit Item(std::vector<Number> numbers) : list(true), many(std::move(numbers)) {}
  size_t size() const { return list ? many.size() : 1; }
  const Number& at(size_t i) const { return list ? many[i] : one; }
};

enum class Function : uint8_t {
  kConstant,
  kIndex,
  kRead,
  kReference,
  kModel,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kLess,
  kLessEqual,
  kEqual,
  kAnd,
  kOr,
  kNot,
  kAbs,
  kMin,
  kMax,
  kSum,
  kMean,
  kCount,
  kAny,
  kAll,
  kExp,
  kLog,
  kSqrt,
  kSigmoid,
  kFloor,
  kWhere,
  kUniform,
  kBernoulli,
  kCategorical,
  kTally,
  kIds,
  kCommitted,
  kKeep,
  kChange,
  kReadFuture,
  kInPalette,
  kAllDifferent,
  kAccepts
};

/// Of numbers. With a BOT operand BOT, except that `and` and `or` are Kleene's.
Number apply(Function function, Number a, Number b);
Number apply(Function function, Number a);
Number where(Number condition, Number then, Number otherwise);
/// Over what is committed among the elements; of none of them 0, false for kAny and true for kAll. Floats are added
/// over the fixed tree of the reference evaluator.
Number fold(Function function, const Item& item);

/// The element that holds the number: floats rounded once. Nothing for BOT, and for what an integer dtype cannot hold:
/// a fraction, NaN, an integer out of its range.
std::optional<Scalar> to_element(DType dtype, const Number& number);

}  // namespace caten::consensus
