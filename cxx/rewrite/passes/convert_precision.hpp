// `--dtype bf16` and `--dtype f16` as a pass: the program, computed and stored in 16 bits where that is harmless.
//
// In: a checked Graph whose composites are still regions. Out: a program with the same inputs, states, outputs and
// types, whose f32 values are rounded to T. Where, is decided by the names of ops and composites:
//   - an op outside the library's composites computes in T: operands and result are rounded;
//   - a composite of the library that computes f16 and bf16 in f32 (precision_families) does so here, too: arguments
//     and results are rounded, nothing in between;
//   - what is kept in f32 (Precision::keep) reads values as they are and rounds nothing;
//   - sums are accumulated in f32 in any case, and so is the product that a `reduce` reads;
//   - ops that move values (views, take, if, max, …) round nothing, and what no input reaches is computed in f32.
// A value is cast where something reads it in the other dtype. The converted program is a program like any other: the
// evaluator says what it means, and kernels are compared with that.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "ir/graph.hpp"

namespace caten {

/// Composites of the library that compute in f32 whatever they are given, and ops, by what they have in common.
struct PrecisionFamily {
  std::string_view name;
  bool kept;  ///< by default
  std::vector<std::string_view> ops;
  std::vector<std::string_view> composites;
};
const std::vector<PrecisionFamily>& precision_families();

struct Precision {
  DType dtype = DType::kBF16;
  std::set<std::string> keep{};          ///< names of ops and composites
  std::vector<std::string> strangers{};  ///< of these, those that only a program can know
  std::string kept{};                    ///< as given
};

/// `keep`: families, ops and composites, separated by commas; "default" stands for the families that are kept by
/// default, "none" for nothing. Nothing for f32, which programs have already; E0902 for other dtypes.
Result<std::optional<Precision>> parse_precision(std::string_view dtype, std::string_view keep);

Graph convert_precision(const Graph& program, const Precision& precision);

/// A warning for each name to keep that neither the library nor the program has.
std::vector<Diagnostic> unknown_kept_names(const Graph& program, const Precision& precision);

}  // namespace caten
