#include "driver/roof.hpp"

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>

#include "base/parallel.hpp"
#include "driver/roof_loops.hpp"

namespace caten {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr int kRepeats = 4;

/// Memory that has been written to, so that its pages are there.
class Pages {
 public:
  explicit Pages(size_t bytes) : memory_(new (std::align_val_t{4096}) std::byte[bytes]) {
    std::fill_n(memory_.get(), bytes, std::byte{1});
  }
  std::byte* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{4096}); }
  };
  std::unique_ptr<std::byte[], Free> memory_;
};

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

/// Figures of one number of threads.
class Measuring {
 public:
  explicit Measuring(unsigned threads) : threads_(threads), results_(threads) {}

  /// Each thread has a part of its own; data in the cache are gone through often enough for threads to be started.
  void memory(const Pages& pages, size_t bytes, const char* where, size_t rounds, std::vector<RoofFigure>& out) {
    size_t part = bytes / threads_ / 512 * 512;
    auto begin = [&](unsigned k) { return pages.data() + k * part; };
    auto note = [&](const char* what, double seconds) {
      out.push_back({what, where, threads_, part * threads_, static_cast<double>(part * threads_ * rounds) / seconds});
    };
    auto repeated = [&](const std::function<void(unsigned)>& once) {
      return fastest(threads_, [&](unsigned k) {
        for (size_t round = 0; round < rounds; ++round) once(k);
      });
    };
    note("read", repeated([&](unsigned k) { results_[k] += static_cast<double>(loops_.read(begin(k), part)); }));
    size_t half = part / 2;
    note("copy", repeated([&](unsigned k) { loops_.copy(begin(k) + half, begin(k), half); }));
    if (loops_.stream && rounds == 1)
      note("copy past the caches", repeated([&](unsigned k) { loops_.stream(begin(k) + half, begin(k), half); }));
  }

  void multiply(const char* what, const MultiplyLoop& loop, std::vector<RoofFigure>& out) {
    float seed = 0.5f + static_cast<float>(std::fmod(results_[0], 2.0)) * 1e-6f;
    double seconds = fastest(threads_, [&](unsigned k) { results_[k] = loop.run(seed); });
    out.push_back({what, loop.instructions, threads_, 0, loop.operations * threads_ / seconds});
  }

 private:
  unsigned threads_;
  MemoryLoops loops_ = memory_loops();
  std::vector<double> results_;  ///< keeps the work from being dropped
};

size_t last_cache() {
  long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (bytes <= 0) bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return bytes > 0 ? static_cast<size_t>(bytes) : 8 * kMiB;
}

}  // namespace

std::vector<RoofFigure> better_of(std::vector<RoofFigure> figures, const std::vector<RoofFigure>& others) {
  assert(figures.size() == others.size());
  for (size_t i = 0; i < figures.size(); ++i)
    figures[i].per_second = std::max(figures[i].per_second, others[i].per_second);
  return figures;
}

Roof roof_of(const std::vector<RoofFigure>& figures, bool bf16) {
  Roof roof;
  for (const RoofFigure& figure : figures) {
    roof.threads = std::max(roof.threads, figure.threads);
    if (figure.where == "memory") {
      roof.bytes_per_second = std::max(roof.bytes_per_second, figure.per_second);
    } else if (figure.bytes == 0 && (bf16 || figure.what == "f32 multiply-adds") &&
               figure.per_second > roof.flops_per_second) {
      roof.flops_per_second = figure.per_second;
      roof.instructions = figure.where;
    }
  }
  return roof;
}

Roof measure_roof(unsigned threads) {
  Measuring measuring(threads ? threads : thread_count());
  std::vector<RoofFigure> figures;
  Pages pages(64 * kMiB);
  measuring.memory(pages, 64 * kMiB, "memory", 1, figures);
  measuring.multiply("f32 multiply-adds", f32_loop(), figures);
  return roof_of(figures);
}

std::vector<RoofFigure> measure_roof_figures(unsigned threads) {
  if (threads == 0) threads = thread_count();
  // What the system calls the last cache may be many, each for some of the cores.
  size_t cached = std::min(last_cache() / 2, 8 * kMiB), cold = 256 * kMiB;
  Pages pages(cold);
  std::vector<RoofFigure> figures;
  for (unsigned count : {1u, threads}) {
    Measuring measuring(count);
    measuring.memory(pages, cold, "memory", 1, figures);
    measuring.memory(pages, cached, "cache", std::max<size_t>(2, 64 * kMiB / cached), figures);
    measuring.multiply("f32 multiply-adds", f32_loop(), figures);
    if (const MultiplyLoop* loop = bf16_loop()) measuring.multiply("bf16 multiply-adds", *loop, figures);
    if (threads == 1) break;
  }
  return figures;
}

}  // namespace caten
