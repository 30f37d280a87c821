#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef char int8_t; typedef short int16_t; typedef int int32_t; typedef long int64_t;
typedef uchar uint8_t; typedef ushort uint16_t; typedef uint uint32_t; typedef ulong uint64_t;
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

__kernel void kernel_0(__global uchar *const m0, const int64_t o0, __global uchar *const m1, const int64_t o1, const int64_t n0, const int64_t begin, const int64_t end) {
  __global uint16_t *const b0 = (__global uint16_t *)(m0 + o0);
  __global const uint16_t *const b1 = (__global const uint16_t *)(m1 + o1);
  __local float a1[128];
  float a0 = -0x0p+0f;
  for (int64_t ti0 = 0; ti0 < n0; ti0 += 128) {
    const int64_t i0 = ti0 + (int64_t)get_local_id(0);
    if (i0 < n0) {
      const uint16_t v0 = b1[i0];
      const uint16_t v1 = mul_bf16(v0, v0);
      const float v2 = cast_bf16_to_f32(v1);
      const float v3 = a0 + v2;
      a0 = v3;
    }
  }
  const int64_t v4 = (int64_t)get_local_id(0);
  a1[v4] = a0;
  barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  const uint8_t v5 = v4 < (int64_t)16ll;
  if (v5) {
    const float v6 = a1[v4 + 96] + a1[v4 + 112];
    const float v7 = a1[v4 + 64] + a1[v4 + 80];
    const float v8 = v7 + v6;
    const float v9 = a1[v4 + 32] + a1[v4 + 48];
    const float v10 = a1[v4] + a1[v4 + 16];
    const float v11 = v10 + v9;
    const float v12 = v11 + v8;
    a1[v4] = v12;
  }
  barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  const float v13 = a1[14] + a1[15];
  const float v14 = a1[12] + a1[13];
  const float v15 = v14 + v13;
  const float v16 = a1[10] + a1[11];
  const float v17 = a1[8] + a1[9];
  const float v18 = v17 + v16;
  const float v19 = v18 + v15;
  const float v20 = a1[6] + a1[7];
  const float v21 = a1[4] + a1[5];
  const float v22 = v21 + v20;
  const float v23 = a1[2] + a1[3];
  const float v24 = a1[0] + a1[1];
  const float v25 = v24 + v23;
  const float v26 = v25 + v22;
  const float v27 = v26 + v19;
  a0 = v27;
  barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  const int64_t v28 = n0;
  const uint8_t v29 = v28 == (int64_t)0ll;
  const float v30 = v29 ? 0x0p+0f : a0;
  const float r0 = v30;
  const uint8_t v31 = v4 < (int64_t)1ll;
  if (v31) {
    const uint16_t v32 = caten_to_bf16(r0);
    b0[0] = v32;
  }
}
