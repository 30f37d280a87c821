// Loops of caten's own code that threads share. Kernels have those of their driver.
#pragma once

#include <cstddef>
#include <functional>

namespace caten {

/// As many as the machine has, or as OMP_NUM_THREADS allows.
unsigned thread_count();

/// Of iterations that take nanoseconds so many are worth a thread.
inline constexpr size_t kFewestOfThread = 16384;

/// Into how many parts in_parallel divides a loop.
size_t parallel_parts(size_t count, size_t least);

/// Calls body(part, begin, end) for parts that make up 0 … count - 1, each on a thread of its own, and returns when all
/// are done. A part has `least` iterations or more, so that few are no work for threads. Bodies do not throw.
void in_parallel(size_t count, size_t least, const std::function<void(size_t, size_t, size_t)>& body);

}  // namespace caten
