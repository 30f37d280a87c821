// Finds CUDA's driver library and NVRTC and loads them, once for the process.
#pragma once

#include <string>

#include "cuda/api.hpp"

namespace caten::cuda {

/// Both libraries' functions; null, and everything that was tried in `error`, if one of them is missing.
///
/// Searched, in this order: the folders of $CATEN_CUDA_PATH; what the process has loaded; the packages of the Python
/// environment that $VIRTUAL_ENV or $CONDA_PREFIX names; the system's search path; $CUDA_HOME and /usr/local/cuda.
const Api* load_libraries(std::string& error);

}  // namespace caten::cuda
