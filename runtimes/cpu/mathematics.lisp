; The mathematics of the cpu runtime: functions in place of those of the C library, so that
; loops over them become vectors. Every function states its largest error.
(defdialect mathematics
  (:op exp2 (f16 bf16 f32) "caten_exp2_float(x)")
  (:op exp2 (f64) "caten_exp2_double(x)")
  (:op log2 (f16 bf16 f32) "caten_log2_float(x)")
  (:op log2 (f64) "caten_log2_double(x)")
  (:op sin (f16 bf16 f32) "caten_sin_float(x)")
  (:op sin (f64) "caten_sin_double(x)")
  (:op sqrt (f16 bf16 f32) "__builtin_sqrtf(x)")
  (:op sqrt (f64) "__builtin_sqrt(x)")
  (:op max (f16 bf16 f32) "caten_max_float(x, y)")
  (:op max (f64) "caten_max_double(x, y)")
  (:op mod (f16 bf16 f32) "caten_mod_float(x, y)")
  (:op mod (f64) "caten_mod_double(x, y)")
  (:prelude
   (caten_float_bits
    "static inline uint32_t caten_float_bits(float x) { union { float x; uint32_t bits; } both = {x}; return both.bits; }")
   (caten_float
    "static inline float caten_float(uint32_t bits) { union { uint32_t bits; float x; } both = {bits}; return both.x; }")
   (caten_double
    "static inline double caten_double(uint64_t bits) { union { uint64_t bits; double x; } both = {bits}; return both.x; }")
   ; 2^x = 2^n 2^f with n the nearest integer: a polynomial in f, scaled in two steps, so that a subnormal result is
   ; rounded once. Below 1.2 ulp.
   (caten_exp2_float
    "static inline float caten_exp2_float(float x) {
  float y = x < -160.0f ? -160.0f : x > 130.0f ? 130.0f : x, shifted = y + 0x1.8p23f, f = y - (shifted - 0x1.8p23f);
  float p = 1.0f + f * (0x1.62e43p-1f + f * (0x1.ebfbep-3f + f * (0x1.c6af6cp-5f + f * (0x1.3b2a54p-7f
      + f * (0x1.5f089p-10f + f * 0x1.44138ap-13f)))));
  int32_t n = (int32_t)(caten_float_bits(shifted) - 0x4b400000u), half = n >> 1;
  return p * caten_float((uint32_t)(half + 127) << 23) * caten_float((uint32_t)(n - half + 127) << 23);
}")
   (caten_exp2_double
    "static inline double caten_exp2_double(double x) {
  double y = x < -1100.0 ? -1100.0 : x > 1030.0 ? 1030.0 : x, shifted = y + 0x1.8p52, f = y - (shifted - 0x1.8p52);
  double p = 1.0 + f * (0x1.62e42fefa39efp-1 + f * (0x1.ebfbdff82c598p-3 + f * (0x1.c6b08d704a0c2p-5
      + f * (0x1.3b2ab6fba1ddap-7 + f * (0x1.5d87fe78a5276p-10 + f * (0x1.430913096fd9fp-13 + f * (0x1.ffcbfc670dcd4p-17
      + f * (0x1.62bfd47773353p-20 + f * (0x1.b524fae627834p-24 + f * (0x1.e6063f7217bc6p-28
      + f * 0x1.e9d3fe3952179p-32))))))))));
  uint64_t n = caten_bits(shifted) - 0x4338000000000000u + 2046, half = n >> 1;
  return p * caten_double(half << 52) * caten_double((n - half) << 52);
}")
   ; x = 2^n m with m in sqrt(1/2) … sqrt(2): n + log2(e) log(m), and log(1 + f) = f - f²/2 + s (f²/2 + R(s²)) with
   ; s = f / (2 + f). Below 2 ulp.
   (caten_log2_float
    "static inline float caten_log2_float(float x) {
  float y = x < 0x1p-126f ? x * 0x1p25f : x;
  uint32_t bits = caten_float_bits(y) + (0x3f800000u - 0x3f3504f3u);
  float n = (float)((int32_t)(bits >> 23) - (x < 0x1p-126f ? 152 : 127));
  float f = caten_float((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0f, s = f / (2.0f + f), z = s * s, h = 0.5f * f * f;
  float r = z * (0x1.555556p-1f + z * (0x1.9999ecp-2f + z * (0x1.245c44p-2f + z * 0x1.ddced8p-3f)));
  float y2 = n + (f - (h - s * (h + r))) * 0x1.715476p+0f;
  return x == 0 ? -1.0f / 0.0f : x < 0 ? 0.0f / 0.0f : x - x == 0 ? y2 : x;
}")
   (caten_log2_double
    "static inline double caten_log2_double(double x) {
  double y = x < 0x1p-1022 ? x * 0x1p54 : x;
  uint64_t bits = caten_bits(y) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
  double n = (double)((int32_t)(bits >> 52) - (x < 0x1p-1022 ? 1077 : 1023));
  double f = caten_double((bits & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0, s = f / (2.0 + f), z = s * s;
  double h = 0.5 * f * f;
  double r = z * (0x1.5555555555558p-1 + z * (0x1.99999999952e2p-2 + z * (0x1.2492492df148dp-2 + z * (0x1.c71c62e5800a1p-3
      + z * (0x1.7462b4ab2ef6bp-3 + z * (0x1.39fe606542ddep-3 + z * 0x1.2b584aae78a57p-3))))));
  double y2 = n + (f - (h - s * (h + r))) * 0x1.71547652b82fep+0;
  return x == 0 ? -1.0 / 0.0 : x < 0 ? 0.0 / 0.0 : x - x == 0 ? y2 : x;
}")
   ; x = k π + r: a polynomial in r, negated for odd k. π is subtracted in parts whose products with k are exact; what
   ; is too large for that is multiplied by as many bits of 1/π as it needs, in integers. Below 3 ulp.
   (caten_sin_polynomial
    "static inline double caten_sin_polynomial(double r, uint64_t odd) {
  double z = r * r;
  double p = r * (1.0 + z * (-0x1.5555555555555p-3 + z * (0x1.1111111111107p-7 + z * (-0x1.a01a01a018aadp-13
      + z * (0x1.71de3a5456716p-19 + z * (-0x1.ae6455a1d7087p-26 + z * (0x1.6124015b5ee3ap-33 + z * (-0x1.ae5138c1216b3p-41
      + z * 0x1.89a4866f527ebp-49))))))));
  return caten_double(caten_bits(p) ^ odd << 63);
}")
   (caten_sin_large
    "__attribute__((noinline)) static double caten_sin_large(double x) {
  static const uint64_t inverse_of_pi[] = {0, 0x517cc1b727220a94u, 0xfe13abe8fa9a6ee0u, 0x6db14acc9e21c820u,
      0xff28b1d5ef5de2b0u, 0xdb92371d2126e970u, 0x0324977504e8c90eu, 0x7f0ef58e5894d39fu, 0x74411afa975da242u,
      0x74ce38135a2fbf20u, 0x9cc8eb1cc1a99cfau, 0x4e422fc5defc941du, 0x8ffc4bffef02cc07u, 0xf79788c5ad05368fu,
      0xb69b3f6793e584dbu, 0xa7a31fb34f2ff516u, 0xba93dd63f5f2f8bdu, 0x9e839cfbc5294975u, 0x35fdafd88fc6ae84u,
      0x2b0198237e3db5d5u, 0xf867de104d7a1b0eu};
  if (x - x != 0) return x - x;
  uint64_t bits = caten_bits(x), digits = (bits & 0xfffffffffffffu) | 1ull << 52;
  // x = digits 2^e; the fraction of a turn is that of digits 2^(e - 1) / pi, of which bits before `at` give whole turns.
  uint64_t at = (bits >> 52 & 0x7ff) - 1023 - 52 - 1 + 64, shift = at % 64;
  const uint64_t *word = inverse_of_pi + at / 64;
  uint64_t w0 = shift ? word[0] << shift | word[1] >> (64 - shift) : word[0];
  uint64_t w1 = shift ? word[1] << shift | word[2] >> (64 - shift) : word[1];
  uint64_t w2 = shift ? word[2] << shift | word[3] >> (64 - shift) : word[2];
  unsigned __int128 low = (unsigned __int128)digits * w2, middle = (unsigned __int128)digits * w1 + (uint64_t)(low >> 64);
  uint64_t high = digits * w0 + (uint64_t)(middle >> 64), odd = (high + (1ull << 62)) >> 63;
  unsigned __int128 turn = ((unsigned __int128)(high - (odd << 63)) << 64) | (uint64_t)middle;
  uint64_t negative = (uint64_t)(turn >> 127);
  if (negative) turn = -turn;
  uint64_t top = (uint64_t)(turn >> 64), zeros = top ? (uint64_t)__builtin_clzll(top) : 64 + (uint64_t)__builtin_clzll((uint64_t)turn | 1);
  double r = (double)(int64_t)((uint64_t)((turn << zeros) >> 64) >> 1) * caten_double((1023 - 63 - zeros) << 52) * 0x1.921fb54442d18p+2;
  return caten_sin_polynomial(r, odd ^ negative ^ bits >> 63);
}")
   (caten_sin_float
    "static inline float caten_sin_float(float x) {
  double y = x;
  if (!(y < 0x1p25 && y > -0x1p25)) return (float)caten_sin_large(y);
  double shifted = y * 0x1.45f306dc9c883p-2 + 0x1.8p52, k = shifted - 0x1.8p52;
  float r = (float)(y - k * 0x1.921fb54p+1 - k * 0x1.10b4611a62633p-29), z = r * r;
  float p = r * (1.0f + z * (-0x1.555554p-3f + z * (0x1.11104ep-7f + z * (-0x1.9fb686p-13f + z * 0x1.61a18ap-19f))));
  return caten_float(caten_float_bits(p) ^ (uint32_t)caten_bits(shifted) << 31);
}")
   (caten_sin_double
    "static inline double caten_sin_double(double x) {
  if (!(x < 0x1p20 && x > -0x1p20)) return caten_sin_large(x);
  double shifted = x * 0x1.45f306dc9c883p-2 + 0x1.8p52, k = shifted - 0x1.8p52;
  double r = x - k * 0x1.921fb544p+1 - k * 0x1.0b4611a6p-33 - k * 0x1.3198a2e037073p-68;
  return caten_sin_polynomial(r, caten_bits(shifted));
}")
   ; Equal numbers have equal bits, but for zeros: those have the sign bit in common only if both are negative.
   (caten_max_float
    "static inline float caten_max_float(float x, float y) {
  float larger = x > y ? x : y, same = caten_float(caten_float_bits(x) & caten_float_bits(y));
  larger = x == y ? same : larger;
  return x != x ? x : larger;
}")
   (caten_max_double
    "static inline double caten_max_double(double x, double y) {
  double larger = x > y ? x : y, same = caten_double(caten_bits(x) & caten_bits(y));
  larger = x == y ? same : larger;
  return x != x ? x : larger;
}")
   ; Floats become 2-byte floats by instructions or a few integer operations; doubles as in the c runtime.
   (caten_to_f16
    "#if defined(__F16C__) || defined(__aarch64__)
static inline uint16_t caten_f16_of_float(float x) { union { _Float16 x; uint16_t bits; } both = {(_Float16)x}; return both.bits; }
#else
static inline uint16_t caten_f16_of_float(float x) { return (uint16_t)caten_encode(x, 5, 10, 1, 0); }
#endif
static inline uint16_t caten_f16_of_double(double x) { return (uint16_t)caten_encode(x, 5, 10, 1, 0); }
#define caten_to_f16(x) _Generic((x), float: caten_f16_of_float, double: caten_f16_of_double)(x)")
   (caten_from_f16
    "#if defined(__F16C__) || defined(__aarch64__)
static inline float caten_from_f16(uint16_t x) { union { uint16_t bits; _Float16 x; } both = {x}; return (float)both.x; }
#else
static inline float caten_from_f16(uint16_t x) { return caten_decode(x, 5, 10, 1); }
#endif")
   (caten_to_bf16
    "static inline uint16_t caten_bf16_of_float(float x) {
  uint32_t bits = caten_float_bits(x), rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
  return (uint16_t)(x != x ? 0x7fc0u : rounded);
}
static inline uint16_t caten_bf16_of_double(double x) { return (uint16_t)caten_encode(x, 8, 7, 1, 0); }
#define caten_to_bf16(x) _Generic((x), float: caten_bf16_of_float, double: caten_bf16_of_double)(x)")
   (caten_decode
    "static inline float caten_decode(uint32_t bits, int exponent, int mantissa, int has_infinity) {
  uint32_t fraction = bits & ((1u << mantissa) - 1), power = bits >> mantissa & ((1u << exponent) - 1);
  uint32_t ones = (1u << exponent) - 1, sign = (bits >> (exponent + mantissa) & 1u) << 31;
  int bias = (1 << (exponent - 1)) - 1;
  float unit = caten_float((uint32_t)(128 - bias - mantissa) << 23);
  uint32_t normal = (power + 127u - (uint32_t)bias) << 23 | fraction << (23 - mantissa);
  uint32_t special = 0x7f800000u | (has_infinity ? fraction << (23 - mantissa) : 0x400000u);
  uint32_t subnormal = caten_float_bits((float)(int32_t)fraction * unit);
  int is_special = power == ones && (has_infinity || fraction == (1u << mantissa) - 1);
  return caten_float(sign | (is_special ? special : power == 0 ? subnormal : normal));
}")))
