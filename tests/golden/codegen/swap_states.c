#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  for (int64_t i0 = 0; i0 < 3; ++i0) {
    for (int64_t i1 = 0; i1 < 3; ++i1) {
      const float v0 = b1[i0 + i1 * 3];
      b0[i0 * 3 + i1] = v0;
    }
  }
}

__attribute__((visibility("default"))) void kernel_1(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const float *const b2 = buffers[2];
  for (int64_t i0 = 0; i0 < 9; ++i0) {
    const float v0 = b1[i0];
    const float v1 = b2[i0];
    const float v2 = v0 + v1;
    b0[i0] = v2;
  }
}
