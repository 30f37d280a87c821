#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
float exp2f(float); double exp2(double);
#define caten_exp2(x) _Generic((x), float: exp2f, double: exp2)(x)
#define caten_max(x, y) ((x) != (x) ? (x) : (y) != (y) ? (y) : (x) < (y) ? (y) : (y) < (x) ? (x) : (x) == 0 ? (x) + (y) : (x))
static inline float max_f32(float x, float y) { typedef float T; return caten_max(x, y); }
static inline uint8_t lt_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return x < y; }
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
    for (int64_t i5 = 0; i5 < 4; ++i5) {
      const float v8 = max_f32(a0[i5 + 24], a0[i5 + 28]);
      const float v11 = max_f32(a0[i5 + 16], a0[i5 + 20]);
      const float v12 = max_f32(v11, v8);
      const float v15 = max_f32(a0[i5 + 8], a0[i5 + 12]);
      const float v18 = max_f32(a0[i5], a0[i5 + 4]);
      const float v19 = max_f32(v18, v15);
      const float v20 = max_f32(v19, v12);
      a0[i5] = v20;
    }
    const float v23 = max_f32(a0[2], a0[3]);
    const float v26 = max_f32(a0[0], a0[1]);
    const float v27 = max_f32(v26, v23);
    a0[0] = v27;
    const float r0 = a0[0];
    float a1[32];
    for (int64_t i = 0; i < 32; ++i) a1[i] = -0x0p+0f;
    for (int64_t i7 = 0; i7 < n5; ++i7) {
      float a2[32];
      for (int64_t i = 0; i < 32; ++i) a2[i] = -0x0p+0f;
      const int64_t v35 = i7;
      const int64_t v36 = n6;
      const uint8_t v37 = lt_i64(v35, v36);
      const int64_t v38 = v37 ? 64 : n7;
      for (int64_t i8 = 0; i8 < (v38); ++i8) {
        for (int64_t i9 = 0; i9 < 32; ++i9) {
          const int64_t i6 = i7 * 2048 + i8 * 32 + i9;
          const float v29 = b1[i0 * n2 + i6];
          const float v31 = mul_f32(r0, -0x1p+0f);
          const float v32 = add_f32(v29, v31);
          const float v33 = exp2_f32(v32);
          const float v40 = add_f32(a2[i9], v33);
          a2[i9] = v40;
          b0[i0 * n2 + i6] = v33;
        }
      }
      for (int64_t i10 = 0; i10 < 32; ++i10) {
        const float v43 = add_f32(a1[i10], a2[i10]);
        a1[i10] = v43;
      }
    }
    for (int64_t i11 = 0; i11 < n3; ++i11) {
      const int64_t i6 = i11 + n4;
      const float v29 = b1[i0 * n2 + i6];
      const float v31 = mul_f32(r0, -0x1p+0f);
      const float v32 = add_f32(v29, v31);
      const float v33 = exp2_f32(v32);
      const float v45 = add_f32(a1[i11], v33);
      a1[i11] = v45;
      b0[i0 * n2 + i6] = v33;
    }
    for (int64_t i12 = 0; i12 < 4; ++i12) {
      const float v48 = add_f32(a1[i12 + 24], a1[i12 + 28]);
      const float v51 = add_f32(a1[i12 + 16], a1[i12 + 20]);
      const float v52 = add_f32(v51, v48);
      const float v55 = add_f32(a1[i12 + 8], a1[i12 + 12]);
      const float v58 = add_f32(a1[i12], a1[i12 + 4]);
      const float v59 = add_f32(v58, v55);
      const float v60 = add_f32(v59, v52);
      a1[i12] = v60;
    }
    const float v63 = add_f32(a1[2], a1[3]);
    const float v66 = add_f32(a1[0], a1[1]);
    const float v67 = add_f32(v66, v63);
    a1[0] = v67;
    const int64_t v69 = n2;
    const uint8_t v71 = eq_i64(v69, (int64_t)0ll);
    const float v72 = v71 ? 0x0p+0f : a1[0];
    const float r2 = v72;
    for (int64_t i13 = 0; i13 < n2; ++i13) {
      const float v74 = b0[i0 * n2 + i13];
      const float v75 = div_f32(v74, r2);
      b0[i0 * n2 + i13] = v75;
    }
  }
}
