// What input can cause to fail returns a Result; what only our own bugs can cause is an assertion.
#pragma once

#include <tl/expected.hpp>

#include "base/diagnostic.hpp"

namespace caten {

template <class T>
using Result = tl::expected<T, Diagnostic>;

using Status = Result<void>;

/// `return fail(Diagnostic{…});` from a function that returns Result<T>.
inline tl::unexpected<Diagnostic> fail(Diagnostic diagnostic) {
  return tl::unexpected<Diagnostic>(std::move(diagnostic));
}

}  // namespace caten

/// Leaves the function with the diagnostic of a failed Result or Status; goes on otherwise. The house's one control
/// macro: C++20 has no other way to say it in a line.
#define CATEN_TRY(expression)                                                                            \
  do {                                                                                                   \
    if (auto&& status_ = (expression); !status_) return tl::make_unexpected(std::move(status_).error()); \
  } while (0)
