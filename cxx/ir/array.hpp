// An Array is host data: dtype, sizes, and row-major contiguous elements in shared, immutable-by-convention storage
// (owned or memory-mapped). It is what files, literals, inputs and results are.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ir/dtype.hpp"

namespace caten {

class Array {
 public:
  Array() = default;
  /// Zero-filled. Sizes must be non-negative with a byte count that fits (see checked_bytes).
  static Array zeros(DType dtype, std::vector<int64_t> shape);
  /// The same with elements that are whatever lay there, for those who write all of them.
  static Array uninitialized(DType dtype, std::vector<int64_t> shape);
  /// Elements in foreign storage that does not change, kept alive by `owner`. `data` must be aligned to 16 bytes or to
  /// the dtype.
  static Array over(DType dtype, std::vector<int64_t> shape, std::shared_ptr<const void> owner, const std::byte* data);

  /// Elements of another array from `first` on, as an array that may be written to. For whoever holds the whole alone
  /// and reads nothing of it meanwhile: what is written changes both.
  static Array part_of(const Array& whole, std::vector<int64_t> shape, int64_t first);

  /// The same bytes as another type of equally many bytes.
  Array reinterpreted(DType dtype, std::vector<int64_t> shape) const;

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  size_t rank() const { return shape_.size(); }
  int64_t elements() const { return elements_; }
  size_t bytes() const { return static_cast<size_t>(elements_) * dtype_size(dtype_); }
  const std::byte* data() const { return data_; }
  /// Only for whoever made the array, before it is shared. What was kept with the elements is gone.
  std::byte* mutable_data() {
    if (storage_ && storage_->keeps.load(std::memory_order_relaxed)) storage_->drop();
    return const_cast<std::byte*>(data_);
  }

  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }
  template <class T>
  T* as_mutable() {
    return reinterpret_cast<T*>(mutable_data());
  }

  /// Whether nobody else can see the elements, so that whoever holds this array may overwrite them.
  bool exclusive() const { return owned_ && storage_.use_count() == 1; }

  /// What somebody made of the elements and keeps with them, until they change or nobody has them any more: made by
  /// `make` when the key is new. Thread-safe. Null if there are no elements.
  std::shared_ptr<void> kept(const std::string& key, const std::function<std::shared_ptr<void>()>& make) const;

  bool same_type(const Array& other) const { return dtype_ == other.dtype_ && shape_ == other.shape_; }
  /// Same dtype, sizes and bytes.
  bool same_bytes(const Array& other) const;

 private:
  struct Storage {
    std::shared_ptr<const void> memory{};
    std::atomic<bool> keeps{false};
    std::mutex mutex{};
    std::map<std::string, std::shared_ptr<void>> kept{};  ///< what was made of the elements

    void drop();
  };

  DType dtype_ = DType::kF32;
  std::vector<int64_t> shape_;
  int64_t elements_ = 1;
  bool owned_ = false;  ///< not mapped from a file, not foreign
  std::shared_ptr<Storage> storage_;
  const std::byte* data_ = nullptr;
};

/// Bytes of an array, or a diagnostic when a size is negative or the product leaves 63 bits.
Result<size_t> checked_bytes(DType dtype, const std::vector<int64_t>& shape);

/// "f32[2 3]"
std::string describe(const Array& array);
std::string describe_type(DType dtype, const std::vector<int64_t>& shape);

}  // namespace caten
