// In: source texts of kernels and a device. Out: the loaded kernels of each, compiled only where neither this process
// nor the store on disk has them.
//
// A text is the unit of reuse: what two programs have in common is compiled once. What is loaded stays so while a
// program uses it. Texts that must be compiled are, several at once on several threads. Thread-safe. Entry: load.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/timings.hpp"
#include "cache/store.hpp"
#include "runtime/device.hpp"

namespace caten {

class Executables {
 public:
  /// The executable of each text, in their order; the first text that fails decides the error.
  Result<std::vector<std::shared_ptr<Executable>>> load(const std::vector<std::string>& texts, Device& device,
                                                        const ArtifactStore& store, Timings* timings = nullptr);

  /// How many texts were compiled.
  size_t compiled() const { return compiled_; }

  /// Why the store did not keep something, if that happened since the last question.
  std::string take_obstacle();

 private:
  Result<std::shared_ptr<Executable>> compile(const std::string& key, const std::string& text, Device& device,
                                              const ArtifactStore& store);

  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Executable>> loaded_;  ///< by key
  std::string obstacle_;
  std::atomic<size_t> compiled_{0};
};

}  // namespace caten
