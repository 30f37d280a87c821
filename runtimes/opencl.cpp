// The driver of the `opencl` runtime: kernels are OpenCL C 1.2, compiled by whatever OpenCL implementation the system's
// loader finds. libOpenCL.so.1 is loaded when a device is opened, so that caten needs no OpenCL to run.
//
// A memory object of OpenCL has no address that numbers can be added to. Here each has one of its own making: a place
// in a range of addresses that nothing else has; kernels take the object and the distance from its beginning.
//
// $CATEN_OPENCL_DEVICE chooses a device: a part of its name or of its platform's.
#define CL_TARGET_OPENCL_VERSION 120  // NOLINT(readability-identifier-naming): what the headers ask for
#include <CL/cl.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/driver_abi.h"

namespace {

// Every function of OpenCL that is called, once.
// clang-format off
#define CATEN_OPENCL_FUNCTIONS(CALL) \
  CALL(clGetPlatformIDs) CALL(clGetPlatformInfo) CALL(clGetDeviceIDs) CALL(clGetDeviceInfo) \
  CALL(clCreateContext) CALL(clReleaseContext) CALL(clCreateCommandQueue) CALL(clReleaseCommandQueue) \
  CALL(clCreateBuffer) CALL(clReleaseMemObject) CALL(clEnqueueWriteBuffer) CALL(clEnqueueReadBuffer) \
  CALL(clEnqueueCopyBuffer) CALL(clEnqueueFillBuffer) CALL(clCreateProgramWithSource) \
  CALL(clCreateProgramWithBinary) CALL(clBuildProgram) CALL(clGetProgramBuildInfo) CALL(clGetProgramInfo) \
  CALL(clReleaseProgram) CALL(clCreateKernel) CALL(clReleaseKernel) CALL(clSetKernelArg) \
  CALL(clEnqueueNDRangeKernel) CALL(clFinish) CALL(clFlush) CALL(clEnqueueMarkerWithWaitList) \
  CALL(clEnqueueBarrierWithWaitList) CALL(clWaitForEvents) CALL(clGetEventProfilingInfo) CALL(clReleaseEvent)
// clang-format on

struct OpenCl {
#define CATEN_MEMBER(name) decltype(&::name) name = nullptr;
  CATEN_OPENCL_FUNCTIONS(CATEN_MEMBER)
#undef CATEN_MEMBER
};

thread_local std::string error_text;

caten_status fail(caten_status status, std::string text) {
  error_text = std::move(text);
  return status;
}

/// The library's functions, or what is missing. Once loaded it stays.
caten_status load_opencl(const OpenCl** out) {
  static std::mutex mutex;
  static OpenCl functions;
  static bool loaded = false;
  std::lock_guard lock(mutex);
  *out = &functions;
  if (loaded) return CATEN_OK;
  const char* chosen = std::getenv("CATEN_OPENCL_LIBRARY");
  std::string searched;
  void* library = nullptr;
  for (const char* name : {chosen, "libOpenCL.so.1", "libOpenCL.so"}) {
    if (!name || !*name) continue;
    if ((library = dlopen(name, RTLD_NOW | RTLD_LOCAL))) break;
    searched += (searched.empty() ? "" : "; ") + std::string(dlerror());
    if (name == chosen) break;
  }
  if (!library) return fail(CATEN_UNAVAILABLE, "no OpenCL library: " + searched);
#define CATEN_LOAD(name)                                                                                   \
  if (!(functions.name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name)))) {                    \
    dlclose(library);                                                                                      \
    return fail(CATEN_UNAVAILABLE, "the OpenCL library has no " #name "; version 1.2 or later is needed"); \
  }
  CATEN_OPENCL_FUNCTIONS(CATEN_LOAD)
#undef CATEN_LOAD
  loaded = true;
  return CATEN_OK;
}

const char* error_name(cl_int error) {
  switch (error) {
    case CL_DEVICE_NOT_FOUND: return "device not found";
    case CL_DEVICE_NOT_AVAILABLE: return "device not available";
    case CL_COMPILER_NOT_AVAILABLE: return "compiler not available";
    case CL_MEM_OBJECT_ALLOCATION_FAILURE: return "memory object allocation failure";
    case CL_OUT_OF_RESOURCES: return "out of resources";
    case CL_OUT_OF_HOST_MEMORY: return "out of host memory";
    case CL_BUILD_PROGRAM_FAILURE: return "build program failure";
    case CL_INVALID_VALUE: return "invalid value";
    case CL_INVALID_DEVICE: return "invalid device";
    case CL_INVALID_CONTEXT: return "invalid context";
    case CL_INVALID_COMMAND_QUEUE: return "invalid command queue";
    case CL_INVALID_MEM_OBJECT: return "invalid memory object";
    case CL_INVALID_BINARY: return "invalid binary";
    case CL_INVALID_PROGRAM_EXECUTABLE: return "invalid program executable";
    case CL_INVALID_KERNEL_NAME: return "invalid kernel name";
    case CL_INVALID_KERNEL_ARGS: return "invalid kernel arguments";
    case CL_INVALID_ARG_INDEX: return "invalid argument index";
    case CL_INVALID_WORK_GROUP_SIZE: return "invalid work group size";
    case CL_INVALID_BUFFER_SIZE: return "invalid buffer size";
    default: return "error";
  }
}

caten_status failed(cl_int error, const std::string& what) {
  bool memory =
      error == CL_MEM_OBJECT_ALLOCATION_FAILURE || error == CL_OUT_OF_HOST_MEMORY || error == CL_INVALID_BUFFER_SIZE;
  return fail(memory ? CATEN_OUT_OF_MEMORY : CATEN_FAILED,
              what + ": OpenCL says " + error_name(error) + " (" + std::to_string(error) + ")");
}

// An OpenCL object is given back when its holder goes.
template <class Object>
using Holder = std::unique_ptr<std::remove_pointer_t<Object>, cl_int(CL_API_CALL*)(Object)>;

}  // namespace

struct caten_device {
  const OpenCl* cl = nullptr;
  cl_device_id id = nullptr;
  cl_context context = nullptr;
  std::string name{}, identity{}, build_options{};
  cl_ulong memory_bytes = 0, most_at_once = 0;
  cl_uint units = 1;
  size_t group = 1;  ///< the most work items of a group

  struct Buffer {
    cl_mem object;
    size_t bytes;
  };
  std::mutex mutex{};
  std::map<uintptr_t, Buffer> buffers{};  ///< by the beginnings of their addresses
  uintptr_t next = uintptr_t{1} << 40;
};
struct caten_stream {
  caten_device* device;
  cl_command_queue queue;
};
struct caten_event {
  const OpenCl* cl;
  cl_event event;
};
struct caten_program {
  caten_device* device;
  cl_program program;
  std::mutex mutex{};
  std::vector<cl_kernel> kernels{};
};

namespace {

/// Where an address is.
struct Place {
  cl_mem object = nullptr;
  size_t offset = 0;
};

Place find(caten_device* device, const void* address) {
  auto at = reinterpret_cast<uintptr_t>(address);
  std::lock_guard lock(device->mutex);
  auto next = device->buffers.upper_bound(at);
  if (next == device->buffers.begin()) return {};
  auto& [begin, buffer] = *std::prev(next);
  // What is empty may lie behind the end of a buffer.
  return at - begin <= buffer.bytes ? Place{buffer.object, at - begin} : Place{};
}

/// OpenCL counts the zero behind a text.
std::string up_to_zero(const std::string& text) { return text.substr(0, text.find('\0')); }

std::string text_of(const OpenCl& cl, cl_platform_id platform, cl_platform_info what) {
  size_t bytes = 0;
  if (cl.clGetPlatformInfo(platform, what, 0, nullptr, &bytes) != CL_SUCCESS || bytes == 0) return "";
  std::string text(bytes, '\0');
  cl.clGetPlatformInfo(platform, what, bytes, text.data(), nullptr);
  return up_to_zero(text);
}

std::string text_of(const OpenCl& cl, cl_device_id device, cl_device_info what) {
  size_t bytes = 0;
  if (cl.clGetDeviceInfo(device, what, 0, nullptr, &bytes) != CL_SUCCESS || bytes == 0) return "";
  std::string text(bytes, '\0');
  cl.clGetDeviceInfo(device, what, bytes, text.data(), nullptr);
  return up_to_zero(text);
}

template <class T>
T value_of(const OpenCl& cl, cl_device_id device, cl_device_info what) {
  T value{};
  cl.clGetDeviceInfo(device, what, sizeof value, &value, nullptr);
  return value;
}

struct Candidate {
  cl_platform_id platform;
  cl_device_id device;
  std::string name;  ///< of the device and its platform
};

std::vector<Candidate> all_devices(const OpenCl& cl) {
  std::vector<Candidate> out;
  cl_uint platform_count = 0;
  if (cl.clGetPlatformIDs(0, nullptr, &platform_count) != CL_SUCCESS) return out;
  std::vector<cl_platform_id> platforms(platform_count);
  if (platform_count > 0) cl.clGetPlatformIDs(platform_count, platforms.data(), nullptr);
  for (cl_platform_id platform : platforms) {
    cl_uint count = 0;
    if (cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) continue;
    std::vector<cl_device_id> devices(count);
    if (count > 0) cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, devices.data(), nullptr);
    for (cl_device_id device : devices)
      out.push_back(
          {platform, device, text_of(cl, device, CL_DEVICE_NAME) + ", " + text_of(cl, platform, CL_PLATFORM_NAME)});
  }
  return out;
}

/// What kernels rely on and OpenCL leaves to devices: doubles, denormals, rounding to nearest.
std::string what_is_missing(const OpenCl& cl, cl_device_id device) {
  if (value_of<cl_device_fp_config>(cl, device, CL_DEVICE_DOUBLE_FP_CONFIG) == 0) return "numbers of double precision";
  constexpr cl_device_fp_config kNeeded = CL_FP_DENORM | CL_FP_INF_NAN | CL_FP_ROUND_TO_NEAREST;
  auto single = value_of<cl_device_fp_config>(cl, device, CL_DEVICE_SINGLE_FP_CONFIG);
  if ((single & kNeeded) != kNeeded) return "denormal numbers, infinities and rounding to nearest in single precision";
  if (!value_of<cl_bool>(cl, device, CL_DEVICE_ENDIAN_LITTLE)) return "little-endian numbers";
  return "";
}

caten_status open_device(const char* options, caten_device** out) {
  if (options && *options)
    return fail(CATEN_UNSUPPORTED, std::string(options) + ", but the driver opencl has no options");
  const OpenCl* cl = nullptr;
  if (caten_status status = load_opencl(&cl); status != CATEN_OK) return status;
  const char* wanted = std::getenv("CATEN_OPENCL_DEVICE");
  std::string seen;
  for (const Candidate& candidate : all_devices(*cl)) {
    seen += (seen.empty() ? "" : "; ") + candidate.name;
    if (wanted && candidate.name.find(wanted) == std::string::npos) continue;
    if (std::string missing = what_is_missing(*cl, candidate.device); !missing.empty()) {
      seen += " (without " + missing + ")";
      continue;
    }
    auto device = std::make_unique<caten_device>();
    device->cl = cl;
    device->id = candidate.device;
    device->name = candidate.name;
    device->memory_bytes = value_of<cl_ulong>(*cl, device->id, CL_DEVICE_GLOBAL_MEM_SIZE);
    device->most_at_once = value_of<cl_ulong>(*cl, device->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    device->units = std::max<cl_uint>(1, value_of<cl_uint>(*cl, device->id, CL_DEVICE_MAX_COMPUTE_UNITS));
    device->group = std::max<size_t>(1, value_of<size_t>(*cl, device->id, CL_DEVICE_MAX_WORK_GROUP_SIZE));
    auto single = value_of<cl_device_fp_config>(*cl, device->id, CL_DEVICE_SINGLE_FP_CONFIG);
    device->build_options = "-cl-std=CL1.2 -w";
    if (single & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)
      device->build_options += " -cl-fp32-correctly-rounded-divide-sqrt -D CATEN_ROUNDED";
    device->identity = text_of(*cl, device->id, CL_DEVICE_NAME) + "; " + text_of(*cl, device->id, CL_DEVICE_VERSION) +
                       "; " + text_of(*cl, device->id, CL_DRIVER_VERSION) + "; " + device->build_options;
    cl_int error = CL_SUCCESS;
    device->context = cl->clCreateContext(nullptr, 1, &device->id, nullptr, nullptr, &error);
    if (error != CL_SUCCESS) return failed(error, "cannot open " + candidate.name);
    *out = device.release();
    return CATEN_OK;
  }
  return fail(CATEN_UNAVAILABLE, (wanted ? std::string("no OpenCL device is called ") + wanted : "no OpenCL device") +
                                     (seen.empty() ? "; there is none" : "; there is: " + seen));
}

void close_device(caten_device* device) {
  for (const auto& [begin, buffer] : device->buffers) device->cl->clReleaseMemObject(buffer.object);
  device->cl->clReleaseContext(device->context);
  delete device;
}

caten_status properties(caten_device* device, caten_properties* out) {
  out->struct_bytes = sizeof *out;
  std::snprintf(out->name, sizeof out->name, "%s", device->name.c_str());
  std::snprintf(out->identity, sizeof out->identity, "%s", device->identity.c_str());
  out->host_memory = 0;
  out->alignment = 64;
  out->memory_bytes = device->memory_bytes;
  out->compute_units = device->units;
  out->unit_kernels = 1;  // what one program compiled need not be compiled for another
  return CATEN_OK;
}

caten_status allocate(caten_device* device, size_t bytes, void** memory) {
  if (bytes > device->most_at_once)
    return fail(CATEN_OUT_OF_MEMORY, device->name + " has at most " + std::to_string(device->most_at_once) +
                                         " bytes in one piece, not " + std::to_string(bytes));
  cl_int error = CL_SUCCESS;
  size_t size = std::max<size_t>(bytes, 64);
  cl_mem object = device->cl->clCreateBuffer(device->context, CL_MEM_READ_WRITE, size, nullptr, &error);
  if (error != CL_SUCCESS) return failed(error, "cannot allocate " + std::to_string(bytes) + " bytes");
  std::lock_guard lock(device->mutex);
  *memory = reinterpret_cast<void*>(device->next);  // NOLINT(performance-no-int-to-ptr): nobody reads there
  device->buffers.emplace(device->next, caten_device::Buffer{object, size});
  constexpr uintptr_t kPage = 4096;
  device->next += (size / kPage + 2) * kPage;
  return CATEN_OK;
}

void release(caten_device* device, void* memory) {
  std::lock_guard lock(device->mutex);
  auto found = device->buffers.find(reinterpret_cast<uintptr_t>(memory));
  if (found == device->buffers.end()) return;
  device->cl->clReleaseMemObject(found->second.object);
  device->buffers.erase(found);
}

caten_status unknown(const void* address) {
  char text[64];
  std::snprintf(text, sizeof text, "%p is no address of this device", address);
  return fail(CATEN_FAILED, text);
}

caten_status copy_in(caten_stream* stream, void* to, const void* from_host, size_t bytes) {
  if (bytes == 0) return CATEN_OK;
  Place place = find(stream->device, to);
  if (!place.object) return unknown(to);
  cl_int error = stream->device->cl->clEnqueueWriteBuffer(stream->queue, place.object, CL_TRUE, place.offset, bytes,
                                                          from_host, 0, nullptr, nullptr);
  return error == CL_SUCCESS ? CATEN_OK : failed(error, "cannot copy to the device");
}

caten_status copy_out(caten_stream* stream, void* to_host, const void* from, size_t bytes) {
  if (bytes == 0) return CATEN_OK;
  Place place = find(stream->device, from);
  if (!place.object) return unknown(from);
  cl_int error = stream->device->cl->clEnqueueReadBuffer(stream->queue, place.object, CL_TRUE, place.offset, bytes,
                                                         to_host, 0, nullptr, nullptr);
  return error == CL_SUCCESS ? CATEN_OK : failed(error, "cannot copy from the device");
}

caten_status copy(caten_stream* stream, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return CATEN_OK;
  Place target = find(stream->device, to), source = find(stream->device, from);
  if (!target.object) return unknown(to);
  if (!source.object) return unknown(from);
  cl_int error = stream->device->cl->clEnqueueCopyBuffer(stream->queue, source.object, target.object, source.offset,
                                                         target.offset, bytes, 0, nullptr, nullptr);
  return error == CL_SUCCESS ? CATEN_OK : failed(error, "cannot copy within the device");
}

caten_status zero(caten_stream* stream, void* memory, size_t bytes) {
  if (bytes == 0) return CATEN_OK;
  Place place = find(stream->device, memory);
  if (!place.object) return unknown(memory);
  const unsigned char nothing = 0;
  cl_int error = stream->device->cl->clEnqueueFillBuffer(stream->queue, place.object, &nothing, 1, place.offset, bytes,
                                                         0, nullptr, nullptr);
  return error == CL_SUCCESS ? CATEN_OK : failed(error, "cannot clear memory");
}

/// Builds a program; the log, if the compiler rejects it.
caten_status build(caten_device* device, cl_program program) {
  const OpenCl& cl = *device->cl;
  cl_int error = cl.clBuildProgram(program, 1, &device->id, device->build_options.c_str(), nullptr, nullptr);
  if (error == CL_SUCCESS) return CATEN_OK;
  size_t bytes = 0;
  cl.clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, nullptr, &bytes);
  std::string log(bytes, '\0');
  if (bytes > 0) cl.clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, bytes, log.data(), nullptr);
  if (error == CL_BUILD_PROGRAM_FAILURE || error == CL_COMPILER_NOT_AVAILABLE)
    return fail(CATEN_COMPILE_FAILED, up_to_zero(log));
  return failed(error, std::string("cannot build kernels: ") + up_to_zero(log));
}

caten_status compile(caten_device* device, const char* source, size_t bytes, caten_artifact* artifact) {
  const OpenCl& cl = *device->cl;
  cl_int error = CL_SUCCESS;
  Holder<cl_program> program(cl.clCreateProgramWithSource(device->context, 1, &source, &bytes, &error),
                             cl.clReleaseProgram);
  if (error != CL_SUCCESS) return failed(error, "cannot make a program of the kernels");
  if (caten_status status = build(device, program.get()); status != CATEN_OK) return status;
  size_t size = 0;
  error = cl.clGetProgramInfo(program.get(), CL_PROGRAM_BINARY_SIZES, sizeof size, &size, nullptr);
  if (error != CL_SUCCESS || size == 0) return failed(error, "the compiled kernels have no binary");
  auto data = std::make_unique<char[]>(size);
  char* to = data.get();
  error = cl.clGetProgramInfo(program.get(), CL_PROGRAM_BINARIES, sizeof(char*), &to, nullptr);
  if (error != CL_SUCCESS) return failed(error, "cannot read the compiled kernels");
  *artifact = {data.release(), size};
  return CATEN_OK;
}

void free_artifact(caten_artifact* artifact) {
  delete[] static_cast<char*>(artifact->data);
  *artifact = {};
}

caten_status load(caten_device* device, const void* artifact, size_t bytes, caten_program** out) {
  const OpenCl& cl = *device->cl;
  cl_int error = CL_SUCCESS, of_binary = CL_SUCCESS;
  const auto* binary = static_cast<const unsigned char*>(artifact);
  Holder<cl_program> program(
      cl.clCreateProgramWithBinary(device->context, 1, &device->id, &bytes, &binary, &of_binary, &error),
      cl.clReleaseProgram);
  if (error != CL_SUCCESS) return failed(error, "cannot load the compiled kernels");
  if (caten_status status = build(device, program.get()); status != CATEN_OK) return status;
  *out = new caten_program{device, program.release()};
  return CATEN_OK;
}

void unload(caten_program* program) {
  const OpenCl& cl = *program->device->cl;
  for (cl_kernel kernel : program->kernels) cl.clReleaseKernel(kernel);
  cl.clReleaseProgram(program->program);
  delete program;
}

caten_status find_function(caten_program* program, const char* name, uint32_t* function) {
  cl_int error = CL_SUCCESS;
  cl_kernel kernel = program->device->cl->clCreateKernel(program->program, name, &error);
  if (error != CL_SUCCESS) return failed(error, std::string("the compiled kernels have no function ") + name);
  std::lock_guard lock(program->mutex);
  *function = static_cast<uint32_t>(program->kernels.size());
  program->kernels.push_back(kernel);
  return CATEN_OK;
}

caten_status open_stream(caten_device* device, caten_stream** stream) {
  cl_int error = CL_SUCCESS;
  cl_command_queue queue =
      device->cl->clCreateCommandQueue(device->context, device->id, CL_QUEUE_PROFILING_ENABLE, &error);
  if (error != CL_SUCCESS) return failed(error, "cannot open a queue");
  *stream = new caten_stream{device, queue};
  return CATEN_OK;
}

caten_status synchronize(caten_stream* stream) {
  cl_int error = stream->device->cl->clFinish(stream->queue);
  return error == CL_SUCCESS ? CATEN_OK : failed(error, "the device did not finish");
}

void close_stream(caten_stream* stream) {
  stream->device->cl->clFinish(stream->queue);
  stream->device->cl->clReleaseCommandQueue(stream->queue);
  delete stream;
}

/// The arguments of a kernel: of each buffer the object and the distance into it, the sizes, the part of the range.
caten_status set_arguments(caten_device* device, cl_kernel kernel, const caten_launch* what) {
  const OpenCl& cl = *device->cl;
  cl_uint number = 0;
  cl_int error = CL_SUCCESS;
  auto argument = [&](const auto& value) {
    if (error == CL_SUCCESS)
      error = cl.clSetKernelArg(kernel, number++, sizeof(value), &value);  // NOLINT(bugprone-sizeof-expression)
  };
  for (uint32_t i = 0; i < what->buffer_count; ++i) {
    // Values without elements may have no memory.
    Place place = what->buffers[i] ? find(device, what->buffers[i]) : Place{};
    if (what->buffers[i] && !place.object) return unknown(what->buffers[i]);
    argument(place.object);
    argument(static_cast<cl_long>(place.offset));
  }
  for (uint32_t i = 0; i < what->size_count; ++i) argument(static_cast<cl_long>(what->sizes[i]));
  argument(cl_long{0});
  argument(static_cast<cl_long>(what->range));
  return error == CL_SUCCESS ? CATEN_OK : failed(error, "cannot set argument " + std::to_string(number - 1));
}

caten_status launch(caten_stream* stream, caten_program* program, const caten_launch* what) {
  if (what->range < 1) return CATEN_OK;
  caten_device* device = program->device;
  // Groups are what units share among themselves: several for each, and none of few items while items are many.
  auto range = static_cast<size_t>(what->range);
  size_t group = std::min(std::clamp<size_t>(range / (size_t{8} * device->units), 1, 64), device->group);
  size_t needed = (range + group - 1) / group;
  if (what->threads[0] > 1) {
    group = what->threads[0];
    needed = range;
    if (group > device->group)
      return fail(CATEN_UNSUPPORTED, device->name + " has groups of at most " + std::to_string(device->group) +
                                         " work items, and a kernel needs " + std::to_string(group));
  }
  size_t groups = std::min<size_t>(needed, size_t{1024} * device->units), items = group * groups;
  std::lock_guard lock(program->mutex);
  cl_kernel kernel = program->kernels[what->function];
  if (caten_status status = set_arguments(device, kernel, what); status != CATEN_OK) return status;
  cl_int error =
      device->cl->clEnqueueNDRangeKernel(stream->queue, kernel, 1, nullptr, &items, &group, 0, nullptr, nullptr);
  return error == CL_SUCCESS ? CATEN_OK : failed(error, "cannot launch a kernel");
}

caten_status record_event(caten_stream* stream, caten_event** event) {
  cl_event made = nullptr;
  cl_int error = stream->device->cl->clEnqueueMarkerWithWaitList(stream->queue, 0, nullptr, &made);
  if (error != CL_SUCCESS) return failed(error, "cannot record an event");
  *event = new caten_event{stream->device->cl, made};
  return CATEN_OK;
}

caten_status wait_event(caten_stream* stream, caten_event* event) {
  cl_int error = event->cl->clEnqueueBarrierWithWaitList(stream->queue, 1, &event->event, nullptr);
  return error == CL_SUCCESS ? CATEN_OK : failed(error, "cannot wait for an event");
}

caten_status elapsed(caten_event* begin, caten_event* end, double* seconds) {
  const OpenCl& cl = *begin->cl;
  const cl_event both[] = {begin->event, end->event};
  cl_ulong first = 0, last = 0;
  cl_int error = cl.clWaitForEvents(2, both);
  if (error == CL_SUCCESS)
    error = cl.clGetEventProfilingInfo(begin->event, CL_PROFILING_COMMAND_END, sizeof first, &first, nullptr);
  if (error == CL_SUCCESS)
    error = cl.clGetEventProfilingInfo(end->event, CL_PROFILING_COMMAND_END, sizeof last, &last, nullptr);
  if (error != CL_SUCCESS) return failed(error, "cannot read the time of an event");
  *seconds = static_cast<double>(last - first) * 1e-9;
  return CATEN_OK;
}

void free_event(caten_event* event) {
  event->cl->clReleaseEvent(event->event);
  delete event;
}

const char* last_error() { return error_text.c_str(); }

const caten_driver kDriver = {
    .abi = CATEN_DRIVER_ABI,
    .struct_bytes = sizeof(caten_driver),
    .name = "opencl",
    .last_error = last_error,
    .open = open_device,
    .close = close_device,
    .properties = properties,
    .alloc = allocate,
    .free = release,
    .copy_in = copy_in,
    .copy_out = copy_out,
    .copy = copy,
    .zero = zero,
    .compile = compile,
    .free_artifact = free_artifact,
    .load = load,
    .unload = unload,
    .find_function = find_function,
    .open_stream = open_stream,
    .close_stream = close_stream,
    .launch = launch,
    .synchronize = synchronize,
    .record_event = record_event,
    .wait_event = wait_event,
    .elapsed = elapsed,
    .free_event = free_event,
    .begin_recording = nullptr,
    .end_recording = nullptr,
    .replay = nullptr,
    .free_recording = nullptr,
    .open_library = nullptr,
    .call_library = nullptr,
    .free_kept = nullptr,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const caten_driver* caten_driver_table(void) { return &kDriver; }
