// Axes that are one: where every index of a kernel grows with two neighbouring axes as with a single one that has the
// elements of both, the kernel has that one. A kernel then looks the same whatever the rank of what it computes.
#pragma once

#include <optional>
#include <vector>

#include "codegen/values.hpp"

namespace caten {

/// Each axis as the extents of what it is made of, outermost first.
using MergedAxes = std::vector<Shape>;

/// All of them apart.
MergedAxes apart(const Shape& extents);

/// Loops have these variables and extents, the outer ones first: which of them can be one, for all of these indices.
MergedAxes merge(const std::vector<Dim>& indices, const Index& variables, const Shape& extents);

struct PassAxes {
  MergedAxes outer{};    ///< the rows of the kernel first
  MergedAxes reduced{};  ///< of folds
  size_t rows = 0;       ///< how many of the outer ones are rows

  /// A variable for each axis that it is made of, as parts of the kernel have them.
  Index of_parts(KernelValues& values, const Index& variables) const;
};

/// Of each pass. Kernels in row blocks or with a schedule hint keep their axes: those are about axes of the program.
std::vector<PassAxes> merged_axes(const Schedule& schedule, const Kernel& kernel);

}  // namespace caten
