// What caten calls of CUDA's driver and of NVRTC, declared by hand from their published interfaces, so that building
// caten needs no CUDA toolkit. Both libraries are loaded when a device is opened.
#pragma once

#include <cstddef>
#include <cstdint>

namespace caten::cuda {

using Result = int;  ///< CUresult and nvrtcResult; 0: success
using Device = int;
using DevicePointer = unsigned long long;
using Context = struct ContextHandle*;
using Stream = struct StreamHandle*;
using Event = struct EventHandle*;
using Module = struct ModuleHandle*;
using Function = struct FunctionHandle*;
using Program = struct ProgramHandle*;

// Values of the interfaces that are used by name.
inline constexpr Result kInvalidValue = 1, kOutOfMemory = 2, kNotInitialized = 3, kStubLibrary = 34, kNoDevice = 100;
inline constexpr Result kCompilationError = 6;                                                        ///< of NVRTC
inline constexpr int kMultiprocessors = 16, kMajor = 75, kMinor = 76, kThreadsOfMultiprocessor = 39;  ///< attributes
inline constexpr unsigned kNonBlocking = 1;                                                           ///< of streams

// Every function that is called, once: name, parameters. Those of the driver have the names of its current versions.
#define CATEN_CUDA_FUNCTIONS(CALL)                                                                                     \
  CALL(cuInit, (unsigned flags))                                                                                       \
  CALL(cuDriverGetVersion, (int* version))                                                                             \
  CALL(cuGetErrorName, (Result error, const char** name))                                                              \
  CALL(cuGetErrorString, (Result error, const char** text))                                                            \
  CALL(cuDeviceGetCount, (int* count))                                                                                 \
  CALL(cuDeviceGet, (Device * device, int ordinal))                                                                    \
  CALL(cuDeviceGetName, (char* name, int bytes, Device device))                                                        \
  CALL(cuDeviceGetAttribute, (int* value, int attribute, Device device))                                               \
  CALL(cuDeviceTotalMem_v2, (size_t * bytes, Device device))                                                           \
  CALL(cuDevicePrimaryCtxRetain, (Context * context, Device device))                                                   \
  CALL(cuDevicePrimaryCtxRelease_v2, (Device device))                                                                  \
  CALL(cuCtxPushCurrent_v2, (Context context))                                                                         \
  CALL(cuCtxPopCurrent_v2, (Context * context))                                                                        \
  CALL(cuMemAlloc_v2, (DevicePointer * memory, size_t bytes))                                                          \
  CALL(cuMemFree_v2, (DevicePointer memory))                                                                           \
  CALL(cuMemcpyHtoDAsync_v2, (DevicePointer to, const void* from, size_t bytes, Stream stream))                        \
  CALL(cuMemcpyDtoHAsync_v2, (void* to, DevicePointer from, size_t bytes, Stream stream))                              \
  CALL(cuMemcpyDtoDAsync_v2, (DevicePointer to, DevicePointer from, size_t bytes, Stream stream))                      \
  CALL(cuMemsetD8Async, (DevicePointer memory, unsigned char value, size_t bytes, Stream stream))                      \
  CALL(cuModuleLoadData, (Module * module, const void* image))                                                         \
  CALL(cuModuleUnload, (Module module))                                                                                \
  CALL(cuModuleGetFunction, (Function * function, Module module, const char* name))                                    \
  CALL(cuStreamCreate, (Stream * stream, unsigned flags))                                                              \
  CALL(cuStreamDestroy_v2, (Stream stream))                                                                            \
  CALL(cuStreamSynchronize, (Stream stream))                                                                           \
  CALL(cuStreamWaitEvent, (Stream stream, Event event, unsigned flags))                                                \
  CALL(cuLaunchKernel,                                                                                                 \
       (Function function, unsigned blocks_x, unsigned blocks_y, unsigned blocks_z, unsigned threads_x,                \
        unsigned threads_y, unsigned threads_z, unsigned shared_bytes, Stream stream, void** arguments, void** extra)) \
  CALL(cuEventCreate, (Event * event, unsigned flags))                                                                 \
  CALL(cuEventRecord, (Event event, Stream stream))                                                                    \
  CALL(cuEventSynchronize, (Event event))                                                                              \
  CALL(cuEventElapsedTime, (float* milliseconds, Event begin, Event end))                                              \
  CALL(cuEventDestroy_v2, (Event event))

#define CATEN_NVRTC_FUNCTIONS(CALL)                                                               \
  CALL(nvrtcVersion, (int* major, int* minor))                                                    \
  CALL(nvrtcCreateProgram, (Program * program, const char* source, const char* name, int headers, \
                            const char* const* texts, const char* const* names))                  \
  CALL(nvrtcDestroyProgram, (Program * program))                                                  \
  CALL(nvrtcCompileProgram, (Program program, int count, const char* const* options))             \
  CALL(nvrtcGetProgramLogSize, (Program program, size_t * bytes))                                 \
  CALL(nvrtcGetProgramLog, (Program program, char* log))                                          \
  CALL(nvrtcGetCUBINSize, (Program program, size_t * bytes))                                      \
  CALL(nvrtcGetCUBIN, (Program program, char* cubin))

#define CATEN_MEMBER(name, parameters) Result(*name) parameters = nullptr;
struct Api {
  CATEN_CUDA_FUNCTIONS(CATEN_MEMBER)
  CATEN_NVRTC_FUNCTIONS(CATEN_MEMBER)
};
#undef CATEN_MEMBER

}  // namespace caten::cuda
