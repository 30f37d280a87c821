#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
float exp2f(float); double exp2(double);
#define caten_exp2(x) _Generic((x), float: exp2f, double: exp2)(x)
static inline int32_t bitcast_f32_to_i32(float x) { typedef int32_t T; typedef float S; union { S s; T t; } both; both.s = x; return both.t; }
static inline int32_t max_i32(int32_t x, int32_t y) { return x < y ? y : x; }
static inline float bitcast_i32_to_f32(int32_t x) { typedef float T; typedef int32_t S; union { S s; T t; } both; both.s = x; return both.t; }

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
  const int64_t n14 = sizes[14];
  const int64_t n15 = sizes[15];
  for (int64_t i2 = 0; i2 < n0; ++i2) {
    const int64_t i3 = ((i2) / n1);
    const int64_t i1 = i3 * n2 + i2 + n3;
    const int64_t i0 = i3 + n4;
    int32_t a0[16];
    for (int64_t i = 0; i < 16; ++i) a0[i] = (int32_t)-2139095041;
    for (int64_t i5 = 0; i5 < n5; ++i5) {
      for (int64_t i6 = 0; i6 < 16; ++i6) {
        const int64_t i4 = i5 * 16 + i6;
        const float v0 = b1[i0 * n6 + i1 * n7 + i4 + n8];
        const int32_t v1 = bitcast_f32_to_i32(v0);
        const int32_t v2 = (int32_t)(v1 ^ (int32_t)2147483647);
        const uint8_t v3 = v1 < (int32_t)0;
        const int32_t v4 = v3 ? v2 : v1;
        const uint8_t v5 = v0 == v0;
        const int32_t v6 = v5 ? v4 : (int32_t)2147483647;
        const int32_t v7 = max_i32(a0[i6], v6);
        a0[i6] = v7;
      }
    }
    for (int64_t i7 = 0; i7 < n9; ++i7) {
      const int64_t i4 = i7 + n10;
      const float v0 = b1[i0 * n6 + i1 * n7 + i4 + n8];
      const int32_t v1 = bitcast_f32_to_i32(v0);
      const int32_t v2 = (int32_t)(v1 ^ (int32_t)2147483647);
      const uint8_t v3 = v1 < (int32_t)0;
      const int32_t v4 = v3 ? v2 : v1;
      const uint8_t v5 = v0 == v0;
      const int32_t v6 = v5 ? v4 : (int32_t)2147483647;
      const int32_t v8 = max_i32(a0[i7], v6);
      a0[i7] = v8;
    }
    for (int64_t i8 = 0; i8 < 4; ++i8) {
      const int32_t v9 = max_i32(a0[i8 + 8], a0[i8 + 12]);
      const int32_t v10 = max_i32(a0[i8], a0[i8 + 4]);
      const int32_t v11 = v10 < v9 ? v9 : v10;
      a0[i8] = v11;
    }
    const int32_t v12 = max_i32(a0[2], a0[3]);
    const int32_t v13 = max_i32(a0[0], a0[1]);
    const int32_t v14 = v13 < v12 ? v12 : v13;
    a0[0] = v14;
    const int32_t v15 = (int32_t)(a0[0] ^ (int32_t)2147483647);
    const uint8_t v16 = a0[0] < (int32_t)0;
    const int32_t v17 = v16 ? v15 : a0[0];
    const float v18 = bitcast_i32_to_f32(v17);
    const float r0 = v18;
    float a1[32];
    for (int64_t i = 0; i < 32; ++i) a1[i] = -0x0p+0f;
    for (int64_t i10 = 0; i10 < n11; ++i10) {
      float a2[32];
      for (int64_t i = 0; i < 32; ++i) a2[i] = -0x0p+0f;
      const int64_t v19 = i10;
      const int64_t v20 = n12;
      const uint8_t v21 = v19 < v20;
      const int64_t v22 = v21 ? 64 : n13;
      for (int64_t i11 = 0; i11 < (v22); ++i11) {
        for (int64_t i12 = 0; i12 < 32; ++i12) {
          const int64_t i9 = i10 * 2048 + i11 * 32 + i12;
          const float v23 = b1[i0 * n6 + i1 * n7 + i9 + n8];
          const float v24 = r0 * (-0x1p+0f);
          const float v25 = v23 + v24;
          const float v26 = caten_exp2(v25);
          const float v27 = a2[i12] + v26;
          a2[i12] = v27;
          b0[i0 * n6 + i1 * n7 + i9 + n8] = v26;
        }
      }
      for (int64_t i13 = 0; i13 < 32; ++i13) {
        const float v28 = a1[i13] + a2[i13];
        a1[i13] = v28;
      }
    }
    for (int64_t i14 = 0; i14 < n14; ++i14) {
      const int64_t i9 = i14 + n15;
      const float v23 = b1[i0 * n6 + i1 * n7 + i9 + n8];
      const float v24 = r0 * (-0x1p+0f);
      const float v25 = v23 + v24;
      const float v26 = caten_exp2(v25);
      const float v29 = a1[i14] + v26;
      a1[i14] = v29;
      b0[i0 * n6 + i1 * n7 + i9 + n8] = v26;
    }
    for (int64_t i15 = 0; i15 < 8; ++i15) {
      const float v30 = a1[i15 + 16] + a1[i15 + 24];
      const float v31 = a1[i15] + a1[i15 + 8];
      const float v32 = v31 + v30;
      a1[i15] = v32;
    }
    for (int64_t i16 = 0; i16 < 2; ++i16) {
      const float v33 = a1[i16 + 4] + a1[i16 + 6];
      const float v34 = a1[i16] + a1[i16 + 2];
      const float v35 = v34 + v33;
      a1[i16] = v35;
    }
    const float v36 = a1[0] + a1[1];
    a1[0] = v36;
    const int64_t v37 = n7;
    const uint8_t v38 = v37 == (int64_t)0ll;
    const float v39 = v38 ? 0x0p+0f : a1[0];
    const float r2 = v39;
    for (int64_t i17 = 0; i17 < n7; ++i17) {
      const uint8_t v40 = r2 == 0x0p+0f;
      const float v41 = b0[i0 * n6 + i1 * n7 + i17 + n8];
      const float v42 = v41 / r2;
      const float v43 = v40 ? 0x0p+0f : v42;
      b0[i0 * n6 + i1 * n7 + i17 + n8] = v43;
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
          const float v6 = (v4 * v5) + a0[i7 * 32 + i8];
          a0[i7 * 32 + i8] = v6;
        }
      }
    }
    for (int64_t i9 = 0; i9 < (v3); ++i9) {
      const int64_t i1 = i4 * 4 + i9 + n7;
      for (int64_t i10 = 0; i10 < 8; ++i10) {
        const int64_t i2 = i10;
        const int64_t v7 = n6;
        const uint8_t v8 = v7 == (int64_t)0ll;
        const float v9 = v8 ? 0x0p+0f : a0[i10 + i9 * 32];
        const float r0 = v9;
        b0[i0 * n11 + i1 * 8 + i2] = r0;
      }
    }
  }
}
