// What this machine can do at most, measured: memory bandwidth and fused multiply-adds. A tenth of a second.
#pragma once

#include <string>

namespace caten {

struct Roof {
  double bytes_per_second = 0;  ///< the best of reading and copying 64 MiB
  double flops_per_second = 0;  ///< f32, two per fused multiply-add
  unsigned threads = 0;
  std::string instructions{};  ///< "avx512", "avx2" or "scalar"
};

/// 0 threads: as many as the machine has.
Roof measure_roof(unsigned threads = 0);

}  // namespace caten
