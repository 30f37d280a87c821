#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const int8_t *const b1 = buffers[1];
  const float *const b2 = buffers[2];
  const float *const b3 = buffers[3];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    float a0[16];
    for (int64_t i = 0; i < 16; ++i) a0[i] = -0x0p+0f;
    for (int64_t i1 = 0; i1 < n1; ++i1) {
      const float v0 = b3[i0 * n2 + i1];
      for (int64_t i3 = 0; i3 < 16; ++i3) {
        const int64_t i2 = i3;
        const int8_t v1 = b1[i0 * n3 + i1 * 16 + i2];
        const float v2 = (float)v1;
        const float v3 = b2[i1 * 16 + i2];
        const float v4 = v2 * v3;
        const float v5 = (v4 * v0) + a0[i3];
        a0[i3] = v5;
      }
    }
    for (int64_t i4 = 0; i4 < 4; ++i4) {
      const float v6 = a0[i4 + 8] + a0[i4 + 12];
      const float v7 = a0[i4] + a0[i4 + 4];
      const float v8 = v7 + v6;
      a0[i4] = v8;
    }
    const float v9 = a0[2] + a0[3];
    const float v10 = a0[0] + a0[1];
    const float v11 = v10 + v9;
    a0[0] = v11;
    const float r0 = a0[0];
    b0[i0] = r0;
  }
}
