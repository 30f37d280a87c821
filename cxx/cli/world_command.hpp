// `caten run WORLD.lmpm`: a consensual program for some steps, on the reference interpreter.
#pragma once

#include "cli/options.hpp"
#include "consensus/names.hpp"
#include "driver/session.hpp"

namespace caten {

/// Runs the program of the source with --param, --in, --seed and --steps, and writes --out. The text: with --report
/// what each step did, and at the end the digest. Nothing after errors.
std::optional<std::string> run_world(Session& session, uint32_t source, const Settings& settings,
                                     Diagnostics& diagnostics);

/// --emit=plan: what is decided about the program with --param and --in; where something is not given, what holds for
/// all sizes. Nothing after errors.
std::optional<std::string> plan_of(Session& session, const consensus::Program& program, const consensus::Names& names,
                                   const Settings& settings, Diagnostics& diagnostics);

}  // namespace caten
