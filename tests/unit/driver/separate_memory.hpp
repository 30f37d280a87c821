// The c runtime on a device that has memory of its own, as far as caten can see, and what travels to it and from it.
#pragma once

#include <memory>

#include "runtime/runtime.hpp"

namespace caten {

struct SeparateMemory {
  static inline size_t bytes_in = 0, bytes_out = 0;

  /// The runtime c with such a device; keeps the driver loaded until it is gone.
  static Result<SeparateMemory> open(SourceMap& sources) {
    Result<Runtime> runtime = find_runtime("c", default_runtime_search(), sources);
    if (!runtime) return tl::make_unexpected(runtime.error());
    SeparateMemory out;
    out.host = runtime->device;
    Result<std::shared_ptr<Device>> device = Device::open(Driver::of(table_over(out.host->driver().table())));
    if (!device) return tl::make_unexpected(device.error());
    runtime->device = std::move(*device);
    out.runtime = std::move(*runtime);
    return out;
  }

  std::shared_ptr<Device> host{};
  Runtime runtime{};

 private:
  static const caten_driver& table_over(const caten_driver& real) {
    static caten_driver table;
    static const caten_driver* under = nullptr;
    under = &real;
    table = real;
    table.properties = [](caten_device* device, caten_properties* properties) {
      caten_status status = under->properties(device, properties);
      properties->host_memory = 0;
      return status;
    };
    table.copy_in = [](caten_stream* stream, void* to, const void* from, size_t bytes) {
      bytes_in += bytes;
      return under->copy_in(stream, to, from, bytes);
    };
    table.copy_out = [](caten_stream* stream, void* to, const void* from, size_t bytes) {
      bytes_out += bytes;
      return under->copy_out(stream, to, from, bytes);
    };
    return table;
  }
};

}  // namespace caten
