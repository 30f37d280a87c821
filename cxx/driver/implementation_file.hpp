// In: the text of an ops file (docs/ops.md). Out: the Implementation that it describes, checked as far as that is
// possible without the composite; E0607 at what is malformed. Files are code, as runtime files are: they are bounded in
// size and nesting, but a kernel's text runs with the user's rights.
#pragma once

#include "schedule/implementation.hpp"

namespace caten {

Result<Implementation> read_implementation(const std::string& path, SourceMap& sources);

}  // namespace caten
