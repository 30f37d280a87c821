#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
float exp2f(float); double exp2(double);
#define caten_exp2(x) _Generic((x), float: exp2f, double: exp2)(x)
#define caten_max(x, y) ((x) != (x) ? (x) : (y) != (y) ? (y) : (x) < (y) ? (y) : (y) < (x) ? (x) : (x) == 0 ? (x) + (y) : (x))

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
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    float a0[32];
    for (int64_t i = 0; i < 32; ++i) a0[i] = (-1.0f / 0.0f);
    for (int64_t i2 = 0; i2 < n1; ++i2) {
      for (int64_t i3 = 0; i3 < 32; ++i3) {
        const int64_t i1 = i2 * 32 + i3;
        const float v0 = b1[i0 * n2 + i1];
        const float v1 = caten_max(a0[i3], v0);
        a0[i3] = v1;
      }
    }
    for (int64_t i4 = 0; i4 < n3; ++i4) {
      const int64_t i1 = i4 + n4;
      const float v0 = b1[i0 * n2 + i1];
      const float v2 = caten_max(a0[i4], v0);
      a0[i4] = v2;
    }
    for (int64_t i5 = 0; i5 < 8; ++i5) {
      const float v3 = caten_max(a0[i5 + 16], a0[i5 + 24]);
      const float v4 = caten_max(a0[i5], a0[i5 + 8]);
      const float v5 = caten_max(v4, v3);
      a0[i5] = v5;
    }
    for (int64_t i6 = 0; i6 < 2; ++i6) {
      const float v6 = caten_max(a0[i6 + 4], a0[i6 + 6]);
      const float v7 = caten_max(a0[i6], a0[i6 + 2]);
      const float v8 = caten_max(v7, v6);
      a0[i6] = v8;
    }
    const float v9 = caten_max(a0[0], a0[1]);
    a0[0] = v9;
    const float r0 = a0[0];
    float a1[32];
    for (int64_t i = 0; i < 32; ++i) a1[i] = -0x0p+0f;
    for (int64_t i8 = 0; i8 < n5; ++i8) {
      float a2[32];
      for (int64_t i = 0; i < 32; ++i) a2[i] = -0x0p+0f;
      const int64_t v10 = i8;
      const int64_t v11 = n6;
      const uint8_t v12 = v10 < v11;
      const int64_t v13 = v12 ? 64 : n7;
      for (int64_t i9 = 0; i9 < (v13); ++i9) {
        for (int64_t i10 = 0; i10 < 32; ++i10) {
          const int64_t i7 = i10 + i8 * 2048 + i9 * 32;
          const float v14 = b1[i0 * n2 + i7];
          const float v15 = r0 * (-0x1p+0f);
          const float v16 = v14 + v15;
          const float v17 = caten_exp2(v16);
          const float v18 = a2[i10] + v17;
          a2[i10] = v18;
          b0[i0 * n2 + i7] = v17;
        }
      }
      for (int64_t i11 = 0; i11 < 32; ++i11) {
        const float v19 = a1[i11] + a2[i11];
        a1[i11] = v19;
      }
    }
    for (int64_t i12 = 0; i12 < n3; ++i12) {
      const int64_t i7 = i12 + n4;
      const float v14 = b1[i0 * n2 + i7];
      const float v15 = r0 * (-0x1p+0f);
      const float v16 = v14 + v15;
      const float v17 = caten_exp2(v16);
      const float v20 = a1[i12] + v17;
      a1[i12] = v20;
      b0[i0 * n2 + i7] = v17;
    }
    for (int64_t i13 = 0; i13 < 8; ++i13) {
      const float v21 = a1[i13 + 16] + a1[i13 + 24];
      const float v22 = a1[i13] + a1[i13 + 8];
      const float v23 = v22 + v21;
      a1[i13] = v23;
    }
    for (int64_t i14 = 0; i14 < 2; ++i14) {
      const float v24 = a1[i14 + 4] + a1[i14 + 6];
      const float v25 = a1[i14] + a1[i14 + 2];
      const float v26 = v25 + v24;
      a1[i14] = v26;
    }
    const float v27 = a1[0] + a1[1];
    a1[0] = v27;
    const int64_t v28 = n2;
    const uint8_t v29 = v28 == (int64_t)0ll;
    const float v30 = v29 ? 0x0p+0f : a1[0];
    const float r2 = v30;
    for (int64_t i15 = 0; i15 < n2; ++i15) {
      const float v31 = b0[i0 * n2 + i15];
      const float v32 = v31 / r2;
      b0[i0 * n2 + i15] = v32;
    }
  }
}
