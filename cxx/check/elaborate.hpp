// In: the Datum of an IR text. Out: a checked Graph of one program, or all errors of the text at once.
//
//   (ir 1
//    (composite axpy
//     (:dim (M 0 *) (N 0 *)) (:type (T f16 bf16 f32 f64))
//     (:in (a (T)) (X (T M N)) (Y (T M N)))
//     (:let (s (expand (reshape a 1 1) M N)) (p (mul s X)) (z (add p Y)))
//     (:out (Z z)))
//    (program main (:call axpy (T f32))))
//
// Clauses of composite and program: :dim (name lo hi|*), :type (name dtypes…), :in (name (dtype dims…) [:donate]),
// :state (name (dtype dims…)), :where (= a b) and (<= a b), :let (name value), :out (name value [(dtype dims…)]),
// :next (state value). A program may instead be (:call composite (T dtype)…), the composite with its types chosen.
// Values: a name, an op form of ir/ops.def, (call composite value…), (result k value), and
// (region composite (arguments…) (attributes…) value [:result k]), which marks a value as a composite's result.
//
// Sizes that must be equal are solved; what was derived is reported as notes. An erroneous value is poison: its users
// report nothing more. Composites are expanded at their calls; a circle of calls, too many nodes or too deep calls are
// errors. The text is untrusted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/timings.hpp"
#include "ir/graph.hpp"

namespace caten {

inline constexpr int kIrVersion = 1;

struct ElaborateOptions {
  std::string entry{};  ///< program or composite to build; "": the only program, else the only composite
  DimValues sizes{};    ///< sizes fixed from outside (-D M=3)
  std::map<std::string, DType> types{};  ///< type variables fixed from outside (-D T=f64)
  size_t max_nodes = 1'000'000;
  size_t max_call_depth = 100;
  size_t max_errors = 100;     ///< then the text is given up
  Timings* timings = nullptr;  ///< steps "read" and "check"
};

/// The program `options.entry` of the forms of one text. Nothing if there are errors.
std::optional<Graph> elaborate(const std::vector<Datum>& forms, const ElaborateOptions& options,
                               Diagnostics& diagnostics);

/// Reads and elaborates a source.
std::optional<Graph> read_program(const SourceMap& sources, uint32_t source, const ElaborateOptions& options,
                                  Diagnostics& diagnostics);

}  // namespace caten
