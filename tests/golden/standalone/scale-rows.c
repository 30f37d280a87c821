/* Program scale-rows, made by caten. The header says how to call it. Compile it with
   cc -O3 -fwrapv -fno-strict-aliasing -ffp-contract=off -fno-math-errno -c FILE.c
   and link -lm, and -lgomp to use all cores. */
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-parameter"  // all kernels are called alike
#endif
#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize", "no-ivopts")
#endif
float exp2f(float); double exp2(double);
#define caten_exp2(x) _Generic((x), float: exp2f, double: exp2)(x)

static void kernel_0(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const float *const b2 = buffers[2];
  const int64_t n0 = sizes[0];
  for (int64_t i0 = 0; i0 < n0; ++i0) {
    const float v0 = b1[i0 * 4];
    const float v1 = caten_exp2(v0);
    const float v2 = b2[0];
    const float v3 = v1 * v2;
    const float v4 = b1[i0 * 4 + 1];
    const float v5 = caten_exp2(v4);
    const float v6 = b2[1];
    const float v7 = (v5 * v6) + v3;
    const float v8 = b1[i0 * 4 + 2];
    const float v9 = caten_exp2(v8);
    const float v10 = b2[2];
    const float v11 = (v9 * v10) + v7;
    const float v12 = b1[i0 * 4 + 3];
    const float v13 = caten_exp2(v12);
    const float v14 = b2[3];
    const float v15 = (v13 * v14) + v11;
    const float r0 = v15;
    b0[i0] = r0;
  }
}

static void kernel_1(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const int64_t n0 = sizes[0];
  const int64_t n1 = sizes[1];
  const int64_t n2 = sizes[2];
  const int64_t n3 = sizes[3];
  const int64_t n4 = sizes[4];
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
        const float v4 = b1[i0];
        const float v5 = a1[i3] + v4;
        a1[i3] = v5;
      }
    }
    for (int64_t i4 = 0; i4 < 32; ++i4) {
      const float v6 = a0[i4] + a1[i4];
      a0[i4] = v6;
    }
  }
  for (int64_t i5 = 0; i5 < n3; ++i5) {
    const int64_t i0 = i5 + n4;
    const float v4 = b1[i0];
    const float v7 = a0[i5] + v4;
    a0[i5] = v7;
  }
  for (int64_t i6 = 0; i6 < 8; ++i6) {
    const float v8 = a0[i6 + 16] + a0[i6 + 24];
    const float v9 = a0[i6] + a0[i6 + 8];
    const float v10 = v9 + v8;
    a0[i6] = v10;
  }
  for (int64_t i7 = 0; i7 < 2; ++i7) {
    const float v11 = a0[i7 + 4] + a0[i7 + 6];
    const float v12 = a0[i7] + a0[i7 + 2];
    const float v13 = v12 + v11;
    a0[i7] = v13;
  }
  const float v14 = a0[0] + a0[1];
  a0[0] = v14;
  const float r0 = a0[0];
  b0[0] = r0;
}

static void kernel_2(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const float v0 = b1[0];
  const float v1 = v0 * v0;
  b0[0] = v1;
}

static void kernel_3(void *const *buffers, const int64_t *sizes) {
  float *const b0 = buffers[0];
  const float *const b1 = buffers[1];
  const float *const b2 = buffers[2];
  const float v0 = b1[0];
  const float v1 = b2[0];
  const float v2 = v0 + v1;
  b0[0] = v2;
}

/* Sizes: what leaves 64 bits is noted. */
static inline int64_t caten_size_add(int64_t x, int64_t y, int *bad) { int64_t z; *bad |= __builtin_add_overflow(x, y, &z); return z; }
static inline int64_t caten_size_mul(int64_t x, int64_t y, int *bad) { int64_t z; *bad |= __builtin_mul_overflow(x, y, &z); return z; }
static inline int64_t caten_size_div(int64_t x, int64_t y) { return y == 0 ? 0 : y == -1 ? (int64_t)(0 - (uint64_t)x) : x / y - (x % y != 0 && (x < 0) != (y < 0)); }
static inline int64_t caten_size_mod(int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y + (x % y != 0 && (x < 0) != (y < 0) ? y : 0); }
static inline int64_t caten_size_larger(int64_t x, int64_t y) { return x > y ? x : y; }
static inline int64_t caten_size_smaller(int64_t x, int64_t y) { return x < y ? x : y; }
static inline int64_t caten_size_bytes(int64_t elements, int64_t each, int *bad) { int64_t z = caten_size_mul(elements, each, bad); *bad |= z < 0 || z > (int64_t)0x1fffffffffffffff; return *bad ? 0 : z; }
static inline void caten_move(unsigned char *to, const unsigned char *from, int64_t bytes) { if (to != from) __builtin_memmove(to, from, (__SIZE_TYPE__)bytes); }
static inline void caten_clear(unsigned char *memory, int64_t filled, int64_t all) { if (filled < all) __builtin_memset(memory + filled, 0, (__SIZE_TYPE__)(all - filled)); }
void *malloc(__SIZE_TYPE__); void free(void *);

/* Tests the sizes and places the temporaries; the bytes of the workspace, or -1. */
static int64_t caten_plan(const int64_t *sizes, int64_t *places) {
  int bad = 0;
  const int64_t N = sizes[0];
  (void)N;
  (void)sizes;
  bad |= N < 1;
  bad |= N > 1000;
  int64_t bytes = 0;
  places[6] = bytes;
  bytes = caten_size_add(bytes, (caten_size_bytes(1, 4, &bad) + 63) / 64 * 64, &bad);
  places[7] = bytes;
  bytes = caten_size_add(bytes, (caten_size_bytes(1, 4, &bad) + 63) / 64 * 64, &bad);
  places[8] = bytes;
  bytes = caten_size_add(bytes, (caten_size_bytes(1, 8, &bad) + 63) / 64 * 64, &bad);
  places[9] = bytes;
  bytes = caten_size_add(bytes, (caten_size_bytes(1, 4, &bad) + 63) / 64 * 64, &bad);
  (void)places;
  return bad ? -1 : bytes;
}

static void caten_run(const int64_t *sizes, void *const *arguments, unsigned char *workspace, const int64_t *places) {
  int bad = 0;
  const int64_t N = sizes[0];
  (void)N;
  (void)sizes;
  unsigned char *b0 = arguments[0];
  (void)b0;
  unsigned char *b1 = arguments[1];
  (void)b1;
  unsigned char *b2 = arguments[2];
  (void)b2;
  unsigned char *b3 = arguments[3];
  (void)b3;
  unsigned char *b4 = arguments[4];
  (void)b4;
  unsigned char *b5 = arguments[5];
  (void)b5;
  unsigned char *b6 = workspace + places[6];
  (void)b6;
  unsigned char *b7 = workspace + places[7];
  (void)b7;
  unsigned char *b8 = workspace + places[8];
  (void)b8;
  unsigned char *b9 = workspace + places[9];
  (void)b9;
  {
    void *const buffers[] = {b3, b0, b1};
    const int64_t arguments_of[] = {N};
    kernel_0(buffers, arguments_of);
  }
  {
    void *const buffers[] = {b9, b3};
    const int64_t arguments_of[] = {caten_size_div(caten_size_add(caten_size_div(N, 32), 63, &bad), 64), caten_size_div(caten_size_div(N, 32), 64), caten_size_mod(caten_size_div(N, 32), 64), caten_size_mod(N, 32), caten_size_mul(32, caten_size_div(N, 32), &bad)};
    kernel_1(buffers, arguments_of);
  }
  caten_move(b6, b9, 4);
  {
    int64_t count1 = 3, c1 = 0;
    while (c1 < count1) {
      {
        void *const buffers[] = {b7, b6};
        const int64_t arguments_of[] = {0};
        kernel_2(buffers, arguments_of);
      }
      { unsigned char *other = b6; b6 = b7; b7 = other; }
      ++c1;
    }
    *(int64_t *)b8 = c1;
  }
  {
    void *const buffers[] = {b5, b9, b2};
    const int64_t arguments_of[] = {0};
    kernel_3(buffers, arguments_of);
  }
  caten_move(b4, b6, 4);
  (void)bad, (void)arguments, (void)workspace, (void)places;
}

__attribute__((visibility("default"))) int64_t scale_rows_workspace(const int64_t *sizes) {
  int64_t places[10];
  return caten_plan(sizes, places);
}

__attribute__((visibility("default"))) int scale_rows_call(const int64_t *sizes, void *const *arguments, void *workspace) {
  int64_t places[10], bytes = caten_plan(sizes, places);
  if (bytes < 0) return 1;
  void *own = 0;
  if (!workspace && bytes > 0) {
    own = malloc((__SIZE_TYPE__)bytes + 63);
    if (!own) return 2;
    workspace = (void *)(((__UINTPTR_TYPE__)own + 63) / 64 * 64);
  }
  caten_run(sizes, arguments, workspace, places);
  free(own);
  return 0;
}

__attribute__((visibility("default"))) int scale_rows(int64_t N, const float *x, const float *double_2_, const float *total, float *y, float *z, float *next_total, void *workspace) {
  const int64_t sizes[] = {N};
  void *const arguments[] = {(void *)x, (void *)double_2_, (void *)total, (void *)y, (void *)z, (void *)next_total};
  return scale_rows_call(sizes, arguments, workspace);
}
