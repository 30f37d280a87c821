#include <stdint.h>
static inline uint64_t caten_bits(double x) { union { double x; uint64_t bits; } both = {x}; return both.bits; }
static inline uint32_t caten_encode(double x, int exponent, int mantissa, int has_infinity, int saturates) {
  uint64_t bits = caten_bits(x), magnitude = bits & 0x7fffffffffffffffull;
  uint32_t sign = (uint32_t)(bits >> 63) << (exponent + mantissa);
  uint32_t infinity = ((1u << exponent) - 1) << mantissa;
  uint32_t nan = has_infinity ? infinity | 1u << (mantissa - 1) : infinity | ((1u << mantissa) - 1);
  uint32_t largest = has_infinity ? infinity - 1 : nan - 1;
  uint32_t beyond = sign | (saturates ? largest : infinity);
  if (magnitude > 0x7ff0000000000000ull) return nan;
  if (magnitude == 0x7ff0000000000000ull) return beyond;
  if (magnitude == 0) return sign;
  int bias = (1 << (exponent - 1)) - 1;
  int power = (int)(magnitude >> 52) - 1023, least = 1 - bias;
  if (power < least - mantissa - 1) return sign;
  int shift = 52 - mantissa + (power < least ? least - power : 0);
  uint64_t digits = (magnitude & 0xfffffffffffffull) | 1ull << 52;
  uint64_t units = digits >> shift, rest = digits & ((1ull << shift) - 1), half = 1ull << (shift - 1);
  units += rest > half || (rest == half && (units & 1));
  uint64_t result = units + ((uint64_t)((power < least ? least : power) + bias - 1) << mantissa);
  return result > largest ? beyond : sign | (uint32_t)result;
}
static inline uint16_t caten_to_bf16(double x) { return (uint16_t)caten_encode(x, 8, 7, 1, 0); }
static inline float caten_from_bf16(uint16_t x) { union { uint32_t bits; float x; } both = {(uint32_t)x << 16}; return both.x; }
static inline uint8_t eq_i64(int64_t x, int64_t y) { typedef int64_t T; typedef uint64_t U; return x == y; }
static inline uint16_t mul_bf16(uint16_t a, uint16_t b) { typedef float T; float x = caten_from_bf16(a); float y = caten_from_bf16(b); return caten_to_bf16(x * y); }
static inline float cast_bf16_to_f32(uint16_t a) { typedef float T; typedef float S; float x = caten_from_bf16(a); return (T)x; }
static inline float add_f32(float x, float y) { typedef float T; return x + y; }
static inline uint16_t cast_f32_to_bf16(float x) { typedef float T; typedef float S; return caten_to_bf16(x); }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const uint16_t *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t v2 = n0;
  const uint8_t v4 = eq_i64(v2, (int64_t)0ll);
  const float v5 = v4 ? 0x0p+0f : -0x0p+0f;
  float a0 = v5;
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    const uint16_t v6 = b1[i0];
    const uint16_t v7 = mul_bf16(v6, v6);
    const float v8 = cast_bf16_to_f32(v7);
    const float v10 = add_f32(a0, v8);
    a0 = v10;
  }
  b0[0] = a0;
}

__attribute__((visibility("default"))) void kernel_1(void *const *buffers, const int64_t *sizes) {
  uint16_t *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const float v0 = b1[0];
  const uint16_t v1 = cast_f32_to_bf16(v0);
  b0[0] = v1;
}
