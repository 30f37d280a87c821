// The message for an optimizer that is malformed, shared by the readers of patterns and guards.
#pragma once

#include "base/diagnostic.hpp"
#include "sexp/datum.hpp"

namespace caten {

/// E0704 at the datum.
inline tl::unexpected<Diagnostic> bad_optimizer(const Datum& at, std::string message, std::string expected,
                                                std::string remedy) {
  return fail({.code = Code::BadOptimizer,
               .message = std::move(message),
               .span = at.span,
               .expected = std::move(expected),
               .found = print(at),
               .remedy = std::move(remedy)});
}

/// "did you mean …" if a candidate is near, else another remedy.
inline std::string suggest_or(const std::string& word, const std::vector<std::string>& candidates,
                              const std::string& otherwise) {
  std::string found = did_you_mean(word, candidates);
  return found.empty() ? otherwise : found;
}

}  // namespace caten
