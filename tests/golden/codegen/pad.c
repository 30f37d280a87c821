#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
static inline int64_t caten_clamp(int64_t i, int64_t size) { return i < 0 || size < 1 ? 0 : i < size ? i : size - 1; }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    const int64_t v0 = i0 + (-1);
    const uint8_t v1 = (int64_t)-1ll < v0;
    const int64_t v2 = n1;
    const uint8_t v3 = v0 < v2;
    const uint8_t v4 = (uint8_t)(v1 & v3);
    float v5;
    if (v4) {
      const uint8_t v6 = v2 == (int64_t)0ll;
      float v7;
      if (v6) {
        v7 = 0x0p+0f;
      } else {
        const int64_t v8 = caten_clamp(v0, n1);
        const float v9 = b1[v8];
        v7 = v9;
      }
      v5 = v7;
    } else {
      v5 = 0x0p+0f;
    }
    b0[i0] = v5;
  }
}
