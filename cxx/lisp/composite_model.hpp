// Composites as the models of consensual programs: traced for the arrays at hand, and computed on the session's
// runtime.
#pragma once

#include <string>

#include "consensus/given.hpp"

namespace caten::lisp {

/// E1021 if there is no composite of this name. Lisp must be running.
Result<consensus::ModelGiven> composite_model(const std::string& name);

}  // namespace caten::lisp
