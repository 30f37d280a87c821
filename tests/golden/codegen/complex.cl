#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef char int8_t; typedef short int16_t; typedef int int32_t; typedef long int64_t;
typedef uchar uint8_t; typedef ushort uint16_t; typedef uint uint32_t; typedef ulong uint64_t;
#define caten_pair(re, im) ((double2)(re, im))
#define caten_re(z) ((z).s0)
#define caten_im(z) ((z).s1)
static inline double2 caten_complex_mul(double2 x, double2 y) {
  double a = caten_re(x), b = caten_im(x), c = caten_re(y), d = caten_im(y);
  return caten_pair(a * c - b * d, a * d + b * c);
}
static inline float2 complex_c64(float x, float y) { typedef float2 T; typedef float S; union { S s[2]; T t; } both; both.s[0] = x; both.s[1] = y; return both.t; }
static inline float part_c64(float2 x, int64_t i) { typedef float T; typedef float2 S; union { S s; T t[2]; } both; both.s = x; return both.t[i != 0]; }

__kernel void kernel_0(__global uchar *const m0, const int64_t o0, __global uchar *const m1, const int64_t o1, __global uchar *const m2, const int64_t o2, const int64_t begin, const int64_t end) {
  __global float *const b0 = (__global float *)(m0 + o0);
  __global const float2 *const b1 = (__global const float2 *)(m1 + o1);
  __global const float *const b2 = (__global const float *)(m2 + o2);
  for (int64_t i2 = begin + (int64_t)get_global_id(0); i2 < end; i2 += (int64_t)get_global_size(0)) {
    const int64_t i3 = ((i2) / 2);
    const int64_t i1 = i2 + i3 * (-2);
    const int64_t i0 = i3;
    const float2 v0 = b1[i0];
    const float v1 = b2[i0 * 2];
    const float v2 = b2[i0 * 2 + 1];
    const float2 v3 = complex_c64(v1, v2);
    const float2 v4 = convert_float2(caten_complex_mul(convert_double2(v0), convert_double2(v3)));
    const float v5 = part_c64(v4, (i1));
    b0[i0 * 2 + i1] = v5;
  }
}
