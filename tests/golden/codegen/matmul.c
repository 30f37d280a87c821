#include <stdint.h>
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
static inline uint8_t lt_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return x < y; }
static inline float max_f32(float x, float y) { typedef float T; return caten_max(x, y); }
static inline float cast_f16_to_f32(uint16_t a) { typedef float T; typedef float S; float x = caten_from_f16(a); return (T)x; }
static inline float mul_f32(float x, float y) { typedef float T; return x * y; }
static inline float add_f32(float x, float y) { typedef float T; return x + y; }
static inline uint8_t eq_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return x == y; }

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
    const int64_t v6 = i3;
    const int64_t v7 = n3;
    const uint8_t v8 = lt_i64(v6, v7);
    if (v8) {
      const int64_t v9 = i4;
      const int64_t v10 = n4;
      const uint8_t v11 = lt_i64(v9, v10);
      if (v11) {
        float a0[128];
        for (int64_t i = 0; i < 128; ++i) a0[i] = -0x0p+0f;
        for (int64_t i2 = 0; i2 < n5; ++i2) {
          for (int64_t i7 = 0; i7 < 4; ++i7) {
            const int64_t i0 = i4 * 4 + i7;
            const float v0 = b1[i0 * n5 + i2];
            const float v2 = max_f32(v0, 0x0p+0f);
            for (int64_t i8 = 0; i8 < 32; ++i8) {
              const int64_t i1 = i3 * 32 + i8;
              const uint16_t v3 = b2[i2 * n6 + i1];
              const float v4 = cast_f16_to_f32(v3);
              const float v5 = mul_f32(v2, v4);
              const float v14 = add_f32(a0[i7 * 32 + i8], v5);
              a0[i7 * 32 + i8] = v14;
            }
          }
        }
        for (int64_t i9 = 0; i9 < 4; ++i9) {
          const int64_t i0 = i4 * 4 + i9;
          for (int64_t i10 = 0; i10 < 32; ++i10) {
            const int64_t i1 = i10 + i3 * 32;
            const int64_t v16 = n5;
            const uint8_t v18 = eq_i64(v16, (int64_t)0ll);
            const float v19 = v18 ? 0x0p+0f : a0[i10 + i9 * 32];
            const float r0 = v19;
            b0[i0 * n6 + i1] = r0;
          }
        }
      } else {
        float a1[128];
        for (int64_t i = 0; i < 128; ++i) a1[i] = -0x0p+0f;
        for (int64_t i2 = 0; i2 < n5; ++i2) {
          for (int64_t i11 = 0; i11 < n7; ++i11) {
            const int64_t i0 = i11 + i4 * 4;
            const float v0 = b1[i0 * n5 + i2];
            const float v2 = max_f32(v0, 0x0p+0f);
            for (int64_t i12 = 0; i12 < 32; ++i12) {
              const int64_t i1 = i12 + i3 * 32;
              const uint16_t v3 = b2[i2 * n6 + i1];
              const float v4 = cast_f16_to_f32(v3);
              const float v5 = mul_f32(v2, v4);
              const float v22 = add_f32(a1[i11 * 32 + i12], v5);
              a1[i11 * 32 + i12] = v22;
            }
          }
        }
        for (int64_t i13 = 0; i13 < n7; ++i13) {
          const int64_t i0 = i13 + i4 * 4;
          for (int64_t i14 = 0; i14 < 32; ++i14) {
            const int64_t i1 = i14 + i3 * 32;
            const int64_t v16 = n5;
            const uint8_t v18 = eq_i64(v16, (int64_t)0ll);
            const float v24 = v18 ? 0x0p+0f : a1[i13 * 32 + i14];
            const float r0 = v24;
            b0[i0 * n6 + i1] = r0;
          }
        }
      }
    } else {
      const int64_t v9 = i4;
      const int64_t v10 = n4;
      const uint8_t v11 = lt_i64(v9, v10);
      if (v11) {
        float a2[128];
        for (int64_t i = 0; i < 128; ++i) a2[i] = -0x0p+0f;
        for (int64_t i2 = 0; i2 < n5; ++i2) {
          for (int64_t i15 = 0; i15 < 4; ++i15) {
            const int64_t i0 = i15 + i4 * 4;
            if (0 < n8) {
              const float v0 = b1[i0 * n5 + i2];
              const float v2 = max_f32(v0, 0x0p+0f);
              for (int64_t i16 = 0; i16 < n8; ++i16) {
                const int64_t i1 = i16 + i3 * 32;
                const uint16_t v3 = b2[i2 * n6 + i1];
                const float v4 = cast_f16_to_f32(v3);
                const float v5 = mul_f32(v2, v4);
                const float v26 = add_f32(a2[i15 * 32 + i16], v5);
                a2[i15 * 32 + i16] = v26;
              }
            }
          }
        }
        for (int64_t i17 = 0; i17 < 4; ++i17) {
          const int64_t i0 = i17 + i4 * 4;
          for (int64_t i18 = 0; i18 < n8; ++i18) {
            const int64_t i1 = i18 + i3 * 32;
            const int64_t v16 = n5;
            const uint8_t v18 = eq_i64(v16, (int64_t)0ll);
            const float v28 = v18 ? 0x0p+0f : a2[i17 * 32 + i18];
            const float r0 = v28;
            b0[i0 * n6 + i1] = r0;
          }
        }
      } else {
        float a3[128];
        for (int64_t i = 0; i < 128; ++i) a3[i] = -0x0p+0f;
        for (int64_t i2 = 0; i2 < n5; ++i2) {
          for (int64_t i19 = 0; i19 < n7; ++i19) {
            const int64_t i0 = i19 + i4 * 4;
            if (0 < n8) {
              const float v0 = b1[i0 * n5 + i2];
              const float v2 = max_f32(v0, 0x0p+0f);
              for (int64_t i20 = 0; i20 < n8; ++i20) {
                const int64_t i1 = i20 + i3 * 32;
                const uint16_t v3 = b2[i2 * n6 + i1];
                const float v4 = cast_f16_to_f32(v3);
                const float v5 = mul_f32(v2, v4);
                const float v30 = add_f32(a3[i19 * 32 + i20], v5);
                a3[i19 * 32 + i20] = v30;
              }
            }
          }
        }
        for (int64_t i21 = 0; i21 < n7; ++i21) {
          const int64_t i0 = i21 + i4 * 4;
          for (int64_t i22 = 0; i22 < n8; ++i22) {
            const int64_t i1 = i22 + i3 * 32;
            const int64_t v16 = n5;
            const uint8_t v18 = eq_i64(v16, (int64_t)0ll);
            const float v32 = v18 ? 0x0p+0f : a3[i21 * 32 + i22];
            const float r0 = v32;
            b0[i0 * n6 + i1] = r0;
          }
        }
      }
    }
  }
}
