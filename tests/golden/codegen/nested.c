#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  uint8_t *const b1 = buffers[1];
  const float *const b2 = buffers[2];
  const float *const b3 = buffers[3];
  const float v0 = b2[0];
  const float v1 = v0 * 0x1.8p+0f;
  const float v2 = b3[0];
  const uint8_t v3 = v2 < v1;
  b0[0] = v1;
  b1[0] = v3;
}

__attribute__((visibility("default"))) void kernel_1(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t *const b2 = buffers[2];
  const float v0 = b1[0];
  const int64_t v1 = b2[0];
  const float v2 = (float)v1;
  const float v3 = v0 + v2;
  b0[0] = v3;
}
