// The driver of the `cuda` runtime: kernels are CUDA C++, compiled by NVRTC to the machine code of the device at hand,
// and launched through CUDA's driver interface. Both libraries are loaded when a device is opened; nothing of CUDA is
// needed to build caten.
//
// $CATEN_CUDA_DEVICE chooses a device by its number. What may fail is named with CUDA's own word for it.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cuda/libraries.hpp"
#include "runtime/driver_abi.h"

namespace cuda = caten::cuda;

struct caten_device {
  const cuda::Api* api = nullptr;
  cuda::Device id = 0;
  cuda::Context context = nullptr;
  std::string name{}, identity{}, architecture{};
  size_t memory_bytes = 0;
  int multiprocessors = 1;

  std::mutex mutex{};
  std::set<caten_stream*> streams{};
  std::map<cuda::DevicePointer, size_t> used{};         ///< blocks that are lent, with their sizes
  std::multimap<size_t, cuda::DevicePointer> unused{};  ///< blocks that are kept for the next, by size
};
struct caten_stream {
  caten_device* device;
  cuda::Stream stream;
  bool busy = false;  ///< something was put into it since it was waited for
};
struct caten_event {
  caten_device* device;
  cuda::Event event;
};
struct caten_program {
  caten_device* device;
  cuda::Module module;
  std::mutex mutex{};
  std::vector<cuda::Function> functions{};
};

namespace {

thread_local std::string error_text;

caten_status fail(caten_status status, std::string text) {
  error_text = std::move(text);
  return status;
}

caten_status failed(const cuda::Api& api, cuda::Result error, const std::string& what) {
  const char *name = nullptr, *text = nullptr;
  api.cuGetErrorName(error, &name);
  api.cuGetErrorString(error, &text);
  return fail(
      error == cuda::kOutOfMemory ? CATEN_OUT_OF_MEMORY : CATEN_FAILED,
      what + ": " + (name ? name : "CUDA error " + std::to_string(error)) + (text ? std::string(", ") + text : ""));
}

/// Makes a device's context the thread's while this lives.
class Current {
 public:
  explicit Current(const caten_device* device)
      : api_(*device->api), error_(api_.cuCtxPushCurrent_v2(device->context)) {}
  ~Current() {
    cuda::Context before = nullptr;
    if (error_ == 0) api_.cuCtxPopCurrent_v2(&before);
  }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  const cuda::Api& api_;
  cuda::Result error_;
};

int attribute(const cuda::Api& api, cuda::Device device, int which) {
  int value = 0;
  api.cuDeviceGetAttribute(&value, which, device);
  return value;
}

/// The number of the device that is wanted, of `count`.
caten_status wanted_device(int count, int& ordinal) {
  ordinal = 0;
  const char* wanted = std::getenv("CATEN_CUDA_DEVICE");
  if (!wanted || !*wanted) return CATEN_OK;
  char* end = nullptr;
  const auto number = std::strtol(wanted, &end, 10);
  if (*end || number < 0 || number >= count)
    return fail(CATEN_UNAVAILABLE, std::string("CATEN_CUDA_DEVICE is ") + wanted + ", and there are the devices 0 to " +
                                       std::to_string(count - 1));
  ordinal = static_cast<int>(number);
  return CATEN_OK;
}

/// Starts CUDA's driver; the number of devices.
caten_status start(const cuda::Api& api, int& count) {
  if (cuda::Result error = api.cuInit(0); error != 0) {
    if (error == cuda::kStubLibrary)
      return fail(CATEN_UNAVAILABLE, "libcuda.so.1 is the toolkit's stub: there is no CUDA driver here");
    caten_status status = failed(api, error, "CUDA's driver does not start");
    return status == CATEN_OUT_OF_MEMORY ? status : CATEN_UNAVAILABLE;
  }
  if (cuda::Result error = api.cuDeviceGetCount(&count); error != 0) return failed(api, error, "no CUDA device");
  return count > 0 ? CATEN_OK : fail(CATEN_UNAVAILABLE, "CUDA's driver has no device");
}

caten_status describe(caten_device& device) {
  const cuda::Api& api = *device.api;
  char name[128] = {};
  int driver = 0, major = 0, minor = 0;
  if (cuda::Result error = api.cuDeviceGetName(name, sizeof name, device.id); error != 0)
    return failed(api, error, "cannot read the device's name");
  if (cuda::Result error = api.cuDeviceTotalMem_v2(&device.memory_bytes, device.id); error != 0)
    return failed(api, error, "cannot read the size of the device's memory");
  api.cuDriverGetVersion(&driver);
  api.nvrtcVersion(&major, &minor);
  device.name = name;
  device.multiprocessors = std::max(1, attribute(api, device.id, cuda::kMultiprocessors));
  device.architecture = "sm_" + std::to_string(attribute(api, device.id, cuda::kMajor)) +
                        std::to_string(attribute(api, device.id, cuda::kMinor));
  device.identity = device.architecture + ", NVRTC " + std::to_string(major) + "." + std::to_string(minor);
  // NVRTC may know devices that the driver is too old for; their code loads nowhere then, and says so.
  if (driver / 1000 < 12)
    return fail(CATEN_UNAVAILABLE, "CUDA's driver is of version " + std::to_string(driver / 1000) + "." +
                                       std::to_string(driver % 1000 / 10) + "; 12.0 or later is needed");
  return CATEN_OK;
}

caten_status open_device(const char* options, caten_device** out) {
  if (options && *options)
    return fail(CATEN_UNSUPPORTED, std::string(options) + ", but the driver cuda has no options");
  std::string missing;
  const cuda::Api* api = cuda::load_libraries(missing);
  if (!api) return fail(CATEN_UNAVAILABLE, missing);
  int count = 0, ordinal = 0;
  if (caten_status status = start(*api, count); status != CATEN_OK) return status;
  if (caten_status status = wanted_device(count, ordinal); status != CATEN_OK) return status;
  auto device = std::make_unique<caten_device>();
  device->api = api;
  if (cuda::Result error = api->cuDeviceGet(&device->id, ordinal); error != 0)
    return failed(*api, error, "cannot open CUDA device " + std::to_string(ordinal));
  if (caten_status status = describe(*device); status != CATEN_OK) return status;
  if (cuda::Result error = api->cuDevicePrimaryCtxRetain(&device->context, device->id); error != 0)
    return failed(*api, error, "cannot open " + device->name);
  *out = device.release();
  return CATEN_OK;
}

void give_back_unused(caten_device* device) {
  for (const auto& [bytes, block] : device->unused) device->api->cuMemFree_v2(block);
  device->unused.clear();
}

void close_device(caten_device* device) {
  {
    Current current(device);
    give_back_unused(device);
    for (const auto& [block, bytes] : device->used) device->api->cuMemFree_v2(block);
  }
  device->api->cuDevicePrimaryCtxRelease_v2(device->id);
  delete device;
}

caten_status properties(caten_device* device, caten_properties* out) {
  out->struct_bytes = sizeof *out;
  std::snprintf(out->name, sizeof out->name, "%s", device->name.c_str());
  std::snprintf(out->identity, sizeof out->identity, "%s", device->identity.c_str());
  out->host_memory = 0;
  out->alignment = 256;
  out->memory_bytes = device->memory_bytes;
  out->compute_units = static_cast<uint32_t>(device->multiprocessors);
  out->unit_kernels = 16;  // to start the compiler costs as much as a few kernels
  return CATEN_OK;
}

/// A kept block of at least `bytes`, and not much more; 0 if there is none.
cuda::DevicePointer take_unused(caten_device* device, size_t bytes) {
  auto found = device->unused.lower_bound(bytes);
  if (found == device->unused.end() || found->first / 2 > bytes) return 0;
  cuda::DevicePointer block = found->second;
  device->used.emplace(block, found->first);
  device->unused.erase(found);
  return block;
}

caten_status allocate(caten_device* device, size_t bytes, void** memory) {
  constexpr size_t kGrain = 512;
  if (bytes > device->memory_bytes)
    return fail(CATEN_OUT_OF_MEMORY,
                device->name + " has " + std::to_string(device->memory_bytes) + " bytes, not " + std::to_string(bytes));
  size_t size = std::max(kGrain, (bytes + kGrain - 1) / kGrain * kGrain);
  Current current(device);
  std::lock_guard lock(device->mutex);
  cuda::DevicePointer block = take_unused(device, size);
  if (block == 0) {
    cuda::Result error = device->api->cuMemAlloc_v2(&block, size);
    if (error == cuda::kOutOfMemory) {
      give_back_unused(device);
      error = device->api->cuMemAlloc_v2(&block, size);
    }
    if (error != 0) return failed(*device->api, error, "cannot allocate " + std::to_string(bytes) + " bytes");
    device->used.emplace(block, size);
  }
  *memory = reinterpret_cast<void*>(block);  // NOLINT(performance-no-int-to-ptr): CUDA says addresses as numbers
  return CATEN_OK;
}

/// Memory that is given back may be lent again at once, so nothing may be on its way to it.
void release(caten_device* device, void* memory) {
  Current current(device);
  std::lock_guard lock(device->mutex);
  auto found = device->used.find(reinterpret_cast<cuda::DevicePointer>(memory));
  if (found == device->used.end()) return;
  for (caten_stream* stream : device->streams)
    if (std::exchange(stream->busy, false)) device->api->cuStreamSynchronize(stream->stream);
  device->unused.emplace(found->second, found->first);
  device->used.erase(found);
}

caten_status result_of(const caten_device* device, cuda::Result error, const char* what) {
  return error == 0 ? CATEN_OK : failed(*device->api, error, what);
}

caten_status copy_in(caten_stream* stream, void* to, const void* from_host, size_t bytes) {
  if (bytes == 0) return CATEN_OK;
  Current current(stream->device);
  stream->busy = true;
  return result_of(stream->device,
                   stream->device->api->cuMemcpyHtoDAsync_v2(reinterpret_cast<cuda::DevicePointer>(to), from_host,
                                                             bytes, stream->stream),
                   "cannot copy to the device");
}

caten_status copy_out(caten_stream* stream, void* to_host, const void* from, size_t bytes) {
  if (bytes == 0) return CATEN_OK;
  Current current(stream->device);
  stream->busy = true;
  return result_of(stream->device,
                   stream->device->api->cuMemcpyDtoHAsync_v2(to_host, reinterpret_cast<cuda::DevicePointer>(from),
                                                             bytes, stream->stream),
                   "cannot copy from the device");
}

caten_status copy(caten_stream* stream, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return CATEN_OK;
  Current current(stream->device);
  stream->busy = true;
  return result_of(
      stream->device,
      stream->device->api->cuMemcpyDtoDAsync_v2(reinterpret_cast<cuda::DevicePointer>(to),
                                                reinterpret_cast<cuda::DevicePointer>(from), bytes, stream->stream),
      "cannot copy within the device");
}

caten_status zero(caten_stream* stream, void* memory, size_t bytes) {
  if (bytes == 0) return CATEN_OK;
  Current current(stream->device);
  stream->busy = true;
  return result_of(
      stream->device,
      stream->device->api->cuMemsetD8Async(reinterpret_cast<cuda::DevicePointer>(memory), 0, bytes, stream->stream),
      "cannot clear memory");
}

/// A program of NVRTC, given back when this goes.
class Compilation {
 public:
  Compilation(const cuda::Api& api, const std::string& source)
      : api_(api), error_(api.nvrtcCreateProgram(&program_, source.c_str(), "kernels.cu", 0, nullptr, nullptr)) {}
  ~Compilation() {
    if (program_) api_.nvrtcDestroyProgram(&program_);
  }
  Compilation(const Compilation&) = delete;
  Compilation& operator=(const Compilation&) = delete;

  cuda::Result run(const std::string& architecture) {
    if (error_ != 0) return error_;
    // IEEE arithmetic: nothing contracted, denormals kept, quotients and roots rounded correctly. Functions are the
    // device's where nothing is said.
    const std::string target = "--gpu-architecture=" + architecture;
    const char* const options[] = {target.c_str(),    "--std=c++17",      "--fmad=false",    "--ftz=false",
                                   "--prec-div=true", "--prec-sqrt=true", "-default-device", "-w"};
    return api_.nvrtcCompileProgram(program_, static_cast<int>(std::size(options)), options);
  }

  std::string log() const {
    size_t bytes = 0;
    if (!program_ || api_.nvrtcGetProgramLogSize(program_, &bytes) != 0 || bytes == 0) return "";
    std::string text(bytes, '\0');
    return api_.nvrtcGetProgramLog(program_, text.data()) == 0 ? text.c_str() : "";
  }

  caten_status take(caten_artifact* artifact) const {
    size_t bytes = 0;
    if (cuda::Result error = api_.nvrtcGetCUBINSize(program_, &bytes); error != 0 || bytes == 0)
      return fail(CATEN_FAILED, "the compiled kernels have no machine code: NVRTC error " + std::to_string(error));
    auto data = std::make_unique<char[]>(bytes);
    if (cuda::Result error = api_.nvrtcGetCUBIN(program_, data.get()); error != 0)
      return fail(CATEN_FAILED, "cannot read the compiled kernels: NVRTC error " + std::to_string(error));
    *artifact = {data.release(), bytes};
    return CATEN_OK;
  }

 private:
  const cuda::Api& api_;
  cuda::Program program_ = nullptr;
  cuda::Result error_ = 0;
};

caten_status compile(caten_device* device, const char* source, size_t bytes, caten_artifact* artifact) {
  Compilation compilation(*device->api, std::string(source, bytes));
  cuda::Result error = compilation.run(device->architecture);
  if (error == cuda::kCompilationError) return fail(CATEN_COMPILE_FAILED, compilation.log());
  if (error != 0)
    return fail(error == 1 ? CATEN_OUT_OF_MEMORY : CATEN_FAILED,
                "NVRTC error " + std::to_string(error) + " " + compilation.log());
  return compilation.take(artifact);
}

void free_artifact(caten_artifact* artifact) {
  delete[] static_cast<char*>(artifact->data);
  *artifact = {};
}

caten_status load(caten_device* device, const void* artifact, size_t bytes, caten_program** program) {
  // Machine code is an ELF file, whose own headers say how long it is.
  if (bytes < 64 || std::memcmp(artifact, "\177ELF", 4) != 0)
    return fail(CATEN_FAILED, "cannot load the compiled kernels: they are no machine code");
  Current current(device);
  cuda::Module module = nullptr;
  if (cuda::Result error = device->api->cuModuleLoadData(&module, artifact); error != 0)
    return failed(*device->api, error, "cannot load the compiled kernels");
  *program = new caten_program{device, module};
  return CATEN_OK;
}

void unload(caten_program* program) {
  Current current(program->device);
  program->device->api->cuModuleUnload(program->module);
  delete program;
}

caten_status find_function(caten_program* program, const char* name, uint32_t* function) {
  Current current(program->device);
  cuda::Function found = nullptr;
  if (cuda::Result error = program->device->api->cuModuleGetFunction(&found, program->module, name); error != 0)
    return failed(*program->device->api, error, std::string("the compiled kernels have no function ") + name);
  std::lock_guard lock(program->mutex);
  *function = static_cast<uint32_t>(program->functions.size());
  program->functions.push_back(found);
  return CATEN_OK;
}

caten_status open_stream(caten_device* device, caten_stream** out) {
  Current current(device);
  cuda::Stream stream = nullptr;
  if (cuda::Result error = device->api->cuStreamCreate(&stream, cuda::kNonBlocking); error != 0)
    return failed(*device->api, error, "cannot open a stream");
  *out = new caten_stream{device, stream};
  std::lock_guard lock(device->mutex);
  device->streams.insert(*out);
  return CATEN_OK;
}

caten_status synchronize(caten_stream* stream) {
  Current current(stream->device);
  stream->busy = false;
  return result_of(stream->device, stream->device->api->cuStreamSynchronize(stream->stream), "a kernel failed");
}

void close_stream(caten_stream* stream) {
  caten_device* device = stream->device;
  Current current(device);
  std::lock_guard lock(device->mutex);
  if (stream->busy) device->api->cuStreamSynchronize(stream->stream);
  device->api->cuStreamDestroy_v2(stream->stream);
  device->streams.erase(stream);
  delete stream;
}

/// What a launch hands a kernel: the addresses of its buffers, the sizes, the part of the range. `values` holds them.
std::vector<void*> arguments_of(const caten_launch* what, std::vector<int64_t>& values) {
  for (uint32_t i = 0; i < what->buffer_count; ++i) values.push_back(reinterpret_cast<int64_t>(what->buffers[i]));
  values.insert(values.end(), what->sizes, what->sizes + what->size_count);
  values.push_back(0);
  values.push_back(what->range);
  std::vector<void*> out;
  for (int64_t& value : values) out.push_back(&value);
  return out;
}

caten_status launch(caten_stream* stream, caten_program* program, const caten_launch* what) {
  if (what->range < 1) return CATEN_OK;
  caten_device* device = program->device;
  // As many threads as the device holds at once, or fewer; few iterations are spread over all multiprocessors.
  constexpr int64_t kWarp = 32, kMostThreads = 256, kBlocksOfMultiprocessor = 8;
  int64_t threads = kMostThreads;
  while (threads > kWarp && what->range < threads * device->multiprocessors) threads /= 2;
  if (what->range == 1) threads = 1;
  int64_t needed = (what->range + threads - 1) / threads;
  if (what->threads[0] > 1) {
    threads = what->threads[0];
    needed = what->range;
  }
  int64_t blocks = std::min(needed, kBlocksOfMultiprocessor * device->multiprocessors);
  cuda::Function function = nullptr;
  {
    std::lock_guard lock(program->mutex);
    function = program->functions[what->function];
  }
  std::vector<int64_t> values;
  std::vector<void*> arguments = arguments_of(what, values);
  Current current(device);
  stream->busy = true;
  return result_of(
      device,
      device->api->cuLaunchKernel(function, static_cast<unsigned>(blocks), 1, 1, static_cast<unsigned>(threads), 1, 1,
                                  what->shared_bytes, stream->stream, arguments.data(), nullptr),
      "cannot launch a kernel");
}

caten_status record_event(caten_stream* stream, caten_event** out) {
  caten_device* device = stream->device;
  Current current(device);
  cuda::Event event = nullptr;
  cuda::Result error = device->api->cuEventCreate(&event, 0);
  if (error == 0 && (error = device->api->cuEventRecord(event, stream->stream)) != 0)
    device->api->cuEventDestroy_v2(event);
  if (error != 0) return failed(*device->api, error, "cannot record an event");
  *out = new caten_event{device, event};
  return CATEN_OK;
}

caten_status wait_event(caten_stream* stream, caten_event* event) {
  Current current(stream->device);
  return result_of(stream->device, stream->device->api->cuStreamWaitEvent(stream->stream, event->event, 0),
                   "cannot wait for an event");
}

caten_status elapsed(caten_event* begin, caten_event* end, double* seconds) {
  caten_device* device = begin->device;
  Current current(device);
  float milliseconds = 0;
  cuda::Result error = device->api->cuEventSynchronize(end->event);
  if (error == 0) error = device->api->cuEventElapsedTime(&milliseconds, begin->event, end->event);
  *seconds = static_cast<double>(milliseconds) * 1e-3;
  return result_of(device, error, "cannot read the time between events");
}

void free_event(caten_event* event) {
  Current current(event->device);
  event->device->api->cuEventDestroy_v2(event->event);
  delete event;
}

const char* last_error() { return error_text.c_str(); }

const caten_driver kDriver = {
    .abi = CATEN_DRIVER_ABI,
    .struct_bytes = sizeof(caten_driver),
    .name = "cuda",
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
