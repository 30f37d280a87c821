// Consensual programs between Lisp and C++.
#pragma once

#include "consensus/names.hpp"
#include "lisp/ecl.hpp"

namespace caten::lisp {

/// A form as LCI, with the spelling and the places of the text it stands in; `pair` is (form . place).
Datum spelled(cl_object pair);

/// The composites that caten-user sees.
consensus::ResolveOptions composites();

/// (:failed diagnostic…); those without a place get this one.
cl_object failed_with(const Diagnostics& diagnostics, SourceSpan otherwise);

}  // namespace caten::lisp
