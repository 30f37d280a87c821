// What drivers of devices that compute in the host's memory have in common: memory, copies, a stream that runs what it
// is given at once, events, the text of the last error, and the table of all that. Header only, like driver_abi.h: a
// driver includes it and links nothing of caten.
//
// A driver begins with host_driver(NAME), replaces what it does otherwise, and adds how it opens, compiles, loads and
// launches.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "base/memory.hpp"
#include "runtime/driver_abi.h"

struct caten_event {
  std::chrono::steady_clock::time_point time;
};
struct caten_stream {
  caten_device* device;
};

namespace caten::host {

static inline std::string& error_text() {
  static thread_local std::string text;
  return text;
}

/// What a function of the driver returns when it fails; last_error gives the text.
static inline caten_status fail(caten_status status, std::string text) {
  error_text() = std::move(text);
  return status;
}

static inline const char* last_error() { return error_text().c_str(); }

static inline void copy_text(char* to, size_t bytes, const std::string& text) {
  std::snprintf(to, bytes, "%s", text.c_str());
}

/// Properties of the host's memory; the driver says what its compiler is.
static inline void describe(caten_properties* out, const std::string& name, const std::string& identity) {
  out->struct_bytes = sizeof *out;
  copy_text(out->name, sizeof out->name, name);
  copy_text(out->identity, sizeof out->identity, identity);
  out->host_memory = 1;
  out->alignment = 64;
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  out->memory_bytes = pages > 0 && page > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page) : 0;
  out->compute_units = 1;
  out->unit_kernels = 0;
}

static inline caten_status allocate(caten_device*, size_t bytes, void** memory) {
  *memory = caten::allocate_aligned(bytes);
  return *memory ? CATEN_OK : fail(CATEN_OUT_OF_MEMORY, "the system has no memory left");
}

static inline void release(caten_device*, void* memory) { std::free(memory); }

static inline caten_status copy(caten_stream*, void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memmove(to, from, bytes);
  return CATEN_OK;
}

static inline caten_status zero(caten_stream*, void* memory, size_t bytes) {
  if (bytes > 0) std::memset(memory, 0, bytes);
  return CATEN_OK;
}

/// The bytes of an artifact, for the caller to keep.
static inline caten_status give_artifact(const char* data, size_t bytes, caten_artifact* artifact) {
  artifact->data = std::malloc(bytes == 0 ? 1 : bytes);
  if (!artifact->data) return fail(CATEN_OUT_OF_MEMORY, "the system has no memory left");
  if (bytes > 0) std::memcpy(artifact->data, data, bytes);
  artifact->bytes = bytes;
  return CATEN_OK;
}

static inline void free_artifact(caten_artifact* artifact) {
  std::free(artifact->data);
  *artifact = {};
}

static inline caten_status open_stream(caten_device* device, caten_stream** stream) {
  *stream = new caten_stream{device};
  return CATEN_OK;
}

static inline void close_stream(caten_stream* stream) { delete stream; }

static inline caten_status synchronize(caten_stream*) { return CATEN_OK; }

static inline caten_status record_event(caten_stream*, caten_event** event) {
  *event = new caten_event{std::chrono::steady_clock::now()};
  return CATEN_OK;
}

static inline caten_status wait_event(caten_stream*, caten_event*) { return CATEN_OK; }

static inline caten_status elapsed(caten_event* begin, caten_event* end, double* seconds) {
  *seconds = std::chrono::duration<double>(end->time - begin->time).count();
  return CATEN_OK;
}

static inline void free_event(caten_event* event) { delete event; }

/// The table with all of the above; what is missing is null.
static inline caten_driver host_driver(const char* name) {
  caten_driver out = {};
  out.abi = CATEN_DRIVER_ABI;
  out.struct_bytes = sizeof(caten_driver);
  out.name = name;
  out.last_error = last_error;
  out.alloc = allocate;
  out.free = release;
  out.copy_in = copy;
  out.copy_out = copy;
  out.copy = copy;
  out.zero = zero;
  out.free_artifact = free_artifact;
  out.open_stream = open_stream;
  out.close_stream = close_stream;
  out.synchronize = synchronize;
  out.record_event = record_event;
  out.wait_event = wait_event;
  out.elapsed = elapsed;
  out.free_event = free_event;
  return out;
}

}  // namespace caten::host
