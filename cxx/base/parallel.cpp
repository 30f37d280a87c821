#include "base/parallel.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <vector>

namespace caten {

unsigned thread_count() {
  const char* allowed = std::getenv("OMP_NUM_THREADS");
  long count = allowed ? std::strtol(allowed, nullptr, 10) : 0;
  constexpr long kMost = 1024;
  return count > 0 ? static_cast<unsigned>(std::min(count, kMost)) : std::max(1u, std::thread::hardware_concurrency());
}

size_t parallel_parts(size_t count, size_t least) {
  return std::clamp<size_t>(count / std::max<size_t>(1, least), 1, thread_count());
}

void in_parallel(size_t count, size_t least, const std::function<void(size_t, size_t, size_t)>& body) {
  size_t parts = parallel_parts(count, least);
  auto run = [&](size_t part) { body(part, count * part / parts, count * (part + 1) / parts); };
  std::vector<std::thread> others;
  for (size_t part = 1; part < parts; ++part) others.emplace_back(run, part);
  run(0);
  for (std::thread& other : others) other.join();
}

}  // namespace caten
