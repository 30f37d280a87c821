// `caten test-runtime`: a runtime compared with the reference evaluator (conformance/). In: a session whose runtime is
// not open yet. Out: the report as a file, and a summary or JSON as text; E0807 among the diagnostics if the runtime is
// wrong anywhere.
#pragma once

#include <optional>
#include <string>

#include "cli/options.hpp"
#include "driver/session.hpp"

namespace caten {

std::optional<std::string> test_runtime_command(Session& session, const Settings& settings, Diagnostics& diagnostics);

}  // namespace caten
