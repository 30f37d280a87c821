// Index expressions: made from expressions, printed through them, and computed with.
#pragma once

#include <functional>

#include "base/result.hpp"
#include "consensus/program.hpp"

namespace caten::consensus {

/// The most terms that an index expression may have.
inline constexpr size_t kMaxTerms = 64;

/// The expression as an index expression; E1002 where it is none: `x*y`, `f(x)`, a fraction, a number beyond 64 bits.
Result<Affine> to_affine(const Expression& expression);
/// The same as an expression; to_affine gives it back.
Expression to_expression(const Affine& affine);

Affine constant(int64_t value);
Affine name_term(const Name& name);
/// a + factor·b, unless that needs more than 64 bits or kMaxTerms terms.
std::optional<Affine> add(const Affine& a, const Affine& b, int64_t factor);

/// Every name in it.
void for_each_name(const Affine& affine, const std::function<void(const Name&)>& visit);
/// The names replaced by what `value` gives for them; nothing if that overflows.
std::optional<Affine> substitute(const Affine& affine, const std::function<std::optional<Affine>(const Name&)>& value);
/// Equal whatever the order of terms.
bool same(const Affine& a, const Affine& b);

}  // namespace caten::consensus
