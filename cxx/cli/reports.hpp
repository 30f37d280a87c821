// The tables of --time-passes and --profile, and their JSON.
#pragma once

#include <optional>
#include <string>

#include "base/source.hpp"
#include "base/timings.hpp"
#include "driver/profile.hpp"

namespace caten {

/// One row per step, what belongs to none, and the sum; as one line of JSON if `json`.
std::string timings_report(const Timings& timings, bool json);

/// One row per kernel, the slowest first; their sums by what they do and the composite that they are of; what the calls
/// took besides; and the roof that was measured, none if it says nothing about the device.
std::string profile_report(const Profile& profile, const std::optional<Roof>& roof, const SourceMap& sources,
                           bool json);

/// Every launch as an event, in the format that chrome://tracing and Perfetto read.
std::string chrome_trace(const Profile& profile, const SourceMap& sources);

/// "roof: 37.0 GB/s of memory, …": a line.
std::string roof_text(const Roof& roof);

}  // namespace caten
