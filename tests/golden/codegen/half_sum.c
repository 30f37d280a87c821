#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
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
  uint64_t units = digits >> shift, rest = digits & ((1ull << shift) - 1), middle = 1ull << (shift - 1);
  units += rest > middle || (rest == middle && (units & 1));
  uint64_t result = units + ((uint64_t)((power < least ? least : power) + bias - 1) << mantissa);
  return result > largest ? beyond : sign | (uint32_t)result;
}
static inline uint16_t caten_to_bf16(double x) { return (uint16_t)caten_encode(x, 8, 7, 1, 0); }
static inline float caten_from_bf16(uint16_t x) { union { uint32_t bits; float x; } both = {(uint32_t)x << 16}; return both.x; }
static inline uint16_t mul_bf16(uint16_t a, uint16_t b) { float x = caten_from_bf16(a); float y = caten_from_bf16(b); return caten_to_bf16(x * y); }
static inline float cast_bf16_to_f32(uint16_t a) { typedef float T; float x = caten_from_bf16(a); return (T)x; }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  uint16_t *const b0 = buffers[0];
  const uint16_t *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  const int64_t n4 = sizes[4];
  const int64_t n5 = sizes[5];
  float a0[32];
  for (int64_t i = 0; i < 32; ++i) a0[i] = -0x0p+0f;
  for (int64_t i1 = 0; i1 < n0; ++i1) {
    float a1[32];
    for (int64_t i = 0; i < 32; ++i) a1[i] = -0x0p+0f;
    const int64_t v0 = i1;
    const int64_t v1 = n1;
    const uint8_t v2 = v0 < v1;
    const int64_t v3 = v2 ? 64 : n2;
    for (int64_t i2 = 0; i2 < (v3); ++i2) {
      for (int64_t i3 = 0; i3 < 32; ++i3) {
        const int64_t i0 = i1 * 2048 + i2 * 32 + i3;
        const uint16_t v4 = b1[i0];
        const uint16_t v5 = mul_bf16(v4, v4);
        const float v6 = cast_bf16_to_f32(v5);
        const float v7 = a1[i3] + v6;
        a1[i3] = v7;
      }
    }
    for (int64_t i4 = 0; i4 < 32; ++i4) {
      const float v8 = a0[i4] + a1[i4];
      a0[i4] = v8;
    }
  }
  for (int64_t i5 = 0; i5 < n3; ++i5) {
    const int64_t i0 = i5 + n4;
    const uint16_t v4 = b1[i0];
    const uint16_t v5 = mul_bf16(v4, v4);
    const float v6 = cast_bf16_to_f32(v5);
    const float v9 = a0[i5] + v6;
    a0[i5] = v9;
  }
  for (int64_t i6 = 0; i6 < 8; ++i6) {
    const float v10 = a0[i6 + 16] + a0[i6 + 24];
    const float v11 = a0[i6] + a0[i6 + 8];
    const float v12 = v11 + v10;
    a0[i6] = v12;
  }
  for (int64_t i7 = 0; i7 < 2; ++i7) {
    const float v13 = a0[i7 + 4] + a0[i7 + 6];
    const float v14 = a0[i7] + a0[i7 + 2];
    const float v15 = v14 + v13;
    a0[i7] = v15;
  }
  const float v16 = a0[0] + a0[1];
  a0[0] = v16;
  const int64_t v17 = n5;
  const uint8_t v18 = v17 == (int64_t)0ll;
  const float v19 = v18 ? 0x0p+0f : a0[0];
  const float r0 = v19;
  const uint16_t v20 = caten_to_bf16(r0);
  b0[0] = v20;
}
