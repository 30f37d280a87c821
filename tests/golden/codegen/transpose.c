#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  const int64_t n4 = sizes[4];
  const int64_t n5 = sizes[5];
  const int64_t n6 = sizes[6];
  const int64_t n7 = sizes[7];
  const int64_t n8 = sizes[8];
  for (int64_t i4 = 0; i4 < n0; ++i4) {
    const int64_t i5 = ((i4) / n1);
    const int64_t i3 = i5 * n2 + i4;
    const int64_t i2 = i5;
    const int64_t v0 = i2;
    const int64_t v1 = n3;
    const uint8_t v2 = v0 < v1;
    const int64_t v3 = v2 ? 64 : n4;
    const int64_t v4 = i3;
    const int64_t v5 = n5;
    const uint8_t v6 = v4 < v5;
    const int64_t v7 = v6 ? 64 : n6;
    float a0[4096];
    for (int64_t i7 = 0; i7 < (v7); ++i7) {
      const int64_t i1 = i3 * 64 + i7;
      for (int64_t i6 = 0; i6 < (v3); ++i6) {
        const int64_t i0 = i2 * 64 + i6;
        const float v8 = b1[i1 * n7 + i0];
        a0[i6 * 64 + i7] = v8;
      }
    }
    for (int64_t i6 = 0; i6 < (v3); ++i6) {
      const int64_t i0 = i2 * 64 + i6;
      for (int64_t i7 = 0; i7 < (v7); ++i7) {
        const int64_t i1 = i3 * 64 + i7;
        b0[i0 * n8 + i1] = a0[i6 * 64 + i7];
      }
    }
  }
}
