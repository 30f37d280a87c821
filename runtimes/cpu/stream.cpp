#include "cpu/stream.hpp"

#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace caten::cpu {
namespace {

constexpr int64_t kLine = 64;

/// What lies before the first whole line of the target, at most all.
[[maybe_unused]] int64_t before_lines(const void* to, int64_t bytes) {
  auto head = static_cast<int64_t>(-reinterpret_cast<uint64_t>(to) & (kLine - 1));
  return head < bytes ? head : bytes;
}

void copy(void* to, const void* from, int64_t bytes) { std::memcpy(to, from, static_cast<size_t>(bytes)); }

#if defined(__x86_64__)

// The same loop for lines in one, two and four pieces: an intrinsic needs the target of the function that it stands in.
#define CATEN_STREAM(name, isa, vector, load, store)                                                  \
  __attribute__((target(isa))) void name(void* to, const void* from, int64_t bytes) {                 \
    auto* y = static_cast<char*>(to);                                                                 \
    const auto* x = static_cast<const char*>(from);                                                   \
    int64_t head = before_lines(to, bytes);                                                           \
    copy(y, x, head);                                                                                 \
    for (x += head, y += head, bytes -= head; bytes >= kLine; x += kLine, y += kLine, bytes -= kLine) \
      for (size_t at = 0; at < kLine; at += sizeof(vector))                                           \
        store(reinterpret_cast<vector*>(y + at), load(reinterpret_cast<const vector*>(x + at)));      \
    copy(y, x, bytes);                                                                                \
  }
CATEN_STREAM(stream_512, "avx512f", __m512i, _mm512_loadu_si512, _mm512_stream_si512)
CATEN_STREAM(stream_256, "avx", __m256i, _mm256_loadu_si256, _mm256_stream_si256)
CATEN_STREAM(stream_128, "sse2", __m128i, _mm_loadu_si128, _mm_stream_si128)
#undef CATEN_STREAM

#endif

}  // namespace

Stream widest_stream() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return stream_512;
  if (__builtin_cpu_supports("avx")) return stream_256;
  return stream_128;
#else
  return copy;
#endif
}

}  // namespace caten::cpu
