#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
float sqrtf(float); double sqrt(double);
#define caten_sqrt(x) _Generic((x), float: sqrtf, double: sqrt)(x)

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  const int64_t n4 = sizes[4];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    float a0[32];
    for (int64_t i = 0; i < 32; ++i) a0[i] = -0x0p+0f;
    for (int64_t i2 = 0; i2 < n1; ++i2) {
      for (int64_t i3 = 0; i3 < 32; ++i3) {
        const int64_t i1 = i2 * 32 + i3;
        const float v0 = b1[i0 * n2 + i1];
        const float v1 = a0[i3] + v0;
        a0[i3] = v1;
      }
    }
    for (int64_t i4 = 0; i4 < 8; ++i4) {
      const float v2 = a0[i4 + 16] + a0[i4 + 24];
      const float v3 = a0[i4] + a0[i4 + 8];
      const float v4 = v3 + v2;
      a0[i4] = v4;
    }
    for (int64_t i5 = 0; i5 < 2; ++i5) {
      const float v5 = a0[i5 + 4] + a0[i5 + 6];
      const float v6 = a0[i5] + a0[i5 + 2];
      const float v7 = v6 + v5;
      a0[i5] = v7;
    }
    const float v8 = a0[0] + a0[1];
    a0[0] = v8;
    const float r0 = a0[0];
    for (int64_t i7 = 0; i7 < n3; ++i7) {
      for (int64_t i8 = 0; i8 < 16; ++i8) {
        const int64_t i6 = i7 * 16 + i8;
        const float v9 = b1[i0 * n2 + i6];
        const float v10 = v9 * r0;
        const float v11 = v10 * v9;
        const float v12 = caten_sqrt(v11);
        const float v13 = v12 * v9;
        const float v14 = caten_sqrt(v13);
        const float v15 = v14 * v9;
        const float v16 = caten_sqrt(v15);
        const float v17 = v16 * v9;
        const float v18 = caten_sqrt(v17);
        const float v19 = v18 * v9;
        const float v20 = caten_sqrt(v19);
        const float v21 = v20 * v9;
        const float v22 = caten_sqrt(v21);
        const float v23 = v22 * v9;
        const float v24 = caten_sqrt(v23);
        const float v25 = v24 * v9;
        const float v26 = caten_sqrt(v25);
        const float v27 = v26 * v9;
        const float v28 = caten_sqrt(v27);
        const float v29 = v28 * v9;
        const float v30 = caten_sqrt(v29);
        const float v31 = v30 * v9;
        const float v32 = caten_sqrt(v31);
        const float v33 = v32 * v9;
        const float v34 = caten_sqrt(v33);
        const float v35 = v34 * v9;
        const float v36 = caten_sqrt(v35);
        const float v37 = v36 * v9;
        const float v38 = caten_sqrt(v37);
        const float v39 = v38 * v9;
        const float v40 = caten_sqrt(v39);
        const float v41 = v40 * v9;
        const float v42 = caten_sqrt(v41);
        const float v43 = v42 * v9;
        const float v44 = caten_sqrt(v43);
        const float v45 = v44 * v9;
        const float v46 = caten_sqrt(v45);
        const float v47 = v46 * v9;
        const float v48 = caten_sqrt(v47);
        const float v49 = v48 * v9;
        const float v50 = caten_sqrt(v49);
        const float v51 = v50 * v9;
        const float v52 = caten_sqrt(v51);
        const float v53 = v52 * v9;
        const float v54 = caten_sqrt(v53);
        const float v55 = v54 * v9;
        const float v56 = caten_sqrt(v55);
        const float v57 = v56 * v9;
        const float v58 = caten_sqrt(v57);
        const float v59 = v58 * v9;
        const float v60 = caten_sqrt(v59);
        const float v61 = v60 * v9;
        const float v62 = caten_sqrt(v61);
        const float v63 = v62 * v9;
        const float v64 = caten_sqrt(v63);
        const float v65 = v64 * v9;
        const float v66 = caten_sqrt(v65);
        const float v67 = v66 * v9;
        const float v68 = caten_sqrt(v67);
        const float v69 = v68 * v9;
        const float v70 = caten_sqrt(v69);
        b0[i0 * n4 + i6] = v70;
      }
    }
  }
}
