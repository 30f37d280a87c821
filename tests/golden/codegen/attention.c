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
  const float *const b2 = buffers[2];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  const int64_t n4 = sizes[4];
  const int64_t n5 = sizes[5];
  const int64_t n6 = sizes[6];
  const int64_t n7 = sizes[7];
  const int64_t n8 = sizes[8];
  const int64_t n9 = sizes[9];
  for (int64_t i4 = 0; i4 < n0; ++i4) {
    const int64_t i5 = ((i4) / n1);
    const int64_t i1 = i5 * n2 + i4 + n3;
    const int64_t i0 = i5 + n4;
    for (int64_t i2 = 0; i2 < n5; ++i2) {
      float a0 = -0x0p+0f;
      for (int64_t i3 = 0; i3 < 8; ++i3) {
        const float v0 = b1[i0 * n6 + i1 * 8 + i3];
        const float v1 = b2[i0 * n7 + i2 * 8 + i3];
        const float v2 = v0 * v1;
        const float v3 = a0 + v2;
        a0 = v3;
      }
      const float r0 = a0;
      const int64_t v4 = i1;
      const int64_t v5 = i2;
      const uint8_t v6 = v4 < v5;
      const float v7 = v6 ? (-1.0f / 0.0f) : r0;
      b0[i0 * n8 + i1 * n5 + i2 + n9] = v7;
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
  const int64_t n4 = sizes[4];
  const int64_t n5 = sizes[5];
  const int64_t n6 = sizes[6];
  const int64_t n7 = sizes[7];
  const int64_t n8 = sizes[8];
  const int64_t n9 = sizes[9];
  const int64_t n10 = sizes[10];
  const int64_t n11 = sizes[11];
  const int64_t n12 = sizes[12];
  const int64_t n13 = sizes[13];
  for (int64_t i2 = 0; i2 < n0; ++i2) {
    const int64_t i3 = ((i2) / n1);
    const int64_t i1 = i3 * n2 + i2 + n3;
    const int64_t i0 = i3 + n4;
    float a0[32];
    for (int64_t i = 0; i < 32; ++i) a0[i] = (-1.0f / 0.0f);
    for (int64_t i5 = 0; i5 < n5; ++i5) {
      for (int64_t i6 = 0; i6 < 32; ++i6) {
        const int64_t i4 = i5 * 32 + i6;
        const float v0 = b1[i0 * n6 + i1 * n7 + i4 + n8];
        const float v1 = caten_max(a0[i6], v0);
        a0[i6] = v1;
      }
    }
    for (int64_t i7 = 0; i7 < n9; ++i7) {
      const int64_t i4 = i7 + n10;
      const float v0 = b1[i0 * n6 + i1 * n7 + i4 + n8];
      const float v2 = caten_max(a0[i7], v0);
      a0[i7] = v2;
    }
    for (int64_t i8 = 0; i8 < 8; ++i8) {
      const float v3 = caten_max(a0[i8 + 16], a0[i8 + 24]);
      const float v4 = caten_max(a0[i8], a0[i8 + 8]);
      const float v5 = caten_max(v4, v3);
      a0[i8] = v5;
    }
    for (int64_t i9 = 0; i9 < 2; ++i9) {
      const float v6 = caten_max(a0[i9 + 4], a0[i9 + 6]);
      const float v7 = caten_max(a0[i9], a0[i9 + 2]);
      const float v8 = caten_max(v7, v6);
      a0[i9] = v8;
    }
    const float v9 = caten_max(a0[0], a0[1]);
    a0[0] = v9;
    const float r0 = a0[0];
    float a1[32];
    for (int64_t i = 0; i < 32; ++i) a1[i] = -0x0p+0f;
    for (int64_t i11 = 0; i11 < n11; ++i11) {
      float a2[32];
      for (int64_t i = 0; i < 32; ++i) a2[i] = -0x0p+0f;
      const int64_t v10 = i11;
      const int64_t v11 = n12;
      const uint8_t v12 = v10 < v11;
      const int64_t v13 = v12 ? 64 : n13;
      for (int64_t i12 = 0; i12 < (v13); ++i12) {
        for (int64_t i13 = 0; i13 < 32; ++i13) {
          const int64_t i10 = i11 * 2048 + i12 * 32 + i13;
          const float v14 = b1[i0 * n6 + i1 * n7 + i10 + n8];
          const float v15 = r0 * (-0x1p+0f);
          const float v16 = v14 + v15;
          const float v17 = caten_exp2(v16);
          const float v18 = a2[i13] + v17;
          a2[i13] = v18;
          b0[i0 * n6 + i1 * n7 + i10 + n8] = v17;
        }
      }
      for (int64_t i14 = 0; i14 < 32; ++i14) {
        const float v19 = a1[i14] + a2[i14];
        a1[i14] = v19;
      }
    }
    for (int64_t i15 = 0; i15 < n9; ++i15) {
      const int64_t i10 = i15 + n10;
      const float v14 = b1[i0 * n6 + i1 * n7 + i10 + n8];
      const float v15 = r0 * (-0x1p+0f);
      const float v16 = v14 + v15;
      const float v17 = caten_exp2(v16);
      const float v20 = a1[i15] + v17;
      a1[i15] = v20;
      b0[i0 * n6 + i1 * n7 + i10 + n8] = v17;
    }
    for (int64_t i16 = 0; i16 < 8; ++i16) {
      const float v21 = a1[i16 + 16] + a1[i16 + 24];
      const float v22 = a1[i16] + a1[i16 + 8];
      const float v23 = v22 + v21;
      a1[i16] = v23;
    }
    for (int64_t i17 = 0; i17 < 2; ++i17) {
      const float v24 = a1[i17 + 4] + a1[i17 + 6];
      const float v25 = a1[i17] + a1[i17 + 2];
      const float v26 = v25 + v24;
      a1[i17] = v26;
    }
    const float v27 = a1[0] + a1[1];
    a1[0] = v27;
    const int64_t v28 = n7;
    const uint8_t v29 = v28 == (int64_t)0ll;
    const float v30 = v29 ? 0x0p+0f : a1[0];
    const float r2 = v30;
    for (int64_t i18 = 0; i18 < n7; ++i18) {
      const uint8_t v31 = r2 == 0x0p+0f;
      const float v32 = b0[i0 * n6 + i1 * n7 + i18 + n8];
      const float v33 = v32 / r2;
      const float v34 = v31 ? 0x0p+0f : v33;
      b0[i0 * n6 + i1 * n7 + i18 + n8] = v34;
    }
  }
}

__attribute__((visibility("default"))) void kernel_2(void *const *buffers, const int64_t *sizes) {
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
  const int64_t n7 = sizes[7];
  const int64_t n8 = sizes[8];
  const int64_t n9 = sizes[9];
  const int64_t n10 = sizes[10];
  const int64_t n11 = sizes[11];
  for (int64_t i5 = 0; i5 < n0; ++i5) {
    const int64_t i6 = ((i5) / n1);
    const int64_t i4 = i6 * n2 + i5;
    const int64_t i0 = i6 + n3;
    const int64_t v0 = i4;
    const int64_t v1 = n4;
    const uint8_t v2 = v0 < v1;
    const int64_t v3 = v2 ? 4 : n5;
    float a0[128];
    for (int64_t i = 0; i < 128; ++i) a0[i] = -0x0p+0f;
    for (int64_t i3 = 0; i3 < n6; ++i3) {
      for (int64_t i7 = 0; i7 < (v3); ++i7) {
        const int64_t i1 = i4 * 4 + i7 + n7;
        const float v4 = b1[i0 * n8 + i1 * n6 + i3 + n9];
        for (int64_t i8 = 0; i8 < 8; ++i8) {
          const int64_t i2 = i8;
          const float v5 = b2[i0 * n10 + i2 + i3 * 8];
          const float v6 = v4 * v5;
          const float v7 = a0[i7 * 32 + i8] + v6;
          a0[i7 * 32 + i8] = v7;
        }
      }
    }
    for (int64_t i9 = 0; i9 < (v3); ++i9) {
      const int64_t i1 = i4 * 4 + i9 + n7;
      for (int64_t i10 = 0; i10 < 8; ++i10) {
        const int64_t i2 = i10;
        const int64_t v8 = n6;
        const uint8_t v9 = v8 == (int64_t)0ll;
        const float v10 = v9 ? 0x0p+0f : a0[i10 + i9 * 32];
        const float r0 = v10;
        b0[i0 * n11 + i1 * 8 + i2] = r0;
      }
    }
  }
}
