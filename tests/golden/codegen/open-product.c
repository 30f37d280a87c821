#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const float *const b2 = buffers[2];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  const int64_t n4 = sizes[4];
  const int64_t n5 = sizes[5];
  const int64_t n6 = sizes[6];
  for (int64_t i5 = 0; i5 < n0; ++i5) {
    const int64_t i6 = ((i5) / n1);
    const int64_t i4 = i5 + i6 * n2;
    const int64_t i3 = i6;
    const int64_t i7 = i4 * 4;
    const int64_t i8 = i4 * 4 + 1;
    const int64_t i9 = i4 * 4 + 2;
    const int64_t i10 = i4 * 4 + 3;
    float a0[16];
    float a1[16];
    float a2[16];
    float a3[16];
    float a4[16];
    float a5[16];
    float a6[16];
    float a7[16];
    for (int64_t i = 0; i < 16; ++i) { a0[i] = -0x0p+0f; a1[i] = -0x0p+0f; a2[i] = -0x0p+0f; a3[i] = -0x0p+0f; a4[i] = -0x0p+0f; a5[i] = -0x0p+0f; a6[i] = -0x0p+0f; a7[i] = -0x0p+0f; }
    for (int64_t i2 = 0; i2 < n3; ++i2) {
      const float v0 = b1[i2 + i7 * n4];
      const float v1 = b1[i2 + i8 * n4];
      const float v2 = b1[i2 + i9 * n4];
      const float v3 = b1[i10 * n4 + i2];
      for (int64_t i11 = 0; i11 < 16; ++i11) {
        const int64_t i12 = i11 + i3 * 32;
        const int64_t i13 = i11 + i3 * 32 + 16;
        const float v4 = b2[i12 + i2 * n5];
        const float v5 = b2[i13 + i2 * n5];
        const float v6 = (v0 * v4) + a0[i11];
        const float v7 = (v0 * v5) + a1[i11];
        const float v8 = (v1 * v4) + a2[i11];
        const float v9 = (v1 * v5) + a3[i11];
        const float v10 = (v2 * v4) + a4[i11];
        const float v11 = (v2 * v5) + a5[i11];
        const float v12 = (v3 * v4) + a6[i11];
        const float v13 = (v3 * v5) + a7[i11];
        a0[i11] = v6;
        a1[i11] = v7;
        a2[i11] = v8;
        a3[i11] = v9;
        a4[i11] = v10;
        a5[i11] = v11;
        a6[i11] = v12;
        a7[i11] = v13;
      }
    }
    float a8[128];
    for (int64_t i14 = 0; i14 < 16; ++i14) {
      a8[i14] = a0[i14];
      a8[i14 + 16] = a1[i14];
      a8[i14 + 32] = a2[i14];
      a8[i14 + 48] = a3[i14];
      a8[i14 + 64] = a4[i14];
      a8[i14 + 80] = a5[i14];
      a8[i14 + 96] = a6[i14];
      a8[i14 + 112] = a7[i14];
    }
    for (int64_t i15 = 0; i15 < 4; ++i15) {
      const int64_t i0 = i15 + i4 * 4;
      for (int64_t i16 = 0; i16 < 32; ++i16) {
        const int64_t i1 = i16 + i3 * 32;
        const float r0 = a8[i15 * 32 + i16];
        b0[i0 * n6 + i1] = r0;
      }
    }
  }
}
