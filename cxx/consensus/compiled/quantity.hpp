// What an expression gives for all cells at once: nodes of a graph, with what is known about them before they are
// computed. Part of the lowering of consensual programs.
//
// Integers are held in the smallest dtype that holds every value they can take, conditions as bools. Every operation
// gives what apply, where and fold of consensus/number.hpp give for each cell, bit for bit, but for exp, log and
// sigmoid of numbers with a fraction, which the runtime computes to a few units in the last place of f64. What cannot
// be promised that is not lowered, and the reason is noted.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "consensus/number.hpp"
#include "ir/build.hpp"

namespace caten::consensus::compiled {

using Shape = caten::Shape;  // of nodes, not of a declaration

/// A number of each cell. A constant has no node until one is needed.
struct Quantity {
  Number::Type type = Number::Type::kInteger;  ///< of every cell that has one; kBot: none has
  NodeId node{};
  DType dtype = DType::kI64;      ///< of the node; kBool of an integer is 0 or 1
  int64_t low = 0, high = 0;      ///< of an integer
  std::optional<NodeId> valid{};  ///< bool: where it is not BOT; nothing: everywhere
  std::optional<Number> constant{};
  /// Integers for some cells and fractions for others: f64 with the values of all. Nothing is computed with it.
  bool mixed = false;

  bool is_integer() const { return type == Number::Type::kInteger; }
  bool is_bot() const { return type == Number::Type::kBot; }
};

/// Why something is not lowered; the first reason counts.
struct Obstacle {
  std::string reason{};
  void add(const std::string& text) {
    if (reason.empty()) reason = text;
  }
  bool met() const { return !reason.empty(); }
};

/// The smallest signed dtype with these numbers.
DType dtype_for(int64_t low, int64_t high);
/// The least and the greatest integer of a dtype.
std::pair<int64_t, int64_t> integers_of(DType dtype);

class Arithmetic {
 public:
  Arithmetic(const Build& build, Shape shape, Obstacle& obstacle)
      : b_(build), shape_(std::move(shape)), obstacle_(obstacle) {}

  const Shape& shape() const { return shape_; }
  Quantity constant(const Number& number) const;
  Quantity of_integers(NodeId node, int64_t low, int64_t high, std::optional<NodeId> valid = {}) const;
  Quantity condition(NodeId node, std::optional<NodeId> valid = {}) const;

  Quantity apply(Function function, const Quantity& a, const Quantity& b) const;
  Quantity apply(Function function, const Quantity& a) const;
  Quantity where(const Quantity& condition, const Quantity& then, const Quantity& otherwise) const;
  Quantity fold(Function function, const std::vector<Quantity>& items) const;

  /// `a` where the condition holds, else `b`, both computed: a select whose sides read is a branch for each cell.
  NodeId blend(NodeId condition, NodeId a, NodeId b) const;
  /// The node of a quantity in this dtype.
  NodeId in(const Quantity& a, DType dtype) const;
  NodeId truth(const Quantity& a) const;
  /// It is 0 or 1.
  static bool is_truth(const Quantity& a);
  /// True where it is a number; everywhere if there is no mask.
  NodeId valid(const Quantity& a) const;
  std::optional<NodeId> both(const std::optional<NodeId>& a, const std::optional<NodeId>& b) const;
  NodeId either(NodeId a, NodeId b) const { return b_.negate(b_.both(b_.negate(a), b_.negate(b))); }

 private:
  NodeId fill(const Scalar& scalar) const { return b_.constant(scalar, shape_); }
  NodeId bools(bool value) const { return fill(Scalar::of_integer(DType::kBool, value ? 1 : 0)); }
  NodeId exponential(NodeId x) const;
  NodeId floored(NodeId x) const;
  Quantity kleene(const Quantity& a, const Quantity& b, bool decides) const;
  Quantity of_integers(Function function, const Quantity& a, const Quantity& b) const;
  Quantity of_reals(Function function, const Quantity& a, const Quantity& b, Number::Type type) const;
  Quantity of_reals(Function function, const Quantity& a) const;
  Quantity either_type(const Quantity& condition, const Quantity& then, const Quantity& otherwise) const;
  Quantity sum(const std::vector<Quantity>& items) const;
  Quantity mean(const std::vector<Quantity>& items) const;
  Quantity compare(Function function, NodeId a, NodeId b, std::optional<NodeId> valid) const;
  Quantity unsupported(const std::string& reason) const;

  Build b_;
  Shape shape_;
  Obstacle& obstacle_;
};

}  // namespace caten::consensus::compiled
