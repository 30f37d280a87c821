// Programs that stand alone, as files: -c and -o FILE.c, FILE.o, FILE.so, each with the header FILE.h beside it.
#pragma once

#include <string>

#include "cli/options.hpp"
#include "driver/session.hpp"

namespace caten {

/// The file that -c or -o asks a program to be made into; "": none of these kinds.
std::string artifact_file(const Settings& settings, const std::string& operand);

/// Writes the artifact and its header, each whole or not at all. E0602 for a runtime that makes no such file, E0603
/// where the compiler or linker fails.
Status write_artifact(Session& session, const Graph& graph, const std::string& path);

}  // namespace caten
