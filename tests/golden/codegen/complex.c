#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
static inline double _Complex caten_pair(double re, double im) {
  union { double part[2]; double _Complex z; } both = {{re, im}};
  return both.z;
}
static inline double caten_re(double _Complex z) { union { double _Complex z; double part[2]; } both = {z}; return both.part[0]; }
static inline double caten_im(double _Complex z) { union { double _Complex z; double part[2]; } both = {z}; return both.part[1]; }
static inline float _Complex caten_narrow_complex(double _Complex z) {
  union { float part[2]; float _Complex z; } both = {{(float)caten_re(z), (float)caten_im(z)}};
  return both.z;
}
static inline double _Complex caten_complex_mul(double _Complex x, double _Complex y) {
  double a = caten_re(x), b = caten_im(x), c = caten_re(y), d = caten_im(y);
  return caten_pair(a * c - b * d, a * d + b * c);
}
static inline float _Complex complex_c64(float x, float y) { typedef float _Complex T; typedef float S; union { S s[2]; T t; } both; both.s[0] = x; both.s[1] = y; return both.t; }
static inline float part_c64(float _Complex x, int64_t i) { typedef float T; typedef float _Complex S; union { S s; T t[2]; } both; both.s = x; return both.t[i != 0]; }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float _Complex *const b1 = buffers[1];
  const float *const b2 = buffers[2];
  const int64_t n0 = sizes[0];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    const float _Complex v0 = b1[i0];
    const float v1 = b2[i0 * 2];
    const float v2 = b2[i0 * 2 + 1];
    const float _Complex v3 = complex_c64(v1, v2);
    const float _Complex v4 = caten_narrow_complex(caten_complex_mul(v0, v3));
    for (int64_t i1 = 0; i1 < 2; ++i1) {
      const float v5 = part_c64(v4, (i1));
      b0[i0 * 2 + i1] = v5;
    }
  }
}
