// In: a checked Graph. Out: a Graph over the same 27 ops that computes tangents: given those of some inputs, those of
// the outputs. Entry: jvp. The conventions are those of autodiff/vjp.hpp, of which it is the transpose: <u, J v> = <Jᵀ
// u, v>, where <g, x> is the real form Re(g·x) of complex values. The tangent of a complex value is the change of the
// value.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.hpp"

namespace caten {

struct JvpOptions {
  std::vector<std::string> outputs{};  ///< outputs whose tangents are computed; empty: all of a float or complex dtype
  std::vector<std::string> wrt{};      ///< inputs and states that have a tangent; empty: all inputs that can have one
  bool primal = false;                 ///< keep the program's outputs and state updates beside the tangents
  bool zeros = false;                  ///< as in VjpOptions
  int depth = 0;  ///< how many loops there are around what the graph computes: their variables are like inputs
};

/// The inputs are those of the program, then the tangents of `wrt`, named t_<input>. The outputs are those of the
/// program (with `primal`), then t_<output> for each of `outputs`. An underscore is added to names that are taken.
/// States keep their values unless `primal`.
Result<Graph> jvp(const Graph& program, const JvpOptions& options = {});

}  // namespace caten
