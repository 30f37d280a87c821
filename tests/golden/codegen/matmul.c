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
static inline uint8_t eq_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return x == y; }
static inline float max_f32(float x, float y) { typedef float T; return caten_max(x, y); }
static inline float cast_f16_to_f32(uint16_t a) { typedef float T; typedef float S; float x = caten_from_f16(a); return (T)x; }
static inline float mul_f32(float x, float y) { typedef float T; return x * y; }
static inline float add_f32(float x, float y) { typedef float T; return x + y; }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const uint16_t *const b2 = buffers[2];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    for (int64_t i1 = 0; i1 < n1; ++i1) {
      const int64_t v2 = n2;
      const uint8_t v4 = eq_i64(v2, (int64_t)0ll);
      const float v5 = v4 ? 0x0p+0f : -0x0p+0f;
      float a0 = v5;
      for (int64_t i2 = 0; i2 < n2; ++i2) {
        const float v6 = b1[i0 * n2 + i2];
        const float v7 = max_f32(v6, 0x0p+0f);
        const uint16_t v8 = b2[i2 * n1 + i1];
        const float v9 = cast_f16_to_f32(v8);
        const float v10 = mul_f32(v7, v9);
        const float v12 = add_f32(a0, v10);
        a0 = v12;
      }
      b0[i0 * n1 + i1] = a0;
    }
  }
}
