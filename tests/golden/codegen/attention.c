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
    for (int64_t i8 = 0; i8 < 16; ++i8) {
      const float v8 = max_f32(a0[i8], a0[i8 + 16]);
      a0[i8] = v8;
    }
    for (int64_t i9 = 0; i9 < 8; ++i9) {
      const float v11 = max_f32(a0[i9], a0[i9 + 8]);
      a0[i9] = v11;
    }
    for (int64_t i10 = 0; i10 < 4; ++i10) {
      const float v14 = max_f32(a0[i10], a0[i10 + 4]);
      a0[i10] = v14;
    }
    for (int64_t i11 = 0; i11 < 2; ++i11) {
      const float v17 = max_f32(a0[i11], a0[i11 + 2]);
      a0[i11] = v17;
    }
    const float v20 = max_f32(a0[0], a0[1]);
    a0[0] = v20;
    const float r0 = a0[0];
    float a1[32];
    for (int64_t i = 0; i < 32; ++i) a1[i] = -0x0p+0f;
    for (int64_t i13 = 0; i13 < n11; ++i13) {
      float a2[32];
      for (int64_t i = 0; i < 32; ++i) a2[i] = -0x0p+0f;
      for (int64_t i14 = 0; i14 < 64; ++i14) {
        for (int64_t i15 = 0; i15 < 32; ++i15) {
          const int64_t i12 = i13 * 2048 + i14 * 32 + i15;
          const float v22 = b1[i0 * n6 + i1 * n7 + i12 + n8];
          const float v24 = mul_f32(r0, -0x1p+0f);
          const float v25 = add_f32(v22, v24);
          const float v26 = exp2_f32(v25);
          const float v29 = add_f32(a2[i15], v26);
          a2[i15] = v29;
          b0[i0 * n6 + i1 * n7 + i12 + n8] = v26;
        }
      }
      for (int64_t i16 = 0; i16 < 32; ++i16) {
        const float v32 = add_f32(a1[i16], a2[i16]);
        a1[i16] = v32;
      }
    }
    for (int64_t i17 = 0; i17 < n12; ++i17) {
      for (int64_t i18 = 0; i18 < 32; ++i18) {
        const int64_t i12 = i17 * 32 + i18 + n13;
        const float v22 = b1[i0 * n6 + i1 * n7 + i12 + n8];
        const float v24 = mul_f32(r0, -0x1p+0f);
        const float v25 = add_f32(v22, v24);
        const float v26 = exp2_f32(v25);
        const float v34 = add_f32(a1[i18], v26);
        a1[i18] = v34;
        b0[i0 * n6 + i1 * n7 + i12 + n8] = v26;
      }
    }
    for (int64_t i19 = 0; i19 < n9; ++i19) {
      const int64_t i12 = i19 + n10;
      const float v22 = b1[i0 * n6 + i1 * n7 + i12 + n8];
      const float v24 = mul_f32(r0, -0x1p+0f);
      const float v25 = add_f32(v22, v24);
      const float v26 = exp2_f32(v25);
      const float v36 = add_f32(a1[i19], v26);
      a1[i19] = v36;
      b0[i0 * n6 + i1 * n7 + i12 + n8] = v26;
    }
    for (int64_t i20 = 0; i20 < 16; ++i20) {
      const float v39 = add_f32(a1[i20], a1[i20 + 16]);
      a1[i20] = v39;
    }
    for (int64_t i21 = 0; i21 < 8; ++i21) {
      const float v42 = add_f32(a1[i21], a1[i21 + 8]);
      a1[i21] = v42;
    }
    for (int64_t i22 = 0; i22 < 4; ++i22) {
      const float v45 = add_f32(a1[i22], a1[i22 + 4]);
      a1[i22] = v45;
    }
    for (int64_t i23 = 0; i23 < 2; ++i23) {
      const float v48 = add_f32(a1[i23], a1[i23 + 2]);
      a1[i23] = v48;
    }
    const float v51 = add_f32(a1[0], a1[1]);
    a1[0] = v51;
    const int64_t v53 = n7;
    const uint8_t v55 = eq_i64(v53, (int64_t)0ll);
    const float v56 = v55 ? 0x0p+0f : a1[0];
    const float r2 = v56;
    for (int64_t i24 = 0; i24 < n7; ++i24) {
      const uint8_t v58 = eq_f32(r2, 0x0p+0f);
      float v61;
      if (v58) {
        v61 = 0x0p+0f;
      } else {
        const float v59 = b0[i0 * n6 + i1 * n7 + i24 + n8];
        const float v60 = div_f32(v59, r2);
        v61 = v60;
      }
      b0[i0 * n6 + i1 * n7 + i24 + n8] = v61;
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
    if (v5) {
      float a0[128];
      for (int64_t i = 0; i < 128; ++i) a0[i] = -0x0p+0f;
      for (int64_t i3 = 0; i3 < n5; ++i3) {
        for (int64_t i7 = 0; i7 < 4; ++i7) {
          const int64_t i1 = i4 * 4 + i7 + n6;
          const float v0 = b1[i0 * n7 + i1 * n5 + i3 + n8];
          for (int64_t i8 = 0; i8 < 8; ++i8) {
            const int64_t i2 = i8;
            const float v1 = b2[i0 * n9 + i2 + i3 * 8];
            const float v2 = mul_f32(v0, v1);
            const float v8 = add_f32(a0[i7 * 32 + i8], v2);
            a0[i7 * 32 + i8] = v8;
          }
        }
      }
      for (int64_t i9 = 0; i9 < 4; ++i9) {
        const int64_t i1 = i4 * 4 + i9 + n6;
        for (int64_t i10 = 0; i10 < 8; ++i10) {
          const int64_t i2 = i10;
          const int64_t v11 = n5;
          const uint8_t v13 = eq_i64(v11, (int64_t)0ll);
          const float v14 = v13 ? 0x0p+0f : a0[i10 + i9 * 32];
          const float r0 = v14;
          b0[i0 * n10 + i1 * 8 + i2] = r0;
        }
      }
    } else {
      float a1[128];
      for (int64_t i = 0; i < 128; ++i) a1[i] = -0x0p+0f;
      for (int64_t i3 = 0; i3 < n5; ++i3) {
        for (int64_t i11 = 0; i11 < n11; ++i11) {
          const int64_t i1 = i11 + i4 * 4 + n6;
          const float v0 = b1[i0 * n7 + i1 * n5 + i3 + n8];
          for (int64_t i12 = 0; i12 < 8; ++i12) {
            const int64_t i2 = i12;
            const float v1 = b2[i0 * n9 + i2 + i3 * 8];
            const float v2 = mul_f32(v0, v1);
            const float v17 = add_f32(a1[i11 * 32 + i12], v2);
            a1[i11 * 32 + i12] = v17;
          }
        }
      }
      for (int64_t i13 = 0; i13 < n11; ++i13) {
        const int64_t i1 = i13 + i4 * 4 + n6;
        for (int64_t i14 = 0; i14 < 8; ++i14) {
          const int64_t i2 = i14;
          const int64_t v11 = n5;
          const uint8_t v13 = eq_i64(v11, (int64_t)0ll);
          const float v19 = v13 ? 0x0p+0f : a1[i13 * 32 + i14];
          const float r0 = v19;
          b0[i0 * n10 + i1 * 8 + i2] = r0;
        }
      }
    }
  }
}
