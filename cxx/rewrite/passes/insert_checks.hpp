// `--check` as a pass: a program that also says whether some demanded element was computed from an out-of-range index,
// an integer division by zero, or a loop count above its bound.
//
// In: a checked Graph. Out: the same program with one more output, `fault`, i64[]: 0, or 1 + the number of the first
// site, in the order of the program, at which a fault arose that an output or a new state depends on. Any runtime, and
// the reference evaluator, computes it as it computes everything else.
//
// A fault is a value beside a value, of its shape, that says for each element which site spoiled it: views move faults,
// element-wise ops combine them, `if` takes those of its condition and of the taken arm only, loops carry them. A write
// out of range belongs to no element: it spoils the whole result of its put. Values that no site reaches have no fault
// value, so that a program without sites is not changed but for the constant output.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.hpp"

namespace caten {

struct FaultSite {
  Code code{};
  std::string form;  ///< "(take x 0 i)", as ir/print.hpp describes a value
  std::string rule;  ///< what was violated
  SourceSpan span{};
  std::string composite_path{};
};

struct CheckedProgram {
  Graph graph;
  std::vector<FaultSite> sites;
};

CheckedProgram insert_checks(const Graph& program);

/// The message for a value of `fault` other than 0: E0801 or E0802 at the source form.
Diagnostic describe_fault(const CheckedProgram& program, int64_t fault);

}  // namespace caten
