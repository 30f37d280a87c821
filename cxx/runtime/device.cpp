#include "runtime/device.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/large_blocks.hpp"

namespace caten {

Result<std::shared_ptr<Driver>> Driver::load(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail({.code = Code::RuntimeUnavailable,
                 .message = "the driver cannot be loaded",
                 .expected = "a driver module",
                 .found = dlerror(),
                 .remedy = "build or install caten's drivers"});
  auto entry = reinterpret_cast<caten_driver_entry>(dlsym(library, CATEN_DRIVER_SYMBOL));
  const caten_driver* table = entry ? entry() : nullptr;
  if (!table || table->abi != CATEN_DRIVER_ABI || table->struct_bytes < sizeof(caten_driver)) {
    std::string found = !table ? fmt::format("{} has no symbol {}", path, CATEN_DRIVER_SYMBOL)
                               : fmt::format("version {} in {}", table->abi, path);
    dlclose(library);
    return fail({.code = Code::RuntimeUnavailable,
                 .message = "the driver does not speak this version of the driver interface",
                 .expected = fmt::format("version {}", CATEN_DRIVER_ABI),
                 .found = found,
                 .remedy = "build the driver with this caten's header"});
  }
  return std::shared_ptr<Driver>(new Driver(library, table));
}

Driver::~Driver() {
  if (library_) dlclose(library_);
}

Diagnostic Driver::failure(caten_status status, const std::string& what) const {
  const char* text = table_->last_error();
  std::string said = text ? text : "";
  while (!said.empty() && said.back() == '\n') said.pop_back();
  switch (status) {
    case CATEN_COMPILE_FAILED:
      return {.code = Code::RuntimeCompileFailed,
              .message = fmt::format("the compiler of driver `{}` rejects the kernels", table_->name),
              .expected = "kernels that compile",
              .found = said.empty() ? "no message" : said.substr(0, said.find('\n')),
              .remedy = "look at --emit=kernel; the runtime file's dialect may not fit this compiler",
              .notes = {said}};
    case CATEN_UNAVAILABLE:
      return {.code = Code::RuntimeUnavailable,
              .message = fmt::format("driver `{}` cannot work here: {}", table_->name, what),
              .expected = "its device and compiler",
              .found = said,
              .remedy = "install what is missing, or choose another --runtime"};
    case CATEN_OUT_OF_MEMORY:
      return {.code = Code::OutOfMemory,
              .message = fmt::format("driver `{}` has no memory left: {}", table_->name, what),
              .expected = "enough memory",
              .found = said,
              .remedy = "use smaller sizes"};
    default:
      return {.code = Code::DriverFailed,
              .message = fmt::format("driver `{}` failed: {}", table_->name, what),
              .expected = "success",
              .found = said.empty() ? fmt::format("status {}", static_cast<int>(status)) : said,
              .remedy = "see the message of the driver"};
  }
}

Result<std::shared_ptr<Device>> Device::open(const std::shared_ptr<Driver>& driver, const std::string& options) {
  caten_device* handle = nullptr;
  if (caten_status status = driver->table().open(options.c_str(), &handle); status != CATEN_OK) {
    Diagnostic diagnostic = driver->failure(status, "open its device");
    if (status == CATEN_UNSUPPORTED) {
      diagnostic.code = Code::BadOptionValue;
      diagnostic.message = fmt::format("driver `{}` does not take the option `{}`", driver->table().name, options);
      diagnostic.expected = "an option of this driver";
      diagnostic.remedy = "correct it, or leave it out";
    }
    return fail(std::move(diagnostic));
  }
  std::shared_ptr<Device> device(new Device(driver, handle));
  device->properties_.struct_bytes = sizeof(caten_properties);
  if (caten_status status = driver->table().properties(handle, &device->properties_); status != CATEN_OK)
    return fail(driver->failure(status, "read the device's properties"));
  return device;
}

Device::~Device() { driver_->table().close(device_); }

Result<std::string> Device::compile(const std::string& source) const {
  caten_artifact artifact{};
  if (caten_status status = driver_->table().compile(device_, source.data(), source.size(), &artifact);
      status != CATEN_OK)
    return fail(driver_->failure(status, "compile kernels"));
  std::string bytes(static_cast<const char*>(artifact.data), artifact.bytes);
  driver_->table().free_artifact(&artifact);
  return bytes;
}

Result<std::string> Device::library() const {
  const caten_driver& table = driver_->table();
  if (!table.open_library || !table.call_library)
    return fail(
        {.code = Code::RuntimeUnavailable, .message = fmt::format("the driver `{}` has no library", table.name)});
  const char* name = nullptr;
  if (caten_status status = table.open_library(device_, &name); status != CATEN_OK)
    return fail({.code = Code::RuntimeUnavailable, .message = table.last_error()});
  return std::string(name);
}

Status Device::prepare_library(const std::string& routine, const std::string& attributes,
                               std::span<const int64_t> sizes) {
  Result<Stream> stream = Stream::open(shared_from_this());
  if (!stream) return tl::make_unexpected(stream.error());
  return stream->call_library(routine, attributes, {}, sizes);
}

Result<DeviceMemory> DeviceMemory::allocate(std::shared_ptr<Device> device, size_t bytes) {
  DeviceMemory out;
  if (device->properties().host_memory) {
    out.kept_ = allocate_array(bytes);
    if (!out.kept_)
      return fail({.code = Code::OutOfMemory,
                   .message = fmt::format("the system has no memory left: allocate {} bytes", bytes),
                   .expected = "enough memory",
                   .remedy = "use smaller sizes"});
    out.memory_ = out.kept_.get();
    out.bytes_ = bytes;
    return out;
  }
  auto allocate = [&] { return device->driver().table().alloc(device->handle(), bytes, &out.memory_); };
  caten_status status = allocate();
  if (status == CATEN_OUT_OF_MEMORY && release_kept_blocks() > 0) status = allocate();
  if (status != CATEN_OK) return fail(device->driver().failure(status, fmt::format("allocate {} bytes", bytes)));
  out.device_ = std::move(device);
  out.bytes_ = bytes;
  return out;
}

DeviceMemory::~DeviceMemory() {
  if (memory_ && !kept_) device_->driver().table().free(device_->handle(), memory_);
}

Result<std::shared_ptr<Executable>> Executable::load(std::shared_ptr<Device> device, const std::string& artifact) {
  caten_program* program = nullptr;
  const caten_driver& table = device->driver().table();
  if (caten_status status = table.load(device->handle(), artifact.data(), artifact.size(), &program);
      status != CATEN_OK)
    return fail(device->driver().failure(status, "load compiled kernels"));
  return std::shared_ptr<Executable>(new Executable(std::move(device), program));
}

Executable::~Executable() { device_->driver().table().unload(program_); }

Result<uint32_t> Executable::find(const std::string& function) const {
  uint32_t number = 0;
  if (caten_status status = device_->driver().table().find_function(program_, function.c_str(), &number);
      status != CATEN_OK)
    return fail(device_->driver().failure(status, "find kernel " + function));
  return number;
}

Result<Stream> Stream::open(std::shared_ptr<Device> device) {
  Stream out;
  if (caten_status status = device->driver().table().open_stream(device->handle(), &out.stream_); status != CATEN_OK)
    return fail(device->driver().failure(status, "open a stream"));
  out.device_ = std::move(device);
  return out;
}

Stream::~Stream() {
  if (stream_) device_->driver().table().close_stream(stream_);
}

Status Stream::check(caten_status status, const char* what) const {
  if (status == CATEN_OK) return {};
  return fail(device_->driver().failure(status, what));
}

Status Stream::launch(const Executable& program, uint32_t function, std::span<void* const> buffers,
                      std::span<const int64_t> sizes, int64_t range, int64_t range_work, int64_t team) {
  caten_launch launch{.struct_bytes = sizeof(caten_launch),
                      .function = function,
                      .buffers = buffers.data(),
                      .buffer_count = static_cast<uint32_t>(buffers.size()),
                      .size_count = static_cast<uint32_t>(sizes.size()),
                      .sizes = sizes.data(),
                      .blocks = {1, 1, 1},
                      .threads = {static_cast<uint32_t>(std::max<int64_t>(team, 1)), 1, 1},
                      .shared_bytes = 0,
                      .range = range,
                      .range_work = range_work};
  return check(device_->driver().table().launch(stream_, program.handle(), &launch), "launch a kernel");
}

Status Stream::call_library(const std::string& routine, const std::string& attributes, std::span<void* const> buffers,
                            std::span<const int64_t> sizes, std::span<void** const> kept) {
  return check(device_->driver().table().call_library(
                   stream_, routine.c_str(), attributes.c_str(), buffers.empty() ? nullptr : buffers.data(),
                   static_cast<uint32_t>(buffers.size()), sizes.data(), static_cast<uint32_t>(sizes.size()),
                   kept.empty() ? nullptr : kept.data()),
               "call a library");
}

Status Stream::copy_in(void* to, const void* from_host, size_t bytes) {
  return check(device_->driver().table().copy_in(stream_, to, from_host, bytes), "copy to the device");
}
Status Stream::copy_out(void* to_host, const void* from, size_t bytes) {
  return check(device_->driver().table().copy_out(stream_, to_host, from, bytes), "copy from the device");
}
Status Stream::copy(void* to, const void* from, size_t bytes) {
  return check(device_->driver().table().copy(stream_, to, from, bytes), "copy within the device");
}
Status Stream::zero(void* memory, size_t bytes) {
  return check(device_->driver().table().zero(stream_, memory, bytes), "zero memory");
}
Status Stream::synchronize() { return check(device_->driver().table().synchronize(stream_), "wait for the device"); }

}  // namespace caten
