; The opencl runtime: kernels as OpenCL C 1.2, for whatever device the system's OpenCL has. The C of the c runtime, where
; OpenCL C is C; a work item takes every n-th iteration of a kernel's outermost loop, with n items.
(defruntime opencl
  (:description "OpenCL C 1.2 through the system's OpenCL, on its first device that keeps IEEE's numbers")
  (:driver "opencl")
  (:needs "install the headers of OpenCL with scripts/setup, and build caten again")
  (:extends c)
  (:limits (:alignment 64))
  (:without streaming row-blocks seen-columns windows)  ; they are for caches of a processor
  (:dialect
   (:types (c64 "float2") (c128 "double2"))
   (:header "#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef char int8_t; typedef short int16_t; typedef int int32_t; typedef long int64_t;
typedef uchar uint8_t; typedef ushort uint16_t; typedef uint uint32_t; typedef ulong uint64_t;")
   (:kernel "__kernel void {name}({parameters}const int64_t begin, const int64_t end) {")
   (:local-kernel "")
   (:buffer-parameter "__global uchar *const m{slot}, const int64_t o{slot}")
   (:const-buffer-parameter "__global uchar *const m{slot}, const int64_t o{slot}")
   (:size-parameter "const int64_t {size}")
   (:buffer "__global {type} *const {buffer} = (__global {type} *)(m{slot} + o{slot});")
   (:const-buffer "__global const {type} *const {buffer} = (__global const {type} *)(m{slot} + o{slot});")
   (:size "")
   (:range "for ({type} {variable} = begin + (int64_t)get_global_id(0); {variable} < end; {variable} += (int64_t)get_global_size(0)) {")
   (:team (:threads 128) (:bytes 16384)
    (:range "for ({type} {variable} = begin + (int64_t)get_group_id(0); {variable} < end; {variable} += (int64_t)get_num_groups(0)) {")
    (:member "(int64_t)get_local_id(0)")
    (:memory "__local {type} {name}[{count}];")
    (:barrier "barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);"))
   (:cast-complex-of-real "(T)(x, 0)")
   (:cast-complex-of-complex "(T)(x.s0, x.s1)")
   (:cast-bool-of-complex "x.s0 != 0 || x.s1 != 0")
   (:op eq (c64 c128) "x.s0 == y.s0 && x.s1 == y.s1")
   (:op mul (c64) "convert_float2(caten_complex_mul(convert_double2(x), convert_double2(y)))")
   (:op div (c64) "convert_float2(caten_complex_div(convert_double2(x), convert_double2(y)))")
   (:op div (f16 bf16 f32) "caten_div_float(x, y)")
   (:prelude
    ; To PoCL 3.1 what comes of exp2 of a constant NaN is undefined.
    (caten_exp2 "#define caten_exp2(x) ((x) != (x) ? (x) : exp2(x))")
    (caten_log2 "#define caten_log2(x) log2(x)")
    (caten_sin "#define caten_sin(x) sin(x)")
    ; Where a device does not round quotients and roots of floats correctly, those of doubles, rounded again, are correct.
    (caten_div_float
     "#ifdef CATEN_ROUNDED
#define caten_div_float(x, y) ((x) / (y))
#else
#define caten_div_float(x, y) ((float)((double)(x) / (double)(y)))
#endif")
    (caten_sqrt
     "#ifdef CATEN_ROUNDED
#define caten_sqrt(x) sqrt(x)
#else
static inline float __attribute__((overloadable)) caten_sqrt(float x) { return (float)sqrt((double)x); }
static inline double __attribute__((overloadable)) caten_sqrt(double x) { return sqrt(x); }
#endif")
    ; The remainder has the sign of the divisor; the sum is rounded once.
    (caten_mod
     "static inline float __attribute__((overloadable)) caten_mod(float x, float y) {
  float r = fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
static inline double __attribute__((overloadable)) caten_mod(double x, double y) {
  double r = fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}")
    (caten_pair "#define caten_pair(re, im) ((double2)(re, im))")
    (caten_re "#define caten_re(z) ((z).s0)")
    (caten_im "#define caten_im(z) ((z).s1)")
    (caten_complex_mul
     "static inline double2 caten_complex_mul(double2 x, double2 y) {
  double a = caten_re(x), b = caten_im(x), c = caten_re(y), d = caten_im(y);
  return caten_pair(a * c - b * d, a * d + b * c);
}")
    (caten_complex_div
     "static inline double2 caten_complex_div(double2 x, double2 y) {
  double a = caten_re(x), b = caten_im(x), c = caten_re(y), d = caten_im(y);
  double p = c < 0 ? -c : c, q = d < 0 ? -d : d, largest = p != p ? q : q != q ? p : p < q ? q : p;
  int scale = 0;
  if (largest > 0 && largest - largest == 0) {
    scale = -ilogb(largest);
    c = ldexp(c, scale);
    d = ldexp(d, scale);
  }
  double denominator = c * c + d * d;
  return caten_pair(ldexp((a * c + b * d) / denominator, scale), ldexp((b * c - a * d) / denominator, scale));
}"))))
