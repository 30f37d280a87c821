; The c runtime: kernels as portable C11 through the system's C compiler.
;
; An element is held in the type of its dtype; 2- and 1-byte floats are held as their bits and widened for each op, so
; that every op rounds to its dtype and moving an element never changes its bits.
(defruntime c
  (:description "C11 through the system's C compiler, one thread")
  (:driver "c")  ; the module beside this file, or in lib/caten
  (:limits (:alignment 64))
  (:unsupported)  ; (op dtype …): refused before anything runs
  (:dialect
   ; In what type an element of each dtype is held, and as what it is computed where that is another: with a function to it and one back.
   (:types (bool "uint8_t") (i8 "int8_t") (i16 "int16_t") (i32 "int32_t") (i64 "int64_t")
           (u8 "uint8_t") (u16 "uint16_t") (u32 "uint32_t") (u64 "uint64_t")
           (f16 "uint16_t") (bf16 "uint16_t") (f32 "float") (f64 "double")
           (c64 "float _Complex") (c128 "double _Complex") (f8e4m3 "uint8_t") (f8e5m2 "uint8_t"))
   (:wide (f16 "float" "caten_from_f16" "caten_to_f16")
          (bf16 "float" "caten_from_bf16" "caten_to_bf16")
          (f8e4m3 "float" "caten_from_f8e4m3" "caten_to_f8e4m3")
          (f8e5m2 "float" "caten_from_f8e5m2" "caten_to_f8e5m2"))
   ; What gcc 12.2 gets wrong at -O2: vectors of straight lines lose the rounding of two doubles to float and back, and
   ; with induction variables of its choice a sum of integers taken as complex numbers reads what was never written.
   (:header "#include <stdint.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize(\"no-tree-slp-vectorize\", \"no-ivopts\")
#endif")
   ; How a kernel begins and finds its buffers and sizes; a local one is for a program that stands alone.
   (:kernel "__attribute__((visibility(\"default\"))) void {name}(void *const *buffers, const int64_t *sizes) {")
   (:local-kernel "static void {name}(void *const *buffers, const int64_t *sizes) {")
   (:buffer "{type} *const {buffer} = buffers[{slot}];")
   (:const-buffer "const {type} *const {buffer} = buffers[{slot}];")
   (:size "const int64_t {size} = sizes[{number}];")
   (:function "static inline")
   ; Conversions: T is the type of the result, S that of the operand, U the unsigned one of T's size.
   (:load-bool "({x} != 0)")
   (:cast "(T)x")
   (:cast-bool "x != 0")
   (:cast-saturating
    "x != x ? (T)0
     : x <= (S)((T)-1 < (T)0 ? (T)~((U)-1 >> 1) : (T)0) ? ((T)-1 < (T)0 ? (T)~((U)-1 >> 1) : (T)0)
     : x >= (S)((T)-1 < (T)0 ? (T)((U)-1 >> 1) : (T)-1) ? ((T)-1 < (T)0 ? (T)((U)-1 >> 1) : (T)-1)
     : (T)x")
   (:cast-narrow-integer "caten_round_to_odd(x < 0 ? 0 - (uint64_t)x : (uint64_t)x, x < 0)")
   (:bitcast "union { S s; T t; } both; both.s = x; return both.t;")
   (:complex "union { S s[2]; T t; } both; both.s[0] = x; both.s[1] = y; return both.t;")
   (:part "union { S s; T t[2]; } both; both.s = x; return both.t[i != 0];")
   ; An op on these dtypes, where it is not spelled as in cxx/ir/ops.def.
   (:op mul (c64) "caten_narrow_complex(caten_complex_mul(x, y))")
   (:op mul (c128) "caten_complex_mul(x, y)")
   (:op div (c64) "caten_narrow_complex(caten_complex_div(x, y))")
   (:op div (c128) "caten_complex_div(x, y)")
   ; Texts that stand before the kernels that use them, by name; what they use themselves comes first.
   (:prelude
    (caten_clamp
     "static inline int64_t caten_clamp(int64_t i, int64_t size) { return i < 0 || size < 1 ? 0 : i < size ? i : size - 1; }")
    (caten_in_range
     "static inline uint8_t caten_in_range(int64_t i, int64_t size) { return 0 <= i && i < size; }")
    (caten_exp2
     "float exp2f(float); double exp2(double);
#define caten_exp2(x) _Generic((x), float: exp2f, double: exp2)(x)")
    (caten_log2
     "float log2f(float); double log2(double);
#define caten_log2(x) _Generic((x), float: log2f, double: log2)(x)")
    (caten_sin
     "float sinf(float); double sin(double);
#define caten_sin(x) _Generic((x), float: sinf, double: sin)(x)")
    (caten_sqrt
     "float sqrtf(float); double sqrt(double);
#define caten_sqrt(x) _Generic((x), float: sqrtf, double: sqrt)(x)")
    ; The remainder has the sign of the divisor; the sum is rounded once.
    (caten_mod_float
     "float fmodf(float, float);
static inline float caten_mod_float(float x, float y) {
  float r = fmodf(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}")
    (caten_mod_double
     "double fmod(double, double);
static inline double caten_mod_double(double x, double y) {
  double r = fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}")
    (caten_mod "#define caten_mod(x, y) _Generic((x), float: caten_mod_float, double: caten_mod_double)(x, y)")
    ; Of zeros of either sign the sum is the larger.
    (caten_max
     "#define caten_max(x, y) ((x) != (x) ? (x) : (y) != (y) ? (y) : (x) < (y) ? (y) : (y) < (x) ? (x) : (x) == 0 ? (x) + (y) : (x))")
    (caten_bits
     "static inline uint64_t caten_bits(double x) { union { double x; uint64_t bits; } both = {x}; return both.bits; }")
    ; Rounds a double to a format of `exponent` and `mantissa` bits, ties to even. What is beyond the largest number
    ; becomes infinite, or the largest where the format saturates; e4m3 has no infinity and one NaN.
    (caten_encode
     "static inline uint32_t caten_encode(double x, int exponent, int mantissa, int has_infinity, int saturates) {
  uint64_t bits = caten_bits(x), magnitude = bits & 0x7fffffffffffffffull;
  uint32_t sign = (uint32_t)(bits >> 63) << (exponent + mantissa);
  uint32_t infinity = ((1u << exponent) - 1) << mantissa;
  uint32_t nan = has_infinity ? infinity | 1u << (mantissa - 1) : infinity | ((1u << mantissa) - 1);
  uint32_t largest = has_infinity ? infinity - 1 : nan - 1;
  uint32_t beyond = sign | (saturates ? largest : infinity);
  if (magnitude > 0x7ff0000000000000ull) return nan;
  if (magnitude == 0x7ff0000000000000ull) return beyond;
  if (magnitude == 0) return sign;
  int bias = (1 << (exponent - 1)) - 1;
  int power = (int)(magnitude >> 52) - 1023, least = 1 - bias;
  if (power < least - mantissa - 1) return sign;
  int shift = 52 - mantissa + (power < least ? least - power : 0);
  uint64_t digits = (magnitude & 0xfffffffffffffull) | 1ull << 52;
  uint64_t units = digits >> shift, rest = digits & ((1ull << shift) - 1), middle = 1ull << (shift - 1);
  units += rest > middle || (rest == middle && (units & 1));
  uint64_t result = units + ((uint64_t)((power < least ? least : power) + bias - 1) << mantissa);
  return result > largest ? beyond : sign | (uint32_t)result;
}")
    (caten_to_f16 "static inline uint16_t caten_to_f16(double x) { return (uint16_t)caten_encode(x, 5, 10, 1, 0); }")
    (caten_to_bf16 "static inline uint16_t caten_to_bf16(double x) { return (uint16_t)caten_encode(x, 8, 7, 1, 0); }")
    (caten_to_f8e4m3 "static inline uint8_t caten_to_f8e4m3(double x) { return (uint8_t)caten_encode(x, 4, 3, 0, 1); }")
    (caten_to_f8e5m2 "static inline uint8_t caten_to_f8e5m2(double x) { return (uint8_t)caten_encode(x, 5, 2, 1, 1); }")
    (caten_decode
     "static inline float caten_float(uint32_t bits) { union { uint32_t bits; float x; } both = {bits}; return both.x; }
static inline float caten_decode(uint32_t bits, int exponent, int mantissa, int has_infinity) {
  uint32_t fraction = bits & ((1u << mantissa) - 1), power = bits >> mantissa & ((1u << exponent) - 1);
  uint32_t ones = (1u << exponent) - 1, sign = (bits >> (exponent + mantissa) & 1u) << 31;
  int bias = (1 << (exponent - 1)) - 1;
  if (power == ones && (has_infinity || fraction == (1u << mantissa) - 1))
    return caten_float(sign | 0x7f800000u | (has_infinity ? fraction << (23 - mantissa) : 0x400000u));
  if (power == 0) {
    float unit = caten_float((uint32_t)(128 - bias - mantissa) << 23), value = (float)fraction * unit;
    return sign ? -value : value;
  }
  return caten_float(sign | (power + 127u - (uint32_t)bias) << 23 | fraction << (23 - mantissa));
}")
    (caten_from_f16 "static inline float caten_from_f16(uint16_t x) { return caten_decode(x, 5, 10, 1); }")
    (caten_from_bf16
     "static inline float caten_from_bf16(uint16_t x) { union { uint32_t bits; float x; } both = {(uint32_t)x << 16}; return both.x; }")
    (caten_from_f8e4m3 "static inline float caten_from_f8e4m3(uint8_t x) { return caten_decode(x, 4, 3, 0); }")
    (caten_from_f8e5m2 "static inline float caten_from_f8e5m2(uint8_t x) { return caten_decode(x, 5, 2, 1); }")
    ; An integer as a double whose last bit is set if anything was lost: rounding it again rounds once.
    (caten_round_to_odd
     "static inline double caten_round_to_odd(uint64_t magnitude, int negative) {
  int excess = 0;
  while (magnitude >> excess >= 1ull << 53) ++excess;
  uint64_t kept = magnitude >> excess;
  if (kept << excess != magnitude) kept |= 1;
  double result = (double)kept * (double)(1ull << excess);
  return negative ? -result : result;
}")
    (caten_pair
     "static inline double _Complex caten_pair(double re, double im) {
  union { double part[2]; double _Complex z; } both = {{re, im}};
  return both.z;
}")
    (caten_re
     "static inline double caten_re(double _Complex z) { union { double _Complex z; double part[2]; } both = {z}; return both.part[0]; }")
    (caten_im
     "static inline double caten_im(double _Complex z) { union { double _Complex z; double part[2]; } both = {z}; return both.part[1]; }")
    (caten_narrow_complex
     "static inline float _Complex caten_narrow_complex(double _Complex z) {
  union { float part[2]; float _Complex z; } both = {{(float)caten_re(z), (float)caten_im(z)}};
  return both.z;
}")
    (caten_complex_mul
     "static inline double _Complex caten_complex_mul(double _Complex x, double _Complex y) {
  double a = caten_re(x), b = caten_im(x), c = caten_re(y), d = caten_im(y);
  return caten_pair(a * c - b * d, a * d + b * c);
}")
    ; x conj(y) / |y|², with y scaled by a power of two so that |y|² neither overflows nor vanishes.
    (caten_complex_div
     "double scalbn(double, int); int ilogb(double);
static inline double _Complex caten_complex_div(double _Complex x, double _Complex y) {
  double a = caten_re(x), b = caten_im(x), c = caten_re(y), d = caten_im(y);
  double p = c < 0 ? -c : c, q = d < 0 ? -d : d, largest = p != p ? q : q != q ? p : p < q ? q : p;
  int scale = 0;
  if (largest > 0 && largest - largest == 0) {
    scale = -ilogb(largest);
    c = scalbn(c, scale);
    d = scalbn(d, scale);
  }
  double denominator = c * c + d * d;
  return caten_pair(scalbn((a * c + b * d) / denominator, scale), scalbn((b * c - a * d) / denominator, scale));
}"))))
