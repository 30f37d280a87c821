// Consensual programs on the command line: read, checked and printed.
#pragma once

#include "cli/options.hpp"
#include "consensus/names.hpp"
#include "driver/session.hpp"
#include "worlds/run.hpp"

namespace caten {

/// Is this source a consensual program: a file .lmpm or .lci, or a text `(lci …)`?
bool is_consensual(const SourceMap& sources, uint32_t source);

/// The program of the source, as --colour says, and how names become composites. Nothing after errors.
std::optional<consensus::Program> read_consensual(Session& session, uint32_t source, const Settings& settings,
                                                  Diagnostics& diagnostics);
consensus::ResolveOptions known_composites(Session& session, const Settings& settings, Diagnostics& diagnostics);
/// The same with models, and what runs need beside them. All three must live as long as the run.
Surroundings surroundings_of(Session& session, const Settings& settings, Diagnostics& diagnostics);

/// The program of the source in the form that --emit asks for, after all its names are resolved. E1008 where something
/// else is asked for.
std::optional<std::string> consensual_text(Session& session, uint32_t source, const Settings& settings,
                                           Diagnostics& diagnostics);

}  // namespace caten
