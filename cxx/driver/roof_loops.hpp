// The loops that measure a roof: as fast as the processor at hand can multiply, read and write, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace caten {

/// Fused multiply-adds in registers.
struct MultiplyLoop {
  const char* instructions;  ///< "avx512", "avx2" or "scalar"
  double operations;         ///< that one call does
  float (*run)(float seed);
};
MultiplyLoop f32_loop();
/// Pairs of bf16 multiplied and added in f32; null where the processor cannot.
const MultiplyLoop* bf16_loop();

/// Over `bytes` bytes, a multiple of 256, aligned to 64.
struct MemoryLoops {
  uint64_t (*read)(const std::byte* from, size_t bytes);
  void (*copy)(std::byte* to, const std::byte* from, size_t bytes);
  /// Past the caches; null where the processor cannot.
  void (*stream)(std::byte* to, const std::byte* from, size_t bytes);
};
MemoryLoops memory_loops();

}  // namespace caten
