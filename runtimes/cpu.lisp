; The cpu runtime: the C of the c runtime, compiled in this process by libclang and LLVM, with cpu/mathematics.lisp for what
; that takes from the C library.
(defruntime cpu
  (:description "C compiled in this process for the processor at hand, kernels shared among its cores")
  (:driver "cpu")
  (:needs "install LLVM 19 with scripts/setup, and build caten again")
  (:extends c)
  (:include "cpu/mathematics.lisp")
  ; How often a thread of OpenMP looks for work before it sleeps: 0.1 ms or so. More is no faster on a machine of its own, and where
  ; others compute as well, threads that wait keep those from the processor that they wait for.
  (:environment (|GOMP_SPINCOUNT| "2000"))
  (:limits (:alignment 64))
  (:unsupported)
  (:library (contraction f32 bf16) (convolution f32))
  (:dialect
   (:header
    "typedef __INT8_TYPE__ int8_t; typedef __INT16_TYPE__ int16_t; typedef __INT32_TYPE__ int32_t; typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t; typedef __UINT16_TYPE__ uint16_t; typedef __UINT32_TYPE__ uint32_t; typedef __UINT64_TYPE__ uint64_t;
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize(\"no-tree-slp-vectorize\", \"no-ivopts\")
#endif")
   (:kernel
    "__attribute__((visibility(\"default\"))) void {name}(void *const *buffers, const int64_t *sizes, int64_t begin, int64_t end) {")
   (:local-kernel "static void {name}(void *const *buffers, const int64_t *sizes, int64_t begin, int64_t end) {")
   (:range "for ({type} {variable} = begin; {variable} < end; ++{variable}) {")
   (:independent "#pragma clang loop vectorize(assume_safety)")
   (:one-by-one "#pragma clang loop vectorize(disable)")
   (:rest "#pragma clang loop vectorize_predicate(enable)")
   (:turn "caten_turn_{size}({to}, {columns}, {from}, {step});")
   (:stream "caten_stream({to}, {from}, {count} * {size});")
   (:streamed "__atomic_thread_fence(__ATOMIC_SEQ_CST);")
   (:fetch "__builtin_prefetch({from}, 0, 2);")
   (:multiply-add "caten_multiply_add(x, y, z)")
   (:abs "sizeof(T) == 4 ? (T)__builtin_fabsf((float)x) : (T)__builtin_fabs((double)x)")
   (:prelude
    ; What has no such instruction would call a function for it.
    (caten_multiply_add
     "#if defined(__FMA__) || defined(__aarch64__)
#define caten_multiply_add(x, y, z) _Generic((x), float: __builtin_fmaf, double: __builtin_fma)(x, y, z)
#else
#define caten_multiply_add(x, y, z) ((x) * (y) + (z))
#endif")
    ; Each step interleaves row k with the row half a square further; as many steps as a row's number has bits transpose.
    ; Steps, here two at once, go through memory, not registers: as fast, and a quarter of the code to compile.
    (caten_turn_4
     "typedef uint32_t caten_row_4 __attribute__((vector_size(64)));
typedef uint32_t caten_any_row_4 __attribute__((vector_size(64), aligned(4), may_alias));
#define caten_low_4(x, y) __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define caten_high_4(x, y) __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
__attribute__((noinline)) static void caten_turn_4(void *to, int64_t columns, const void *from, int64_t step) {
  uint32_t between[256] __attribute__((aligned(64)));
  for (int64_t i = 0; i < 2; ++i) {
    const uint32_t *x = i == 0 ? from : between;
    uint32_t *y = i == 1 ? to : between;
    const int64_t s = i == 0 ? step : 16, c = i == 1 ? columns : 16;
    for (int64_t k = 0; k < 4; ++k, x += s, y += 4 * c) {
      const caten_row_4 a0 = *(const caten_any_row_4 *)x, a1 = *(const caten_any_row_4 *)(x + 4 * s);
      const caten_row_4 a2 = *(const caten_any_row_4 *)(x + 8 * s), a3 = *(const caten_any_row_4 *)(x + 12 * s);
      const caten_row_4 b0 = caten_low_4(a0, a2), b1 = caten_high_4(a0, a2), b2 = caten_low_4(a1, a3), b3 = caten_high_4(a1, a3);
      *(caten_any_row_4 *)y = caten_low_4(b0, b2);
      *(caten_any_row_4 *)(y + c) = caten_high_4(b0, b2);
      *(caten_any_row_4 *)(y + 2 * c) = caten_low_4(b1, b3);
      *(caten_any_row_4 *)(y + 3 * c) = caten_high_4(b1, b3);
    }
  }
}")
    (caten_turn_8
     "typedef uint64_t caten_row_8 __attribute__((vector_size(64)));
typedef uint64_t caten_any_row_8 __attribute__((vector_size(64), aligned(4), may_alias));
__attribute__((noinline)) static void caten_turn_8(void *to, int64_t columns, const void *from, int64_t step) {
  uint64_t between[2][64] __attribute__((aligned(64)));
  for (int64_t i = 0; i < 3; ++i) {
    const uint64_t *x = i == 0 ? from : between[i & 1];
    uint64_t *y = i == 2 ? to : between[~i & 1];
    const int64_t s = i == 0 ? step : 8, c = i == 2 ? columns : 8;
    for (int64_t k = 0; k < 4; ++k) {
      const caten_row_8 a = *(const caten_any_row_8 *)(x + k * s), b = *(const caten_any_row_8 *)(x + (k + 4) * s);
      *(caten_any_row_8 *)(y + 2 * k * c) = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
      *(caten_any_row_8 *)(y + (2 * k + 1) * c) = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    }
  }
}")
    ; Past the caches; the driver has it. What no other thread has waited for may see the rest of a kernel's work before
    ; it: a fence is at its end.
    (caten_stream "void caten_stream(void *to, const void *from, int64_t bytes);"))
   (:local-prelude
    ; Whole cache lines need not be read before they are written.
    (caten_stream
     "typedef uint32_t caten_line __attribute__((vector_size(64), may_alias));
typedef uint32_t caten_any_line __attribute__((vector_size(64), aligned(1), may_alias));
__attribute__((noinline)) static void caten_stream(void *to, const void *from, int64_t bytes) {
  char *y = to;
  const char *x = from;
#if defined(__clang__)
  int64_t head = (int64_t)(-(uint64_t)y & 63);
  if (head > bytes) head = bytes;
  __builtin_memcpy(y, x, (uint64_t)head);
  for (x += head, y += head, bytes -= head; bytes >= 64; x += 64, y += 64, bytes -= 64)
    __builtin_nontemporal_store(*(const caten_any_line *)x, (caten_line *)y);
#endif
  __builtin_memcpy(y, x, (uint64_t)bytes);
}"))))
