// `caten new-runtime NAME`: a runtime of one's own to begin with, in a folder NAME: the runtime file and the driver of
// the runtime `c` under the new name, as they are where this caten is, and what to do next. Out: a text that says so.
// E0502 if the folder is there already, E0902 for a name that a runtime cannot have.
#pragma once

#include <string>

#include "base/result.hpp"

namespace caten {

Result<std::string> new_runtime(const std::string& name);

}  // namespace caten
