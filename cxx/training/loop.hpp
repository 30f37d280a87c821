// In: a stepper whose first output is a loss, and batches. Out: many steps one after the other, without Lisp.
//
// A loss that is not finite ends the loop with E1102, which says where in the program the first such value arises. That
// needs the values from before the step: the program of the step is expected to keep its states where its loss is not
// finite.
#pragma once

#include "driver/stepper.hpp"
#include "training/batches.hpp"

namespace caten::training {

struct LoopOptions {
  int64_t first = 0;     ///< the number of the first step
  int64_t count = 0;     ///< at most so many steps
  double seconds = 1e9;  ///< no step begins later than this after the first
};

/// Outputs of the steps that were made, all scalars of f32: by step, then by output.
Result<std::vector<std::vector<float>>> run_steps(Stepper& stepper, Batches& batches, const LoopOptions& options);

/// E1102 for a step whose loss is not finite: the first op, in the order of the program, that makes such a value of
/// finite ones, with its place.
Diagnostic describe_not_finite(Stepper& stepper, std::vector<Array> inputs, int64_t step, float loss);

}  // namespace caten::training
