// What this machine can do at most, measured: memory and cache bandwidth, fused multiply-adds. driver/roof_loops.hpp
// has the loops. Each figure is the best of a few repetitions: a roof is what no program exceeds.
#pragma once

#include <string>
#include <vector>

namespace caten {

struct Roof {
  double bytes_per_second = 0;  ///< the best of reading and copying 64 MiB
  double flops_per_second = 0;  ///< f32, two per fused multiply-add
  unsigned threads = 0;
  std::string instructions{};  ///< "avx512", "avx2" or "scalar"
};

/// A tenth of a second. 0 threads: as many as programs run on.
Roof measure_roof(unsigned threads = 0);

struct RoofFigure {
  std::string what{};   ///< "read", "copy", "copy past the caches", "f32 multiply-adds", "bf16 multiply-adds"
  std::string where{};  ///< "memory", "cache", or the instructions
  unsigned threads = 0;
  size_t bytes = 0;       ///< that all threads go through; 0: none
  double per_second = 0;  ///< bytes, or operations
};

/// Every figure on one thread and on `threads`: memory by 256 MiB, the caches by 8 MiB or half of the largest,
/// whichever is less. A copy counts what is read and what is written. Half a second.
std::vector<RoofFigure> measure_roof_figures(unsigned threads = 0);

/// The better of each figure, of two measurements of one machine: other programs may have disturbed one of them.
std::vector<RoofFigure> better_of(std::vector<RoofFigure> figures, const std::vector<RoofFigure>& others);

/// The best of `figures`; bf16 arithmetic is bounded by f32's where the processor has none of its own.
Roof roof_of(const std::vector<RoofFigure>& figures, bool bf16 = false);

}  // namespace caten
