// What is known about the named sizes of one program: their bounds, the equations solved so far, and the conditions
// that must still be tested when the program is called with concrete sizes.
//
// Equations are solved as they arrive: one symbol that occurs linearly with coefficient ±1 is replaced everywhere
// (the one declared last). What cannot be solved that way becomes a guard. A contradiction is an error.
#pragma once

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/dim.hpp"

namespace caten {

/// lo..hi, both included; no value: unbounded on that side.
struct Interval {
  std::optional<int64_t> lo{};
  std::optional<int64_t> hi{};
  bool operator==(const Interval&) const = default;
};

/// A condition on sizes, tested at each call.
struct Guard {
  enum class Kind : uint8_t { kEqual, kLessEqual };
  Kind kind = Kind::kEqual;
  Dim left{};
  Dim right{};
  std::string reason{};  ///< what needs it, for the message
  SourceSpan span{};
};

class DimEnv {
 public:
  struct Symbol {
    std::string name;
    Interval bounds;  ///< lo is at least 0
    SourceSpan span;
  };

  /// False if the name is declared already.
  bool declare(std::string name, Interval bounds = {0, std::nullopt}, SourceSpan span = {});
  bool declared(const std::string& name) const { return index_.contains(name); }
  const std::vector<Symbol>& symbols() const { return symbols_; }
  std::vector<std::string> names() const;

  /// The size with all solved symbols replaced.
  Dim resolve(const Dim& dim) const;
  Shape resolve(const Shape& shape) const;

  enum class Outcome : uint8_t { kEqual, kDerived, kGuarded, kContradiction };
  /// Makes a = b true: already equal, solved for a symbol, kept as a guard, or impossible.
  Outcome equate(const Dim& a, const Dim& b, const std::string& reason, SourceSpan span = {});
  /// Makes a ≤ b true: proved, kept as a guard, or impossible.
  Outcome require_le(const Dim& a, const Dim& b, const std::string& reason, SourceSpan span = {});
  /// The same with a reason that is made only where it may be kept: most conditions hold by themselves.
  template <std::invocable Reason>
  Outcome equate(const Dim& a, const Dim& b, Reason&& reason, SourceSpan span = {}) {
    return holds_equal(a, b) ? Outcome::kEqual : equate(a, b, std::string(reason()), span);
  }
  template <std::invocable Reason>
  Outcome require_le(const Dim& a, const Dim& b, Reason&& reason, SourceSpan span = {}) {
    return holds_le(a, b) ? Outcome::kEqual : require_le(a, b, std::string(reason()), span);
  }

  bool proves_equal(const Dim& a, const Dim& b) const {
    return a.is_constant() && b.is_constant() ? a.constant() == b.constant() : resolve(a) == resolve(b);
  }
  bool proves_equal(const Shape& a, const Shape& b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const Dim& left, const Dim& right) { return proves_equal(left, right); });
  }
  bool proves_le(const Dim& a, const Dim& b) const;
  /// Bounds of the expression, from the bounds of its symbols.
  Interval range(const Dim& dim) const;

  /// The same symbols, bounds, solutions and guards, wherever they were written and whatever their reasons.
  bool same_sizes(const DimEnv& other) const;

  const std::map<std::string, Dim>& solution() const { return solution_; }
  const std::vector<Guard>& guards() const { return guards_; }
  /// "N = K = 2M", one line per group of symbols that were derived to be equal.
  std::vector<std::string> derived() const;

 private:
  bool holds_equal(const Dim& a, const Dim& b) const;  ///< proved, and no size overflows
  bool holds_le(const Dim& a, const Dim& b) const;     ///< likewise
  void substitute_everywhere(const std::string& name, const Dim& value);
  void add_guard(Guard guard);

  std::vector<Symbol> symbols_;
  std::map<std::string, size_t> index_;
  std::map<std::string, Dim> solution_;  ///< fully resolved: right sides hold unsolved symbols only
  std::vector<Guard> guards_;
};

}  // namespace caten
