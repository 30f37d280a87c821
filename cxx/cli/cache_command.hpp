// `caten cache …`: what earlier processes compiled, on disk.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cache/store.hpp"

namespace caten {

/// E0902 if the cache is switched off.
Status check_store(const ArtifactStore& store);

/// The text for `caten cache ls|gc|clear|path`; `words` are those behind `cache`.
Result<std::string> cache_command(const ArtifactStore& store, const std::vector<std::string>& words, bool json);

}  // namespace caten
