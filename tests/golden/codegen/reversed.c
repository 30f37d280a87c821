#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
static inline int64_t div_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return y == 0 ? (T)0 : (T)-1 < (T)0 && y == (T)-1 ? (T)(0 - (U)x) : (T)(x / y - (x % y != 0 && (x < 0) != (y < 0))); }
static inline int64_t mod_i64(int64_t x, int64_t y) { typedef int64_t T; return y == 0 || ((T)-1 < (T)0 && y == (T)-1) ? (T)0 : (T)(x % y + (x % y != 0 && (x % y < 0) != (y < 0) ? y : 0)); }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    const float v0 = b1[((i0 * (-1) + 1) >> 1) * 2 + ((i0 * (-1) + 1) & 1) * (-1) + n1];
    b0[i0] = v0;
  }
}

__attribute__((visibility("default"))) void kernel_1(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    const float v0 = b1[(div_i64((i0 * (-1) + 2), 3)) * 3 + (mod_i64((i0 * (-1) + 2), 3)) * (-1) + n1];
    b0[i0] = v0;
  }
}
