#include "driver/executables.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace caten {
namespace {

std::string key_of(const std::string& text, const Device& device) {
  const caten_properties& properties = device.properties();
  return content_key({"kernels", std::to_string(CATEN_DRIVER_ABI), device.driver().table().name, properties.name,
                      properties.identity, text});
}

}  // namespace

Result<std::vector<std::shared_ptr<Executable>>> Executables::load(const std::vector<std::string>& texts,
                                                                   Device& device, const ArtifactStore& store,
                                                                   Timings* timings) {
  std::vector<std::shared_ptr<Executable>> out(texts.size());
  std::vector<std::string> keys(texts.size());
  std::vector<size_t> missing;
  Timed step(timings, "load kernels", static_cast<int64_t>(texts.size()));
  for (size_t i = 0; i < texts.size(); ++i) {
    keys[i] = key_of(texts[i], device);
    {
      std::lock_guard lock(mutex_);
      if (auto known = loaded_.find(keys[i]); known != loaded_.end()) out[i] = known->second.lock();
    }
    if (out[i]) continue;
    // An artifact of the store that does not load any more is made anew.
    if (std::optional<std::string> kept = store.load(keys[i]))
      if (Result<std::shared_ptr<Executable>> executable = Executable::load(device.shared_from_this(), *kept))
        out[i] = std::move(*executable);
    if (!out[i]) missing.push_back(i);
  }

  step.stop();
  if (!missing.empty()) step.next("compile kernels", static_cast<int64_t>(missing.size()));
  // The longest first, so that no thread begins one when the others end.
  std::stable_sort(missing.begin(), missing.end(),
                   [&](size_t a, size_t b) { return texts[a].size() > texts[b].size(); });
  std::vector<Result<std::shared_ptr<Executable>>> made(missing.size());
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t k = next++; k < missing.size(); k = next++)
      made[k] = compile(keys[missing[k]], texts[missing[k]], device, store);
  };
  size_t most = std::min<size_t>(missing.size(), std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::thread> others;
  for (size_t k = 1; k < most; ++k) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();

  for (size_t k = 0; k < missing.size(); ++k) {
    if (!made[k]) return tl::make_unexpected(made[k].error());
    out[missing[k]] = std::move(*made[k]);
  }
  std::lock_guard lock(mutex_);
  std::erase_if(loaded_, [](const auto& entry) { return entry.second.expired(); });
  for (size_t i = 0; i < texts.size(); ++i) loaded_[keys[i]] = out[i];
  return out;
}

Result<std::shared_ptr<Executable>> Executables::compile(const std::string& key, const std::string& text,
                                                         Device& device, const ArtifactStore& store) {
  Result<std::string> artifact = device.compile(text);
  if (!artifact) return tl::make_unexpected(artifact.error());
  ++compiled_;
  Result<std::shared_ptr<Executable>> executable = Executable::load(device.shared_from_this(), *artifact);
  if (!executable) return executable;
  std::string obstacle =
      store.save(key, *artifact, device.driver().table().name + std::string(", ") + device.properties().name);
  if (obstacle.empty()) return executable;
  std::lock_guard lock(mutex_);
  obstacle_ = std::move(obstacle);
  return executable;
}

std::string Executables::take_obstacle() {
  std::lock_guard lock(mutex_);
  return std::exchange(obstacle_, "");
}

}  // namespace caten
