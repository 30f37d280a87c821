// The entry of the library's module: routines by their names, errors as texts.
#include "cpu/library.hpp"

#include <cstring>
#include <exception>

#include "cpu/onednn.hpp"

namespace {

void call(const char* routine, const char* dtype, void* const* buffers, const int64_t* sizes, uint32_t count,
          void** const* kept, int threads) {
  bool contracts = std::strcmp(routine, "contraction") == 0, bf16 = contracts && std::strcmp(dtype, "bf16") == 0;
  if (!bf16 && std::strcmp(dtype, "f32") != 0)
    throw caten::cpu::Failure{std::string("the library does not compute ") + dtype};
  if (contracts)
    caten::cpu::compute_contraction(bf16, buffers, sizes, count, threads);
  else if (std::strcmp(routine, "convolution") == 0)
    caten::cpu::compute_convolution(buffers, sizes, count, kept ? kept[2] : nullptr);
  else
    throw caten::cpu::Failure{std::string("there is no library routine ") + routine};
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const char* caten_cpu_library_name_v1() {
  static const std::string name = [] {
    const dnnl_version_t* version = dnnl_version();
    return "oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
           std::to_string(version->patch);
  }();
  return name.c_str();
}

extern "C" __attribute__((visibility("default"))) const char* caten_cpu_library_call_v3(
    const char* routine, const char* dtype, void* const* buffers, const int64_t* sizes, uint32_t size_count,
    void** const* kept, int threads) {
  static thread_local std::string error;
  try {
    call(routine, dtype, buffers, sizes, size_count, kept, threads);
    return nullptr;
  } catch (const caten::cpu::Failure& failure) {
    error = failure.text;
  } catch (const std::exception& exception) {
    error = exception.what();
  }
  return error.c_str();
}

extern "C" __attribute__((visibility("default"))) void caten_cpu_library_free_kept_v1(void* kept) {
  caten::cpu::free_kept_filters(kept);
}
