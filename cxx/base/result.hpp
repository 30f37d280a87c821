// What input can cause to fail returns a Result; what only our own bugs can cause is an assertion.
#pragma once

#include <tl/expected.hpp>

#include "base/diagnostic.hpp"

namespace caten {

template <class T>
using Result = tl::expected<T, Diagnostic>;

using Status = Result<void>;

/// `return fail(Diagnostic{…});` from a function that returns Result<T>.
inline tl::unexpected<Diagnostic> fail(Diagnostic diagnostic) { return tl::unexpected<Diagnostic>(std::move(diagnostic)); }

}  // namespace caten
