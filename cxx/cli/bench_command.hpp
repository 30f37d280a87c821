// `caten bench …`: what the machine can do at most, how long the workloads take on it, and how long they take to
// compile.
#pragma once

#include <optional>
#include <string>

#include "cli/options.hpp"
#include "driver/session.hpp"

namespace caten {

/// The text for `caten bench [ls|SUITE|WORKLOAD|FILE…]`, or one JSON document with --json. A row that fails is shown as
/// such and the others go on; what went wrong is added to `diagnostics`. Nothing if there is nothing to show.
std::optional<std::string> bench_command(Session& session, const Settings& settings, Diagnostics& diagnostics);

}  // namespace caten
