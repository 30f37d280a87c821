; The cuda runtime: kernels as CUDA C++ for NVRTC, on the first CUDA device. The C of the c runtime, where CUDA is C; a
; thread takes every n-th iteration of a kernel's outermost loop, with n threads.
(defruntime cuda
  (:description "CUDA C++ compiled by NVRTC, on a CUDA device")
  (:driver "cuda")
  (:needs "build caten again")
  (:extends c)
  (:limits (:alignment 256))
  (:without streaming row-blocks seen-columns windows)  ; they are for caches of a processor
  (:dialect
   (:types (c64 "caten_c64") (c128 "caten_c128"))
   (:header "typedef signed char int8_t; typedef short int16_t; typedef int int32_t; typedef long long int64_t;
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t; typedef unsigned long long uint64_t;
struct alignas(8) caten_c64 { float re, im; };
struct alignas(16) caten_c128 { double re, im; };")
   (:kernel "extern \"C\" __global__ void {name}({parameters}const int64_t begin, const int64_t end) {")
   (:local-kernel "")
   (:buffer-parameter "{type} *const {buffer}")
   (:const-buffer-parameter "const {type} *const {buffer}")
   (:size-parameter "const int64_t {size}")
   (:buffer "")
   (:const-buffer "")
   (:size "")
   (:range "for ({type} {variable} = begin + (int64_t)blockIdx.x * blockDim.x + threadIdx.x; {variable} < end; {variable} += (int64_t)gridDim.x * blockDim.x) {")
   (:team (:threads 256) (:bytes 32768)
    (:range "for ({type} {variable} = begin + blockIdx.x; {variable} < end; {variable} += gridDim.x) {")
    (:member "(int64_t)threadIdx.x")
    (:memory "__shared__ {type} {name}[{count}];")
    (:barrier "__syncthreads();"))
   (:multiply-add "fma(x, y, z)")
   (:cast-complex-of-real "caten_complex_of_real<T>(x)")
   (:cast-complex-of-complex "caten_complex_of_complex<T>(x)")
   (:cast-bool-of-complex "x.re != 0 || x.im != 0")
   (:complex "T both = {x, y}; return both;")
   (:part "return i != 0 ? x.im : x.re;")
   (:op eq (c64 c128) "x.re == y.re && x.im == y.im")
   (:op add (c64 c128) "T{x.re + y.re, x.im + y.im}")
   (:op mul (c64 c128) "caten_complex_mul(x, y)")
   (:op div (c64 c128) "caten_complex_div(x, y)")
   (:op exp2 (f16 bf16 f32) "exp2f(x)")
   (:op exp2 (f64) "exp2(x)")
   (:op log2 (f16 bf16 f32) "log2f(x)")
   (:op log2 (f64) "log2(x)")
   (:op sin (f16 bf16 f32) "sinf(x)")
   (:op sin (f64) "sin(x)")
   (:op sqrt (f16 bf16 f32) "sqrtf(x)")
   (:op sqrt (f64) "sqrt(x)")
   (:prelude
    ; The remainder has the sign of the divisor; the sum is rounded once.
    (caten_mod
     "static inline float caten_mod(float x, float y) {
  float r = fmodf(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
static inline double caten_mod(double x, double y) {
  double r = fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}")
    (caten_complex_of_real
     "template <class T, class S>
static inline T caten_complex_of_real(S x) {
  T z;
  z.re = x;
  z.im = 0;
  return z;
}")
    (caten_complex_of_complex
     "template <class T, class S>
static inline T caten_complex_of_complex(S x) {
  T z;
  z.re = x.re;
  z.im = x.im;
  return z;
}")
    (caten_complex_mul
     "template <class T>
static inline T caten_complex_mul(T x, T y) {
  double a = x.re, b = x.im, c = y.re, d = y.im;
  T z;
  z.re = a * c - b * d;
  z.im = a * d + b * c;
  return z;
}")
    ; x conj(y) / |y|², with y scaled by a power of two so that |y|² neither overflows nor vanishes.
    (caten_complex_div
     "template <class T>
static inline T caten_complex_div(T x, T y) {
  double a = x.re, b = x.im, c = y.re, d = y.im;
  double p = c < 0 ? -c : c, q = d < 0 ? -d : d, largest = p != p ? q : q != q ? p : p < q ? q : p;
  int scale = 0;
  if (largest > 0 && largest - largest == 0) {
    scale = -ilogb(largest);
    c = scalbn(c, scale);
    d = scalbn(d, scale);
  }
  double denominator = c * c + d * d;
  T z;
  z.re = scalbn((a * c + b * d) / denominator, scale);
  z.im = scalbn((b * c - a * d) / denominator, scale);
  return z;
}"))))
