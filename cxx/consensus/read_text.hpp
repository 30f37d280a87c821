// The text form of consensual programs, .lmpm files.
#pragma once

#include "base/result.hpp"
#include "consensus/program.hpp"

namespace caten::consensus {

/// One error for each declaration that is wrong; a program only if there is none.
std::optional<Program> read_text(const SourceMap& sources, uint32_t source, Diagnostics& diagnostics);

}  // namespace caten::consensus
