#include "consensus/affine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caten::consensus {
namespace {

/// a + factor·b, if it and its negation fit 64 bits.
std::optional<int64_t> multiply_add(int64_t a, int64_t factor, int64_t b) {
  int64_t product = 0, sum = 0;
  if (__builtin_mul_overflow(factor, b, &product) || __builtin_add_overflow(a, product, &sum) || sum == INT64_MIN)
    return std::nullopt;
  return sum;
}

tl::unexpected<Diagnostic> not_affine(const Expression& at, std::string found, std::string remedy) {
  return fail({.code = Code::BadSubscript,
               .message = "this is no index expression",
               .span = at.place.span,
               .expected = "a sum of integer multiples of names, such as t-1, 2*x+dx or x/8",
               .found = std::move(found),
               .remedy = std::move(remedy)});
}

tl::unexpected<Diagnostic> too_large(const Expression& at) {
  return not_affine(at, "too many terms, or an integer beyond 64 bits",
                    fmt::format("keep to {} terms and small integers", kMaxTerms));
}

Result<Affine> added(const Expression& at, const Affine& a, const Affine& b, int64_t factor) {
  std::optional<Affine> sum = add(a, b, factor);
  if (!sum) return too_large(at);
  return std::move(*sum);
}

/// Floor or remainder by an integer above 0.
Result<Affine> quotient(const Expression& at, const Call& call, Affine dividend) {
  const int64_t* divisor = std::get_if<int64_t>(&call.arguments[1].node);
  if (!divisor || *divisor <= 0)
    return not_affine(call.arguments[1], divisor ? std::to_string(*divisor) : "a divisor that is no integer",
                      "divide by an integer above 0");
  Affine out{.terms = {}, .constant = 0, .place = at.place};
  out.terms.push_back({1, Quotient{std::move(dividend), *divisor, call.function.text == "mod"}});
  return out;
}

Result<Affine> product(const Expression& at, const std::vector<Affine>& factors) {
  int64_t factor = 1;
  const Affine* rest = nullptr;
  for (const Affine& each : factors) {
    if (!each.terms.empty()) {
      if (rest) return not_affine(at, "a product of names", "multiply names by integers only");
      rest = &each;
      continue;
    }
    std::optional<int64_t> both = multiply_add(0, factor, each.constant);
    if (!both) return too_large(at);
    factor = *both;
  }
  return rest ? added(at, constant(0), *rest, factor) : Result<Affine>(constant(factor));
}

Result<Affine> of_call(const Expression& at, const Call& call) {
  const std::string& name = call.function.text;
  bool divides = name == "/" || name == "mod";
  if (name != "+" && name != "-" && name != "*" && !divides)
    return not_affine(at, fmt::format("`{}`", name), "use only + - * / and %; a tensor of indices is written idx[i]");
  std::vector<Affine> parts;
  for (const Expression& argument : call.arguments) {
    if (divides && !parts.empty()) break;
    Result<Affine> part = to_affine(argument);
    if (!part) return part;
    parts.push_back(std::move(*part));
  }
  if (divides) return quotient(at, call, std::move(parts[0]));
  if (name == "*") return product(at, parts);
  Result<Affine> sum = parts[0];
  if (name == "-" && parts.size() == 1) sum = added(at, constant(0), parts[0], -1);
  for (size_t i = 1; i < parts.size() && sum; ++i) sum = added(at, *sum, parts[i], name == "-" ? -1 : 1);
  return sum;
}

Expression call_of(std::string name, std::vector<Expression> arguments) {
  return {.node = Call{Name{std::move(name), {}}, std::move(arguments), {}}, .place = {}};
}

Expression integer(int64_t value) { return {.node = value, .place = {}}; }

Expression of_term(const Affine::Term& term) {
  Expression atom;
  if (const Name* name = std::get_if<Name>(&term.atom)) {
    atom.node = *name;
  } else {
    const auto& q = std::get<Quotient>(term.atom);
    atom = call_of(q.remainder ? "mod" : "/", {to_expression(*q.dividend), integer(q.divisor)});
  }
  return term.coefficient == 1 ? atom : call_of("*", {integer(term.coefficient), std::move(atom)});
}

bool same_atom(const Affine::Term& a, const Affine::Term& b) {
  const Quotient* left = std::get_if<Quotient>(&a.atom);
  const Quotient* right = std::get_if<Quotient>(&b.atom);
  if (!left || !right) return a.atom == b.atom;
  return left->divisor == right->divisor && left->remainder == right->remainder &&
         same(*left->dividend, *right->dividend);
}

}  // namespace

Affine constant(int64_t value) { return {.terms = {}, .constant = value, .place = {}}; }

Affine name_term(const Name& name) { return {.terms = {{1, name}}, .constant = 0, .place = name.place}; }

std::optional<Affine> add(const Affine& a, const Affine& b, int64_t factor) {
  Affine out = a;
  std::optional<int64_t> sum = multiply_add(a.constant, factor, b.constant);
  if (!sum) return std::nullopt;
  out.constant = *sum;
  for (const Affine::Term& term : b.terms) {
    auto found = std::find_if(out.terms.begin(), out.terms.end(),
                              [&](const Affine::Term& other) { return other.atom == term.atom; });
    std::optional<int64_t> coefficient =
        multiply_add(found == out.terms.end() ? 0 : found->coefficient, factor, term.coefficient);
    if (!coefficient) return std::nullopt;
    if (found == out.terms.end())
      out.terms.push_back({*coefficient, term.atom});
    else
      found->coefficient = *coefficient;
  }
  std::erase_if(out.terms, [](const Affine::Term& term) { return term.coefficient == 0; });
  if (out.terms.size() > kMaxTerms) return std::nullopt;
  return out;
}

Result<Affine> to_affine(const Expression& expression) {
  Result<Affine> out;
  if (const int64_t* value = std::get_if<int64_t>(&expression.node)) {
    if (*value == INT64_MIN) return too_large(expression);
    out = constant(*value);
  } else if (const Name* name = std::get_if<Name>(&expression.node)) {
    out = name_term(*name);
  } else if (const Call* call = std::get_if<Call>(&expression.node)) {
    out = of_call(expression, *call);
  } else {
    return not_affine(expression, "something that is neither an integer nor a name", "write an integer or a name");
  }
  if (out) out->place = expression.place;
  return out;
}

Expression to_expression(const Affine& affine) {
  std::vector<Expression> parts;
  for (const Affine::Term& term : affine.terms) parts.push_back(of_term(term));
  if (affine.constant != 0 || parts.empty()) parts.push_back(integer(affine.constant));
  return parts.size() == 1 ? std::move(parts[0]) : call_of("+", std::move(parts));
}

void for_each_name(const Affine& affine, const std::function<void(const Name&)>& visit) {
  for (const Affine::Term& term : affine.terms) {
    if (const Name* name = std::get_if<Name>(&term.atom))
      visit(*name);
    else
      for_each_name(*std::get<Quotient>(term.atom).dividend, visit);
  }
}

std::optional<Affine> substitute(const Affine& affine, const std::function<std::optional<Affine>(const Name&)>& value) {
  Affine out = constant(affine.constant);
  for (const Affine::Term& term : affine.terms) {
    Affine atom{.terms = {}, .constant = 0, .place = affine.place};
    if (const Name* name = std::get_if<Name>(&term.atom)) {
      atom = value(*name).value_or(name_term(*name));
    } else {
      auto q = std::get<Quotient>(term.atom);
      std::optional<Affine> dividend = substitute(*q.dividend, value);
      if (!dividend) return std::nullopt;
      q.dividend = std::move(*dividend);
      atom.terms.push_back({1, std::move(q)});
    }
    std::optional<Affine> sum = add(out, atom, term.coefficient);
    if (!sum) return std::nullopt;
    out = std::move(*sum);
  }
  return out;
}

bool same(const Affine& a, const Affine& b) {
  if (a.constant != b.constant || a.terms.size() != b.terms.size()) return false;
  return std::all_of(a.terms.begin(), a.terms.end(), [&](const Affine::Term& term) {
    return std::any_of(b.terms.begin(), b.terms.end(), [&](const Affine::Term& other) {
      return term.coefficient == other.coefficient && same_atom(term, other);
    });
  });
}

}  // namespace caten::consensus
