// The tables of --time-passes and --profile, and their JSON.
#pragma once

#include <string>

#include "base/timings.hpp"

namespace caten {

/// One row per step, what belongs to none, and the sum; as one line of JSON if `json`.
std::string timings_report(const Timings& timings, bool json);

}  // namespace caten
