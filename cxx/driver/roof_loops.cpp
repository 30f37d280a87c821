#include "driver/roof_loops.hpp"

#include <cstring>
#include <numeric>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace caten {
namespace {

constexpr int64_t kSteps = 400'000;
constexpr int kChains = 12;  ///< enough sums at once to hide the latency of each
constexpr double kOperations = 2.0 * kChains * static_cast<double>(kSteps);

float multiply_scalar(float seed) {
  float sums[kChains];
  for (int k = 0; k < kChains; ++k) sums[k] = static_cast<float>(k);
  for (int64_t i = 0; i < kSteps; ++i)
#pragma GCC unroll 16
    for (float& sum : sums) sum = sum * seed + seed;
  return std::accumulate(sums, sums + kChains, 0.0f);
}

uint64_t read_scalar(const std::byte* from, size_t bytes) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i < bytes; i += sizeof sums) {
    uint64_t words[8];
    std::memcpy(words, from + i, sizeof words);
    for (size_t k = 0; k < 8; ++k) sums[k] += words[k];
  }
  return std::accumulate(sums, sums + 8, uint64_t{0});
}

void copy_scalar(std::byte* to, const std::byte* from, size_t bytes) { std::memcpy(to, from, bytes); }

#if defined(__x86_64__)
// NOLINTBEGIN(portability-simd-intrinsics): what the processor can do is what is measured

__attribute__((target("avx512f"))) float multiply_avx512(float seed) {
  __m512 sums[kChains], factor = _mm512_set1_ps(seed);
  for (int k = 0; k < kChains; ++k) sums[k] = _mm512_set1_ps(static_cast<float>(k));
  for (int64_t i = 0; i < kSteps; ++i)
#pragma GCC unroll 16
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, factor, factor);
  for (int k = 1; k < kChains; ++k) sums[0] = _mm512_add_ps(sums[0], sums[k]);
  float lanes[16];
  _mm512_storeu_ps(lanes, sums[0]);
  return std::accumulate(lanes, lanes + 16, 0.0f);
}

__attribute__((target("avx2,fma"))) float multiply_avx2(float seed) {
  __m256 sums[kChains], factor = _mm256_set1_ps(seed);
  for (int k = 0; k < kChains; ++k) sums[k] = _mm256_set1_ps(static_cast<float>(k));
  for (int64_t i = 0; i < kSteps; ++i)
#pragma GCC unroll 16
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, factor, factor);
  for (int k = 1; k < kChains; ++k) sums[0] = _mm256_add_ps(sums[0], sums[k]);
  float lanes[8];
  _mm256_storeu_ps(lanes, sums[0]);
  return std::accumulate(lanes, lanes + 8, 0.0f);
}

__attribute__((target("avx512f,avx512bf16"))) float multiply_bf16(float seed) {
  __m512 sums[kChains];
  __m512bh factor = _mm512_cvtne2ps_pbh(_mm512_set1_ps(seed), _mm512_set1_ps(seed));
  for (int k = 0; k < kChains; ++k) sums[k] = _mm512_set1_ps(static_cast<float>(k));
  for (int64_t i = 0; i < kSteps; ++i)
#pragma GCC unroll 16
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, factor, factor);
  for (int k = 1; k < kChains; ++k) sums[0] = _mm512_add_ps(sums[0], sums[k]);
  float lanes[16];
  _mm512_storeu_ps(lanes, sums[0]);
  return std::accumulate(lanes, lanes + 16, 0.0f);
}

__attribute__((target("avx512f"))) uint64_t read_avx512(const std::byte* from, size_t bytes) {
  __m512i sums[4] = {};
  for (size_t i = 0; i < bytes; i += 256)
    for (size_t k = 0; k < 4; ++k) sums[k] = _mm512_add_epi64(sums[k], _mm512_load_si512(from + i + 64 * k));
  for (size_t k = 1; k < 4; ++k) sums[0] = _mm512_add_epi64(sums[0], sums[k]);
  uint64_t lanes[8];
  _mm512_storeu_si512(lanes, sums[0]);
  return std::accumulate(lanes, lanes + 8, uint64_t{0});
}

__attribute__((target("avx512f"))) void copy_avx512(std::byte* to, const std::byte* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64) _mm512_store_si512(to + i, _mm512_load_si512(from + i));
}

__attribute__((target("avx512f"))) void stream_avx512(std::byte* to, const std::byte* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64)
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_load_si512(from + i));
  _mm_sfence();
}

__attribute__((target("avx2"))) uint64_t read_avx2(const std::byte* from, size_t bytes) {
  __m256i sums[8] = {};
  for (size_t i = 0; i < bytes; i += 256)
    for (size_t k = 0; k < 8; ++k)
      sums[k] = _mm256_add_epi64(sums[k], _mm256_load_si256(reinterpret_cast<const __m256i*>(from + i + 32 * k)));
  for (size_t k = 1; k < 8; ++k) sums[0] = _mm256_add_epi64(sums[0], sums[k]);
  uint64_t lanes[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), sums[0]);
  return std::accumulate(lanes, lanes + 4, uint64_t{0});
}

__attribute__((target("avx2"))) void copy_avx2(std::byte* to, const std::byte* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 32)
    _mm256_store_si256(reinterpret_cast<__m256i*>(to + i),
                       _mm256_load_si256(reinterpret_cast<const __m256i*>(from + i)));
}

void stream_sse2(std::byte* to, const std::byte* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 16)
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), _mm_load_si128(reinterpret_cast<const __m128i*>(from + i)));
  _mm_sfence();
}

bool has_avx512_bf16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __builtin_cpu_supports("avx512f") && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & (1u << 5)) != 0;
}

// NOLINTEND(portability-simd-intrinsics)
#endif

}  // namespace

MultiplyLoop f32_loop() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {"avx512", 16 * kOperations, multiply_avx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {"avx2", 8 * kOperations, multiply_avx2};
#endif
  return {"scalar", kOperations, multiply_scalar};
}

const MultiplyLoop* bf16_loop() {
#if defined(__x86_64__)
  static const MultiplyLoop loop{"avx512-bf16", 32 * kOperations, multiply_bf16};
  if (has_avx512_bf16()) return &loop;
#endif
  return nullptr;
}

MemoryLoops memory_loops() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {read_avx512, copy_avx512, stream_avx512};
  if (__builtin_cpu_supports("avx2")) return {read_avx2, copy_avx2, stream_sse2};
  return {read_scalar, copy_scalar, stream_sse2};
#else
  return {read_scalar, copy_scalar, nullptr};
#endif
}

}  // namespace caten
