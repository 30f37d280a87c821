#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
static inline uint8_t caten_in_range(int64_t i, int64_t size) { return 0 <= i && i < size; }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t *const b2 = buffers[2];
  const float *const b3 = buffers[3];
  const int64_t n0 = sizes[0];
  const uint8_t v0 = b0 != b1;
  if (v0) {
    for (int64_t i0 = 0; i0 < n0; ++i0) {
      for (int64_t i1 = 0; i1 < 4; ++i1) {
        const float v1 = b1[i0 * 4 + i1];
        b0[i0 * 4 + i1] = v1;
      }
    }
  }
  const int64_t v2 = b2[0];
  const uint8_t v3 = caten_in_range(v2, n0);
  for (int64_t i2 = 0; i2 < 4; ++i2) {
    if (v3) {
      const float v4 = b3[i2];
      b0[i2 + v2 * 4] = v4;
    }
  }
}

__attribute__((visibility("default"))) void kernel_1(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  float a0[256];
  for (int64_t i = 0; i < 256; ++i) a0[i] = -0x0p+0f;
  for (int64_t i1 = 0; i1 < n0; ++i1) {
    for (int64_t i2 = 0; i2 < 4; ++i2) {
      const int64_t i0 = i2;
      const float v0 = b1[i0 + i1 * 4];
      const float v1 = a0[i2] + v0;
      a0[i2] = v1;
    }
  }
  for (int64_t i3 = 0; i3 < 4; ++i3) {
    const int64_t i0 = i3;
    const int64_t v2 = n0;
    const uint8_t v3 = v2 == (int64_t)0ll;
    const float v4 = v3 ? 0x0p+0f : a0[i3];
    const float r0 = v4;
    b0[i0] = r0;
  }
}
