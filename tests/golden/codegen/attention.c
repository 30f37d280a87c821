#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
float exp2f(float); double exp2(double);
#define caten_exp2(x) _Generic((x), float: exp2f, double: exp2)(x)
#define caten_max(x, y) ((x) != (x) ? (x) : (y) != (y) ? (y) : (x) < (y) ? (y) : (y) < (x) ? (x) : (x) == 0 ? (x) + (y) : (x))
static inline float mul_f32(float x, float y) { typedef float T; return x * y; }
static inline float add_f32(float x, float y) { typedef float T; return x + y; }
static inline uint8_t lt_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return x < y; }
static inline float max_f32(float x, float y) { typedef float T; return caten_max(x, y); }
static inline float exp2_f32(float x) { typedef float T; return caten_exp2(x); }
static inline uint8_t eq_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return x == y; }
static inline uint8_t eq_f32(float x, float y) { typedef float T; return x == y; }
static inline float div_f32(float x, float y) { typedef float T; return x / y; }

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
        const float v2 = mul_f32(v0, v1);
        const float v5 = add_f32(a0, v2);
        a0 = v5;
      }
      const float r0 = a0;
      const int64_t v7 = i1;
      const int64_t v8 = i2;
      const uint8_t v9 = lt_i64(v7, v8);
      const float v11 = v9 ? (-1.0f / 0.0f) : r0;
      b0[i0 * n8 + i1 * n5 + i2 + n9] = v11;
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
        const float v3 = max_f32(a0[i6], v0);
        a0[i6] = v3;
      }
    }
    for (int64_t i7 = 0; i7 < n9; ++i7) {
      const int64_t i4 = i7 + n10;
      const float v0 = b1[i0 * n6 + i1 * n7 + i4 + n8];
      const float v5 = max_f32(a0[i7], v0);
      a0[i7] = v5;
    }
    for (int64_t i8 = 0; i8 < 4; ++i8) {
      const float v8 = max_f32(a0[i8 + 24], a0[i8 + 28]);
      const float v11 = max_f32(a0[i8 + 16], a0[i8 + 20]);
      const float v12 = max_f32(v11, v8);
      const float v15 = max_f32(a0[i8 + 8], a0[i8 + 12]);
      const float v18 = max_f32(a0[i8], a0[i8 + 4]);
      const float v19 = max_f32(v18, v15);
      const float v20 = max_f32(v19, v12);
      a0[i8] = v20;
    }
    const float v23 = max_f32(a0[2], a0[3]);
    const float v26 = max_f32(a0[0], a0[1]);
    const float v27 = max_f32(v26, v23);
    a0[0] = v27;
    const float r0 = a0[0];
    float a1[32];
    for (int64_t i = 0; i < 32; ++i) a1[i] = -0x0p+0f;
    for (int64_t i10 = 0; i10 < n11; ++i10) {
      float a2[32];
      for (int64_t i = 0; i < 32; ++i) a2[i] = -0x0p+0f;
      const int64_t v35 = i10;
      const int64_t v36 = n12;
      const uint8_t v37 = lt_i64(v35, v36);
      const int64_t v38 = v37 ? 64 : n13;
      for (int64_t i11 = 0; i11 < (v38); ++i11) {
        for (int64_t i12 = 0; i12 < 32; ++i12) {
          const int64_t i9 = i10 * 2048 + i11 * 32 + i12;
          const float v29 = b1[i0 * n6 + i1 * n7 + i9 + n8];
          const float v31 = mul_f32(r0, -0x1p+0f);
          const float v32 = add_f32(v29, v31);
          const float v33 = exp2_f32(v32);
          const float v40 = add_f32(a2[i12], v33);
          a2[i12] = v40;
          b0[i0 * n6 + i1 * n7 + i9 + n8] = v33;
        }
      }
      for (int64_t i13 = 0; i13 < 32; ++i13) {
        const float v43 = add_f32(a1[i13], a2[i13]);
        a1[i13] = v43;
      }
    }
    for (int64_t i14 = 0; i14 < n9; ++i14) {
      const int64_t i9 = i14 + n10;
      const float v29 = b1[i0 * n6 + i1 * n7 + i9 + n8];
      const float v31 = mul_f32(r0, -0x1p+0f);
      const float v32 = add_f32(v29, v31);
      const float v33 = exp2_f32(v32);
      const float v45 = add_f32(a1[i14], v33);
      a1[i14] = v45;
      b0[i0 * n6 + i1 * n7 + i9 + n8] = v33;
    }
    for (int64_t i15 = 0; i15 < 4; ++i15) {
      const float v48 = add_f32(a1[i15 + 24], a1[i15 + 28]);
      const float v51 = add_f32(a1[i15 + 16], a1[i15 + 20]);
      const float v52 = add_f32(v51, v48);
      const float v55 = add_f32(a1[i15 + 8], a1[i15 + 12]);
      const float v58 = add_f32(a1[i15], a1[i15 + 4]);
      const float v59 = add_f32(v58, v55);
      const float v60 = add_f32(v59, v52);
      a1[i15] = v60;
    }
    const float v63 = add_f32(a1[2], a1[3]);
    const float v66 = add_f32(a1[0], a1[1]);
    const float v67 = add_f32(v66, v63);
    a1[0] = v67;
    const int64_t v69 = n7;
    const uint8_t v71 = eq_i64(v69, (int64_t)0ll);
    const float v72 = v71 ? 0x0p+0f : a1[0];
    const float r2 = v72;
    for (int64_t i16 = 0; i16 < n7; ++i16) {
      const uint8_t v74 = eq_f32(r2, 0x0p+0f);
      const float v75 = b0[i0 * n6 + i1 * n7 + i16 + n8];
      const float v76 = div_f32(v75, r2);
      const float v77 = v74 ? 0x0p+0f : v76;
      b0[i0 * n6 + i1 * n7 + i16 + n8] = v77;
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
    const int64_t v3 = i4;
    const int64_t v4 = n4;
    const uint8_t v5 = lt_i64(v3, v4);
    const int64_t v6 = v5 ? 4 : n5;
    float a0[128];
    for (int64_t i = 0; i < 128; ++i) a0[i] = -0x0p+0f;
    for (int64_t i3 = 0; i3 < n6; ++i3) {
      for (int64_t i7 = 0; i7 < (v6); ++i7) {
        const int64_t i1 = i4 * 4 + i7 + n7;
        const float v0 = b1[i0 * n8 + i1 * n6 + i3 + n9];
        for (int64_t i8 = 0; i8 < 8; ++i8) {
          const int64_t i2 = i8;
          const float v1 = b2[i0 * n10 + i2 + i3 * 8];
          const float v2 = mul_f32(v0, v1);
          const float v9 = add_f32(a0[i7 * 32 + i8], v2);
          a0[i7 * 32 + i8] = v9;
        }
      }
    }
    for (int64_t i9 = 0; i9 < (v6); ++i9) {
      const int64_t i1 = i4 * 4 + i9 + n7;
      for (int64_t i10 = 0; i10 < 8; ++i10) {
        const int64_t i2 = i10;
        const int64_t v12 = n6;
        const uint8_t v14 = eq_i64(v12, (int64_t)0ll);
        const float v15 = v14 ? 0x0p+0f : a0[i10 + i9 * 32];
        const float r0 = v15;
        b0[i0 * n11 + i1 * 8 + i2] = r0;
      }
    }
  }
}
