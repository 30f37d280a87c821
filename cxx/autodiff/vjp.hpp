// In: a checked Graph. Out: a Graph over the same 27 ops that computes adjoints: given cotangents of some outputs, the
// cotangents of some inputs. Entry: vjp.
//
// Conventions. Integers and bools have no gradient: nothing flows through them. The cotangent of a value has its dtype
// and shape (of a 1-byte float: f32, since these cannot be added). The cotangent g of a complex value x stands for the
// real form dx ↦ Re(g·dx), so that adjoints are transposes: nothing is conjugated where a function is holomorphic, and
// d loss/d(a+ib) = d loss/da − i·d loss/db. Where max has ties, two operands get half each; the tied elements of a
// reduce max or a put max get equal shares. Of duplicate positions in put set only the last, which is the one that
// wrote, gets a gradient; a write that was dropped gets none.
//
// Each arm of an `if` is differentiated under its condition: what leads only to elements that the condition discards
// gets zero, whatever inf or NaN the untaken arm computed there. (From such an `if` on, a condition goes with the
// cotangent, and a factor is multiplied only where it holds. This stops at a contraction, reduce add of a product,
// which stays one.) So adjoints can be differentiated again: no condition depends on what a cotangent happens to be.
//
// A loop becomes a loop that runs backwards over the carries that the forward loop has collected, recomputing the body;
// values captured from outside gather their cotangents in carries. A count that is known only at run time, or :until,
// is read from the forward loop. Regions pass cotangents to their bodies, but for four names. (region stop-gradient
// (x…) () y): nothing flows to y. (region checkpoint (x…) () y): what y computes of its arguments is computed again for
// the way back (autodiff/recomputation.hpp). (region custom-gradient (x1 … xn d1 … dn) () y): the cotangents of its
// arguments are given: d_k is result k of (loop 1 ((g …) (d1 …) …) (i) (next g d1' … dn')), whose body says what they
// are if that of y is g; a loop, since that is how the IR binds a variable. (region adjoint (x1 … d1 …) () y) is the
// same where the cotangents are those of the body, written in a better way; tangents (autodiff/jvp.hpp) pass through
// the body.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.hpp"

namespace caten {

struct VjpOptions {
  std::vector<std::string> outputs{};  ///< outputs that get a cotangent; empty: all of a float or complex dtype
  std::vector<std::string> wrt{};      ///< inputs and states to differentiate by; empty: all inputs that can be
  bool primal = false;                 ///< keep the program's outputs and state updates beside the cotangents
  bool zeros = false;                  ///< a name of `wrt` that no output has a derivative by gets zeros, and no E0705
};

/// The inputs are those of the program, then the cotangents of `outputs`, named d_<output>. The outputs are those of
/// the program (with `primal`), then d_<input> for each of `wrt`. An underscore is added to names that are taken.
/// States keep their values unless `primal`.
Result<Graph> vjp(const Graph& program, const VjpOptions& options = {});

}  // namespace caten
