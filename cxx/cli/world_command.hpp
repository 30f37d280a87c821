// `caten run WORLD.lmpm`: a consensual program for some steps; `caten replay JOURNAL`: the same steps again.
#pragma once

#include "cli/options.hpp"
#include "consensus/names.hpp"
#include "driver/session.hpp"

namespace caten {

/// Runs the program of the source with --param, --in, --seed and --steps, and writes --out; with --journal from where
/// that file ends. The text: with --report what each step did, and at the end the digest. Nothing after errors.
std::optional<std::string> run_world(Session& session, uint32_t source, const Settings& settings,
                                     Diagnostics& diagnostics);

/// Repeats the run of a journal, up to --to, and writes --out. Each step is compared with what it gave then. The text:
/// the digest behind it; with --digest, those of all steps from the first. Nothing after errors.
std::optional<std::string> replay_world(Session& session, const Settings& settings, Diagnostics& diagnostics);

/// --emit=plan: what is decided about the program with --param and --in; where something is not given, what holds for
/// all sizes. Nothing after errors.
std::optional<std::string> plan_of(Session& session, const consensus::Program& program, const consensus::Names& names,
                                   const Settings& settings, Diagnostics& diagnostics);

}  // namespace caten
