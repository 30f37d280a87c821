#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
static inline int32_t bitcast_f32_to_i32(float x) { typedef int32_t T; typedef float S; union { S s; T t; } both; both.s = x; return both.t; }
static inline float bitcast_i32_to_f32(int32_t x) { typedef float T; typedef int32_t S; union { S s; T t; } both; both.s = x; return both.t; }

__attribute__((visibility("default"))) void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  for (int64_t i0 = 0; i0 < 8; ++i0) {
    const float v0 = b1[i0];
    const int32_t v1 = bitcast_f32_to_i32(v0);
    const int32_t v2 = (int32_t)(v1 ^ (int32_t)2147483647);
    const uint8_t v3 = v1 < (int32_t)0;
    const int32_t v4 = v3 ? v2 : v1;
    const uint8_t v5 = v0 == v0;
    const int32_t v6 = v5 ? v4 : (int32_t)2147483647;
    const float v7 = b1[i0 + 1];
    const int32_t v8 = bitcast_f32_to_i32(v7);
    const int32_t v9 = (int32_t)(v8 ^ (int32_t)2147483647);
    const uint8_t v10 = v8 < (int32_t)0;
    const int32_t v11 = v10 ? v9 : v8;
    const uint8_t v12 = v7 == v7;
    const int32_t v13 = v12 ? v11 : (int32_t)2147483647;
    const int32_t v14 = v6 < v13 ? v13 : v6;
    const float v15 = b1[i0 + 2];
    const int32_t v16 = bitcast_f32_to_i32(v15);
    const int32_t v17 = (int32_t)(v16 ^ (int32_t)2147483647);
    const uint8_t v18 = v16 < (int32_t)0;
    const int32_t v19 = v18 ? v17 : v16;
    const uint8_t v20 = v15 == v15;
    const int32_t v21 = v20 ? v19 : (int32_t)2147483647;
    const int32_t v22 = v14 < v21 ? v21 : v14;
    const int32_t v23 = (int32_t)(v22 ^ (int32_t)2147483647);
    const uint8_t v24 = v22 < (int32_t)0;
    const int32_t v25 = v24 ? v23 : v22;
    const float v26 = bitcast_i32_to_f32(v25);
    const float r0 = v26;
    b0[i0] = r0;
  }
}
