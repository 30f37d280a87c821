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
  const int64_t n1 = sizes[1];
  const uint8_t v0 = b0 != b1;
  if (v0) {
    for (int64_t i0 = 0; i0 < n0; ++i0) {
      const float v1 = b1[i0];
      b0[i0] = v1;
    }
  }
  const int64_t v2 = b2[0];
  const uint8_t v3 = caten_in_range(v2, n1);
  for (int64_t i1 = 0; i1 < 4; ++i1) {
    if (v3) {
      const float v4 = b3[i1];
      b0[i1 + v2 * 4] = v4;
    }
  }
}

__attribute__((visibility("default"))) void kernel_1(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  float a0[4096];
  for (int64_t i = 0; i < 4096; ++i) a0[i] = -0x0p+0f;
  for (int64_t i2 = 0; i2 < n0; ++i2) {
    const int64_t i3 = i2 * 4;
    const int64_t i4 = i2 * 4 + 1;
    const int64_t i5 = i2 * 4 + 2;
    const int64_t i6 = i2 * 4 + 3;
    for (int64_t i7 = 0; i7 < 4; ++i7) {
      const int64_t i0 = i7;
      const float v0 = b1[i0 + i3 * 4];
      const float v1 = a0[i7] + v0;
      const float v2 = b1[i0 + i4 * 4];
      const float v3 = v1 + v2;
      const float v4 = b1[i0 + i5 * 4];
      const float v5 = v3 + v4;
      const float v6 = b1[i0 + i6 * 4];
      const float v7 = v5 + v6;
      a0[i7] = v7;
    }
  }
  for (int64_t i8 = 0; i8 < n1; ++i8) {
    const int64_t i1 = i8 + n2;
    for (int64_t i9 = 0; i9 < 4; ++i9) {
      const int64_t i0 = i9;
      const float v8 = b1[i0 + i1 * 4];
      const float v9 = a0[i9] + v8;
      a0[i9] = v9;
    }
  }
  for (int64_t i10 = 0; i10 < 4; ++i10) {
    const int64_t i0 = i10;
    const int64_t v10 = n3;
    const uint8_t v11 = v10 == (int64_t)0ll;
    const float v12 = v11 ? 0x0p+0f : a0[i10];
    const float r0 = v12;
    b0[i0] = r0;
  }
}
