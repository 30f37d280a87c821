// The runtimes that compile kernels here: c, and cpu where caten was built with LLVM; only $CATEN_TEST_RUNTIME if it is
// set.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "runtime/runtime.hpp"

namespace caten {

inline const std::vector<std::string>& compiling_runtimes() {
  static const std::vector<std::string> names = [] {
    if (const char* chosen = std::getenv("CATEN_TEST_RUNTIME")) return std::vector<std::string>{chosen};
    std::vector<std::string> found{"c"};
    SourceMap sources;
    if (find_runtime("cpu", default_runtime_search(), sources)) found.emplace_back("cpu");
    return found;
  }();
  return names;
}

}  // namespace caten
