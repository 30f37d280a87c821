// One pass of a kernel as the lowering sees it, and what its loads run along.
#pragma once

#include <optional>
#include <vector>

#include "codegen/loop_nest.hpp"
#include "schedule/schedule.hpp"

namespace caten {

struct PassAxes;

/// What a loop runs along: a variable from `begin` on.
struct Axis {
  Dim variable{}, begin{}, extent{};
};

/// One pass: what it computes, and in which loops.
struct PassPlan {
  std::vector<const KernelPart*> folds{}, everywhere{}, after{};
  const PassAxes* merged = nullptr;  ///< what its axes are made of
  Index outer{}, reduced{};          ///< variables
  std::vector<Axis> axes{};          ///< of the outer variables
  Shape outer_extents{};             ///< of the outer variables: of whole axes
  Shape reduced_extents{};
  std::vector<ValueId> folded{};  ///< the elements that go into the folds
  std::vector<ValueId> stored{};  ///< what is computed everywhere
  size_t work = 0;                ///< values that are computed for an element of either
  Index variables{};              ///< of the rows, outer, reduced
};

/// Of a pass without folds: an axis other than the last one along which a load is contiguous that leaps along the last.
std::optional<size_t> axis_across(const LoopNest& nest, const PassPlan& plan);

/// The loads that do so along this axis, if all of them may be done for each element.
std::vector<ValueId> loads_across(const LoopNest& nest, const PassPlan& plan, size_t across);

/// Whether loads are contiguous along the last axis of the result rather than along the folded ones.
bool runs_along_columns(const LoopNest& nest, const Kernel& kernel, const PassPlan& plan);

/// Whether elements that are loaded along the columns are the same for all values of the axis before.
bool shares_columns(const LoopNest& nest, const PassPlan& plan);

/// Whether one load along the folded axis serves all columns and another one all rows, as in x · wᵀ.
bool shares_rows(const LoopNest& nest, const Kernel& kernel, const PassPlan& plan);

}  // namespace caten
