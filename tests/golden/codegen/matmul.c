#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
#define caten_max(x, y) ((x) != (x) ? (x) : (y) != (y) ? (y) : (x) < (y) ? (y) : (y) < (x) ? (x) : (x) == 0 ? (x) + (y) : (x))
static inline float caten_float(uint32_t bits) { union { uint32_t bits; float x; } both = {bits}; return both.x; }
static inline float caten_decode(uint32_t bits, int exponent, int mantissa, int has_infinity) {
  uint32_t fraction = bits & ((1u << mantissa) - 1), power = bits >> mantissa & ((1u << exponent) - 1);
  uint32_t ones = (1u << exponent) - 1, sign = (bits >> (exponent + mantissa) & 1u) << 31;
  int bias = (1 << (exponent - 1)) - 1;
  if (power == ones && (has_infinity || fraction == (1u << mantissa) - 1))
    return caten_float(sign | 0x7f800000u | (has_infinity ? fraction << (23 - mantissa) : 0x400000u));
  if (power == 0) {
    float unit = caten_float((uint32_t)(128 - bias - mantissa) << 23), value = (float)fraction * unit;
    return sign ? -value : value;
  }
  return caten_float(sign | (power + 127u - (uint32_t)bias) << 23 | fraction << (23 - mantissa));
}
static inline float caten_from_f16(uint16_t x) { return caten_decode(x, 5, 10, 1); }
static inline float cast_f16_to_f32(uint16_t a) { typedef float T; float x = caten_from_f16(a); return (T)x; }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const uint16_t *const b2 = buffers[2];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  const int64_t n4 = sizes[4];
  const int64_t n5 = sizes[5];
  const int64_t n6 = sizes[6];
  const int64_t n7 = sizes[7];
  const int64_t n8 = sizes[8];
  for (int64_t i5 = 0; i5 < n0; ++i5) {
    const int64_t i6 = ((i5) / n1);
    const int64_t i4 = i6 * n2 + i5;
    const int64_t i3 = i6;
    const int64_t v0 = i3;
    const int64_t v1 = n3;
    const uint8_t v2 = v0 < v1;
    if (v2) {
      const int64_t v3 = i4;
      const int64_t v4 = n4;
      const uint8_t v5 = v3 < v4;
      const int64_t v6 = v5 ? 4 : n5;
      const int64_t i7 = i4 * 4;
      const int64_t v7 = v6;
      const uint8_t v8 = (int64_t)1ll < v7;
      const int64_t v9 = v6 + (-1);
      const int64_t v10 = v8 ? (int64_t)1ll : v9;
      const int64_t i8 = i4 * 4 + v10;
      const uint8_t v11 = (int64_t)2ll < v7;
      const int64_t v12 = v11 ? (int64_t)2ll : v9;
      const int64_t i9 = i4 * 4 + v12;
      const uint8_t v13 = (int64_t)3ll < v7;
      const int64_t v14 = v13 ? (int64_t)3ll : v9;
      const int64_t i10 = i4 * 4 + v14;
      float a0[16];
      float a1[16];
      float a2[16];
      float a3[16];
      float a4[16];
      float a5[16];
      float a6[16];
      float a7[16];
      for (int64_t i = 0; i < 16; ++i) { a0[i] = -0x0p+0f; a1[i] = -0x0p+0f; a2[i] = -0x0p+0f; a3[i] = -0x0p+0f; a4[i] = -0x0p+0f; a5[i] = -0x0p+0f; a6[i] = -0x0p+0f; a7[i] = -0x0p+0f; }
      for (int64_t i2 = 0; i2 < n6; ++i2) {
        const float v15 = b1[i7 * n6 + i2];
        const float v16 = caten_max(v15, 0x0p+0f);
        const float v17 = b1[i8 * n6 + i2];
        const float v18 = caten_max(v17, 0x0p+0f);
        const float v19 = b1[i9 * n6 + i2];
        const float v20 = caten_max(v19, 0x0p+0f);
        const float v21 = b1[i10 * n6 + i2];
        const float v22 = caten_max(v21, 0x0p+0f);
        for (int64_t i11 = 0; i11 < 16; ++i11) {
          const int64_t i12 = i11 + i3 * 32;
          const int64_t i13 = i11 + i3 * 32 + 16;
          const uint16_t v23 = b2[i2 * n7 + i12];
          const float v24 = cast_f16_to_f32(v23);
          const uint16_t v25 = b2[i2 * n7 + i13];
          const float v26 = cast_f16_to_f32(v25);
          const float v27 = (v16 * v24) + a0[i11];
          const float v28 = (v16 * v26) + a1[i11];
          const float v29 = (v18 * v24) + a2[i11];
          const float v30 = (v18 * v26) + a3[i11];
          const float v31 = (v20 * v24) + a4[i11];
          const float v32 = (v20 * v26) + a5[i11];
          const float v33 = (v22 * v24) + a6[i11];
          const float v34 = (v22 * v26) + a7[i11];
          a0[i11] = v27;
          a1[i11] = v28;
          a2[i11] = v29;
          a3[i11] = v30;
          a4[i11] = v31;
          a5[i11] = v32;
          a6[i11] = v33;
          a7[i11] = v34;
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
      for (int64_t i15 = 0; i15 < (v6); ++i15) {
        const int64_t i0 = i15 + i4 * 4;
        for (int64_t i16 = 0; i16 < 32; ++i16) {
          const int64_t i1 = i16 + i3 * 32;
          const int64_t v35 = n6;
          const uint8_t v36 = v35 == (int64_t)0ll;
          const float v37 = v36 ? 0x0p+0f : a8[i15 * 32 + i16];
          const float r0 = v37;
          b0[i0 * n7 + i1] = r0;
        }
      }
    } else {
      const int64_t v3 = i4;
      const int64_t v4 = n4;
      const uint8_t v5 = v3 < v4;
      const int64_t v6 = v5 ? 4 : n5;
      float a9[128];
      for (int64_t i = 0; i < 128; ++i) a9[i] = -0x0p+0f;
      for (int64_t i2 = 0; i2 < n6; ++i2) {
        for (int64_t i17 = 0; i17 < (v6); ++i17) {
          const int64_t i0 = i17 + i4 * 4;
          if (0 < n8) {
            const float v38 = b1[i0 * n6 + i2];
            const float v39 = caten_max(v38, 0x0p+0f);
            for (int64_t i18 = 0; i18 < n8; ++i18) {
              const int64_t i1 = i18 + i3 * 32;
              const uint16_t v40 = b2[i2 * n7 + i1];
              const float v41 = cast_f16_to_f32(v40);
              const float v42 = (v39 * v41) + a9[i17 * 32 + i18];
              a9[i17 * 32 + i18] = v42;
            }
          }
        }
      }
      for (int64_t i19 = 0; i19 < (v6); ++i19) {
        const int64_t i0 = i19 + i4 * 4;
        for (int64_t i20 = 0; i20 < n8; ++i20) {
          const int64_t i1 = i20 + i3 * 32;
          const int64_t v35 = n6;
          const uint8_t v36 = v35 == (int64_t)0ll;
          const float v43 = v36 ? 0x0p+0f : a9[i19 * 32 + i20];
          const float r0 = v43;
          b0[i0 * n7 + i1] = r0;
        }
      }
    }
  }
}
