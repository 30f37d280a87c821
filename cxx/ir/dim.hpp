// A Dim is a size: an integer, or an integer expression over named sizes such as M or (div (+ H 2) 2).
//
// Dims are values in a canonical form (a polynomial over symbols and floor-div / mod / max / min atoms, sorted by
// name), so that equal expressions compare equal: (* 2 M) == (+ M M). Arithmetic that leaves 64 bits gives an
// overflowed Dim, which stays overflowed, as a NaN does; so do expressions that are absurdly large when written out.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sexp/datum.hpp"

namespace caten {

/// Sizes up to this may decide how loops of a kernel are unrolled. Larger numbers are its arguments where they can be.
inline constexpr int64_t kSmallSize = 16;

/// Values of named sizes.
using DimValues = std::map<std::string, int64_t>;

class Dim {
 public:
  Dim(int64_t value = 0) : constant_(value) {}  // NOLINT: integers are sizes
  static Dim symbol(std::string name);
  static Dim overflow();

  bool is_constant() const { return !expression_; }
  int64_t constant() const { return constant_; }  ///< only if is_constant()
  bool is(int64_t value) const { return is_constant() && constant_ == value; }
  /// The name, if this is a bare symbol; else null.
  const std::string* as_symbol() const;
  bool overflowed() const;

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  Dim operator-() const { return Dim(0) - *this; }
  friend Dim floor_div(const Dim& a, const Dim& b);  ///< rounds towards minus infinity; x div 0 = 0
  friend Dim floor_mod(const Dim& a, const Dim& b);  ///< sign of b; x mod 0 = 0
  friend Dim dim_max(const Dim& a, const Dim& b);
  friend Dim dim_min(const Dim& a, const Dim& b);
  friend Dim ceil_div(const Dim& a, const Dim& b) { return floor_div(a + b - Dim(1), b); }

  bool operator==(const Dim& other) const { return compare(*this, other) == 0; }
  /// A total order that depends on the expression alone.
  static int compare(const Dim& a, const Dim& b);
  size_t hash() const;

  void collect_symbols(std::set<std::string>& names) const;
  Dim substitute(const std::map<std::string, Dim>& values) const;
  /// The value, if every symbol has one and nothing overflows.
  std::optional<int64_t> evaluate(const DimValues& values) const;

  /// (+ 1 (* 2 M)), (div a b), (mod a b), (max a b), (min a b); integers and symbols as they are.
  Datum to_datum() const;
  std::string print() const;  ///< as text of to_datum
  /// For people: "2M + 1".
  std::string describe() const;
  /// Reads to_datum's form ((- a), (- a b) and more than two operands of + * max min too). Errors name the form.
  static Result<Dim> parse(const Datum& datum);

  // The canonical form, open to passes that need to look inside.
  struct Atom;
  struct Term {
    int64_t coefficient;
    std::vector<Atom> factors;  ///< sorted; empty for the constant term
  };
  struct Expression;
  class Terms;
  /// Terms sorted, constant last; for a constant one term without factors (none for 0).
  Terms terms() const;
  static Dim from_terms(std::vector<Term> terms);

 private:
  static Dim from_sorted(std::vector<Term> terms);  ///< distinct factors, coefficients other than 0
  static Dim merged(const Terms& a, const Terms& b);
  Dim scaled(int64_t factor) const;  ///< of an expression that has not overflowed

  int64_t constant_ = 0;
  std::shared_ptr<const Expression> expression_;
};

struct Dim::Atom {
  enum class Kind : uint8_t { kSymbol, kDiv, kMod, kMax, kMin };
  Kind kind = Kind::kSymbol;
  std::string name{};           ///< kSymbol
  std::vector<Dim> operands{};  ///< two for the others
};

struct Dim::Expression {
  std::vector<Term> terms;
  bool overflowed = false;
  size_t weight = 0;  ///< factors when written out
  size_t depth = 0;   ///< of nested atoms
};

/// The terms of a Dim, which need not be copied to be looked at.
class Dim::Terms {
 public:
  explicit Terms(const Dim& dim)
      : expression_(dim.expression_),
        constant_{dim.constant_, {}},
        size_(expression_          ? expression_->terms.size()
              : dim.constant_ == 0 ? 0
                                   : 1) {}
  Terms(const Terms&) = delete;
  Terms& operator=(const Terms&) = delete;

  const Term* begin() const { return expression_ ? expression_->terms.data() : &constant_; }
  const Term* end() const { return begin() + size_; }
  size_t size() const { return size_; }
  const Term& operator[](size_t i) const { return begin()[i]; }

 private:
  std::shared_ptr<const Expression> expression_;
  Term constant_;
  size_t size_;
};

inline Dim::Terms Dim::terms() const { return Terms(*this); }

using Shape = std::vector<Dim>;

Dim element_count(const Shape& shape);
std::string describe(const Shape& shape);  ///< "[M 2N 3]"
bool is_constant(const Shape& shape);

}  // namespace caten
