// Writing past the caches, for kernels, which call it caten_stream: in the driver it need not be compiled with each.
#pragma once

#include <cstdint>

namespace caten::cpu {

using Stream = void (*)(void* to, const void* from, int64_t bytes);

/// Copies to where nobody will read soon. Whole cache lines are written without being read first, by the widest
/// instructions of the processor at hand; the caller puts a fence behind the last.
Stream widest_stream();

}  // namespace caten::cpu
