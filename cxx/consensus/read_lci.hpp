// LCI, the S-expressions of consensual programs: `(lci NAME decl…)`.
#pragma once

#include "base/result.hpp"
#include "consensus/program.hpp"
#include "sexp/datum.hpp"

namespace caten::consensus {

inline constexpr ReadLimits kLciLimits{.bytes = size_t{16} << 20, .depth = 512, .data = 2'000'000};

/// One error for each declaration that is wrong; a program only if there is none.
std::optional<Program> read_lci(const Datum& datum, Diagnostics& diagnostics);
/// The one form of a source.
std::optional<Program> read_lci(const SourceMap& sources, uint32_t source, Diagnostics& diagnostics);

/// Is this text LCI? Blanks and comments may stand before it.
bool is_lci_text(std::string_view text);

}  // namespace caten::consensus
