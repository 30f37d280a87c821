#include "schedule/index.hpp"

#include <doctest/doctest.h>

#include "schedule/schedule.hpp"

namespace caten {
namespace {

struct Sizes {
  DimEnv dims;
  IndexSpace space{dims};
  Dim n = Dim::symbol("N"), m = Dim::symbol("M");
  Dim i = Dim::symbol(reserved::variable(0)), j = Dim::symbol(reserved::variable(1));

  Sizes() {
    dims.declare("N");
    dims.declare("M");
    space.declare(reserved::variable(0), n);
    space.declare(reserved::variable(1), m);
  }
};

}  // namespace

TEST_CASE("a variable lies below its extent, sums of strided variables below their product") {
  Sizes s;
  CHECK(s.space.proves_nonnegative(s.i));
  CHECK(s.space.proves_below(s.i, s.n));
  CHECK(s.space.proves_below(s.i * s.m + s.j, s.n * s.m));
  CHECK_FALSE(s.space.proves_below(s.i + Dim(1), s.n));
  CHECK_FALSE(s.space.proves_nonnegative(s.i - Dim(1)));
  CHECK(s.space.proves_nonnegative(s.n - Dim(1) - s.i));
}

TEST_CASE("quotients and remainders of what a reshape put together fall apart again") {
  Sizes s;
  CHECK(s.space.divide(s.i * s.m + s.j, s.m) == s.i);
  CHECK(s.space.modulo(s.i * s.m + s.j, s.m) == s.j);
  CHECK(s.space.divide(s.j, s.m) == Dim(0));
  CHECK(s.space.modulo(s.j, Dim(1)) == Dim(0));
  CHECK(s.space.divide(s.i, Dim(4)) == floor_div(s.i, Dim(4)));
}

TEST_CASE("reshape maps indices group by group, axes of size 1 aside") {
  Sizes s;
  Index pair{s.i, s.j};
  CHECK(s.space.reshape(pair, {s.n, s.m}, {s.n, Dim(1), s.m}) == Index{s.i, Dim(0), s.j});
  CHECK(s.space.reshape(pair, {s.n, s.m}, {s.n * s.m}) == Index{s.i * s.m + s.j});
  Dim flat = s.i * s.m + s.j;
  CHECK(s.space.reshape({flat}, {s.n * s.m}, {s.n, s.m}) == pair);
  CHECK(s.space.reshape({}, {}, {Dim(1), Dim(1)}) == Index{Dim(0), Dim(0)});
  CHECK(s.space.reshape({Dim(0)}, {Dim(1)}, {}).empty());
}

}  // namespace caten
