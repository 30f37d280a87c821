// `caten doctor`: is everything there that this caten needs? Each runtime that can be found is opened, compiles
// programs and is compared with the evaluator (conformance/); what is missing says how to get it. Out: text or JSON;
// errors among the diagnostics only for what should work and does not: the chosen runtime, and runtimes that are wrong.
#pragma once

#include <string>

#include "cli/options.hpp"
#include "driver/session.hpp"

namespace caten {

std::string doctor_command(Session& session, const Settings& settings, Diagnostics& diagnostics);

}  // namespace caten
