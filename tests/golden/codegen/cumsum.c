#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
static inline int64_t caten_clamp(int64_t i, int64_t size) { return i < 0 || size < 1 ? 0 : i < size ? i : size - 1; }
float sinf(float); double sin(double);
#define caten_sin(x) _Generic((x), float: sinf, double: sin)(x)

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    const float v0 = b1[i0];
    const float v1 = caten_sin(v0);
    b0[i0] = v1;
  }
}

__attribute__((visibility("default"))) void kernel_1(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const int64_t n0 = sizes[0];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    b0[i0] = 0x0p+0f;
  }
}

__attribute__((visibility("default"))) void kernel_2(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const float *const b2 = buffers[2];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    const float v0 = b1[i0];
    const int64_t v1 = n1;
    const uint8_t v2 = v1 == (int64_t)0ll;
    float v3;
    if (v2) {
      v3 = 0x0p+0f;
    } else {
      const int64_t v4 = n2;
      const int64_t v5 = caten_clamp(v4, n1);
      const float v6 = b2[v5 * n0 + i0];
      v3 = v6;
    }
    const float v7 = v0 + v3;
    b0[i0] = v7;
  }
}
