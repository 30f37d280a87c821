#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
float exp2f(float); double exp2(double);
#define caten_exp2(x) _Generic((x), float: exp2f, double: exp2)(x)
#define caten_max(x, y) ((x) != (x) ? (x) : (y) != (y) ? (y) : (x) < (y) ? (y) : (y) < (x) ? (x) : (x) == 0 ? (x) + (y) : (x))
static inline float max_f32(float x, float y) { typedef float T; return caten_max(x, y); }
static inline float mul_f32(float x, float y) { typedef float T; return x * y; }
static inline float add_f32(float x, float y) { typedef float T; return x + y; }
static inline float exp2_f32(float x) { typedef float T; return caten_exp2(x); }
static inline uint8_t eq_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return x == y; }
static inline float div_f32(float x, float y) { typedef float T; return x / y; }

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
        const float v3 = max_f32(a0[i3], v0);
        a0[i3] = v3;
      }
    }
    for (int64_t i4 = 0; i4 < n3; ++i4) {
      const int64_t i1 = i4 + n4;
      const float v0 = b1[i0 * n2 + i1];
      const float v5 = max_f32(a0[i4], v0);
      a0[i4] = v5;
    }
    for (int64_t i5 = 0; i5 < 16; ++i5) {
      const float v8 = max_f32(a0[i5], a0[i5 + 16]);
      a0[i5] = v8;
    }
    for (int64_t i6 = 0; i6 < 8; ++i6) {
      const float v11 = max_f32(a0[i6], a0[i6 + 8]);
      a0[i6] = v11;
    }
    for (int64_t i7 = 0; i7 < 4; ++i7) {
      const float v14 = max_f32(a0[i7], a0[i7 + 4]);
      a0[i7] = v14;
    }
    for (int64_t i8 = 0; i8 < 2; ++i8) {
      const float v17 = max_f32(a0[i8], a0[i8 + 2]);
      a0[i8] = v17;
    }
    const float v20 = max_f32(a0[0], a0[1]);
    a0[0] = v20;
    const float r0 = a0[0];
    float a1[32];
    for (int64_t i = 0; i < 32; ++i) a1[i] = -0x0p+0f;
    for (int64_t i10 = 0; i10 < n5; ++i10) {
      float a2[32];
      for (int64_t i = 0; i < 32; ++i) a2[i] = -0x0p+0f;
      for (int64_t i11 = 0; i11 < 64; ++i11) {
        for (int64_t i12 = 0; i12 < 32; ++i12) {
          const int64_t i9 = i10 * 2048 + i11 * 32 + i12;
          const float v22 = b1[i0 * n2 + i9];
          const float v24 = mul_f32(r0, -0x1p+0f);
          const float v25 = add_f32(v22, v24);
          const float v26 = exp2_f32(v25);
          const float v29 = add_f32(a2[i12], v26);
          a2[i12] = v29;
          b0[i0 * n2 + i9] = v26;
        }
      }
      for (int64_t i13 = 0; i13 < 32; ++i13) {
        const float v32 = add_f32(a1[i13], a2[i13]);
        a1[i13] = v32;
      }
    }
    for (int64_t i14 = 0; i14 < n6; ++i14) {
      for (int64_t i15 = 0; i15 < 32; ++i15) {
        const int64_t i9 = i14 * 32 + i15 + n7;
        const float v22 = b1[i0 * n2 + i9];
        const float v24 = mul_f32(r0, -0x1p+0f);
        const float v25 = add_f32(v22, v24);
        const float v26 = exp2_f32(v25);
        const float v34 = add_f32(a1[i15], v26);
        a1[i15] = v34;
        b0[i0 * n2 + i9] = v26;
      }
    }
    for (int64_t i16 = 0; i16 < n3; ++i16) {
      const int64_t i9 = i16 + n4;
      const float v22 = b1[i0 * n2 + i9];
      const float v24 = mul_f32(r0, -0x1p+0f);
      const float v25 = add_f32(v22, v24);
      const float v26 = exp2_f32(v25);
      const float v36 = add_f32(a1[i16], v26);
      a1[i16] = v36;
      b0[i0 * n2 + i9] = v26;
    }
    for (int64_t i17 = 0; i17 < 16; ++i17) {
      const float v39 = add_f32(a1[i17], a1[i17 + 16]);
      a1[i17] = v39;
    }
    for (int64_t i18 = 0; i18 < 8; ++i18) {
      const float v42 = add_f32(a1[i18], a1[i18 + 8]);
      a1[i18] = v42;
    }
    for (int64_t i19 = 0; i19 < 4; ++i19) {
      const float v45 = add_f32(a1[i19], a1[i19 + 4]);
      a1[i19] = v45;
    }
    for (int64_t i20 = 0; i20 < 2; ++i20) {
      const float v48 = add_f32(a1[i20], a1[i20 + 2]);
      a1[i20] = v48;
    }
    const float v51 = add_f32(a1[0], a1[1]);
    a1[0] = v51;
    const int64_t v53 = n2;
    const uint8_t v55 = eq_i64(v53, (int64_t)0ll);
    const float v56 = v55 ? 0x0p+0f : a1[0];
    const float r2 = v56;
    for (int64_t i21 = 0; i21 < n2; ++i21) {
      const float v58 = b0[i0 * n2 + i21];
      const float v59 = div_f32(v58, r2);
      b0[i0 * n2 + i21] = v59;
    }
  }
}
