// What a program says about indices and parameters, as linear inequalities.
#pragma once

#include <map>
#include <utility>

#include "consensus/analysis/linear.hpp"
#include "consensus/program.hpp"

namespace caten::consensus {

/// Integers that are given, by name.
using Integers = std::map<std::string, int64_t>;

/// A conjunction; `exact` if it says all that was meant, and no less.
struct Condition {
  std::vector<LinearForm> nonnegative{};
  bool exact = true;
};
using Alternatives = std::vector<Condition>;

/// Names become variables; what is given becomes a number.
class LinearSpace {
 public:
  explicit LinearSpace(const Integers& given) : given_(given) {}

  size_t variable_of(const std::string& name);
  size_t fresh();
  /// Quotients become variables that `defining` bounds. Nothing if a number is too large.
  std::optional<LinearForm> form(const Affine& affine);
  /// The cases in which the expression holds, or in which it does not. What is no comparison of index expressions may
  /// hold or not.
  Alternatives cases(const Expression& expression, bool holds);
  /// Both of the conditions.
  static Alternatives both(const Alternatives& a, const Alternatives& b);

  const std::vector<LinearForm>& defining() const { return defining_; }
  size_t variables() const { return count_; }
  /// By name, in the order of their first use.
  const std::vector<std::pair<std::string, size_t>>& names() const { return names_; }

 private:
  std::optional<LinearForm> quotient(const Quotient& quotient);
  Alternatives comparison(const std::string& sign, const Expression& left, const Expression& right, bool holds);
  Alternatives junction(const std::vector<Expression>& parts, bool all, bool holds);

  const Integers& given_;
  size_t count_ = 0;
  std::vector<std::pair<std::string, size_t>> names_{};
  std::vector<std::pair<Quotient, LinearForm>> quotients_{};
  std::vector<LinearForm> defining_{};
};

}  // namespace caten::consensus
