// The library of the cpu runtime: oneDNN, behind a module of its own (lib/caten/cpu-library.so), which is loaded when a
// program has something for it. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

/// Name and version.
using caten_cpu_library_name = const char* (*)();

/// A routine as runtime/driver_abi.h describes it, without buffers too. Returns null, or why it was not computed, a
/// text of this thread.
using caten_cpu_library_call = const char* (*)(const char* routine, const char* dtype, void* const* buffers,
                                               const int64_t* sizes, uint32_t size_count, void** const* kept,
                                               int threads);

/// Gives back what a call kept.
using caten_cpu_library_free_kept = void (*)(void* kept);
}

#define CATEN_CPU_LIBRARY_NAME "caten_cpu_library_name_v1"
#define CATEN_CPU_LIBRARY_CALL "caten_cpu_library_call_v3"
#define CATEN_CPU_LIBRARY_FREE_KEPT "caten_cpu_library_free_kept_v1"
