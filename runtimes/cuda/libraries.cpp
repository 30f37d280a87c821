#include "cuda/libraries.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <sstream>
#include <system_error>
#include <vector>

namespace caten::cuda {
namespace {

const char* const kDriverNames[] = {"libcuda.so.1"};
const char* const kNvrtcNames[] = {"libnvrtc.so.13", "libnvrtc.so.12"};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<std::string> split(const std::string& folders) {
  std::vector<std::string> out;
  std::istringstream in(folders);
  for (std::string folder; std::getline(in, folder, ':');)
    if (!folder.empty()) out.push_back(folder);
  return out;
}

/// Where the wheels of NVIDIA put libraries: lib/python*/site-packages/nvidia/{cu13,cuda_nvrtc}/lib.
std::vector<std::string> folders_of_packages(const std::string& environment) {
  std::vector<std::string> out;
  std::error_code error;
  if (environment.empty()) return out;
  for (const auto& python : std::filesystem::directory_iterator(environment + "/lib", error))
    for (const char* package : {"cu13", "cuda_nvrtc"}) {
      std::filesystem::path folder = python.path() / "site-packages/nvidia" / package / "lib";
      if (std::filesystem::is_directory(folder, error)) out.push_back(folder.string());
    }
  std::sort(out.begin(), out.end());
  return out;
}

/// Full paths and bare names, in the order in which they are tried.
template <size_t N>
std::vector<std::string> candidates(const char* const (&names)[N]) {
  std::vector<std::string> out;
  auto in_folder = [&](const std::string& folder) {
    for (const char* name : names) out.push_back(folder + "/" + name);
  };
  for (const std::string& folder : split(variable("CATEN_CUDA_PATH"))) in_folder(folder);
  for (const char* environment : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    for (const std::string& folder : folders_of_packages(variable(environment))) in_folder(folder);
  out.insert(out.end(), std::begin(names), std::end(names));
  if (std::string home = variable("CUDA_HOME"); !home.empty()) in_folder(home + "/lib64");
  if (std::string home = variable("CUDA_HOME"); home != "/usr/local/cuda") in_folder("/usr/local/cuda/lib64");
  return out;
}

template <size_t N>
void* load(const char* const (&names)[N], std::string& error) {
  for (const char* name : names)
    if (variable("CATEN_CUDA_PATH").empty())
      if (void* loaded = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD)) return loaded;
  std::string tried;
  for (const std::string& candidate : candidates(names)) {
    if (void* loaded = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL)) return loaded;
    tried += (tried.empty() ? "" : ", ") + candidate;
  }
  error = std::string("cannot load ") + names[0] + "; tried " + tried;
  return nullptr;
}

}  // namespace

const Api* load_libraries(std::string& error) {
  static std::mutex mutex;
  static Api api;
  static bool loaded = false;
  std::lock_guard lock(mutex);
  if (loaded) return &api;
  void* driver = load(kDriverNames, error);
  if (!driver) return nullptr;
  void* nvrtc = load(kNvrtcNames, error);
  if (!nvrtc) return nullptr;
#define CATEN_LOAD_FROM(library, name)                                                            \
  if (!(api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, #name)))) {                \
    error = "the library has no function " #name ": it is older than what caten needs (CUDA 12)"; \
    return nullptr;                                                                               \
  }
#define CATEN_LOAD(name, parameters) CATEN_LOAD_FROM(driver, name)
  CATEN_CUDA_FUNCTIONS(CATEN_LOAD)
#undef CATEN_LOAD
#define CATEN_LOAD(name, parameters) CATEN_LOAD_FROM(nvrtc, name)
  CATEN_NVRTC_FUNCTIONS(CATEN_LOAD)
#undef CATEN_LOAD
#undef CATEN_LOAD_FROM
  loaded = true;
  return &api;
}

}  // namespace caten::cuda
