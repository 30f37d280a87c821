// Composites as the models of consensual programs: traced for the arrays at hand, and computed by the evaluator.
#pragma once

#include "cli/options.hpp"
#include "consensus/given.hpp"
#include "driver/session.hpp"

namespace caten {

/// E1021 if there is no composite of this name, or no Lisp. The session must live as long as the model.
Result<consensus::ModelGiven> composite_model(Session& session, const Settings& settings, const std::string& name);

}  // namespace caten
