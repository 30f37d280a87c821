// What is decided about a consensual program before it runs, as text: --emit=plan.
#pragma once

#include <string>

#include "consensus/analysis/conditions.hpp"

namespace caten::consensus {

/// For each visible edge its layout, what it lowers to, and the collective that it implies when the value is
/// partitioned; for each `forbid read_future` what was proved.
std::string plan_text(const Program& program, const Integers& given);

}  // namespace caten::consensus
