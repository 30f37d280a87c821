// `caten why JOURNAL CELL [STEP]` and `caten why-not JOURNAL CELL VALUE [STEP]`.
#pragma once

#include "cli/options.hpp"
#include "driver/session.hpp"

namespace caten {

/// What step STEP (the last one) did for CELL: who proposed what, what won, what each of the others lost to, and why
/// nobody spoke. As --json asks. Nothing after errors.
std::optional<std::string> why_cell(Session& session, const Settings& settings, Diagnostics& diagnostics);

/// The same, and why the cell did not become VALUE.
std::optional<std::string> why_not_cell(Session& session, const Settings& settings, Diagnostics& diagnostics);

}  // namespace caten
