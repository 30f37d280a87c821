// What the routines of the library share: errors, the processor, and what belongs to threads.
#pragma once

#include <oneapi/dnnl/dnnl.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace caten::cpu {

struct Failure {
  std::string text;
};

inline void check(dnnl_status_t status, const char* what) {
  if (status != dnnl_success)
    throw Failure{std::string("oneDNN cannot ") + what + ", status " + std::to_string(status)};
}

inline dnnl_engine_t engine() {
  static dnnl_engine_t made = [] {
    dnnl_engine_t out = nullptr;
    check(dnnl_engine_create(&out, dnnl_cpu, 0), "open the processor");
    return out;
  }();
  return made;
}

struct Stream {
  dnnl_stream_t handle = nullptr;
  Stream() { check(dnnl_stream_create(&handle, engine(), dnnl_stream_default_flags), "open a stream"); }
  ~Stream() { dnnl_stream_destroy(handle); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
};

/// Memory that grows.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { std::free(memory_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  void* of(size_t bytes) {
    if (bytes <= bytes_) return memory_;
    std::free(memory_);
    bytes_ = (bytes + 4095) / 4096 * 4096;
    memory_ = std::aligned_alloc(4096, bytes_);
    if (!memory_) {
      bytes_ = 0;
      throw Failure{"the system has no memory left"};
    }
    return memory_;
  }

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

/// Primitives by what they compute, each made at its first use. Kept until the process ends, unless there are many.
template <class Key, class Primitive>
class Primitives {
 public:
  std::shared_ptr<const Primitive> of(const Key& key) {
    {
      std::shared_lock lock(mutex_);
      if (auto found = known_.find(key); found != known_.end()) return found->second;
    }
    auto made = std::make_shared<const Primitive>(key);
    std::unique_lock lock(mutex_);
    if (known_.size() >= kMost) known_.clear();
    return known_.try_emplace(key, std::move(made)).first->second;
  }

 private:
  static constexpr size_t kMost = 1024;
  std::shared_mutex mutex_;
  std::map<Key, std::shared_ptr<const Primitive>> known_;
};

/// What a primitive is executed with, for as long as that takes.
template <size_t kCount>
class Execution {
 public:
  Execution() = default;
  ~Execution() {
    for (size_t i = 0; i < count_; ++i) dnnl_memory_destroy(arguments_[i].memory);
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  void take(int name, const dnnl_memory_desc_t& descriptor, void* place) {
    check(dnnl_memory_create(&arguments_[count_].memory, &descriptor, engine(), place), "take memory");
    arguments_[count_++].arg = name;
  }
  void run(dnnl_primitive_t primitive) {
    static thread_local Stream stream;
    check(dnnl_primitive_execute(primitive, stream.handle, static_cast<int>(count_), arguments_.data()), "compute");
    check(dnnl_stream_wait(stream.handle), "compute");
  }

 private:
  std::array<dnnl_exec_arg_t, kCount> arguments_{};
  size_t count_ = 0;
};

/// `bf16`: A and B are, C is f32 in any case.
void compute_contraction(bool bf16, void* const* buffers, const int64_t* sizes, uint32_t count, int threads);
/// `kept`: of the filters (caten_driver::call_library), or null.
void compute_convolution(void* const* buffers, const int64_t* sizes, uint32_t count, void** kept);
void free_kept_filters(void* kept);

}  // namespace caten::cpu
