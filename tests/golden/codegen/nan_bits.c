#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
static inline float bitcast_u32_to_f32(uint32_t x) { typedef float T; typedef uint32_t S; union { S s; T t; } both; both.s = x; return both.t; }
static inline double bitcast_u64_to_f64(uint64_t x) { typedef double T; typedef uint64_t S; union { S s; T t; } both; both.s = x; return both.t; }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  for (int64_t i0 = 0; i0 < 2; ++i0) {
    b0[i0] = bitcast_u32_to_f32(0x7fc00000u);
  }
}

__attribute__((visibility("default"))) void kernel_1(void *const *buffers, const int64_t *sizes) {
  double *const b0 = buffers[0];
  for (int64_t i0 = 0; i0 < 2; ++i0) {
    b0[i0] = bitcast_u64_to_f64(0x7ff8000000000000ull);
  }
}
