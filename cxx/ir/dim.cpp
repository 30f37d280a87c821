#include "ir/dim.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

namespace caten {
namespace {

using Atom = Dim::Atom;
using Term = Dim::Term;

int compare_int(int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

int compare_atoms(const Atom& a, const Atom& b) {
  if (a.kind != b.kind) return compare_int(static_cast<int>(a.kind), static_cast<int>(b.kind));
  if (int c = a.name.compare(b.name)) return c;
  for (size_t i = 0; i < std::min(a.operands.size(), b.operands.size()); ++i)
    if (int c = Dim::compare(a.operands[i], b.operands[i])) return c;
  return compare_int(static_cast<int64_t>(a.operands.size()), static_cast<int64_t>(b.operands.size()));
}

/// Higher degree first, then by factors; the constant term comes last.
int compare_factors(const std::vector<Atom>& a, const std::vector<Atom>& b) {
  if (a.size() != b.size()) return compare_int(static_cast<int64_t>(b.size()), static_cast<int64_t>(a.size()));
  for (size_t i = 0; i < a.size(); ++i)
    if (int c = compare_atoms(a[i], b[i])) return c;
  return 0;
}

std::vector<Atom> merge_factors(const std::vector<Atom>& a, const std::vector<Atom>& b) {
  std::vector<Atom> all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end(), [](const Atom& x, const Atom& y) { return compare_atoms(x, y) < 0; });
  return all;
}

int64_t floor_div(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return a == INT64_MIN ? INT64_MIN : -a;
  int64_t q = a / b;
  return q - ((a % b != 0) && ((a < 0) != (b < 0)));
}
int64_t floor_mod(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  int64_t r = a % b;
  return r != 0 && ((r < 0) != (b < 0)) ? r + b : r;
}

Dim atom(Atom::Kind kind, const Dim& a, const Dim& b) {
  if (a.overflowed() || b.overflowed()) return Dim::overflow();
  return Dim::from_terms({{1, {Atom{kind, "", {a, b}}}}});
}

/// Splits a into (quotient, rest) with a = b * quotient + rest, where rest keeps what b does not divide term by term.
std::pair<Dim, Dim> split_divisible(const Dim& a, int64_t b) {
  std::vector<Term> quotient, rest;
  for (const Term& term : a.terms()) {
    if (term.factors.empty()) {  // the constant: floor and remainder
      int64_t q = floor_div(term.coefficient, b);
      if (q != 0) quotient.push_back({q, {}});
      int64_t r = floor_mod(term.coefficient, b);
      if (r != 0) rest.push_back({r, {}});
    } else if (term.coefficient % b == 0) {
      quotient.push_back({term.coefficient / b, term.factors});
    } else {
      rest.push_back(term);
    }
  }
  return {Dim::from_terms(std::move(quotient)), Dim::from_terms(std::move(rest))};
}

}  // namespace

Dim Dim::symbol(std::string name) {
  std::vector<Term> terms(1);
  terms[0].coefficient = 1;
  terms[0].factors.push_back({Atom::Kind::kSymbol, std::move(name), {}});
  return from_sorted(std::move(terms));
}

Dim Dim::overflow() {
  static const auto shared = std::make_shared<const Expression>(Expression{.terms = {}, .overflowed = true});
  Dim dim;
  dim.expression_ = shared;
  return dim;
}

bool Dim::overflowed() const { return expression_ && expression_->overflowed; }

const std::string* Dim::as_symbol() const {
  if (!expression_ || expression_->terms.size() != 1) return nullptr;
  const Term& term = expression_->terms[0];
  if (term.coefficient != 1 || term.factors.size() != 1 || term.factors[0].kind != Atom::Kind::kSymbol) return nullptr;
  return &term.factors[0].name;
}

Dim Dim::from_terms(std::vector<Term> terms) {
  std::sort(terms.begin(), terms.end(),
            [](const Term& a, const Term& b) { return compare_factors(a.factors, b.factors) < 0; });
  std::vector<Term> sums;
  sums.reserve(terms.size());
  for (Term& term : terms) {
    if (!sums.empty() && compare_factors(sums.back().factors, term.factors) == 0) {
      if (__builtin_add_overflow(sums.back().coefficient, term.coefficient, &sums.back().coefficient))
        return overflow();
    } else {
      sums.push_back(std::move(term));
    }
  }
  std::erase_if(sums, [](const Term& term) { return term.coefficient == 0; });
  return from_sorted(std::move(sums));
}

Dim Dim::from_sorted(std::vector<Term> terms) {
  if (terms.empty()) return Dim(0);
  if (terms.size() == 1 && terms[0].factors.empty()) return Dim(terms[0].coefficient);
  // Operands are shared, so that untrusted text could ask for exponentially large expressions, or for deep recursion.
  constexpr size_t kMaxWeight = 1 << 10;
  constexpr size_t kMaxDepth = 100;
  size_t weight = 0, depth = 0;
  for (const Term& term : terms)
    for (const Atom& factor : term.factors) {
      ++weight;
      for (const Dim& operand : factor.operands)
        if (operand.expression_) {
          weight += operand.expression_->weight;
          depth = std::max(depth, operand.expression_->depth + 1);
        }
      if (weight > kMaxWeight || depth > kMaxDepth) return overflow();
    }
  Dim dim;
  dim.expression_ = std::make_shared<const Expression>(Expression{std::move(terms), false, weight, depth});
  return dim;
}

/// The sum of two canonical forms.
Dim Dim::merged(const Terms& a, const Terms& b) {
  std::vector<Term> sums;
  sums.reserve(a.size() + b.size());
  size_t i = 0, k = 0;
  while (i < a.size() && k < b.size()) {
    int order = compare_factors(a[i].factors, b[k].factors);
    if (order != 0) {
      sums.push_back(order < 0 ? a[i++] : b[k++]);
      continue;
    }
    int64_t coefficient;
    if (__builtin_add_overflow(a[i].coefficient, b[k++].coefficient, &coefficient)) return overflow();
    if (coefficient != 0) sums.push_back({coefficient, a[i].factors});
    ++i;
  }
  sums.insert(sums.end(), a.begin() + i, a.end());
  sums.insert(sums.end(), b.begin() + k, b.end());
  return from_sorted(std::move(sums));
}

Dim operator+(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) {
    int64_t sum;
    return __builtin_add_overflow(a.constant_, b.constant_, &sum) ? Dim::overflow() : Dim(sum);
  }
  if (a.overflowed() || b.overflowed()) return Dim::overflow();
  if (a.is(0)) return b;
  if (b.is(0)) return a;
  return Dim::merged(a.terms(), b.terms());
}

/// Coefficients change, the order of the terms does not.
Dim Dim::scaled(int64_t factor) const {
  if (factor == 0) return Dim(0);
  if (factor == 1) return *this;
  Expression product = *expression_;
  for (Term& term : product.terms)
    if (__builtin_mul_overflow(term.coefficient, factor, &term.coefficient)) return overflow();
  Dim dim;
  dim.expression_ = std::make_shared<const Expression>(std::move(product));
  return dim;
}

Dim operator-(const Dim& a, const Dim& b) { return a + b * Dim(-1); }

Dim operator*(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) {
    int64_t product;
    return __builtin_mul_overflow(a.constant_, b.constant_, &product) ? Dim::overflow() : Dim(product);
  }
  if (a.overflowed() || b.overflowed()) return Dim::overflow();
  if (a.is_constant()) return b.scaled(a.constant_);
  if (b.is_constant()) return a.scaled(b.constant_);
  // Untrusted text could ask for exponentially many terms.
  constexpr size_t kMaxTerms = 4096;
  constexpr size_t kMaxDegree = 64;
  const Dim::Terms left = a.terms(), right = b.terms();
  if (left.size() * right.size() > kMaxTerms) return Dim::overflow();
  std::vector<Term> terms;
  for (const Term& x : left)
    for (const Term& y : right) {
      if (x.factors.size() + y.factors.size() > kMaxDegree) return Dim::overflow();
      int64_t coefficient;
      if (__builtin_mul_overflow(x.coefficient, y.coefficient, &coefficient)) return Dim::overflow();
      terms.push_back({coefficient, merge_factors(x.factors, y.factors)});
    }
  return Dim::from_terms(std::move(terms));
}

Dim floor_div(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) {
    if (a.constant_ == INT64_MIN && b.constant_ == -1) return Dim::overflow();
    return Dim(floor_div(a.constant_, b.constant_));
  }
  if (a == b) return atom(Atom::Kind::kDiv, a, b);  // 1, but 0 where b is 0
  if (b.is_constant() && b.constant_ > 0 && !a.overflowed()) {
    if (b.constant_ == 1) return a;
    auto [quotient, rest] = split_divisible(a, b.constant_);
    if (rest.is_constant()) return quotient;
    return quotient + atom(Atom::Kind::kDiv, rest, b);
  }
  return atom(Atom::Kind::kDiv, a, b);
}

Dim floor_mod(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return Dim(floor_mod(a.constant_, b.constant_));
  if (b.is_constant() && b.constant_ > 0 && !a.overflowed()) {
    Dim rest = split_divisible(a, b.constant_).second;
    if (rest.is_constant()) return rest;
    return atom(Atom::Kind::kMod, rest, b);
  }
  return atom(Atom::Kind::kMod, a, b);
}

Dim dim_max(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return Dim(std::max(a.constant_, b.constant_));
  if (a.overflowed() || b.overflowed()) return Dim::overflow();
  if (Dim difference = a - b; difference.is_constant()) return difference.constant_ >= 0 ? a : b;
  return Dim::compare(a, b) < 0 ? atom(Atom::Kind::kMax, a, b) : atom(Atom::Kind::kMax, b, a);
}

Dim dim_min(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return Dim(std::min(a.constant_, b.constant_));
  if (a.overflowed() || b.overflowed()) return Dim::overflow();
  if (Dim difference = a - b; difference.is_constant()) return difference.constant_ <= 0 ? a : b;
  return Dim::compare(a, b) < 0 ? atom(Atom::Kind::kMin, a, b) : atom(Atom::Kind::kMin, b, a);
}

int Dim::compare(const Dim& a, const Dim& b) {
  if (a.is_constant() != b.is_constant()) return a.is_constant() ? -1 : 1;
  if (a.is_constant()) return compare_int(a.constant_, b.constant_);
  if (a.expression_ == b.expression_) return 0;
  if (a.overflowed() != b.overflowed()) return a.overflowed() ? 1 : -1;
  const auto& x = a.expression_->terms;
  const auto& y = b.expression_->terms;
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (int c = compare_factors(x[i].factors, y[i].factors)) return c;
    if (int c = compare_int(x[i].coefficient, y[i].coefficient)) return c;
  }
  return compare_int(static_cast<int64_t>(x.size()), static_cast<int64_t>(y.size()));
}

size_t Dim::hash() const {
  if (is_constant()) return std::hash<int64_t>()(constant_);
  size_t seed = 0x9e3779b97f4a7c15;
  auto mix = [&](size_t value) { seed = (seed ^ value) * 0x100000001b3; };
  for (const Term& term : expression_->terms) {
    mix(static_cast<size_t>(term.coefficient));
    for (const Atom& factor : term.factors) {
      mix(static_cast<size_t>(factor.kind));
      mix(std::hash<std::string>()(factor.name));
      for (const Dim& operand : factor.operands) mix(operand.hash());
    }
  }
  return seed;
}

void Dim::collect_symbols(std::set<std::string>& names) const {
  if (!expression_) return;
  for (const Term& term : expression_->terms)
    for (const Atom& factor : term.factors) {
      if (factor.kind == Atom::Kind::kSymbol) names.insert(factor.name);
      for (const Dim& operand : factor.operands) operand.collect_symbols(names);
    }
}

Dim Dim::substitute(const std::map<std::string, Dim>& values) const {
  if (!expression_) return *this;
  if (overflowed()) return *this;
  if (auto name = as_symbol()) {
    auto found = values.find(*name);
    return found == values.end() ? *this : found->second;
  }
  Dim sum(0);
  for (const Term& term : expression_->terms) {
    Dim product(term.coefficient);
    for (const Atom& factor : term.factors) {
      Dim value;
      if (factor.kind == Atom::Kind::kSymbol) {
        auto found = values.find(factor.name);
        value = found == values.end() ? Dim::symbol(factor.name) : found->second;
      } else {
        Dim a = factor.operands[0].substitute(values);
        Dim b = factor.operands[1].substitute(values);
        switch (factor.kind) {
          case Atom::Kind::kDiv: value = floor_div(a, b); break;
          case Atom::Kind::kMod: value = floor_mod(a, b); break;
          case Atom::Kind::kMax: value = dim_max(a, b); break;
          default: value = dim_min(a, b); break;
        }
      }
      product = product * value;
    }
    sum = sum + product;
  }
  return sum;
}

std::optional<int64_t> Dim::evaluate(const DimValues& values) const {
  if (!expression_) return constant_;
  std::map<std::string, Dim> dims;
  for (const auto& [name, value] : values) dims.emplace(name, Dim(value));
  Dim result = substitute(dims);
  if (!result.is_constant()) return std::nullopt;
  return result.constant_;
}

namespace {

const char* operator_name(Atom::Kind kind) {
  switch (kind) {
    case Atom::Kind::kDiv: return "div";
    case Atom::Kind::kMod: return "mod";
    case Atom::Kind::kMax: return "max";
    default: return "min";
  }
}

Datum atom_datum(const Atom& atom) {
  if (atom.kind == Atom::Kind::kSymbol) return Datum::symbol(atom.name);
  return Datum::list(
      {Datum::symbol(operator_name(atom.kind)), atom.operands[0].to_datum(), atom.operands[1].to_datum()});
}

Datum term_datum(const Term& term) {
  if (term.factors.empty()) return Datum::of(term.coefficient);
  if (term.coefficient == 1 && term.factors.size() == 1) return atom_datum(term.factors[0]);
  std::vector<Datum> items{Datum::symbol("*")};
  if (term.coefficient != 1) items.push_back(Datum::of(term.coefficient));
  for (const Atom& factor : term.factors) items.push_back(atom_datum(factor));
  return Datum::list(std::move(items));
}

std::string describe_atom(const Atom& atom) {
  if (atom.kind == Atom::Kind::kSymbol) return atom.name;
  std::string a = atom.operands[0].describe();
  std::string b = atom.operands[1].describe();
  switch (atom.kind) {
    case Atom::Kind::kDiv: return fmt::format("⌊({})/{}⌋", a, b);
    case Atom::Kind::kMod: return fmt::format("(({}) mod {})", a, b);
    case Atom::Kind::kMax: return fmt::format("max({}, {})", a, b);
    default: return fmt::format("min({}, {})", a, b);
  }
}

Diagnostic bad_dim(const Datum& datum, std::string found) {
  return {.code = Code::BadForm,
          .message = "malformed size",
          .span = datum.span,
          .expected = "an integer, a name, or (+ - * div mod max min) of sizes",
          .found = std::move(found),
          .remedy = "for example (* 2 M)"};
}

}  // namespace

Datum Dim::to_datum() const {
  if (!expression_) return Datum::of(constant_);
  if (overflowed()) return Datum::symbol("overflow");
  const std::vector<Term>& terms = expression_->terms;
  if (terms.size() == 1) return term_datum(terms[0]);
  std::vector<Datum> items{Datum::symbol("+")};
  for (const Term& term : terms) items.push_back(term_datum(term));
  return Datum::list(std::move(items));
}

std::string Dim::print() const { return caten::print(to_datum()); }

std::string Dim::describe() const {
  if (!expression_) return std::to_string(constant_);
  if (overflowed()) return "(beyond 64 bits)";
  std::string out;
  for (const Term& term : expression_->terms) {
    int64_t c = term.coefficient;
    if (!out.empty())
      out += c < 0 ? " - " : " + ";
    else if (c < 0)
      out += "-";
    uint64_t magnitude = c < 0 ? 0 - static_cast<uint64_t>(c) : static_cast<uint64_t>(c);
    if (magnitude != 1 || term.factors.empty()) out += std::to_string(magnitude);
    for (size_t i = 0; i < term.factors.size(); ++i) out += (i ? "·" : "") + describe_atom(term.factors[i]);
  }
  return out;
}

Result<Dim> Dim::parse(const Datum& datum) {
  if (datum.is_integer() && !datum.is_unsigned) return Dim(datum.integer);
  if (datum.is_symbol()) return Dim::symbol(datum.text);
  if (!datum.is_list() || datum.size() < 2 || !datum[0].is_symbol()) return fail(bad_dim(datum, caten::print(datum)));
  const std::string& head = datum[0].text;
  std::vector<Dim> operands;
  for (size_t i = 1; i < datum.size(); ++i) {
    Result<Dim> operand = parse(datum[i]);
    if (!operand) return operand;
    operands.push_back(std::move(*operand));
  }
  if (head == "-" && operands.size() == 1) return -operands[0];
  bool binary = head == "-" || head == "div" || head == "mod" || head == "/";
  if (binary && operands.size() != 2) return fail(bad_dim(datum, caten::print(datum)));
  Dim value = operands[0];
  for (size_t i = 1; i < operands.size(); ++i) {
    if (head == "+")
      value = value + operands[i];
    else if (head == "*")
      value = value * operands[i];
    else if (head == "-")
      value = value - operands[i];
    else if (head == "div" || head == "/")
      value = floor_div(value, operands[i]);
    else if (head == "mod")
      value = floor_mod(value, operands[i]);
    else if (head == "max")
      value = dim_max(value, operands[i]);
    else if (head == "min")
      value = dim_min(value, operands[i]);
    else
      return fail(bad_dim(datum[0], head));
  }
  if (head != "+" && head != "*" && head != "-" && head != "div" && head != "/" && head != "mod" && head != "max" &&
      head != "min")
    return fail(bad_dim(datum[0], head));
  return value;
}

Dim element_count(const Shape& shape) {
  Dim count(1);
  for (const Dim& dim : shape) count = count * dim;
  return count;
}

std::string describe(const Shape& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) out += (i ? " " : "") + shape[i].describe();
  return out + "]";
}

bool is_constant(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](const Dim& dim) { return dim.is_constant(); });
}

}  // namespace caten
