#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  const int64_t n4 = sizes[4];
  const int64_t n5 = sizes[5];
  const int64_t n6 = sizes[6];
  const int64_t n7 = sizes[7];
  const int64_t n8 = sizes[8];
  const int64_t n9 = sizes[9];
  const int64_t n10 = sizes[10];
  for (int64_t i4 = 0; i4 < n0; ++i4) {
    const int64_t i5 = ((i4) / n1);
    const int64_t i2 = i5 * n2 + i4;
    const int64_t i3 = i5;
    const int64_t v0 = i2;
    const int64_t v1 = n3;
    const uint8_t v2 = v0 < v1;
    const int64_t v3 = v2 ? 16 : n4;
    const int64_t v4 = i3;
    const int64_t v5 = n5;
    const uint8_t v6 = v4 < v5;
    const int64_t v7 = v6 ? 256 : n6;
    float a0[4096];
    if (v2) {
      for (int64_t i8 = 0; i8 < (((v7) / 16)); ++i8) {
        for (int i = 0; i < 16; ++i) for (int j = 0; j < 16; ++j) (&a0[i8 * 16])[i * 256 + j] = (&b1[i3 * n7 + i8 * n8 + i2 * 16])[j * n9 + i];
      }
      for (int64_t i10 = 0; i10 < (((v7) % 16)); ++i10) {
        const int64_t i1 = i10 + i3 * 256 + ((v7) / 16) * 16;
        for (int64_t i9 = 0; i9 < (v3); ++i9) {
          const int64_t i0 = i2 * 16 + i9;
          const float v8 = b1[i1 * n9 + i0];
          a0[i10 + i9 * 256 + ((v7) / 16) * 16] = v8;
        }
      }
    } else {
      for (int64_t i12 = 0; i12 < (v7); ++i12) {
        const int64_t i1 = i12 + i3 * 256;
        for (int64_t i11 = 0; i11 < (v3); ++i11) {
          const int64_t i0 = i11 + i2 * 16;
          const float v8 = b1[i1 * n9 + i0];
          a0[i11 * 256 + i12] = v8;
        }
      }
    }
    for (int64_t i6 = 0; i6 < (v3); ++i6) {
      const int64_t i0 = i2 * 16 + i6;
      for (int64_t i7 = 0; i7 < (v7); ++i7) {
        const int64_t i1 = i3 * 256 + i7;
        b0[i0 * n10 + i1] = a0[i6 * 256 + i7];
      }
    }
  }
}
