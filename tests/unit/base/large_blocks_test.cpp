#include "base/large_blocks.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace caten {

constexpr size_t kMiB = size_t{1} << 20;

TEST_CASE("a large block that was released is the next one of its size") {
  release_kept_blocks();
  void* first = allocate_array(8 * kMiB).get();  // released at once
  std::shared_ptr<void> again = allocate_array(8 * kMiB - 100), other = allocate_array(8 * kMiB);
  CHECK(again.get() == first);
  CHECK(other.get() != first);
  again.reset();
  // Neither for much smaller arrays nor for larger ones.
  CHECK(allocate_array(5 * kMiB).get() != first);
  CHECK(allocate_array(9 * kMiB).get() != first);
  CHECK(release_kept_blocks() >= 8 * kMiB);
  CHECK(release_kept_blocks() == 0);
}

TEST_CASE("small blocks and more than is worth keeping go back to the system") {
  release_kept_blocks();
  allocate_array(100).reset();
  CHECK(release_kept_blocks() == 0);
  std::vector<std::shared_ptr<void>> many;
  for (int k = 0; k < 10; ++k) many.push_back(allocate_array(64 * kMiB));
  many.clear();
  CHECK(release_kept_blocks() == 512 * kMiB);
  CHECK(allocate_array(SIZE_MAX) == nullptr);
}

TEST_CASE("threads take and release blocks at once") {
  auto work = [](unsigned char mark) {
    for (int k = 0; k < 100; ++k) {
      std::shared_ptr<void> block = allocate_array(4 * kMiB);
      std::memset(block.get(), mark, 4096);
      auto* bytes = static_cast<unsigned char*>(block.get());
      for (int i = 0; i < 4096; ++i)
        if (bytes[i] != mark) return false;
    }
    return true;
  };
  bool right[2] = {false, false};
  std::thread other([&] { right[0] = work(1); });
  right[1] = work(2);
  other.join();
  CHECK(right[0]);
  CHECK(right[1]);
  release_kept_blocks();
}

}  // namespace caten
