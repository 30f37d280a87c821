// Arithmetic on symbolic sizes and the equations between them, for lisp/dim.lisp.
#include <fmt/format.h>

#include "lisp/ecl.hpp"
#include "lisp/foreign.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

template <class F>
cl_object binary(cl_object a, cl_object b, F&& f) {
  return primitive([&]() -> cl_object {
    Result<Dim> x = to_dim(a);
    if (!x) return to_lisp(x.error());
    Result<Dim> y = to_dim(b);
    if (!y) return to_lisp(y.error());
    Dim result = f(*x, *y);
    if (result.overflowed())
      return to_lisp(Diagnostic{.code = Code::SizeOverflow,
                                .message = "a size leaves 64 bits",
                                .expected = "sizes below 2^63",
                                .found = fmt::format("{} and {}", x->describe(), y->describe()),
                                .remedy = "use smaller sizes"});
    return to_lisp(result);
  });
}

cl_object dim_add(cl_object a, cl_object b) {
  return binary(a, b, [](const Dim& x, const Dim& y) { return x + y; });
}
cl_object dim_sub(cl_object a, cl_object b) {
  return binary(a, b, [](const Dim& x, const Dim& y) { return x - y; });
}
cl_object dim_mul(cl_object a, cl_object b) {
  return binary(a, b, [](const Dim& x, const Dim& y) { return x * y; });
}
cl_object dim_div(cl_object a, cl_object b) {
  return binary(a, b, [](const Dim& x, const Dim& y) { return floor_div(x, y); });
}
cl_object dim_mod(cl_object a, cl_object b) {
  return binary(a, b, [](const Dim& x, const Dim& y) { return floor_mod(x, y); });
}
cl_object dim_larger(cl_object a, cl_object b) {
  return binary(a, b, [](const Dim& x, const Dim& y) { return dim_max(x, y); });
}
cl_object dim_smaller(cl_object a, cl_object b) {
  return binary(a, b, [](const Dim& x, const Dim& y) { return dim_min(x, y); });
}

/// (make-dim-env)
cl_object make_dim_env() {
  return primitive([&] { return give_to_lisp(std::make_unique<OwnedDimEnv>(), 1024); });
}

/// (dim-declare env name lo hi): nil if it is declared already. lo and hi may be nil.
cl_object dim_declare(cl_object env, cl_object name, cl_object lo, cl_object hi) {
  return primitive([&]() -> cl_object {
    DimEnv* dims = to_dim_env(env);
    Interval bounds{0, std::nullopt};
    int64_t bound = 0;
    if (to_int64(lo, bound)) bounds.lo = bound;
    if (to_int64(hi, bound)) bounds.hi = bound;
    return dims && dims->declare(to_utf8(name), bounds) ? ECL_T : ECL_NIL;
  });
}

DimEnv& env_or_empty(cl_object env, DimEnv& empty) {
  DimEnv* dims = to_dim_env(env);
  return dims ? *dims : empty;
}

cl_object contradiction(const DimEnv& dims, const Dim& a, const Dim& b, const char* relation,
                        const std::string& reason) {
  return to_lisp(Diagnostic{.code = Code::ContradictingSizes,
                            .message = "sizes that contradict each other",
                            .expected = fmt::format("{} {} {} ({})", a.describe(), relation, b.describe(), reason),
                            .found = fmt::format("{} and {}", dims.resolve(a).describe(), dims.resolve(b).describe()),
                            .remedy = "correct one of the sizes"});
}

/// (dim-equate env a b reason): :equal, :derived or :guarded, or a diagnostic.
cl_object dim_equate(cl_object env, cl_object a, cl_object b, cl_object reason) {
  return primitive([&]() -> cl_object {
    DimEnv empty;
    DimEnv& dims = env_or_empty(env, empty);
    Result<Dim> x = to_dim(a);
    if (!x) return to_lisp(x.error());
    Result<Dim> y = to_dim(b);
    if (!y) return to_lisp(y.error());
    switch (dims.equate(*x, *y, to_utf8(reason))) {
      case DimEnv::Outcome::kEqual: return keyword("EQUAL");
      case DimEnv::Outcome::kDerived: return keyword("DERIVED");
      case DimEnv::Outcome::kGuarded: return keyword("GUARDED");
      case DimEnv::Outcome::kContradiction: break;
    }
    return contradiction(dims, *x, *y, "=", to_utf8(reason));
  });
}

/// (dim-require env a b reason): a ≤ b, as dim-equate.
cl_object dim_require(cl_object env, cl_object a, cl_object b, cl_object reason) {
  return primitive([&]() -> cl_object {
    DimEnv empty;
    DimEnv& dims = env_or_empty(env, empty);
    Result<Dim> x = to_dim(a);
    if (!x) return to_lisp(x.error());
    Result<Dim> y = to_dim(b);
    if (!y) return to_lisp(y.error());
    switch (dims.require_le(*x, *y, to_utf8(reason))) {
      case DimEnv::Outcome::kEqual: return keyword("EQUAL");
      case DimEnv::Outcome::kDerived: return keyword("DERIVED");
      case DimEnv::Outcome::kGuarded: return keyword("GUARDED");
      case DimEnv::Outcome::kContradiction: break;
    }
    return contradiction(dims, *x, *y, "<=", to_utf8(reason));
  });
}

/// (dim-equal env a b), (dim-less-equal env a b): true if proved.
cl_object dim_equal(cl_object env, cl_object a, cl_object b) {
  return primitive([&]() -> cl_object {
    DimEnv empty;
    Result<Dim> x = to_dim(a);
    Result<Dim> y = to_dim(b);
    return x && y && env_or_empty(env, empty).proves_equal(*x, *y) ? ECL_T : ECL_NIL;
  });
}

cl_object dim_less_equal(cl_object env, cl_object a, cl_object b) {
  return primitive([&]() -> cl_object {
    DimEnv empty;
    Result<Dim> x = to_dim(a);
    Result<Dim> y = to_dim(b);
    return x && y && env_or_empty(env, empty).proves_le(*x, *y) ? ECL_T : ECL_NIL;
  });
}

/// (dim-resolve env a): with what was solved replaced.
cl_object dim_resolve(cl_object env, cl_object a) {
  return primitive([&]() -> cl_object {
    DimEnv empty;
    Result<Dim> x = to_dim(a);
    return x ? to_lisp(env_or_empty(env, empty).resolve(*x)) : to_lisp(x.error());
  });
}

/// (dim-describe a): "2M + 1"; of a list: "[2M 3]".
cl_object dim_describe(cl_object a) {
  return primitive([&]() -> cl_object {
    Result<Dim> dim = to_dim(a);
    return to_lisp(std::string_view(dim ? dim->describe() : print(to_datum(a))));
  });
}

/// (dim-derived env): a list of lines such as "N = K = 2M".
cl_object dim_derived(cl_object env) {
  return primitive([&]() -> cl_object {
    DimEnv* dims = to_dim_env(env);
    cl_object lines = ECL_NIL;
    if (dims)
      for (const std::string& line : dims->derived()) lines = ecl_cons(to_lisp(std::string_view(line)), lines);
    return cl_nreverse(lines);
  });
}

/// (dim-solve name left right): the value of the symbol `name` that makes left = right, if it occurs linearly and the
/// division is exact; else nil.
cl_object dim_solve(cl_object name, cl_object left, cl_object right) {
  return primitive([&]() -> cl_object {
    Result<Dim> x = to_dim(left);
    Result<Dim> y = to_dim(right);
    if (!x || !y) return ECL_NIL;
    std::string unknown = to_utf8(name);
    int64_t factor = 0;
    std::vector<Dim::Term> rest;
    for (const Dim::Term& term : (*y - *x).terms()) {
      bool alone = term.factors.size() == 1 && term.factors[0].kind == Dim::Atom::Kind::kSymbol &&
                   term.factors[0].name == unknown;
      if (alone)
        factor = -term.coefficient;
      else
        rest.push_back(term);
    }
    // factor · unknown = rest
    std::set<std::string> names;
    Dim::from_terms(rest).collect_symbols(names);
    if (factor == 0 || names.contains(unknown)) return ECL_NIL;
    for (Dim::Term& term : rest) {
      if (term.coefficient % factor != 0) return ECL_NIL;
      term.coefficient /= factor;
    }
    return to_lisp(Dim::from_terms(std::move(rest)));
  });
}

const Primitive kPrimitives[] = {
    {"MAKE-DIM-ENV", make_dim_env},
    {"DIM-DECLARE", dim_declare},
    {"DIM-EQUATE", dim_equate},
    {"DIM-REQUIRE", dim_require},
    {"DIM-ADD", dim_add},
    {"DIM-SUB", dim_sub},
    {"DIM-MUL", dim_mul},
    {"DIM-DIV", dim_div},
    {"DIM-MOD", dim_mod},
    {"DIM-MAX", dim_larger},
    {"DIM-MIN", dim_smaller},
    {"DIM-EQUAL", dim_equal},
    {"DIM-LESS-EQUAL", dim_less_equal},
    {"DIM-RESOLVE", dim_resolve},
    {"DIM-DESCRIBE", dim_describe},
    {"DIM-DERIVED", dim_derived},
    {"DIM-SOLVE", dim_solve},
};

}  // namespace

void define_size_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
