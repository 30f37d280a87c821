// Kernels that tests compile are kept beside the test programs, in the build tree: the next run of the tests finds
// them.
#pragma once

#include <filesystem>

#include "cache/store.hpp"

namespace caten {

inline ArtifactStore test_store() {
  std::error_code error;
  std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return ArtifactStore(error ? "" : (program.parent_path() / "kernels").string());
}

}  // namespace caten
