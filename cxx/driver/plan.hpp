// In: a compiled program and the sizes of a call. Out: its SizedPlan, with every size and offset a number, or a
// polynomial over counters.
#pragma once

#include "driver/compile.hpp"

namespace caten {

Result<std::shared_ptr<SizedPlan>> make_plan(const CompiledProgram& program, const DimValues& sizes);

}  // namespace caten
