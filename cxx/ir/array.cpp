#include "ir/array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/large_blocks.hpp"

namespace caten {
namespace {

/// An axis of 0 decides first: the product of the others need not fit.
int64_t count_elements(const std::vector<int64_t>& shape) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  int64_t elements = 1;
  for (int64_t size : shape) elements *= size;
  return elements;
}

}  // namespace

Array Array::zeros(DType dtype, std::vector<int64_t> shape) {
  Array array = uninitialized(dtype, std::move(shape));
  if (array.bytes() > 0) std::memset(array.mutable_data(), 0, array.bytes());
  return array;
}

Array Array::uninitialized(DType dtype, std::vector<int64_t> shape) {
  Array array;
  array.dtype_ = dtype;
  array.shape_ = std::move(shape);
  array.elements_ = count_elements(array.shape_);
  assert(array.elements_ >= 0);
  // One cache line of room and alignment, so that vector kernels may load whole lines.
  std::shared_ptr<void> memory = allocate_array(array.bytes() + 64);
  if (!memory) throw std::bad_alloc();
  array.data_ = static_cast<const std::byte*>(memory.get());
  array.storage_ = std::make_shared<Storage>();
  array.storage_->memory = std::move(memory);
  array.owned_ = true;
  return array;
}

Array Array::over(DType dtype, std::vector<int64_t> shape, std::shared_ptr<const void> owner, const std::byte* data) {
  Array array;
  array.dtype_ = dtype;
  array.shape_ = std::move(shape);
  array.elements_ = count_elements(array.shape_);
  array.storage_ = std::make_shared<Storage>();
  array.storage_->memory = std::move(owner);
  array.data_ = data;
  return array;
}

Array Array::part_of(const Array& whole, std::vector<int64_t> shape, int64_t first) {
  assert(whole.exclusive());
  Array array;
  array.dtype_ = whole.dtype_;
  array.shape_ = std::move(shape);
  array.elements_ = count_elements(array.shape_);
  assert(first >= 0 && first + array.elements_ <= whole.elements_);
  array.storage_ = std::make_shared<Storage>();
  array.storage_->memory = whole.storage_->memory;
  array.owned_ = true;
  array.data_ = whole.data_ + static_cast<size_t>(first) * dtype_size(whole.dtype_);
  return array;
}

Array Array::reinterpreted(DType dtype, std::vector<int64_t> shape) const {
  Array array = *this;
  array.dtype_ = dtype;
  array.shape_ = std::move(shape);
  array.elements_ = count_elements(array.shape_);
  assert(array.bytes() == bytes());
  return array;
}

void Array::Storage::drop() {
  std::lock_guard lock(mutex);
  kept.clear();
  keeps = false;
}

std::shared_ptr<void> Array::kept(const std::string& key, const std::function<std::shared_ptr<void>()>& make) const {
  if (!storage_) return nullptr;
  std::lock_guard lock(storage_->mutex);
  std::shared_ptr<void>& place = storage_->kept[key];
  if (!place) place = make();
  storage_->keeps = true;
  return place;
}

bool Array::same_bytes(const Array& other) const {
  return same_type(other) && (bytes() == 0 || std::memcmp(data_, other.data_, bytes()) == 0);
}

Result<size_t> checked_bytes(DType dtype, const std::vector<int64_t>& shape) {
  auto bytes = static_cast<int64_t>(dtype_size(dtype));
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return fail({.code = Code::NegativeSize,
                   .message = fmt::format("the shape {} has a negative size", describe_type(dtype, shape)),
                   .expected = "sizes of 0 or more",
                   .found = std::to_string(size),
                   .remedy = "correct the shape"});
    empty |= size == 0;
  }
  if (empty) return 0;
  for (int64_t size : shape)
    if (__builtin_mul_overflow(bytes, size, &bytes))
      return fail({.code = Code::SizeOverflow,
                   .message = fmt::format("{} has more bytes than 63 bits can count", describe_type(dtype, shape)),
                   .expected = "at most 2^63 - 1 bytes",
                   .remedy = "use smaller sizes"});
  return static_cast<size_t>(bytes);
}

std::string describe_type(DType dtype, const std::vector<int64_t>& shape) {
  return fmt::format("{}[{}]", dtype_name(dtype), fmt::join(shape, " "));
}

std::string describe(const Array& array) { return describe_type(array.dtype(), array.shape()); }

}  // namespace caten
