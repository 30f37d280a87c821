typedef signed char int8_t; typedef short int16_t; typedef int int32_t; typedef long long int64_t;
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t; typedef unsigned long long uint64_t;
struct alignas(8) caten_c64 { float re, im; };
struct alignas(16) caten_c128 { double re, im; };
static inline int64_t caten_clamp(int64_t i, int64_t size) { return i < 0 || size < 1 ? 0 : i < size ? i : size - 1; }
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

extern "C" __global__ void kernel_0(float *const b0, const float *const b1, const uint16_t *const b2, const int64_t n0, const int64_t n1, const int64_t n2, const int64_t n3, const int64_t n4, const int64_t n5, const int64_t n6, const int64_t n7, const int64_t n8, const int64_t n9, const int64_t n10, const int64_t begin, const int64_t end) {
  __shared__ float a1[1088];
  __shared__ float a2[1024];
  for (int64_t i5 = begin + blockIdx.x; i5 < end; i5 += gridDim.x) {
    const int64_t i6 = ((i5) / n0);
    const int64_t i4 = i6 * n1 + i5;
    const int64_t i3 = i6;
    const int64_t v0 = (int64_t)threadIdx.x;
    const int64_t v1 = i3;
    const int64_t v2 = n2;
    const uint8_t v3 = v1 < v2;
    const int64_t v4 = v3 ? 64 : n3;
    const int64_t v5 = i4;
    const int64_t v6 = n4;
    const uint8_t v7 = v5 < v6;
    const int64_t v8 = v7 ? 64 : n5;
    const int64_t i7 = ((v0) / 16);
    const int64_t i8 = i7 * (-16) + v0;
    float a0[16];
    for (int64_t i = 0; i < 16; ++i) a0[i] = -0x0p+0f;
    for (int64_t i9 = 0; i9 < n6; ++i9) {
      const int64_t v9 = i9;
      const int64_t v10 = n7;
      const uint8_t v11 = v9 < v10;
      const int64_t v12 = v11 ? 16 : n8;
      for (int64_t ti13 = 0; ti13 < 1024; ti13 += 256) {
        const int64_t i13 = ti13 + (int64_t)threadIdx.x;
        const int64_t i14 = ((i13) / 16);
        const int64_t i15 = i13 + i14 * (-16);
        const int64_t v13 = i14;
        const int64_t v14 = caten_clamp(v13, (v4));
        const int64_t i0 = i3 * 64 + v14;
        const int64_t v15 = i15;
        const int64_t v16 = caten_clamp(v15, (v12));
        const int64_t i2 = i9 * 16 + v16;
        const float v17 = b1[i0 * n9 + i2];
        const float v18 = caten_max(v17, 0x0p+0f);
        a1[i14 * 17 + i15] = v18;
      }
      for (int64_t ti16 = 0; ti16 < 1024; ti16 += 256) {
        const int64_t i16 = ti16 + (int64_t)threadIdx.x;
        const int64_t i17 = ((i16) / 64);
        const int64_t i18 = i16 + i17 * (-64);
        const int64_t v19 = i18;
        const int64_t v20 = caten_clamp(v19, (v8));
        const int64_t i1 = i4 * 64 + v20;
        const int64_t v21 = i17;
        const int64_t v22 = caten_clamp(v21, (v12));
        const int64_t i2 = i9 * 16 + v22;
        const uint16_t v23 = b2[i2 * n10 + i1];
        const float v24 = cast_f16_to_f32(v23);
        a2[i17 * 64 + i18] = v24;
      }
      __syncthreads();
      for (int64_t i10 = 0; i10 < (v12); ++i10) {
        const int64_t i2 = i10 + i9 * 16;
        for (int64_t i11 = 0; i11 < 4; ++i11) {
          const int64_t v25 = i11 * 16 + i7;
          const int64_t v26 = caten_clamp(v25, (v4));
          const int64_t i0 = i3 * 64 + v26;
          for (int64_t i12 = 0; i12 < 4; ++i12) {
            const int64_t v27 = i12 * 16 + i8;
            const int64_t v28 = caten_clamp(v27, (v8));
            const int64_t i1 = i4 * 64 + v28;
            const float v29 = fma(a1[i10 + i11 * 272 + i7 * 17], a2[i10 * 64 + i12 * 16 + i8], a0[i11 * 4 + i12]);
            a0[i11 * 4 + i12] = v29;
          }
        }
      }
      __syncthreads();
    }
    for (int64_t i19 = 0; i19 < 4; ++i19) {
      const int64_t v30 = i19 * 16 + i7;
      const int64_t v31 = v4;
      const uint8_t v32 = v30 < v31;
      if (v32) {
        const int64_t i0 = i19 * 16 + i3 * 64 + i7;
        for (int64_t i20 = 0; i20 < 4; ++i20) {
          const int64_t v33 = i20 * 16 + i8;
          const int64_t v34 = v8;
          const uint8_t v35 = v33 < v34;
          if (v35) {
            const int64_t i1 = i20 * 16 + i4 * 64 + i8;
            const int64_t v36 = n9;
            const uint8_t v37 = v36 == (int64_t)0ll;
            const float v38 = v37 ? 0x0p+0f : a0[i19 * 4 + i20];
            const float r0 = v38;
            b0[i0 * n10 + i1] = r0;
          }
        }
      }
    }
  }
}
