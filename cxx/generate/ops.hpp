// The table of what a runtime must compute: each op on each dtype, over classes of shapes and views, with arguments
// that hold every pair of edge values.
//
// In: rows and a dtype. Out: one program whose outputs belong to these rows, and its arguments. Entry: op_rows,
// op_program, op_case.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "generate/generate.hpp"

namespace caten::generated {

/// The names of the rows: "add", "cast", "reduce max", "put set", …; each op of the table is in at least one of them.
const std::vector<std::string>& op_rows();

struct OpProgram {
  Graph graph;
  std::vector<size_t> rows{};         ///< of each output, in op_rows()
  std::vector<std::string> shapes{};  ///< of each output: "scalar", "edges", …
};

/// The rows that the dtype does not have get no output.
OpProgram op_program(DType dtype, const std::vector<size_t>& rows);

/// The program with arguments, for a size N of its symbolic axes.
Case op_case(const OpProgram& program, int64_t n, uint64_t seed);

/// Zeros of both signs, infinities, NaN, the least and the largest denormal and normal numbers, neighbours of 1, …
std::vector<Scalar> edge_values(DType dtype);

/// What a program needs of a runtime: "max f32", "reduce max f32", in the words of op_rows().
std::set<std::string> needed_ops(const Graph& graph);

}  // namespace caten::generated
