#include "driver/kept_weights.hpp"

#include <atomic>
#include <mutex>
#include <vector>

namespace caten {
namespace {

class KeptWeights {
 public:
  explicit KeptWeights(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  ~KeptWeights() {
    if (made_) device_->driver().table().free_kept(made_);
  }
  KeptWeights(const KeptWeights&) = delete;
  KeptWeights& operator=(const KeptWeights&) = delete;

  /// `compute` with the place of what is kept: null at the first call, since most elements are read once.
  template <class Compute>
  Status call(const Compute& compute) {
    if (calls_.fetch_add(1) == 0) return compute(nullptr);
    std::unique_lock lock(mutex_);
    if (!made_) return compute(&made_);
    lock.unlock();
    void* made = made_;
    return compute(&made);
  }

 private:
  std::shared_ptr<Device> device_;
  std::atomic<size_t> calls_{0};
  std::mutex mutex_;
  void* made_ = nullptr;  ///< does not change any more once it is there
};

std::string key_of(const Device& device, const std::string& routine, const std::string& attributes,
                   std::span<const int64_t> sizes) {
  std::string out = routine + ' ' + attributes + ' ';
  auto append = [&](const void* bytes, size_t count) { out.append(static_cast<const char*>(bytes), count); };
  const Device* place = &device;
  append(&place, sizeof place);
  append(sizes.data(), sizes.size_bytes());
  return out;
}

}  // namespace

Status call_with_weights(Stream& stream, const std::shared_ptr<Device>& device, const std::string& routine,
                         const std::string& attributes, std::span<void* const> buffers, std::span<const int64_t> sizes,
                         size_t slot, const Array& weights) {
  auto kept = std::static_pointer_cast<KeptWeights>(
      weights.kept(key_of(*device, routine, attributes, sizes), [&] { return std::make_shared<KeptWeights>(device); }));
  if (!kept) return stream.call_library(routine, attributes, buffers, sizes);
  return kept->call([&](void** place) {
    std::vector<void**> places(buffers.size(), nullptr);
    places[slot] = place;
    return stream.call_library(routine, attributes, buffers, sizes, places);
  });
}

}  // namespace caten
