#include "driver/roof.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace caten {
namespace {

constexpr int64_t kSteps = 400'000;
constexpr int kChains = 12;  ///< enough sums at once to hide the latency of each
constexpr size_t kBytes = size_t{64} << 20;
constexpr int kRepeats = 4;

/// Operations that one call does.
struct Multiplier {
  const char* name;
  double operations;
  float (*run)(float);
};

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float multiply_avx512(float seed) {
  __m512 sums[kChains], factor = _mm512_set1_ps(seed);
  for (int k = 0; k < kChains; ++k) sums[k] = _mm512_set1_ps(static_cast<float>(k));
  for (int64_t i = 0; i < kSteps; ++i)
    for (int k = 0; k < kChains; ++k) sums[k] = _mm512_fmadd_ps(sums[k], factor, factor);
  for (int k = 1; k < kChains; ++k) sums[0] = _mm512_add_ps(sums[0], sums[k]);
  float lanes[16];
  _mm512_storeu_ps(lanes, sums[0]);
  return std::accumulate(lanes, lanes + 16, 0.0f);
}

__attribute__((target("avx2,fma"))) float multiply_avx2(float seed) {
  __m256 sums[kChains], factor = _mm256_set1_ps(seed);
  for (int k = 0; k < kChains; ++k) sums[k] = _mm256_set1_ps(static_cast<float>(k));
  for (int64_t i = 0; i < kSteps; ++i)
    for (int k = 0; k < kChains; ++k) sums[k] = _mm256_fmadd_ps(sums[k], factor, factor);
  for (int k = 1; k < kChains; ++k) sums[0] = _mm256_add_ps(sums[0], sums[k]);
  float lanes[8];
  _mm256_storeu_ps(lanes, sums[0]);
  return std::accumulate(lanes, lanes + 8, 0.0f);
}
#endif

float multiply_scalar(float seed) {
  float sums[kChains];
  for (int k = 0; k < kChains; ++k) sums[k] = static_cast<float>(k);
  for (int64_t i = 0; i < kSteps; ++i)
    for (float& sum : sums) sum = sum * seed + seed;
  return std::accumulate(sums, sums + kChains, 0.0f);
}

Multiplier best_multiplier() {
  double scalar = 2.0 * kChains * static_cast<double>(kSteps);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {"avx512", 16 * scalar, multiply_avx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {"avx2", 8 * scalar, multiply_avx2};
#endif
  return {"scalar", scalar, multiply_scalar};
}

/// Seconds of the fastest of several times that all threads do `part`.
double fastest(unsigned threads, const std::function<void(unsigned)>& part) {
  double best = 1e9;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> others;
    for (unsigned k = 1; k < threads; ++k) others.emplace_back(part, k);
    part(0);
    for (std::thread& other : others) other.join();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

uint64_t sum(const uint64_t* words, size_t count) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i + 8 <= count; i += 8)
    for (size_t k = 0; k < 8; ++k) sums[k] += words[i + k];
  return std::accumulate(sums, sums + 8, uint64_t{0});
}

}  // namespace

Roof measure_roof(unsigned threads) {
  Roof roof;
  roof.threads = threads ? threads : std::max(1u, std::thread::hardware_concurrency());
  std::vector<double> results(roof.threads);  // keeps the work from being dropped

  size_t part = kBytes / 2 / roof.threads / 64 * 64, words = part / sizeof(uint64_t);
  auto memory = std::make_unique<uint64_t[]>(2 * words * roof.threads);
  auto half = [&](unsigned k, size_t which) { return memory.get() + (2 * k + which) * words; };
  double copied = fastest(roof.threads, [&](unsigned k) { std::memcpy(half(k, 1), half(k, 0), part); });
  double read =
      fastest(roof.threads, [&](unsigned k) { results[k] = static_cast<double>(sum(half(k, 0), 2 * words)); });
  roof.bytes_per_second = 2.0 * static_cast<double>(part * roof.threads) / std::min(copied, read);

  Multiplier multiplier = best_multiplier();
  float seed = 0.5f + static_cast<float>(std::fmod(results[0], 2.0)) * 1e-6f;
  double multiplied = fastest(roof.threads, [&](unsigned k) { results[k] = multiplier.run(seed); });
  roof.flops_per_second = multiplier.operations * roof.threads / multiplied;
  roof.instructions = multiplier.name;
  return roof;
}

}  // namespace caten
