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
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    int32_t a0[16];
    for (int64_t i = 0; i < 16; ++i) a0[i] = (int32_t)-2139095041;
    for (int64_t i2 = 0; i2 < n1; ++i2) {
      for (int64_t i3 = 0; i3 < 16; ++i3) {
        const int64_t i1 = i2 * 16 + i3;
        const float v0 = b1[i0 * n2 + i1];
        const int32_t v1 = bitcast_f32_to_i32(v0);
        const int32_t v2 = (int32_t)(v1 ^ (int32_t)2147483647);
        const uint8_t v3 = v1 < (int32_t)0;
        const int32_t v4 = v3 ? v2 : v1;
        const uint8_t v5 = v0 == v0;
        const int32_t v6 = v5 ? v4 : (int32_t)2147483647;
        const int32_t v7 = max_i32(a0[i3], v6);
        a0[i3] = v7;
      }
    }
    for (int64_t i4 = 0; i4 < n3; ++i4) {
      const int64_t i1 = i4 + n4;
      const float v0 = b1[i0 * n2 + i1];
      const int32_t v1 = bitcast_f32_to_i32(v0);
      const int32_t v2 = (int32_t)(v1 ^ (int32_t)2147483647);
      const uint8_t v3 = v1 < (int32_t)0;
      const int32_t v4 = v3 ? v2 : v1;
      const uint8_t v5 = v0 == v0;
      const int32_t v6 = v5 ? v4 : (int32_t)2147483647;
      const int32_t v8 = max_i32(a0[i4], v6);
      a0[i4] = v8;
    }
    for (int64_t i5 = 0; i5 < 4; ++i5) {
      const int32_t v9 = max_i32(a0[i5 + 8], a0[i5 + 12]);
      const int32_t v10 = max_i32(a0[i5], a0[i5 + 4]);
      const int32_t v11 = v10 < v9 ? v9 : v10;
      a0[i5] = v11;
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
    for (int64_t i7 = 0; i7 < n5; ++i7) {
      float a2[32];
      for (int64_t i = 0; i < 32; ++i) a2[i] = -0x0p+0f;
      const int64_t v19 = i7;
      const int64_t v20 = n6;
      const uint8_t v21 = v19 < v20;
      const int64_t v22 = v21 ? 64 : n7;
      for (int64_t i8 = 0; i8 < (v22); ++i8) {
        for (int64_t i9 = 0; i9 < 32; ++i9) {
          const int64_t i6 = i7 * 2048 + i8 * 32 + i9;
          const float v23 = b1[i0 * n2 + i6];
          const float v24 = r0 * (-0x1p+0f);
          const float v25 = v23 + v24;
          const float v26 = caten_exp2(v25);
          const float v27 = a2[i9] + v26;
          a2[i9] = v27;
          b0[i0 * n2 + i6] = v26;
        }
      }
      for (int64_t i10 = 0; i10 < 32; ++i10) {
        const float v28 = a1[i10] + a2[i10];
        a1[i10] = v28;
      }
    }
    for (int64_t i11 = 0; i11 < n8; ++i11) {
      const int64_t i6 = i11 + n9;
      const float v23 = b1[i0 * n2 + i6];
      const float v24 = r0 * (-0x1p+0f);
      const float v25 = v23 + v24;
      const float v26 = caten_exp2(v25);
      const float v29 = a1[i11] + v26;
      a1[i11] = v29;
      b0[i0 * n2 + i6] = v26;
    }
    for (int64_t i12 = 0; i12 < 8; ++i12) {
      const float v30 = a1[i12 + 16] + a1[i12 + 24];
      const float v31 = a1[i12] + a1[i12 + 8];
      const float v32 = v31 + v30;
      a1[i12] = v32;
    }
    for (int64_t i13 = 0; i13 < 2; ++i13) {
      const float v33 = a1[i13 + 4] + a1[i13 + 6];
      const float v34 = a1[i13] + a1[i13 + 2];
      const float v35 = v34 + v33;
      a1[i13] = v35;
    }
    const float v36 = a1[0] + a1[1];
    a1[0] = v36;
    const int64_t v37 = n2;
    const uint8_t v38 = v37 == (int64_t)0ll;
    const float v39 = v38 ? 0x0p+0f : a1[0];
    const float r2 = v39;
    for (int64_t i14 = 0; i14 < n2; ++i14) {
      const float v40 = b0[i0 * n2 + i14];
      const float v41 = v40 / r2;
      b0[i0 * n2 + i14] = v41;
    }
  }
}
