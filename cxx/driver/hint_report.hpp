// What became of the schedules that composites asked for (ir/schedule_hint.hpp), for people.
#pragma once

#include <string>
#include <vector>

#include "schedule/schedule.hpp"

namespace caten {

/// Whether some composite of the program has a schedule.
bool has_hints(const Graph& graph);

/// E0114, a warning, for each clause that applies to none of a composite's kernels; calls of one composite together.
std::vector<Diagnostic> hint_warnings(const Schedule& schedule);

/// Two lines or more for each call of a composite with a schedule, for --emit=schedule; "" if there is none.
std::string hint_lines(const Schedule& schedule);

}  // namespace caten
