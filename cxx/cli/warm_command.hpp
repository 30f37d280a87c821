// `caten cache warm`: the kernels of the library's composites, compiled before anything needs them.
//
// In: the session whose store they go to, with Lisp started, and names of composites (none: all). Out: how many were
// compiled, as text or JSON. A line on stderr shows how far it is, on a terminal. Ctrl-C keeps what has been made.
#pragma once

#include <string>
#include <vector>

#include "driver/session.hpp"

namespace caten {

Result<std::string> warm_cache(Session& session, std::vector<std::string> names, bool json);

}  // namespace caten
