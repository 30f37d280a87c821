/* Program scale-rows, made by caten. It needs neither caten nor Lisp, and may be called by several threads at once.
 *
 *   N            a size, 1 or more, at most 1000
 *   x            f32[N 4], input
 *   double_2_    f32[4], input
 *   total        f32[], state
 *   y            f32[N], output
 *   z            f32[], output
 *   next_total   f32[], new value of the state
 *   workspace    0, or memory for temporaries: scale_rows_workspace bytes, a multiple of 64 as address, for one call at a time
 *
 * Arrays are row-major; outputs overlap nothing else. f16 and bf16 are their bits. Returns 0; 1 if the sizes do not
 * fit the program; 2 without memory for temporaries. */
#ifndef scale_rows_H
#define scale_rows_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int scale_rows(int64_t N, const float *x, const float *double_2_, const float *total, float *y, float *z, float *next_total, void *workspace);

/* The bytes of temporaries for these sizes, in the order above, or -1 if the sizes do not fit. */
int64_t scale_rows_workspace(const int64_t *sizes);
/* The same as scale_rows: sizes and arrays in the order above. */
int scale_rows_call(const int64_t *sizes, void *const *arguments, void *workspace);

#ifdef __cplusplus
}
#endif
#endif
