// Devices, memory, streams and programs of a driver, as values that give back what they hold. A thin cover of
// runtime/driver_abi.h: every failure becomes a Diagnostic with the driver's own text.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "runtime/driver_abi.h"

namespace caten {

/// A loaded driver. It stays loaded until the last device is closed.
class Driver {
 public:
  /// E0604 if the file is missing or of another ABI.
  static Result<std::shared_ptr<Driver>> load(const std::string& path);
  /// A driver that is part of the program.
  static std::shared_ptr<Driver> of(const caten_driver& table) {
    return std::shared_ptr<Driver>(new Driver(nullptr, &table));
  }
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  const caten_driver& table() const { return *table_; }
  /// A diagnostic for a failed call; `what` says what was tried.
  Diagnostic failure(caten_status status, const std::string& what) const;

 private:
  Driver(void* library, const caten_driver* table) : library_(library), table_(table) {}
  void* library_;
  const caten_driver* table_;
};

/// An open device. Thread-safe.
class Device : public std::enable_shared_from_this<Device> {
 public:
  /// E0902 if the driver does not have such options.
  static Result<std::shared_ptr<Device>> open(const std::shared_ptr<Driver>& driver, const std::string& options = "");
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Driver& driver() const { return *driver_; }
  caten_device* handle() const { return device_; }
  const caten_properties& properties() const { return properties_; }
  bool host_memory() const { return properties_.host_memory != 0; }

  /// Makes what calls of a routine with these sizes need.
  Status prepare_library(const std::string& routine, const std::string& attributes, std::span<const int64_t> sizes);

  /// Loads the driver's library: its name and version. E0604 with why there is none.
  Result<std::string> library() const;

  /// The artifact's bytes. E0603 with what the compiler said.
  Result<std::string> compile(const std::string& source) const;

 private:
  Device(std::shared_ptr<Driver> driver, caten_device* device) : driver_(std::move(driver)), device_(device) {}
  std::shared_ptr<Driver> driver_;
  caten_device* device_;
  caten_properties properties_{};
};

/// Memory of a device; of one that computes in the host's, a block like those of arrays, kept for the next one.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  static Result<DeviceMemory> allocate(std::shared_ptr<Device> device, size_t bytes);
  DeviceMemory(DeviceMemory&& other) noexcept { swap(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceMemory();

  std::byte* data() const { return static_cast<std::byte*>(memory_); }
  size_t bytes() const { return bytes_; }

 private:
  void swap(DeviceMemory& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(kept_, other.kept_);
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
  }
  std::shared_ptr<Device> device_;
  std::shared_ptr<void> kept_;
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

/// The compiled kernels of a program, loaded.
class Executable {
 public:
  static Result<std::shared_ptr<Executable>> load(std::shared_ptr<Device> device, const std::string& artifact);
  ~Executable();
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;

  Result<uint32_t> find(const std::string& function) const;
  caten_program* handle() const { return program_; }

 private:
  Executable(std::shared_ptr<Device> device, caten_program* program) : device_(std::move(device)), program_(program) {}
  std::shared_ptr<Device> device_;
  caten_program* program_;
};

/// An ordered queue of work. One thread at a time.
class Stream {
 public:
  Stream() = default;
  static Result<Stream> open(std::shared_ptr<Device> device);
  Stream(Stream&& other) noexcept { swap(other); }
  Stream& operator=(Stream&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Stream();

  /// `range` and `range_work` are those of caten_launch; `team`: how many threads run each part together, if several.
  Status launch(const Executable& program, uint32_t function, std::span<void* const> buffers,
                std::span<const int64_t> sizes, int64_t range = 1, int64_t range_work = 1, int64_t team = 0);
  /// A routine of the driver's library. `kept`: nothing, or for each buffer null or where it keeps what it makes of
  /// its elements (driver_abi.h).
  Status call_library(const std::string& routine, const std::string& attributes, std::span<void* const> buffers,
                      std::span<const int64_t> sizes, std::span<void** const> kept = {});
  Status copy_in(void* to, const void* from_host, size_t bytes);
  Status copy_out(void* to_host, const void* from, size_t bytes);
  Status copy(void* to, const void* from, size_t bytes);
  Status zero(void* memory, size_t bytes);
  Status synchronize();

 private:
  void swap(Stream& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(stream_, other.stream_);
  }
  Status check(caten_status status, const char* what) const;

  std::shared_ptr<Device> device_;
  caten_stream* stream_ = nullptr;
};

}  // namespace caten
